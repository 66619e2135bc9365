// SPDX-License-Identifier: Apache-2.0

/// Survey tables of the eight pipe classes: points (管点) with X as north, lines (管线) that name two points.
///
/// Every street that carries a class has its line at the class's distance from the centre line. Lines that meet at a
/// junction meet in one point (``PipeCorridor``), and a point's number follows from its position: quarters need not know
/// each other.
final class PipeWriter: QuarterWriter {
    private struct Tables {
        let points: TextFile
        let lines: TextFile
    }
    private let kinds: ArraySlice<PipeClass>
    private let first: Int
    private let tables: [Tables]
    private(set) var pointCounts = [Int](repeating: 0, count: PipeClass.allCases.count)
    private(set) var lineCounts = [Int](repeating: 0, count: PipeClass.allCases.count)

    /// - Parameter kinds: neighbours in `PipeClass.allCases`; other classes are another writer's.
    init(folder: String, kinds: ArraySlice<PipeClass>) throws {
        self.kinds = kinds
        first = kinds.first?.rawValue ?? 0
        tables = try kinds.map { kind in
            let stem = folder + "/" + kind.prefix.lowercased()
            let made = Tables(
                points: try TextFile(stem + "_points.csv", kind.encoding),
                lines: try TextFile(stem + "_lines.csv", kind.encoding))
            try made.points.row("物探点号", "管类", "X", "Y", "地面高程", "特征", "附属物", "埋深", "权属单位", "道路名称")
            try made.lines.row(
                "管线编码", "管类", "起点点号", "终点点号", "起点埋深", "终点埋深", "起点高程", "终点高程", "管径", "材质", "埋设方式", "流向",
                "压力", "权属单位", "建设年代", "道路名称")
            return made
        }
    }

    func write(_ quarter: Quarter) throws {
        let frame = quarter.frame
        let corridor = PipeCorridor(frame, quarter.column, quarter.row)
        try nodePoint(quarter, corridor)
        var random = PlanRandom(frame.seed, 50, quarter.column, quarter.row)
        for street in quarter.streets where street.isUrban {
            let year = random.integer(quarter.zone == .oldTown ? 1985...2012 : 1996...2023)
            let start = corridor.station(street.from)
            let end = corridor.station(street.to)
            for kind in kinds where kind.carried(by: street) {
                try run(kind, street, start, end, year)
                if street.ownsTo { try point(kind, end, "三通", kind.junctionFixture, street.name) }
            }
        }
    }

    /// The crossing at the quarter's south-west corner, for every class that meets there.
    private func nodePoint(_ quarter: Quarter, _ corridor: PipeCorridor) throws {
        let frame = quarter.frame
        let column = quarter.column
        let row = quarter.row
        let around = [(column, row, true), (column - 1, row, true), (column, row, false), (column, row - 1, false)]
        let streets = around.compactMap { Quarter.edge(frame, $0.0, $0.1, alongRow: $0.2) }.filter(\.isUrban)
        guard !streets.isEmpty else { return }
        let station = corridor.station(frame.node(column, row))
        for kind in kinds {
            let count = streets.count { kind.carried(by: $0) }
            guard count > 0 else { continue }
            let feature = count == 1 ? "起始点" : count == 2 ? "转折点" : count == 3 ? "三通" : "四通"
            try point(kind, station, feature, kind.junctionFixture, streets[0].name)
        }
    }

    /// Metres from the ground to the top, of sewers to the invert.
    private func depth(_ kind: PipeClass, _ station: PipeCorridor.Station) -> Double {
        switch kind {
        case .sewage: station.levels.ground - station.levels.invert
        case .storm: station.levels.ground - station.levels.invert - PipeClass.stormAboveSewage
        default: kind.cover(station.rank)
        }
    }

    private func point(
        _ kind: PipeClass, _ station: PipeCorridor.Station, _ feature: String, _ fixture: String, _ road: String
    ) throws {
        let place = station.position(kind)
        pointCounts[kind.rawValue] += 1
        let table = tables[kind.rawValue - first].points
        table.put { Self.number(kind, place, to: &$0) }
        table.put(kind.chinese)
        table.put(place.y, 3)
        table.put(place.x, 3)
        table.put(station.levels.ground, 3)
        table.put(feature)
        table.put(fixture)
        table.put(depth(kind, station), 2)
        table.put(kind.owner)
        table.put(road)
        try table.endRow()
    }

    /// Into how many pipes a stretch of street is divided.
    static func parts(_ kind: PipeClass, _ street: StreetPiece) -> Int {
        max(1, Int((street.length / kind.spacing).rounded()))
    }

    private func run(
        _ kind: PipeClass, _ street: StreetPiece, _ start: PipeCorridor.Station, _ end: PipeCorridor.Station,
        _ year: Int
    ) throws {
        let parts = Self.parts(kind, street)
        var last = start
        for part in 1...parts {
            let next = part < parts ? start.lerp(end, Double(part) / Double(parts)) : end
            if part < parts { try point(kind, next, "直线点", kind.middleFixture, street.name) }
            // Gravity pipes run from the higher invert to the lower.
            let falls = !kind.isGravity || last.levels.invert >= next.levels.invert
            try line(kind, street, falls ? last : next, falls ? next : last, year)
            last = next
        }
    }

    private func line(
        _ kind: PipeClass, _ street: StreetPiece, _ from: PipeCorridor.Station, _ to: PipeCorridor.Station, _ year: Int
    ) throws {
        let size = kind.size(street.kind)
        let depths = (depth(kind, from), depth(kind, to))
        lineCounts[kind.rawValue] += 1
        let number = lineCounts[kind.rawValue]
        let table = tables[kind.rawValue - first].lines
        table.put { buffer in
            buffer.append(contentsOf: "370281".utf8)
            buffer.append(contentsOf: kind.prefix.utf8)
            DigitWriter.append(number, minimum: 8, to: &buffer)
        }
        table.put(kind.chinese)
        table.put { Self.number(kind, from.position(kind), to: &$0) }
        table.put { Self.number(kind, to.position(kind), to: &$0) }
        table.put(depths.0, 2)
        table.put(depths.1, 2)
        table.put(from.levels.ground - depths.0, 3)
        table.put(to.levels.ground - depths.1, 3)
        table.put(size.text)
        table.put(kind.material(street.kind, year: year))
        table.put(kind == .power || kind == .telecom ? "管块" : "直埋")
        table.put(kind.isGravity ? "+" : "")
        table.put(kind == .gas ? "中压A" : kind == .power ? "10kV" : kind == .water ? "0.35MPa" : "")
        table.put(kind.owner)
        table.put(year)
        table.put(street.name)
        try table.endRow()
    }

    /// A point number from the position in millimetres: class prefix and twelve base-36 digits.
    static func number(_ kind: PipeClass, _ place: PlanPoint, to buffer: inout [UInt8]) {
        let x = UInt64((place.x - CityFrame.jiaozhou.x + 250_000) * 1000 + 0.5)
        let y = UInt64((place.y - CityFrame.jiaozhou.y + 250_000) * 1000 + 0.5)
        var rest = x << 29 | y
        buffer.append(contentsOf: kind.prefix.utf8)
        let start = buffer.count
        for _ in 0..<12 { buffer.append(48) }
        for index in stride(from: 11, through: 0, by: -1) {
            let digit = UInt8(rest % 36)
            buffer[start + index] = digit < 10 ? 48 + digit : 55 + digit
            rest /= 36
        }
    }

    func finish() throws {
        for table in tables {
            try table.points.close()
            try table.lines.close()
        }
    }
}
