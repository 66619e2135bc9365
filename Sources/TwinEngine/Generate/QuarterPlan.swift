// SPDX-License-Identifier: Apache-2.0

/// The streets inside one quarter of the lattice and the blocks between them.
///
/// Deterministic in (seed, column, row): a neighbour can be asked for where its streets end on a shared side
/// without being built.
struct QuarterPlan: Sendable {
    struct Cut: Sendable {
        var from: PlanPoint
        var to: PlanPoint
        var kind: RoadKind
        /// Where later cuts end on this one.
        var tees: [PlanPoint] = []
    }

    let column: Int
    let row: Int
    let zone: Zone
    private(set) var outline: ConvexRing
    /// Street-to-street pieces, by centre line.
    private(set) var leaves: [ConvexRing] = []
    private(set) var cuts: [Cut] = []
    /// Ends of cuts on the south, east, north and west side.
    private(set) var sideTees: [[PlanPoint]] = [[], [], [], []]

    /// Square metres below which a block is not cut again.
    private static func target(_ zone: Zone) -> Double {
        switch zone {
        case .oldTown: 9_000
        case .center: 17_000
        case .newTown: 27_000
        case .industrial: 62_000
        case .campus: 60_000
        case .residential: 25_000
        default: .infinity
        }
    }

    init(_ frame: CityFrame, _ column: Int, _ row: Int) {
        self.column = column
        self.row = row
        zone = frame.zone(column, row)
        let half: [Double] = [
            frame.street(column, row, alongRow: true), frame.street(column + 1, row, alongRow: false),
            frame.street(column, row + 1, alongRow: true), frame.street(column, row, alongRow: false),
        ].map { ($0?.width ?? 0) / 2 }
        let points = frame.corners(column, row)
        outline = ConvexRing(points: points, edges: (0..<4).map { ConvexRing.Edge(half: half[$0], street: $0) })
        var random = PlanRandom(frame.seed, 10, column, row)
        divide(outline, depth: 0, &random)
    }

    private mutating func divide(_ ring: ConvexRing, depth: Int, _ random: inout PlanRandom) {
        let target = Self.target(zone) * random.real(0.8, 1.45)
        guard ring.area > target, depth < 9, ring.points.count >= 3 else {
            leaves.append(ring)
            return
        }
        let longest = ring.longestEdge
        let from = ring.points[longest]
        let to = ring.points[(longest + 1) % ring.points.count]
        let loose = zone == .oldTown ? 0.17 : 0.07
        let start = from.lerp(to, random.real(0.5 - loose, 0.5 + loose))
        let skew = zone == .oldTown ? random.real(-0.22, 0.22) : random.real(-0.03, 0.03)
        let across = (to - from).unit.left
        let direction = (across + across.left * skew).unit
        guard let chord = ring.chord(start, direction), chord.upperBound > 20 else {
            leaves.append(ring)
            return
        }
        let end = start + direction * chord.upperBound
        let kind: RoadKind = zone == .oldTown && depth > 0 ? .lane : .local
        let edge = ConvexRing.Edge(half: kind.width / 2, street: 4 + cuts.count)
        let left = ring.leftOf(start, direction, edge)
        let right = ring.leftOf(start, direction * -1, edge)
        guard left.area > target * 0.22, right.area > target * 0.22 else {
            leaves.append(ring)
            return
        }
        cuts.append(Cut(from: start, to: end, kind: kind))
        tee(start, on: ring.edges[longest].street)
        tee(end, on: streetAt(end, in: ring))
        divide(left, depth: depth + 1, &random)
        divide(right, depth: depth + 1, &random)
    }

    private func streetAt(_ point: PlanPoint, in ring: ConvexRing) -> Int {
        var best = (distance: Double.infinity, street: 0)
        for index in ring.points.indices {
            let from = ring.points[index]
            let to = ring.points[(index + 1) % ring.points.count]
            let distance = abs((to - from).unit.cross(point - from))
            if distance < best.distance { best = (distance, ring.edges[index].street) }
        }
        return best.street
    }

    private mutating func tee(_ point: PlanPoint, on street: Int) {
        if street < 4 { sideTees[street].append(point) } else { cuts[street - 4].tees.append(point) }
    }

    /// The pieces of a street from `from` to `to`, broken where others meet it.
    static func pieces(_ from: PlanPoint, _ to: PlanPoint, _ tees: [PlanPoint]) -> [(PlanPoint, PlanPoint)] {
        let direction = to - from
        let sorted = tees.sorted { direction.dot($0 - from) < direction.dot($1 - from) }
        var result: [(PlanPoint, PlanPoint)] = []
        var last = from
        for point in sorted + [to] where (point - last).length > 0.0015 {
            result.append((last, point))
            last = point
        }
        return result
    }
}
