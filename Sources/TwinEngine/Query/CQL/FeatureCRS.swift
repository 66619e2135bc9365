// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// A coordinate system that features are asked for and sent in, by its URI (OGC API Features Part 2).
public struct FeatureCRS: Sendable, Hashable {
    /// `http://www.opengis.net/def/crs/…`
    public let uri: String
    let system: CoordinateSystem
    /// Whether the first coordinate is a latitude or northing, as the authority lists it.
    let isNorthFirst: Bool
    /// WGS 84 in longitude and latitude, whichever comes first.
    let isDegrees: Bool

    public static let crs84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    static let epsg = "http://www.opengis.net/def/crs/EPSG/0/"

    /// Longitude and latitude of WGS 84.
    public static func lonLat() throws -> FeatureCRS {
        FeatureCRS(uri: crs84, system: try system("EPSG:4326"), isNorthFirst: false, isDegrees: true)
    }

    /// Systems that were looked up: PROJ takes a part of a millisecond for each.
    private static let systems = Mutex<[String: CoordinateSystem]>([:])

    private static func system(_ code: String) throws -> CoordinateSystem {
        if let known = systems.withLock({ $0[code] }) { return known }
        let made = try CoordinateSystem(code)
        systems.withLock { $0[code] = made }
        return made
    }

    private init(uri: String, system: CoordinateSystem, isNorthFirst: Bool, isDegrees: Bool) {
        self.uri = uri
        self.system = system
        self.isNorthFirst = isNorthFirst
        self.isDegrees = isDegrees
    }

    /// The systems that a city's features come in: CRS84, WGS 84, CGCS2000, Web Mercator and the city's own.
    public static func supported(by city: CityCoordinates) -> [String] {
        var uris = [crs84, epsg + "4326", epsg + "4490", epsg + "3857"]
        if let own = storage(of: city), !uris.contains(own) { uris.append(own) }
        return uris
    }

    /// The URI of the city's own system, if it has a code.
    public static func storage(of city: CityCoordinates) -> String? {
        guard let code = city.system.code, code.hasPrefix("EPSG:") else { return nil }
        return epsg + code.dropFirst(5)
    }

    /// The system of a URI that the city supports.
    ///
    /// - Throws: `TwinError.argument` that lists them.
    public init(uri: String, in city: CityCoordinates, parameter: String) throws {
        if uri == Self.crs84 {
            self = try Self.lonLat()
            return
        }
        let known = Self.supported(by: city)
        guard known.contains(uri) else {
            throw TwinError(
                .argument,
                "\(parameter): '\(uri.prefix(120))' is no system of this layer; write one of \(known.joined(separator: ", "))"
            )
        }
        let code = "EPSG:" + uri.dropFirst(Self.epsg.count)
        let system = try Self.system(code)
        self.init(
            uri: uri, system: system, isNorthFirst: system.isNorthingFirst, isDegrees: code == "EPSG:4326")
    }

    public static func == (left: FeatureCRS, right: FeatureCRS) -> Bool { left.uri == right.uri }
    public func hash(into hasher: inout Hasher) { hasher.combine(uri) }

    /// A position in the system's order as x = east, y = north.
    func eastNorth(_ first: Double, _ second: Double) -> (x: Double, y: Double) {
        isNorthFirst ? (second, first) : (first, second)
    }
}

/// Puts positions of one coordinate system on a city's grid. Any thread.
struct GridPlacer: Sendable {
    let crs: FeatureCRS
    let coordinates: CityCoordinates
    private let isOwn: Bool
    private let transformers: TransformerPool?

    init(_ crs: FeatureCRS, _ coordinates: CityCoordinates) throws {
        self.crs = crs
        self.coordinates = coordinates
        isOwn = crs.system == coordinates.system
        if crs.isDegrees || isOwn {
            transformers = nil
        } else {
            transformers = try TransformerPool(from: crs.system, to: coordinates.system)
        }
    }

    /// Metres in the city's system of a position in the system's own order; nil where there is none.
    func metres(_ first: Double, _ second: Double) throws(SpatialError) -> (x: Double, y: Double)? {
        guard first.isFinite, second.isFinite else { return nil }
        let (x, y) = crs.eastNorth(first, second)
        if crs.isDegrees {
            guard x.magnitude <= 180, y.magnitude <= 90 else { return nil }
            return try coordinates.metres(LonLat(longitude: x, latitude: y))
        }
        if isOwn { return (x, y) }
        let moved = try transformers?.withTransformer { $0.transform(x: x, y: y) }
        return moved.map { ($0.x, $0.y) }
    }

    /// The grid point; nil where the position is beyond the grid.
    func gridPoint(_ first: Double, _ second: Double) throws(SpatialError) -> GridPoint? {
        guard let metres = try metres(first, second) else { return nil }
        return coordinates.grid.gridPoint(x: metres.x, y: metres.y)
    }
}
