// SPDX-License-Identifier: Apache-2.0
import CPROJ

/// True lengths and areas on the ellipsoid, free of any map projection's scale. A value: any thread.
///
/// Planar measures of a city's grid carry the scale of its projection, squared for areas: 0.08 % at the centre of a UTM
/// zone, more at its edges. Where a report must state the true size, measure longitudes and latitudes here, at about 1 us
/// a vertex.
///
/// Source: Karney, "Algorithms for geodesics", Journal of Geodesy 87, 2013, in PROJ's `geodesic.h`; errors below 0.1 mm²
/// a side.
public struct Geodesic: Sendable {
    private let semiMajorAxis: Double
    private let flattening: Double

    /// An ellipsoid.
    ///
    /// - Throws: `argument` unless the axis is positive and the flattening below 1.
    public init(semiMajorAxis: Double, flattening: Double) throws(SpatialError) {
        guard semiMajorAxis > 0 && semiMajorAxis.isFinite && abs(flattening) < 1 else {
            throw SpatialError(
                .argument,
                "an ellipsoid needs a positive axis and a flattening below 1, not \(semiMajorAxis), \(flattening)")
        }
        self.semiMajorAxis = semiMajorAxis
        self.flattening = flattening
    }

    private init() {
        semiMajorAxis = 6_378_137
        flattening = 1 / 298.257_223_563
    }

    /// WGS 84; CGCS2000 and GRS 80 differ from it by a tenth of a millimetre.
    public static let wgs84 = Geodesic()

    /// Square metres of polygons in longitude and latitude without their holes, sides along geodesics; 0 for other kinds.
    ///
    /// - Throws: `coordinates` for numbers that are no longitude and latitude.
    public func area(of geometry: FlatCoordinates) throws(SpatialError) -> Double {
        guard geometry.kind == .polygon else { return 0 }
        var total = 0.0
        try forEachRing(geometry) { startsPart, area, _ in total += startsPart ? abs(area) : -abs(area) }
        return total
    }

    /// Metres of lines, or of the boundaries of polygons with their holes; 0 for points.
    ///
    /// - Throws: `coordinates` for numbers that are no longitude and latitude.
    public func length(of geometry: FlatCoordinates) throws(SpatialError) -> Double {
        guard geometry.kind != .point else { return 0 }
        var total = 0.0
        try forEachRing(geometry) { _, _, length in total += length }
        return total
    }

    private func forEachRing(
        _ geometry: FlatCoordinates, _ body: (_ startsPart: Bool, _ area: Double, _ length: Double) -> Void
    ) throws(SpatialError) {
        var ellipsoid = geod_geodesic()
        // Safe: PROJ fills the two structures and keeps no pointer to them.
        unsafe geod_init(&ellipsoid, semiMajorAxis, flattening)
        var first = 0
        for end in geometry.ringEnds {
            let last = Int(end & ringEndMask)
            guard first <= last && last <= geometry.vertexCount else {
                throw SpatialError(
                    .invalidGeometry, "a ring ends at vertex \(last), outside \(first)...\(geometry.vertexCount)")
            }
            var polygon = geod_polygon()
            unsafe geod_polygon_init(&polygon, geometry.kind == .polygon ? 0 : 1)
            for vertex in first..<last {
                let longitude = geometry.xy[2 * vertex]
                let latitude = geometry.xy[2 * vertex + 1]
                guard longitude.isFinite && abs(latitude) <= 90 else {
                    throw SpatialError(
                        .coordinates, "vertex \(vertex), \(longitude) \(latitude), is no longitude and latitude")
                }
                unsafe geod_polygon_addpoint(&ellipsoid, &polygon, latitude, longitude)
            }
            var area = 0.0
            var length = 0.0
            _ = unsafe geod_polygon_compute(&ellipsoid, &polygon, 0, 1, &area, &length)
            body(end & ringStartsPart != 0, geometry.kind == .polygon ? area : 0, length)
            first = last
        }
    }
}
