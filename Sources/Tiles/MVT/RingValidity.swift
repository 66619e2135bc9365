// SPDX-License-Identifier: Apache-2.0

/// Tells whether the rings of a polygon keep clear of each other and of themselves. Exact; keeps its scratch space.
///
/// Stricter than the simple features specification, which lets rings touch in points: such polygons are rebuilt by
/// ``RingRepair`` like those that cross, and come out the same or better.
struct RingValidity {
    /// Below this many edges all pairs are tested, which is faster than sorting.
    private static let bruteForce = 24

    private var next: [Int] = []
    private var order: [UInt64] = []

    /// Rings must have at least three points, no repeated point and no straight angle.
    mutating func isValid(_ rings: borrowing RingSet) -> Bool {
        if rings.ends.count == 1 {
            if Self.isConvex(rings.points) { return true }
            if rings.points.count < Self.bruteForce { return Self.isSimple(rings.points) }
        }
        guard areApart(rings) else { return false }
        return rings.ends.count == 1 || areNested(rings)
    }

    /// All turns are to the same side, and the way goes once to and fro.
    private static func isConvex(_ ring: [TilePoint]) -> Bool {
        let count = ring.count
        var previous = ring[count - 1], before = ring[count - 2]
        var sign: Int64 = 0, changes = 0
        var wasEast = previous.x > before.x || (previous.x == before.x && previous.y > before.y)
        for point in ring {
            let turn = RingSet.turn(before, previous, point)
            if turn ^ sign < 0 { return false }
            sign = turn
            let isEast = point.x > previous.x || (point.x == previous.x && point.y > previous.y)
            if isEast != wasEast { changes += 1 }
            wasEast = isEast
            (before, previous) = (previous, point)
        }
        return changes == 2
    }

    private static func isSimple(_ ring: [TilePoint]) -> Bool {
        let count = ring.count
        var i = 0
        while i < count - 2 {
            let a = ring[i], b = ring[i + 1]
            let lowX = min(a.x, b.x), highX = max(a.x, b.x), lowY = min(a.y, b.y), highY = max(a.y, b.y)
            // The last edge is a neighbour of the first.
            let end = i == 0 ? count - 1 : count
            var j = i + 2
            while j < end {
                let c = ring[j], d = j + 1 == count ? ring[0] : ring[j + 1]
                let isApart =
                    max(c.x, d.x) < lowX || min(c.x, d.x) > highX || max(c.y, d.y) < lowY || min(c.y, d.y) > highY
                if !isApart, touch(a, b, c, d) { return false }
                j += 1
            }
            i += 1
        }
        return true
    }

    /// Whether closed segments with overlapping boxes share a point.
    @inline(__always)
    static func touch(_ a: TilePoint, _ b: TilePoint, _ c: TilePoint, _ d: TilePoint) -> Bool {
        let abc = RingSet.turn(a, b, c).signum(), abd = RingSet.turn(a, b, d).signum()
        if abc == abd, abc != 0 { return false }
        let cda = RingSet.turn(c, d, a).signum(), cdb = RingSet.turn(c, d, b).signum()
        return abc &* abd <= 0 && cda &* cdb <= 0
    }

    /// Sorts edges by their western end and tests those that overlap in x. O(n log n + overlapping pairs).
    private mutating func areApart(_ rings: borrowing RingSet) -> Bool {
        let points = rings.points
        link(rings)
        order.removeAll(keepingCapacity: true)
        for edge in points.indices {
            let west = min(points[edge].x, points[next[edge]].x)
            order.append(UInt64(bitPattern: west + 0x1_0000) << 32 | UInt64(edge))
        }
        order.sort()
        for (position, key) in order.enumerated() {
            let edge = Int(key & 0xFFFF_FFFF)
            let a = points[edge], b = points[next[edge]]
            let highX = max(a.x, b.x), lowY = min(a.y, b.y), highY = max(a.y, b.y)
            var other = position + 1
            while other < order.count {
                let candidate = Int(order[other] & 0xFFFF_FFFF)
                other += 1
                let c = points[candidate], d = points[next[candidate]]
                if min(c.x, d.x) > highX { break }
                if max(c.y, d.y) < lowY || min(c.y, d.y) > highY { continue }
                if next[edge] == candidate || next[candidate] == edge { continue }
                if Self.touch(a, b, c, d) { return false }
            }
        }
        return true
    }

    private mutating func link(_ rings: borrowing RingSet) {
        next.removeAll(keepingCapacity: true)
        for ring in rings.ends.indices {
            let start = rings.start(ring), end = rings.ends[ring]
            for vertex in start..<end { next.append(vertex + 1 == end ? start : vertex + 1) }
        }
    }

    /// Whether each hole lies in its own exterior and nothing between, and each exterior in no other's filled part.
    /// The rings are apart, so one vertex speaks for its ring.
    private func areNested(_ rings: borrowing RingSet) -> Bool {
        var shell = 0, shellDepth = 0
        for ring in rings.ends.indices {
            let vertex = rings.points[rings.start(ring)]
            var depth = 0, isInShell = false
            for other in rings.ends.indices where other != ring {
                guard Self.surrounds(rings, other, vertex) else { continue }
                depth += 1
                if other == shell { isInShell = true }
            }
            if rings.isShell[ring] {
                guard depth & 1 == 0 else { return false }
                (shell, shellDepth) = (ring, depth)
            } else {
                guard isInShell, depth == shellDepth + 1 else { return false }
            }
        }
        return true
    }

    private static func surrounds(_ rings: borrowing RingSet, _ ring: Int, _ point: TilePoint) -> Bool {
        let start = rings.start(ring), end = rings.ends[ring]
        var isInside = false
        var from = rings.points[end - 1]
        for index in start..<end {
            let to = rings.points[index]
            if (from.y > point.y) != (to.y > point.y) {
                let turn = RingSet.turn(from, to, point)
                if (turn > 0) == (to.y > from.y) { isInside.toggle() }
            }
            from = to
        }
        return isInside
    }
}
