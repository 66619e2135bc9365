// SPDX-License-Identifier: Apache-2.0

/// Rebuilds the rings of a polygon that snapping, clipping or simplification made cross or touch.
///
/// The edges are noded on the grid by ``SnapRounding``; what has a positive winding number is inside: exteriors add
/// one, holes take one off, and a loop that snapping turned over falls away. The outlines of the inside become rings
/// that never touch themselves, so the result is valid by the simple features specification, on the grid.
struct RingRepair {
    private var outline: [(from: TilePoint, to: TilePoint)] = []
    private var firstOutgoing: [TilePoint: Int] = [:]
    private var isUsed: [Bool] = []
    private var loops: [Loop] = []

    /// A closed way that passes no place twice.
    private struct Loop {
        var points: [TilePoint]
        var area: Int64
        /// Twice the middle of its first edge: a place that no other loop touches.
        var middle: TilePoint
    }

    /// The rebuilt polygon; no rings if no area is left. O(n log n + crossings + edges beside each other).
    static func rebuild(_ rings: borrowing RingSet) -> RingSet {
        var repair = RingRepair()
        repair.outline = Winding.outline(SnapRounding.edges(rings))
        repair.trace()
        return repair.assemble()
    }

    private mutating func trace() {
        outline.sort { ($0.from.y, $0.from.x, $0.to.y, $0.to.x) < ($1.from.y, $1.from.x, $1.to.y, $1.to.x) }
        for index in outline.indices.reversed() { firstOutgoing[outline[index].from] = index }
        isUsed = [Bool](repeating: false, count: outline.count)
        for index in outline.indices where !isUsed[index] { follow(index) }
    }

    /// Follows the border of one face and cuts off a loop wherever it comes to a place again.
    private mutating func follow(_ first: Int) {
        var way: [TilePoint] = []
        var positions: [TilePoint: Int] = [:]
        var edge = first
        while true {
            let from = outline[edge].from
            if let position = positions[from] {
                addLoop(Array(way[position...]))
                for point in way[(position + 1)...] { positions[point] = nil }
                way.removeLast(way.count - position - 1)
            } else {
                positions[from] = way.count
                way.append(from)
            }
            // Back at an edge of this face: the way is complete.
            if isUsed[edge] { return }
            isUsed[edge] = true
            edge = following(edge)
        }
    }

    /// The next edge of the face on the left: the first clockwise from where the way came.
    private func following(_ edge: Int) -> Int {
        let (back, here) = (outline[edge].from, outline[edge].to)
        guard var best = firstOutgoing[here] else { return edge }
        var candidate = best + 1
        while candidate < outline.count, outline[candidate].from == here {
            if Self.isClockwise(here, from: back, outline[candidate].to, before: outline[best].to) { best = candidate }
            candidate += 1
        }
        return best
    }

    /// Whether, turning clockwise around a place from one direction, another direction comes before a third.
    private static func isClockwise(
        _ centre: TilePoint, from back: TilePoint, _ one: TilePoint, before two: TilePoint
    ) -> Bool {
        func half(_ point: TilePoint) -> Int {
            let cross = RingSet.turn(back, centre, point)
            // Seen towards the centre, what lies left is met first.
            return cross > 0 ? 0 : cross == 0 ? 1 : 2
        }
        let (first, second) = (half(one), half(two))
        if first != second { return first < second }
        return RingSet.turn(one, centre, two) > 0
    }

    private mutating func addLoop(_ points: [TilePoint]) {
        guard points.count > 2 else { return }
        var ring = RingSet()
        ring.points = points
        let middle = TilePoint(x: points[0].x + points[1].x, y: points[0].y + points[1].y)
        ring.straighten(from: 0)
        guard ring.points.count > 2 else { return }
        loops.append(Loop(points: ring.points, area: ring.doubledArea(0, ring.points.count), middle: middle))
    }

    /// Gives each hole to the smallest exterior around it.
    private func assemble() -> RingSet {
        let shells = loops.filter { $0.area > 0 }
        var holes = [[Int]](repeating: [], count: shells.count)
        for (index, hole) in loops.enumerated() where hole.area < 0 {
            var best = -1
            for (candidate, shell) in shells.enumerated() where best < 0 || shell.area < shells[best].area {
                if shell.area > -hole.area, Self.surrounds(shell.points, hole.middle) { best = candidate }
            }
            if best >= 0 { holes[best].append(index) }
        }
        var result = RingSet()
        for (index, shell) in shells.enumerated() {
            result.points.append(contentsOf: shell.points)
            result.endRing(isShell: true)
            for hole in holes[index] {
                result.points.append(contentsOf: loops[hole].points)
                result.endRing(isShell: false)
            }
        }
        return result
    }

    /// Whether a ring surrounds a place in doubled coordinates that is not on it.
    private static func surrounds(_ ring: [TilePoint], _ place: TilePoint) -> Bool {
        var isInside = false
        guard var from = ring.last else { return false }
        for to in ring {
            if (2 * from.y > place.y) != (2 * to.y > place.y) {
                let cross = (to.x - from.x) * (place.y - 2 * from.y) - (to.y - from.y) * (place.x - 2 * from.x)
                if (cross > 0) == (to.y > from.y) { isInside.toggle() }
            }
            from = to
        }
        return isInside
    }
}

/// Winding numbers beside the edges of an arrangement.
private struct Winding {
    /// Height of a strip in doubled coordinates.
    private static let strip: Int64 = 32

    private let edges: [SnapRounding.Edge]
    private var strips: [[Int]] = []
    private var base: Int64 = 0

    /// The edges with the inside on one side only, directed so that it is on the left.
    static func outline(_ edges: [SnapRounding.Edge]) -> [(from: TilePoint, to: TilePoint)] {
        let winding = Winding(edges)
        var result: [(from: TilePoint, to: TilePoint)] = []
        for edge in edges {
            let seen = winding.number(edge)
            let isLevel = edge.from.y == edge.to.y
            let left = isLevel ? seen : seen + edge.count
            let right = isLevel ? seen - edge.count : seen
            guard (left > 0) != (right > 0) else { continue }
            result.append(left > 0 ? (edge.from, edge.to) : (edge.to, edge.from))
        }
        return result
    }

    private init(_ edges: [SnapRounding.Edge]) {
        self.edges = edges
        guard let low = edges.first?.from.y, let high = edges.map(\.to.y).max() else { return }
        base = 2 * low
        strips = [[Int]](repeating: [], count: Int((2 * high - base) / Self.strip) + 1)
        for (index, edge) in edges.enumerated() where edge.from.y != edge.to.y {
            let first = Int((2 * edge.from.y - base) / Self.strip), last = Int((2 * edge.to.y - base) / Self.strip)
            for strip in first...last { strips[strip].append(index) }
        }
    }

    /// The winding number just east of an edge's middle, or just above it where the edge is level: upward edges to the
    /// east of there count for, downward ones against.
    private func number(_ edge: SnapRounding.Edge) -> Int {
        let x = edge.from.x + edge.to.x, y = edge.from.y + edge.to.y
        var sum = 0
        for index in strips[Int((y - base) / Self.strip)] {
            let other = edges[index]
            guard 2 * other.from.y <= y, y < 2 * other.to.y else { continue }
            let cross =
                (other.to.x - other.from.x) * (y - 2 * other.from.y)
                - (other.to.y - other.from.y) * (x - 2 * other.from.x)
            if cross > 0 { sum += other.count }
        }
        return sum
    }
}
