// SPDX-License-Identifier: Apache-2.0

/// Where a point lies with respect to a polygon.
public enum PointLocation: Sendable, Hashable {
    case outside
    case boundary
    case inside
}

extension SegmentTree {
    /// Where a point lies, taking the segments as rings of polygon parts: even-odd in each part, and inside if inside
    /// of one. O(log n) for boundaries that do not pass by the point again and again, whatever they do farther away: a piece
    /// of a ring to the right of the point crosses the ray an odd number of times if its ends lie on either side.
    func locate(_ point: GridPoint) -> PointLocation {
        guard box.contains(point) else { return .outside }
        var part = 0
        var isOdd = false
        var isInside = false
        func enter(_ segment: Int) {
            while segment >= partEnds[part] {
                part += 1
                isInside = isInside || isOdd
                isOdd = false
            }
        }
        let finished = walk(nodes: { node, level, index in
            guard node.minY <= point.y && point.y <= node.maxY && node.maxX >= point.x else { return false }
            guard node.minX > point.x, let piece = piece(level: level, index: index) else { return true }
            enter(piece.lowerBound)
            if (vertex(piece.lowerBound).y > point.y) != (vertex(piece.upperBound).y > point.y) { isOdd.toggle() }
            return false
        }) { segment in
            enter(segment)
            let start = vertex(segment)
            let end = vertex(segment + 1)
            let startsAbove = start.y > point.y
            if startsAbove != (end.y > point.y) {
                if max(start.x, end.x) < point.x { return true }
                if min(start.x, end.x) > point.x {
                    isOdd.toggle()
                    return true
                }
                let side = ExactPredicates.orientation(start, end, point)
                if side == 0 { return false }
                // An upward segment with the point on its left lies to the right of the point, and so on.
                if (side > 0) == !startsAbove { isOdd.toggle() }
            } else if end.y == point.y {
                if end.x == point.x { return false }
                if start.y == point.y && (start.x > point.x) != (end.x > point.x) { return false }
            }
            return true
        }
        if !finished { return isInside ? .inside : .boundary }
        return isInside || isOdd ? .inside : .outside
    }

    /// Whether a segment shares a point with one of these.
    func meets(_ a: GridPoint, _ b: GridPoint) -> Bool {
        let reach = GridBox(minX: min(a.x, b.x), minY: min(a.y, b.y), maxX: max(a.x, b.x), maxY: max(a.y, b.y))
        return !walk { node in
            node.intersects(reach) && ExactPredicates.segmentIntersects(a, b, node)
        } _: { segment in
            !ExactPredicates.segmentsIntersect(a, b, vertex(segment), vertex(segment + 1))
        }
    }

    /// Whether one of the segments shares a point with a box.
    func meets(_ reach: GridBox) -> Bool {
        !walk {
            $0.intersects(reach)
        } _: { segment in
            !ExactPredicates.segmentIntersects(vertex(segment), vertex(segment + 1), reach)
        }
    }

    /// Whether a segment comes as near as the limit to one of these. Exact.
    func isNear(_ a: GridPoint, _ b: GridPoint, _ limit: DistanceLimit) -> Bool {
        let reach = GridBox(minX: min(a.x, b.x), minY: min(a.y, b.y), maxX: max(a.x, b.x), maxY: max(a.y, b.y))
        return !walk {
            limit.mayReach($0, reach)
        } _: { segment in
            let start = vertex(segment)
            let end = vertex(segment + 1)
            let own = GridBox(
                minX: min(start.x, end.x), minY: min(start.y, end.y), maxX: max(start.x, end.x),
                maxY: max(start.y, end.y))
            return !(limit.mayReach(own, reach) && limit.reaches(a, b, start, end))
        }
    }

    /// Whether all corners of a box are as near as the limit to one and the same of these segments: then all of the
    /// box is.
    func encloses(_ inner: GridBox, _ limit: DistanceLimit) -> Bool {
        let corners: InlineArray<4, GridPoint> = [
            GridPoint(x: inner.minX, y: inner.minY), GridPoint(x: inner.maxX, y: inner.maxY),
            GridPoint(x: inner.maxX, y: inner.minY), GridPoint(x: inner.minX, y: inner.maxY),
        ]
        return !walk {
            limit.mayReach($0, inner)
        } _: { segment in
            let start = vertex(segment)
            let end = vertex(segment + 1)
            for corner in corners.indices where !limit.reaches(corners[corner], start, end) { return true }
            return false
        }
    }

    /// The least squared distance in square millimetres from a segment to these, if it is less than `best`; else `best`.
    func distanceSquared(_ a: GridPoint, _ b: GridPoint, below best: Double) -> Double {
        let reach = GridBox(minX: min(a.x, b.x), minY: min(a.y, b.y), maxX: max(a.x, b.x), maxY: max(a.y, b.y))
        var best = min(best, greedy(a, b, reach))
        _ = walk {
            $0.distanceSquared(to: reach) < best
        } _: { segment in
            best = min(best, ExactPredicates.distanceSquared(a, b, vertex(segment), vertex(segment + 1)))
            return best > 0
        }
        return best
    }

    /// The distance to a leaf found by always going to the nearest child: a first bound for the search.
    private func greedy(_ a: GridPoint, _ b: GridPoint, _ reach: GridBox) -> Double {
        var index = 0
        var first = levelStarts[levelStarts.count - 2]
        var last = boxes.count
        for level in stride(from: levelStarts.count - 2, through: 0, by: -1) {
            var nearest = Double.infinity
            for child in first..<last {
                let distance = boxes[child].distanceSquared(to: reach)
                if distance < nearest {
                    nearest = distance
                    index = child - levelStarts[level]
                }
            }
            if level > 0 {
                first = levelStarts[level - 1] + index * 8
                last = min(first + 8, levelStarts[level])
            }
        }
        var best = Double.infinity
        var mask = exists[index]
        while mask != 0 {
            let segment = index * 8 + mask.trailingZeroBitCount
            best = min(best, ExactPredicates.distanceSquared(a, b, vertex(segment), vertex(segment + 1)))
            mask &= mask &- 1
        }
        return best
    }
}

extension GridBox {
    /// Square millimetres between two boxes; 0 if they share a point.
    func distanceSquared(to other: GridBox) -> Double {
        let x = max(0, max(Double(minX) - Double(other.maxX), Double(other.minX) - Double(maxX)))
        let y = max(0, max(Double(minY) - Double(other.maxY), Double(other.minY) - Double(maxY)))
        return x * x + y * y
    }
}

extension ExactPredicates {
    /// Square millimetres between two closed segments; exactly 0 if they share a point, else rounded a few times.
    @inlinable
    public static func distanceSquared(_ a: GridPoint, _ b: GridPoint, _ c: GridPoint, _ d: GridPoint) -> Double {
        if segmentsIntersect(a, b, c, d) { return 0 }
        return min(
            min(distanceSquared(a, c, d), distanceSquared(b, c, d)),
            min(distanceSquared(c, a, b), distanceSquared(d, a, b)))
    }
}
