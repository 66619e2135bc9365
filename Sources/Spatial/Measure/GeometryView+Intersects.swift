// SPDX-License-Identifier: Apache-2.0

extension GeometryView {
    /// Whether the geometry shares a point with a box, sides included. Exact. O(vertices).
    @inlinable
    public func intersects(_ box: GridBox) -> Bool {
        if box.isEmpty || isEmpty { return false }
        if kind == .point {
            for index in 0..<vertexCount where box.contains(vertex(index)) { return true }
            return false
        }
        if !forEachSegment({ !ExactPredicates.segmentIntersects($0, $1, box) }) { return true }
        // No boundary passes: the box is wholly inside or wholly outside.
        return kind == .polygon && polygonContains(GridPoint(x: box.minX, y: box.minY))
    }

    /// Whether two geometries share a point. Exact.
    ///
    /// Small pairs try the segments that meet the other's box against each other, which allocates one array; where that
    /// could be much, the larger goes under a ``SegmentTree``, O((n + m) log n). To test one polygon against very many
    /// features make a ``PreparedRegion`` of it.
    public func intersects(_ other: borrowing GeometryView) -> Bool {
        if isEmpty || other.isEmpty { return false }
        let ownBox = box
        let otherBox = other.box
        guard ownBox.intersects(otherBox) else { return false }
        if vertexCount * other.vertexCount > Self.pairLimit {
            return vertexCount > other.vertexCount ? meetsByTree(other) : other.meetsByTree(self)
        }
        if kind == .point { return other.containsVertex(of: self, in: otherBox) }
        if other.kind == .point { return containsVertex(of: other, in: ownBox) }
        if other.kind == .polygon && other.containsPart(of: self) { return true }
        if kind == .polygon && containsPart(of: other) { return true }
        return segmentsCross(other, ownBox, otherBox)
    }

    /// Whether one of the points of `points` belongs to this geometry.
    private func containsVertex(of points: borrowing GeometryView, in box: GridBox) -> Bool {
        for index in 0..<points.vertexCount {
            let point = points.vertex(index)
            if box.contains(point) && contains(point) { return true }
        }
        return false
    }

    /// Whether this polygon contains the first vertex of a part of `other`: true for every part inside it, and false
    /// only for parts that are outside or cross its boundary.
    private func containsPart(of other: borrowing GeometryView) -> Bool {
        for ring in 0..<other.ringEnds.count where other.startsPart(ring) {
            let first = other.ringFirst(ring)
            if first < other.ringLast(ring) && polygonContains(other.vertex(first)) { return true }
        }
        return false
    }

    private func segmentsCross(_ other: borrowing GeometryView, _ ownBox: GridBox, _ otherBox: GridBox) -> Bool {
        var candidates: [(start: GridPoint, end: GridPoint)] = []
        _ = other.forEachSegment { start, end in
            if ExactPredicates.segmentIntersects(start, end, ownBox) { candidates.append((start, end)) }
            return true
        }
        if candidates.isEmpty { return false }
        return !forEachSegment { start, end in
            guard ExactPredicates.segmentIntersects(start, end, otherBox) else { return true }
            for candidate in candidates
            where ExactPredicates.segmentsIntersect(start, end, candidate.start, candidate.end) {
                return false
            }
            return true
        }
    }

    /// Products of vertex counts up to this are tried pair by pair.
    static var pairLimit: Int { 1 << 14 }

    /// The test with this geometry, the larger, under a tree.
    private func meetsByTree(_ other: borrowing GeometryView) -> Bool {
        let tree = SegmentTree(self)
        if kind == .polygon && other.lies(in: tree) { return true }
        if other.containsOne(of: tree.partPoints) { return true }
        return !other.forEachPiece { !tree.meets($0, $1) }
    }
}
