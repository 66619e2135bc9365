// SPDX-License-Identifier: Apache-2.0

/// A distance in whole millimetres, compared exactly with the distances between grid points and segments.
///
/// Doubles decide where they can; within their rounding of the limit the comparison is done in 256-bit integers, so a
/// feature at exactly the limit is always within it.
public struct DistanceLimit: Sendable, Hashable, BitwiseCopyable {
    /// 0...2³³: no two grid points are farther apart.
    public let millimetres: Int64
    @usableFromInline let squared: Double

    /// - Throws: `argument` if the distance is negative. Larger distances than the grid's diagonal count as that.
    public init(millimetres: Int64) throws(SpatialError) {
        guard millimetres >= 0 else {
            throw SpatialError(.argument, "a distance of \(millimetres) mm is negative; give 0 or more")
        }
        self.init(clamped: min(millimetres, 1 << 33))
    }

    /// A limit in metres, rounded down to whole millimetres.
    ///
    /// - Throws: `argument` if it is negative or not a number; infinity counts as the grid's diagonal.
    public init(metres: Double) throws(SpatialError) {
        guard metres >= 0 else {
            throw SpatialError(.argument, "a distance of \(metres) m is not a distance; give 0 or more")
        }
        self.init(clamped: Int64(min((metres * 1000).rounded(.down), 8_589_934_592)))
    }

    @usableFromInline
    init(clamped: Int64) {
        millimetres = clamped
        // At most 2⁶⁶, rounded to 53 bits.
        squared = Double(clamped) * Double(clamped)
    }

    /// Whether dx² + dy² is at most the limit's square. Exact for differences of grid coordinates.
    @inlinable
    public func reaches(dx: Int64, dy: Int64) -> Bool {
        let x = UInt64(dx.magnitude)
        let y = UInt64(dy.magnitude)
        let limit = UInt64(millimetres)
        if x > limit || y > limit { return false }
        // Below 2³¹ both squares and their sum fit.
        if limit < 1 << 31 { return x &* x &+ y &* y <= limit &* limit }
        return UInt128(x) * UInt128(x) + UInt128(y) * UInt128(y) <= UInt128(limit) * UInt128(limit)
    }

    /// Whether two points are at most the limit apart.
    @inlinable
    public func reaches(_ a: GridPoint, _ b: GridPoint) -> Bool {
        reaches(dx: Int64(a.x) - Int64(b.x), dy: Int64(a.y) - Int64(b.y))
    }

    /// Whether a point is at most the limit from the closed segment a b. Exact.
    @inlinable
    public func reaches(_ p: GridPoint, _ a: GridPoint, _ b: GridPoint) -> Bool {
        let distance = ExactPredicates.distanceSquared(p, a, b)
        // The foot's cross product is wrong by up to 4.5e-16 |ab| |ap|, hence the distance by 4.5e-16 |ap|; the other
        // roundings are relative. What lies beyond twice the limit is decided in any case.
        let far = abs(Double(p.x) - Double(a.x)) + abs(Double(p.y) - Double(a.y))
        let doubt = 1e-14 * (squared + Double(millimetres) * far) + 1e-10
        if distance < squared - doubt { return true }
        if distance > squared + doubt { return false }
        return isExactlyWithin(p, a, b)
    }

    /// Whether two closed segments are at most the limit apart. Exact.
    @inlinable
    public func reaches(_ a: GridPoint, _ b: GridPoint, _ c: GridPoint, _ d: GridPoint) -> Bool {
        reaches(a, c, d) || reaches(b, c, d) || reaches(c, a, b) || reaches(d, a, b)
            || ExactPredicates.segmentsIntersect(a, b, c, d)
    }

    /// Whether a box and the limit around another box share a point; may say yes for boxes that are a little farther.
    @inlinable
    public func mayReach(_ a: GridBox, _ b: GridBox) -> Bool {
        let x = max(Int64(a.minX) - Int64(b.maxX), Int64(b.minX) - Int64(a.maxX))
        let y = max(Int64(a.minY) - Int64(b.maxY), Int64(b.minY) - Int64(a.maxY))
        return x <= millimetres && y <= millimetres
    }

    /// The comparison in integers.
    @usableFromInline
    func isExactlyWithin(_ p: GridPoint, _ a: GridPoint, _ b: GridPoint) -> Bool {
        let abX = Int64(b.x) - Int64(a.x)
        let abY = Int64(b.y) - Int64(a.y)
        let apX = Int64(p.x) - Int64(a.x)
        let apY = Int64(p.y) - Int64(a.y)
        let along = Int128(apX) * Int128(abX) + Int128(apY) * Int128(abY)
        if along <= 0 { return reaches(dx: apX, dy: apY) }
        let length = Int128(abX) * Int128(abX) + Int128(abY) * Int128(abY)
        if along >= length { return reaches(p, b) }
        // cross² / length <= limit²; each factor is below 2⁶⁷, so the products need more than 128 bits.
        let cross = (Int128(abX) * Int128(apY) - Int128(abY) * Int128(apX)).magnitude
        let limit = UInt128(millimetres) * UInt128(millimetres)
        let left = cross.multipliedFullWidth(by: cross)
        let right = limit.multipliedFullWidth(by: length.magnitude)
        return left.high != right.high ? left.high < right.high : left.low <= right.low
    }
}
