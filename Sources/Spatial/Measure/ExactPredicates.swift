// SPDX-License-Identifier: Apache-2.0

/// Exact tests on grid points.
public enum ExactPredicates {
    /// The side of c as seen from a towards b: 1 left, -1 right, 0 on the line. Exact for all grid points.
    @inlinable
    public static func orientation(_ a: GridPoint, _ b: GridPoint, _ c: GridPoint) -> Int {
        let abX = Int64(b.x) - Int64(a.x)
        let abY = Int64(b.y) - Int64(a.y)
        let acX = Int64(c.x) - Int64(a.x)
        let acY = Int64(c.y) - Int64(a.y)
        // Differences below 2^31 have products below 2^62, whose difference fits; farther apart than 2,147 km they do
        // not.
        let half = Int64(1) << 31
        let isSmall = UInt64(bitPattern: (abX + half) | (abY + half) | (acX + half) | (acY + half)) >> 32 == 0
        if isSmall { return Int((abX &* acY &- abY &* acX).signum()) }
        return Int((Int128(abX) * Int128(acY) - Int128(abY) * Int128(acX)).signum())
    }

    /// Whether p lies on the closed segment a b.
    @inlinable
    public static func isOnSegment(_ p: GridPoint, _ a: GridPoint, _ b: GridPoint) -> Bool {
        min(a.x, b.x) <= p.x && p.x <= max(a.x, b.x) && min(a.y, b.y) <= p.y && p.y <= max(a.y, b.y)
            && orientation(a, b, p) == 0
    }

    /// Whether two closed segments share a point.
    @inlinable
    public static func segmentsIntersect(_ a: GridPoint, _ b: GridPoint, _ c: GridPoint, _ d: GridPoint) -> Bool {
        guard min(a.x, b.x) <= max(c.x, d.x), min(c.x, d.x) <= max(a.x, b.x),
            min(a.y, b.y) <= max(c.y, d.y), min(c.y, d.y) <= max(a.y, b.y)
        else { return false }
        // With overlapping boxes, touching or straddling both lines is enough; collinear segments then overlap.
        return orientation(a, b, c) * orientation(a, b, d) <= 0 && orientation(c, d, a) * orientation(c, d, b) <= 0
    }

    /// Whether a closed segment shares a point with a box, sides included. Separating axes: x, y, and the normal.
    @inlinable
    public static func segmentIntersects(_ a: GridPoint, _ b: GridPoint, _ box: GridBox) -> Bool {
        guard min(a.x, b.x) <= box.maxX, max(a.x, b.x) >= box.minX, min(a.y, b.y) <= box.maxY, max(a.y, b.y) >= box.minY
        else { return false }
        if box.contains(a) || box.contains(b) { return true }
        // The two corners across the segment's slope are the extremes along its normal.
        let rises = (b.x >= a.x) == (b.y >= a.y)
        let first = rises ? GridPoint(x: box.minX, y: box.maxY) : GridPoint(x: box.minX, y: box.minY)
        let second = rises ? GridPoint(x: box.maxX, y: box.minY) : GridPoint(x: box.maxX, y: box.maxY)
        return orientation(a, b, first) * orientation(a, b, second) <= 0
    }

    /// Square millimetres from p to the closed segment a b; rounded once or twice, so good to 1e-7 mm within a city.
    @inlinable
    public static func distanceSquared(_ p: GridPoint, _ a: GridPoint, _ b: GridPoint) -> Double {
        let apX = Double(p.x) - Double(a.x)
        let apY = Double(p.y) - Double(a.y)
        let abX = Double(b.x) - Double(a.x)
        let abY = Double(b.y) - Double(a.y)
        let along = apX * abX + apY * abY
        if along <= 0 { return apX * apX + apY * apY }
        let length = abX * abX + abY * abY
        if along >= length {
            let bpX = Double(p.x) - Double(b.x)
            let bpY = Double(p.y) - Double(b.y)
            return bpX * bpX + bpY * bpY
        }
        let across = abX * apY - abY * apX
        return across * across / length
    }
}
