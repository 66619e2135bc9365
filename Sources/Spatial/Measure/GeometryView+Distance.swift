// SPDX-License-Identifier: Apache-2.0

extension GeometryView {
    /// Whether a point belongs to the geometry: equal to one of its points, on one of its lines, in or on the boundary
    /// of one of its polygons. Exact. O(vertices).
    @inlinable
    public func contains(_ point: GridPoint) -> Bool {
        switch kind {
        case .point:
            for index in 0..<vertexCount where xy[2 * index] == point.x && xy[2 * index + 1] == point.y { return true }
            return false
        case .line:
            return !forEachSegment { !ExactPredicates.isOnSegment(point, $0, $1) }
        case .polygon:
            return polygonContains(point)
        }
    }

    /// Even-odd ray casting per part; the boundary counts as inside.
    @inlinable
    func polygonContains(_ point: GridPoint) -> Bool {
        var isInside = false
        for ring in 0..<ringEnds.count {
            if startsPart(ring) {
                if isInside { return true }
            }
            let first = ringFirst(ring)
            let last = ringLast(ring)
            guard last > first else { continue }
            var start = vertex(last - 1)
            for index in first..<last {
                let end = vertex(index)
                let startsAbove = start.y > point.y
                if startsAbove != (end.y > point.y) {
                    let side = ExactPredicates.orientation(start, end, point)
                    if side == 0 { return true }
                    // An upward edge with the point on its left lies to the right of the point, and so on.
                    if (side > 0) == !startsAbove { isInside.toggle() }
                } else if end.y == point.y {
                    if end.x == point.x { return true }
                    if start.y == point.y && (start.x > point.x) != (end.x > point.x) { return true }
                }
                start = end
            }
        }
        return isInside
    }

    /// Square millimetres from a point to the geometry; 0 on it and inside polygons; infinity for an empty geometry.
    ///
    /// O(vertices). The form to compare with a squared radius, or to hand to a nearest search.
    @inlinable
    public func distanceSquared(to point: GridPoint) -> Double {
        var best = Double.infinity
        switch kind {
        case .point:
            let x = Double(point.x)
            let y = Double(point.y)
            for index in 0..<vertexCount {
                let dx = Double(xy[2 * index]) - x
                let dy = Double(xy[2 * index + 1]) - y
                best = min(best, dx * dx + dy * dy)
            }
            return best
        case .line:
            break
        case .polygon:
            if polygonContains(point) { return 0 }
        }
        _ = forEachSegment { start, end in
            best = min(best, ExactPredicates.distanceSquared(point, start, end))
            return true
        }
        if best == .infinity && !isEmpty {
            // A line of a single vertex has no segment.
            let x = Double(xy[0]) - Double(point.x)
            let y = Double(xy[1]) - Double(point.y)
            best = x * x + y * y
        }
        return best
    }

    /// Metres from a point to the geometry, in the plane of the city's system; 0 on it and inside polygons.
    @inlinable
    public func distance(to point: GridPoint) -> Double {
        distanceSquared(to: point).squareRoot() / 1000
    }

    /// Square millimetres between two geometries of any kinds; exactly 0 where they share a point, else rounded a few
    /// times; infinity if one is empty.
    ///
    /// Pair by pair for small ones, otherwise the larger goes under a ``SegmentTree``.
    public func distanceSquared(to other: borrowing GeometryView) -> Double {
        if isEmpty || other.isEmpty { return .infinity }
        if other.kind == .point && other.vertexCount == 1 { return distanceSquared(to: other.vertex(0)) }
        if kind == .point && vertexCount == 1 { return other.distanceSquared(to: vertex(0)) }
        if vertexCount * other.vertexCount > Self.pairLimit {
            return vertexCount > other.vertexCount
                ? other.distanceSquared(to: SegmentTree(self), isPolygon: kind == .polygon)
                : distanceSquared(to: SegmentTree(other), isPolygon: other.kind == .polygon)
        }
        if intersects(other) { return 0 }
        var best = Double.infinity
        _ = forEachPiece { start, end in
            other.forEachPiece { otherStart, otherEnd in
                best = min(best, ExactPredicates.distanceSquared(start, end, otherStart, otherEnd))
                return true
            }
        }
        return best
    }

    /// Metres between two geometries; see ``distanceSquared(to:)``.
    public func distance(to other: borrowing GeometryView) -> Double {
        distanceSquared(to: other).squareRoot() / 1000
    }

    /// Whether two geometries come as near as a limit, edges and the limit included. Exact, also at the limit.
    ///
    /// Pair by pair for small ones, otherwise the larger goes under a ``SegmentTree``.
    public func isWithin(_ limit: DistanceLimit, of other: borrowing GeometryView) -> Bool {
        if isEmpty || other.isEmpty || !limit.mayReach(box, other.box) { return false }
        if vertexCount * other.vertexCount > Self.pairLimit {
            return vertexCount > other.vertexCount
                ? other.isWithin(limit, of: SegmentTree(self), isPolygon: kind == .polygon)
                : isWithin(limit, of: SegmentTree(other), isPolygon: other.kind == .polygon)
        }
        if intersects(other) { return true }
        return !forEachPiece { start, end in
            other.forEachPiece { !limit.reaches(start, end, $0, $1) }
        }
    }
}
