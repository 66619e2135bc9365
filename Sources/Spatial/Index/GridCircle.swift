// SPDX-License-Identifier: Apache-2.0

/// How a region lies to a box: what an index needs to know to skip a subtree or to take it whole.
public enum RegionRelation: Sendable {
    /// No point of the box is in the region.
    case outside
    /// Every point of the box is in the region.
    case inside
    /// Anything else, or not known: whoever answers so asks for a closer look.
    case rim
}

/// A disc on the grid: every point at most `radius` millimetres from the centre, the rim included.
///
/// Decided exactly, for any centre and radius. A difference of two `Int32` needs 33 bits, but its magnitude is at most
/// 2³² - 1, so its square is below 2⁶⁴ and fits a `UInt64`; only the sum of two squares can carry, once, and that bit is
/// compared too. A negative radius holds nothing.
public struct GridCircle: Hashable, Sendable, BitwiseCopyable {
    public var center: GridPoint
    /// Millimetres.
    public var radius: Int64

    @inlinable
    public init(center: GridPoint, radius: Int64) {
        self.center = center
        self.radius = radius
    }

    /// The smallest box around the disc, cut at the limits of the grid.
    public var box: GridBox {
        if radius < 0 { return .empty }
        let reach = min(radius, 1 << 33)
        return GridBox(
            minX: Int32(clamping: Int64(center.x) - reach), minY: Int32(clamping: Int64(center.y) - reach),
            maxX: Int32(clamping: Int64(center.x) + reach), maxY: Int32(clamping: Int64(center.y) + reach))
    }

    /// Whether a point is in the disc.
    @inlinable
    public func contains(_ point: GridPoint) -> Bool {
        holds((Int64(point.x) - Int64(center.x)).magnitude, (Int64(point.y) - Int64(center.y)).magnitude)
    }

    /// How the disc lies to a box. Exact; outside for the empty box.
    @inlinable
    public func relation(to box: GridBox) -> RegionRelation {
        if box.isEmpty { return .outside }
        let west = Int64(box.minX) - Int64(center.x)
        let east = Int64(box.maxX) - Int64(center.x)
        let south = Int64(box.minY) - Int64(center.y)
        let north = Int64(box.maxY) - Int64(center.y)
        if !holds(max(west, -east, 0).magnitude, max(south, -north, 0).magnitude) { return .outside }
        return holds(max(-west, east).magnitude, max(-south, north).magnitude) ? .inside : .rim
    }

    /// Whether x² + y² ≤ radius², for magnitudes below 2³².
    @inlinable
    func holds(_ x: UInt64, _ y: UInt64) -> Bool {
        if radius < 0 { return false }
        let (sum, carry) = (x &* x).addingReportingOverflow(y &* y)
        let reach = radius.magnitude.multipliedFullWidth(by: radius.magnitude)
        let high: UInt64 = carry ? 1 : 0
        return high < reach.high || (high == reach.high && sum <= reach.low)
    }
}
