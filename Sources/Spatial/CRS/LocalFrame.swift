// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A tangent frame on the WGS 84 ellipsoid: x east, y north, z up, metres, with its origin at a geodetic position.
///
/// Exact closed forms, so a vertex keeps its place to the nanometre however far from the origin. Immutable: share it
/// between threads. Source: EPSG Guidance Note 7-2, methods 9602 (geographic/geocentric) and 9837 (geocentric/topocentric).
public struct LocalFrame: Sendable, Hashable {
    /// Degrees.
    public let longitude: Double
    public let latitude: Double
    /// Metres above the ellipsoid.
    public let height: Double
    private let origin: SIMD3<Double>
    private let east: SIMD3<Double>
    private let north: SIMD3<Double>
    private let up: SIMD3<Double>

    private static let semiMajorAxis = 6_378_137.0
    private static let flattening = 1 / 298.257_223_563
    private static let eccentricitySquared = flattening * (2 - flattening)

    public init(longitude: Double, latitude: Double, height: Double = 0) {
        self.longitude = longitude
        self.latitude = latitude
        self.height = height
        let lambda = longitude * .pi / 180
        let phi = latitude * .pi / 180
        origin = Self.geocentric(longitude: longitude, latitude: latitude, height: height)
        east = SIMD3(-sin(lambda), cos(lambda), 0)
        north = SIMD3(-sin(phi) * cos(lambda), -sin(phi) * sin(lambda), cos(phi))
        up = SIMD3(cos(phi) * cos(lambda), cos(phi) * sin(lambda), sin(phi))
    }

    /// Earth-centred coordinates (EPSG:4978) of a geodetic position, metres.
    public static func geocentric(longitude: Double, latitude: Double, height: Double) -> SIMD3<Double> {
        let lambda = longitude * .pi / 180
        let phi = latitude * .pi / 180
        let sine = sin(phi)
        let radius = semiMajorAxis / (1 - eccentricitySquared * sine * sine).squareRoot()
        let ring = (radius + height) * cos(phi)
        return SIMD3(
            ring * cos(lambda), ring * sin(lambda), (radius * (1 - eccentricitySquared) + height) * sine)
    }

    /// The position of a geodetic point in this frame.
    public func local(longitude: Double, latitude: Double, height: Double) -> SIMD3<Double> {
        let offset = Self.geocentric(longitude: longitude, latitude: latitude, height: height) - origin
        return SIMD3((offset * east).sum(), (offset * north).sum(), (offset * up).sum())
    }

    /// The 4 × 4 matrix, column-major, from this frame to Earth-centred coordinates.
    public var toGeocentric: [Double] {
        [
            east.x, east.y, east.z, 0, north.x, north.y, north.z, 0, up.x, up.y, up.z, 0, origin.x, origin.y, origin.z,
            1,
        ]
    }
}
