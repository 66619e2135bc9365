// SPDX-License-Identifier: Apache-2.0

/// A stretch of street between two junctions.
struct StreetPiece: Sendable {
    var from: PlanPoint
    var to: PlanPoint
    var kind: RoadKind
    var name: String
    var isBridge = false
    /// Inside the built-up city: has lamps, pipes and trees.
    var isUrban: Bool
    /// Beside an industrial quarter: carries an industrial pipe too.
    var isIndustrial: Bool
    var length: Double { (to - from).length }
    /// Whether `to` is a junction that no other piece's owner writes.
    var ownsTo = false
}

/// One quarter of the city, complete: what every writer receives, one after the other.
struct Quarter: Sendable {
    let frame: CityFrame
    let plan: QuarterPlan
    var blocks: [PlannedBlock]
    let streets: [StreetPiece]
    var isVillage = false

    var column: Int { plan.column }
    var row: Int { plan.row }
    var zone: Zone { isVillage ? .village : plan.zone }
    var buildingCount: Int {
        blocks.reduce(0) { $0 + $1.parcels.reduce(0) { $0 + $1.buildings.count } }
    }

    init(_ frame: CityFrame, _ column: Int, _ row: Int) {
        self.frame = frame
        plan = QuarterPlan(frame, column, row)
        var builder = BlockBuilder(frame, plan)
        blocks = plan.zone.isUrban ? builder.blocks() : []
        streets = Self.streets(frame, plan)
    }

    /// Turns fields into a village of at most `most` houses.
    mutating func settle(most: Int) {
        guard let inner = plan.outline.inset(42), inner.area > 8_000 else { return }
        var builder = BlockBuilder(frame, plan)
        blocks = [builder.village(inner, most: most)]
        isVillage = true
    }

    /// Removes buildings from the end until `most` are left.
    mutating func trim(to most: Int) {
        var left = most
        for block in blocks.indices {
            for parcel in blocks[block].parcels.indices {
                let count = blocks[block].parcels[parcel].buildings.count
                if count > left { blocks[block].parcels[parcel].buildings.removeLast(count - left) }
                left -= min(left, count)
            }
        }
    }

    /// The street on a lattice edge as one piece, if there is one.
    static func edge(_ frame: CityFrame, _ column: Int, _ row: Int, alongRow: Bool) -> StreetPiece? {
        guard let kind = frame.street(column, row, alongRow: alongRow) else { return nil }
        let here = frame.zone(column, row)
        let other = alongRow ? frame.zone(column, row - 1) : frame.zone(column - 1, row)
        let bridge = alongRow ? column == 0 : row == frame.railRow
        return StreetPiece(
            from: frame.node(column, row), to: alongRow ? frame.node(column + 1, row) : frame.node(column, row + 1),
            kind: kind,
            name: alongRow ? Names.row(row, east: column > 0) : Names.column(column), isBridge: bridge,
            isUrban: here.isUrban || other.isUrban || (bridge && kind != .rural),
            isIndustrial: here == .industrial || other == .industrial)
    }

    /// The quarter's own streets: its south and west side and those inside.
    private static func streets(_ frame: CityFrame, _ plan: QuarterPlan) -> [StreetPiece] {
        let column = plan.column
        let row = plan.row
        var result: [StreetPiece] = []
        func side(_ from: PlanPoint, _ to: PlanPoint, _ tees: [PlanPoint], alongRow: Bool) {
            guard var piece = edge(frame, column, row, alongRow: alongRow) else { return }
            for (a, b) in QuarterPlan.pieces(from, to, tees) {
                piece.from = a
                piece.to = b
                piece.ownsTo = b != to
                result.append(piece)
            }
        }
        let south = row > 0 ? QuarterPlan(frame, column, row - 1).sideTees[2] : []
        side(
            frame.node(column, row), frame.node(column + 1, row), plan.sideTees[0] + south,
            alongRow: true)
        side(
            frame.node(column, row), frame.node(column, row + 1),
            plan.sideTees[3] + QuarterPlan(frame, column - 1, row).sideTees[1], alongRow: false)
        var random = PlanRandom(frame.seed, 11, column, row)
        for cut in plan.cuts {
            let name = Names.local(&random, lane: cut.kind == .lane)
            for (a, b) in QuarterPlan.pieces(cut.from, cut.to, cut.tees) {
                result.append(
                    StreetPiece(
                        from: a, to: b, kind: cut.kind, name: name, isUrban: true,
                        isIndustrial: plan.zone == .industrial,
                        ownsTo: b != cut.to))
            }
        }
        return result
    }
}

/// Something that writes one kind of source file, quarter by quarter.
protocol QuarterWriter {
    func write(_ quarter: Quarter) throws
    func finish() throws
}
