// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A position in the Web Mercator world as 32-bit integers: x 0 is 180° west and grows east to 2³² at 180° east, y 0 is
/// the north edge at 85.0511° and grows south. A tile coordinate is a shift. One unit is 9.3 mm at the equator.
public struct WorldPoint: Hashable, Sendable, BitwiseCopyable {
    public var x: UInt32
    public var y: UInt32

    @inlinable
    public init(x: UInt32, y: UInt32) {
        self.x = x
        self.y = y
    }
}

/// Web Mercator (EPSG:3857) on WGS 84 longitudes and latitudes in degrees, in closed form. Pure functions.
///
/// Source: EPSG Guidance Note 7-2, "Popular Visualisation Pseudo-Mercator" (method 1024).
public enum WebMercator {
    /// The latitude at which the world is square, in degrees.
    public static let maximumLatitude = 85.051_128_779_806_6
    /// World units around the equator: 2³².
    public static let worldSize = 4_294_967_296.0
    /// Metres along the equator: 2π × 6,378,137 m.
    public static let circumference = 40_075_016.685_578_49

    /// Longitude and latitude to world units as doubles; the latitude is clamped to the square world.
    public static func world(longitude: Double, latitude: Double) -> (x: Double, y: Double) {
        let clamped = min(max(latitude, -maximumLatitude), maximumLatitude)
        let sine = sin(clamped * .pi / 180)
        // atanh(sin φ) is ln tan(π/4 + φ/2), and more accurate near the equator.
        let y = 0.5 - atanh(sine) / (2 * .pi)
        return ((longitude / 360 + 0.5) * worldSize, y * worldSize)
    }

    /// Longitude and latitude to the nearest world point, clamped to the square world.
    public static func worldPoint(longitude: Double, latitude: Double) -> WorldPoint {
        let exact = world(longitude: longitude, latitude: latitude)
        return WorldPoint(x: clamp(exact.x), y: clamp(exact.y))
    }

    /// World units to longitude and latitude in degrees.
    public static func lonLat(worldX: Double, worldY: Double) -> (longitude: Double, latitude: Double) {
        let mercator = .pi * (1 - 2 * worldY / worldSize)
        return ((worldX / worldSize - 0.5) * 360, atan(sinh(mercator)) * 180 / .pi)
    }

    public static func lonLat(_ point: WorldPoint) -> (longitude: Double, latitude: Double) {
        lonLat(worldX: Double(point.x), worldY: Double(point.y))
    }

    /// West, south, east and north of tile z/x/y in degrees. Rows count from the north (XYZ, not TMS).
    ///
    /// - Precondition: z is 0...32.
    public static func tileBounds(z: Int, x: UInt32, y: UInt32) -> CoordinateBox {
        precondition((0...32).contains(z), "zoom \(z) is not in 0...32")
        let size = worldSize / Double(UInt64(1) << UInt64(z))
        let northWest = lonLat(worldX: Double(x) * size, worldY: Double(y) * size)
        let southEast = lonLat(worldX: (Double(x) + 1) * size, worldY: (Double(y) + 1) * size)
        return CoordinateBox(
            minX: northWest.longitude, minY: southEast.latitude, maxX: southEast.longitude, maxY: northWest.latitude)
    }

    /// Rounds world units into range, ties to even; a number that is not finite becomes 0.
    @inlinable
    public static func clamp(_ value: Double) -> UInt32 {
        guard value > 0 else { return 0 }
        return value >= 4_294_967_295 ? .max : UInt32(truncatingIfNeeded: (value + wholePartShift).bitPattern)
    }

    /// 2⁵²: doubles from here to 2⁵³ have no fraction, and their whole part in the low bits of their pattern.
    @inlinable static var wholePartShift: Double { 4_503_599_627_370_496 }

    /// Two numbers of 0 up to 2³² - 1, rounded, ties to even, without the range checks of `Int.init`.
    @inlinable
    @inline(__always)
    static func wholePart(_ number: SIMD2<Double>) -> SIMD2<UInt32> {
        let shifted = number + SIMD2(repeating: wholePartShift)
        return SIMD2(
            UInt32(truncatingIfNeeded: shifted.x.bitPattern), UInt32(truncatingIfNeeded: shifted.y.bitPattern))
    }
}
