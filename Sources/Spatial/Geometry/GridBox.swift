// SPDX-License-Identifier: Apache-2.0

/// A position in millimetres east and north of the city's origin, in the city's projected coordinate system.
///
/// Int32 covers ±2,147 km at 1 mm, so every predicate on grid points is exact in Int64.
public struct GridPoint: Hashable, Sendable, BitwiseCopyable {
    /// Millimetres east of the origin.
    public var x: Int32
    /// Millimetres north of the origin.
    public var y: Int32

    @inlinable
    public init(x: Int32, y: Int32) {
        self.x = x
        self.y = y
    }
}

/// An axis-parallel box of grid points, all four sides included. Millimetres, city coordinate system.
public struct GridBox: Hashable, Sendable, BitwiseCopyable {
    public var minX: Int32
    public var minY: Int32
    public var maxX: Int32
    public var maxY: Int32

    @inlinable
    public init(minX: Int32, minY: Int32, maxX: Int32, maxY: Int32) {
        self.minX = minX
        self.minY = minY
        self.maxX = maxX
        self.maxY = maxY
    }

    /// The box that holds nothing: joining it with a point gives that point's box.
    @inlinable
    public static var empty: GridBox {
        GridBox(minX: .max, minY: .max, maxX: .min, maxY: .min)
    }

    @inlinable
    public var isEmpty: Bool { minX > maxX || minY > maxY }

    @inlinable
    public func intersects(_ other: GridBox) -> Bool {
        minX <= other.maxX && other.minX <= maxX && minY <= other.maxY && other.minY <= maxY
    }

    @inlinable
    public func contains(_ other: GridBox) -> Bool {
        minX <= other.minX && other.maxX <= maxX && minY <= other.minY && other.maxY <= maxY
    }

    @inlinable
    public func contains(_ point: GridPoint) -> Bool {
        minX <= point.x && point.x <= maxX && minY <= point.y && point.y <= maxY
    }

    @inlinable
    public mutating func formUnion(_ other: GridBox) {
        minX = min(minX, other.minX)
        minY = min(minY, other.minY)
        maxX = max(maxX, other.maxX)
        maxY = max(maxY, other.maxY)
    }

    @inlinable
    public mutating func formUnion(x: Int32, y: Int32) {
        minX = min(minX, x)
        minY = min(minY, y)
        maxX = max(maxX, x)
        maxY = max(maxY, y)
    }
}
