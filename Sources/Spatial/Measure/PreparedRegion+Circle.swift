// SPDX-License-Identifier: Apache-2.0

extension PreparedRegion {
    /// Exact: a box is outside if its nearest, inside if its farthest point is.
    static func classify(_ box: GridBox, _ centre: GridPoint, _ limit: DistanceLimit) -> BoxClass {
        let west = Int64(box.minX) - Int64(centre.x)
        let east = Int64(box.maxX) - Int64(centre.x)
        let south = Int64(box.minY) - Int64(centre.y)
        let north = Int64(box.maxY) - Int64(centre.y)
        if !limit.reaches(dx: max(0, west, -east), dy: max(0, south, -north)) { return .outside }
        return limit.reaches(dx: max(-west, east), dy: max(-south, north)) ? .inside : .rim
    }

    /// The squared distance of a geometry from a point if it is within the limit, else nil; 0 inside polygons.
    ///
    /// One pass without branches that depend on the data: distances in doubles relative to the centre, and the parity of
    /// the ray to the right. Only a geometry whose nearest place is within the rounding of the limit is decided again in
    /// integers. O(vertices).
    static func squared(
        ifWithin limit: DistanceLimit, _ centre: GridPoint, _ geometry: borrowing GeometryView
    ) -> Double? {
        if geometry.kind == .point { return squared(ofPoints: limit, centre, geometry) }
        let x = Double(centre.x)
        let y = Double(centre.y)
        let xy = geometry.xy
        var best = Double.infinity
        var farthest = 0.0
        var isInside = false
        var isUnsure = false
        for ring in 0..<geometry.ringEnds.count {
            if geometry.startsPart(ring) && isInside { break }
            let first = geometry.ringFirst(ring)
            let last = geometry.ringLast(ring)
            guard first < last, last <= geometry.vertexCount else { continue }
            let isRing = geometry.kind == .polygon
            let before = isRing ? last - 1 : first
            var startX = Double(xy[2 * before]) - x
            var startY = Double(xy[2 * before + 1]) - y
            var crosses = false
            for index in first..<last {
                // Safe: index < last <= vertexCount, checked above.
                let endX = unsafe Double(xy[unchecked: 2 * index]) - x
                let endY = unsafe Double(xy[unchecked: 2 * index + 1]) - y
                let alongX = endX - startX
                let alongY = endY - startY
                // A segment without length keeps its start: 0 / 1.
                let length = max(alongX * alongX + alongY * alongY, 1)
                let share = min(max(-(startX * alongX + startY * alongY) / length, 0), 1)
                let footX = startX + share * alongX
                let footY = startY + share * alongY
                best = min(best, footX * footX + footY * footY)
                farthest = max(farthest, max(abs(endX), abs(endY)))
                // The ray to the right, which sees segments that straddle y; a cross product near 0 is near a boundary.
                let left = startX * endY
                let right = startY * endX
                let cross = left - right
                let straddles = (startY > 0) != (endY > 0)
                crosses = crosses != (straddles && (cross > 0) == (endY > 0))
                isUnsure = isUnsure || (straddles && abs(cross) <= 4e-16 * (abs(left) + abs(right)))
                startX = endX
                startY = endY
            }
            if isRing { isInside = isInside != crosses }
        }
        // A foot is wrong by up to 1e-15 of the largest coordinate.
        let doubt = 1e-14 * (limit.squared + Double(limit.millimetres) * farthest) + 1e-10
        // The signs of the cross products are certain here, hence the parity is, however near the boundary.
        if isInside && !isUnsure { return 0 }
        // A place on a boundary may come out a little beside it: integers say which.
        let mayTouch = geometry.kind == .polygon && best <= doubt
        if best < limit.squared - doubt && !isUnsure && !mayTouch { return best }
        if best > limit.squared + doubt && !isUnsure { return nil }
        return exactly(ifWithin: limit, centre, geometry, best)
    }

    private static func squared(
        ofPoints limit: DistanceLimit, _ centre: GridPoint, _ geometry: borrowing GeometryView
    ) -> Double? {
        var best: Double?
        for index in 0..<geometry.vertexCount {
            let point = geometry.vertex(index)
            guard limit.reaches(centre, point) else { continue }
            let x = Double(point.x) - Double(centre.x)
            let y = Double(point.y) - Double(centre.y)
            best = min(best ?? .infinity, x * x + y * y)
        }
        return best
    }

    /// The same decided in integers.
    private static func exactly(
        ifWithin limit: DistanceLimit, _ centre: GridPoint, _ geometry: borrowing GeometryView, _ best: Double
    ) -> Double? {
        if geometry.kind == .polygon && geometry.polygonContains(centre) { return 0 }
        let isBeyond = geometry.forEachSegment { start, end in !limit.reaches(centre, start, end) }
        if !isBeyond { return min(best, limit.squared) }
        // A line of a single vertex has no segment.
        guard geometry.kind == .line else { return nil }
        for ring in 0..<geometry.ringEnds.count where geometry.ringLast(ring) == geometry.ringFirst(ring) + 1 {
            if limit.reaches(centre, geometry.vertex(geometry.ringFirst(ring))) { return min(best, limit.squared) }
        }
        return nil
    }
}
