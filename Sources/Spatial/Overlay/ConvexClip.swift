// SPDX-License-Identifier: Apache-2.0

/// The shared area of two convex rings, without GEOS: most parcels are four-sided.
///
/// Source: Sutherland and Hodgman, "Reentrant polygon clipping", CACM 17, 1974. For one thread; the scratch arrays are
/// kept from call to call.
struct ConvexClip {
    private var current: [SIMD2<Double>] = []
    private var next: [SIMD2<Double>] = []

    /// Rings of more vertices are left to GEOS: the clip costs the product of both.
    static var vertexLimit: Int { 16 }

    /// The corners of the area that two convex counter-clockwise rings share, relative to the first corner of `clip`,
    /// in millimetres; fewer than three if they share none.
    ///
    /// Corners and differences are integers below 2³³, so for rings up to 50 km across every side test of an original
    /// corner is exact.
    mutating func shared(_ subject: [GridPoint], _ clip: [GridPoint]) -> [SIMD2<Double>] {
        guard let origin = clip.first else { return [] }
        func local(_ point: GridPoint) -> SIMD2<Double> {
            SIMD2(Double(point.x) - Double(origin.x), Double(point.y) - Double(origin.y))
        }
        current.removeAll(keepingCapacity: true)
        for point in subject { current.append(local(point)) }
        var start = local(clip[clip.count - 1])
        for corner in clip {
            let end = local(corner)
            cut(along: start, end - start)
            if current.count < 3 { return [] }
            start = end
        }
        return current
    }

    /// Keeps what lies left of a line or on it.
    private mutating func cut(along origin: SIMD2<Double>, _ direction: SIMD2<Double>) {
        next.removeAll(keepingCapacity: true)
        var before = current[current.count - 1]
        var sideBefore = Self.side(before - origin, direction)
        for point in current {
            let side = Self.side(point - origin, direction)
            if (side < 0) != (sideBefore < 0), side != 0, sideBefore != 0 {
                next.append(before + (point - before) * (sideBefore / (sideBefore - side)))
            }
            if side >= 0 { next.append(point) }
            before = point
            sideBefore = side
        }
        swap(&current, &next)
    }

    private static func side(_ point: SIMD2<Double>, _ direction: SIMD2<Double>) -> Double {
        direction.x * point.y - direction.y * point.x
    }
}

extension GeometryView {
    /// The corners of a convex polygon without holes, counter-clockwise and without repeated or straight ones; nil for
    /// any other geometry, and for more than ``ConvexClip/vertexLimit`` vertices. O(vertices).
    var convexRing: [GridPoint]? {
        guard kind == .polygon, ringEnds.count == 1, vertexCount >= 3, vertexCount <= ConvexClip.vertexLimit else {
            return nil
        }
        var corners: [GridPoint] = []
        corners.reserveCapacity(vertexCount)
        for index in 0..<vertexCount {
            let point = vertex(index)
            if corners.last != point { corners.append(point) }
        }
        if corners.count > 1, corners.first == corners.last { corners.removeLast() }
        guard corners.count >= 3 else { return nil }
        var turn = 0
        // Turning one way all the time and going left and right only once each is going round once.
        var reversals = 0
        var lastStep = 0
        for index in corners.indices {
            let a = corners[index]
            let b = corners[(index + 1) % corners.count]
            let c = corners[(index + 2) % corners.count]
            let side = ExactPredicates.orientation(a, b, c)
            if side == 0 { return nil }
            if turn == 0 { turn = side }
            if side != turn { return nil }
            let step = (Int64(b.x) - Int64(a.x)).signum()
            if step != 0 {
                if lastStep != 0, Int(step) != lastStep { reversals += 1 }
                lastStep = Int(step)
            }
        }
        guard reversals <= 2 else { return nil }
        return turn > 0 ? corners : corners.reversed()
    }
}
