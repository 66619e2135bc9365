// SPDX-License-Identifier: Apache-2.0

extension PreparedRegion {
    /// Halvings of a box before it counts as one on the rim: down to a sixty-fourth, so at most 126 boxes are asked about.
    private static let halvings = 6

    /// Whether all of a box is surely within the limit of the segments (or of the polygon that they bound): of all of them
    /// together, so that a box in a corridor counts as inside also where the line has a vertex every metre.
    ///
    /// A box is if one segment reaches all of its corners, or if its centre is nearer than the limit by half of its
    /// diagonal, or if both of its halves are. False when in doubt. O(log vertices) for most boxes.
    static func covers(_ box: GridBox, _ tree: SegmentTree, isPolygon: Bool, _ limit: DistanceLimit) -> Bool {
        if isNearToCentre(box, tree, limit) { return true }
        let corners: InlineArray<4, GridPoint> = [
            GridPoint(x: box.minX, y: box.minY), GridPoint(x: box.maxX, y: box.maxY),
            GridPoint(x: box.maxX, y: box.minY), GridPoint(x: box.minX, y: box.maxY),
        ]
        for index in corners.indices {
            let corner = corners[index]
            guard tree.isNear(corner, corner, limit) || isPolygon && tree.locate(corner) != .outside else {
                return false
            }
        }
        return tree.encloses(box, limit) || halvesAreCovered(box, tree, isPolygon: isPolygon, limit, halvings)
    }

    private static func halvesAreCovered(
        _ box: GridBox, _ tree: SegmentTree, isPolygon: Bool, _ limit: DistanceLimit, _ left: Int
    ) -> Bool {
        let width = Int64(box.maxX) - Int64(box.minX)
        let height = Int64(box.maxY) - Int64(box.minY)
        guard left > 0, max(width, height) > 1 else { return false }
        // The halves share their common side, so nothing between them is left out.
        var halves: InlineArray<2, GridBox> = [box, box]
        let centre = box.centre
        if width >= height {
            halves[0].maxX = centre.x
            halves[1].minX = centre.x
        } else {
            halves[0].maxY = centre.y
            halves[1].minY = centre.y
        }
        for index in halves.indices {
            let half = halves[index]
            if isNearToCentre(half, tree, limit) { continue }
            let centre = half.centre
            if isPolygon && tree.locate(centre) == .inside {
                if !tree.meets(half) { continue }
            } else if !tree.isNear(centre, centre, limit) {
                return false
            }
            guard halvesAreCovered(half, tree, isPolygon: isPolygon, limit, left - 1) else { return false }
        }
        return true
    }

    /// Whether a segment is so near to the centre of a box that it is near enough to all of the box.
    private static func isNearToCentre(_ box: GridBox, _ tree: SegmentTree, _ limit: DistanceLimit) -> Bool {
        let rest = limit.millimetres - box.reachOfCentre
        let centre = box.centre
        return rest >= 0 && tree.isNear(centre, centre, DistanceLimit(clamped: rest))
    }
}

extension GridBox {
    /// Halfway between the sides, rounded down.
    fileprivate var centre: GridPoint {
        GridPoint(
            x: Int32(truncatingIfNeeded: (Int64(minX) + Int64(maxX)) >> 1),
            y: Int32(truncatingIfNeeded: (Int64(minY) + Int64(maxY)) >> 1))
    }

    /// Whole millimetres from ``centre`` within which all of the box lies.
    fileprivate var reachOfCentre: Int64 {
        let east = UInt64(Int64(maxX) - Int64(centre.x))
        let north = UInt64(Int64(maxY) - Int64(centre.y))
        // Each at most 2³¹; the other corners are not farther.
        let square = east * east + north * north
        var reach = UInt64(Double(square).squareRoot())
        while reach * reach < square { reach += 1 }
        return Int64(reach)
    }
}
