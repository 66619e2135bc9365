// SPDX-License-Identifier: Apache-2.0

extension GeometryView {
    /// Calls `body` with every segment, and with every vertex that belongs to none as one without length.
    func forEachPiece(_ body: (_ start: GridPoint, _ end: GridPoint) -> Bool) -> Bool {
        if kind == .point {
            for index in 0..<vertexCount where !body(vertex(index), vertex(index)) { return false }
            return true
        }
        if !forEachSegment(body) { return false }
        guard kind == .line else { return true }
        for ring in 0..<ringEnds.count where ringLast(ring) == ringFirst(ring) + 1 {
            let only = vertex(ringFirst(ring))
            if !body(only, only) { return false }
        }
        return true
    }

    /// Whether one of some points lies in or on this polygon; by a tree where that pays.
    func containsOne(of points: [GridPoint]) -> Bool {
        guard kind == .polygon else { return false }
        if points.count > 4 && vertexCount > 512 {
            let tree = SegmentTree(self)
            for point in points where tree.locate(point) != .outside { return true }
            return false
        }
        for point in points where polygonContains(point) { return true }
        return false
    }

    /// Whether one of the points, or the first vertex of a part, lies in or on the polygon of a tree.
    func lies(in tree: SegmentTree) -> Bool {
        for ring in 0..<ringEnds.count where startsPart(ring) || kind == .point {
            let first = ringFirst(ring)
            let last = kind == .point ? ringLast(ring) : min(first + 1, ringLast(ring))
            guard first < last else { continue }
            for index in first..<last where tree.locate(vertex(index)) != .outside { return true }
        }
        return false
    }

    /// Square millimetres to the geometry of a tree; 0 where they share a point. O(m log n) in the common case.
    func distanceSquared(to tree: SegmentTree, isPolygon: Bool) -> Double {
        if isPolygon && lies(in: tree) { return 0 }
        if containsOne(of: tree.partPoints) { return 0 }
        var best = Double.infinity
        _ = forEachPiece { start, end in
            best = tree.distanceSquared(start, end, below: best)
            return best > 0
        }
        return best
    }

    /// Whether this geometry comes as near as a limit to that of a tree. Exact.
    func isWithin(_ limit: DistanceLimit, of tree: SegmentTree, isPolygon: Bool) -> Bool {
        if isPolygon && lies(in: tree) { return true }
        if containsOne(of: tree.partPoints) { return true }
        return !forEachPiece { start, end in !tree.isNear(start, end, limit) }
    }
}
