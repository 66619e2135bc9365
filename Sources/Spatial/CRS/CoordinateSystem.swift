// SPDX-License-Identifier: Apache-2.0
import CPROJ
import Synchronization

/// A coordinate reference system, as PROJ understands its definition. An immutable value: share it between threads.
///
/// ```swift
/// let city = try CoordinateSystem("EPSG:4549")     // also WKT 1/2, PROJJSON, PROJ strings, "urn:ogc:def:crs:…"
/// city.name              // CGCS2000 / 3-degree Gauss-Kruger CM 120E
/// city.isNorthingFirst   // true: official tables list X (north) before Y (east)
/// ```
public struct CoordinateSystem: Sendable, Hashable {
    /// The text that it was made from, which is also what transformers are made from.
    public let definition: String
    public let name: String
    /// "EPSG:4549" where the definition names or matches an authority's entry exactly, otherwise nil.
    public let code: String?
    /// Longitude and latitude in angles (2D or 3D).
    public let isGeographic: Bool
    /// East and north in lengths.
    public let isProjected: Bool
    /// Earth-centred X, Y, Z in metres.
    public let isGeocentric: Bool
    /// Metres per unit of the horizontal axes; for geographic systems radians per unit.
    public let unitFactor: Double
    /// "metre", "degree", "US survey foot".
    public let unitName: String
    /// The authority lists north (or latitude) first, so tables in this system are likely to do so too.
    public let isNorthingFirst: Bool
    /// Where the system is meant to be used: west, south, east, north in degrees. West may exceed east at 180 degrees.
    public let areaOfUse: CoordinateBox?
    /// WKT 2 (ISO 19162:2019) on one line, for writing into files.
    public let wkt: String

    /// WGS 84 longitude and latitude in degrees.
    public static func wgs84() throws(SpatialError) -> CoordinateSystem { try CoordinateSystem("EPSG:4326") }

    /// Reads a definition.
    ///
    /// Costs 0.1 to some milliseconds (PROJ looks into its database), so keep the value.
    /// - Throws: `coordinateSystem`, with what to write instead.
    public init(_ definition: String) throws(SpatialError) {
        let trimmed = Self.trimmed(definition)
        guard !trimmed.isEmpty else {
            throw SpatialError(
                .coordinateSystem, "the coordinate system is empty: write for example crs: EPSG:4549")
        }
        let text = Self.normalized(trimmed)
        if let known = Self.known.withLock({ $0[text] }) {
            self = known
            return
        }
        let whole = try unsafe ProjObject { context in
            unsafe proj_create(context, text)
        } failure: { message in
            Self.unknown(trimmed, message)
        }
        guard unsafe proj_is_crs(whole.object) != 0 else {
            throw SpatialError(
                .coordinateSystem,
                "'\(trimmed)' is not a coordinate reference system but an operation: add +type=crs to a PROJ string, "
                    + "or write a code such as EPSG:4549")
        }
        let horizontal = try Self.horizontal(of: whole, named: trimmed)
        let type = unsafe proj_get_type(horizontal.object)
        isProjected = type == PJ_TYPE_PROJECTED_CRS
        isGeographic = type == PJ_TYPE_GEOGRAPHIC_2D_CRS || type == PJ_TYPE_GEOGRAPHIC_3D_CRS
        isGeocentric = type == PJ_TYPE_GEOCENTRIC_CRS
        guard isProjected || isGeographic || isGeocentric else {
            throw SpatialError(
                .coordinateSystem,
                "'\(trimmed)' has no relation to the Earth that PROJ knows (a local, engineering or vertical system): "
                    + "write the local system as a PROJ string, for example "
                    + "+proj=tmerc +lon_0=120 +x_0=500000 +ellps=GRS80 +units=m")
        }
        self.definition = text
        name = unsafe Self.string(proj_get_name(whole.object)) ?? trimmed
        code = Self.authorityCode(whole)
        let axes = Self.axes(horizontal)
        unitFactor = axes.factor
        unitName = axes.unit
        isNorthingFirst = axes.isNorthingFirst
        areaOfUse = Self.area(whole)
        wkt = Self.exportWKT(whole) ?? ""
        let made = self
        Self.known.withLock { known in
            if known.count >= Self.knownLimit { known.removeAll() }
            known[text] = made
        }
    }

    /// Systems made before: each costs PROJ several look-ups in its database.
    private static let known = Mutex<[String: CoordinateSystem]>([:])
    private static let knownLimit = 256

    public static func == (left: CoordinateSystem, right: CoordinateSystem) -> Bool {
        left.definition == right.definition || (left.code != nil && left.code == right.code)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(code ?? definition) }
}

extension CoordinateSystem: CustomStringConvertible {
    public var description: String { code.map { "\($0) (\(name))" } ?? name }
}

extension CoordinateSystem {
    private static func trimmed(_ text: String) -> String {
        let isBlank: (Character) -> Bool = { $0 == "\0" || $0 == "\u{FEFF}" || $0.isWhitespace }
        return String(String(text.drop(while: isBlank).reversed()).drop(while: isBlank).reversed())
    }

    /// Bare numbers become EPSG codes; PROJ strings become systems rather than operations.
    private static func normalized(_ text: String) -> String {
        if !text.isEmpty && text.allSatisfy({ $0.isASCII && $0.isNumber }) { return "EPSG:\(text)" }
        let isProjString = text.hasPrefix("+") || text.hasPrefix("proj=")
        if isProjString && !contains(text, "type=crs") { return text + " +type=crs" }
        return text
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        let bytes = Array(text.utf8)
        let wanted = Array(part.utf8)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    private static func unknown(_ text: String, _ message: String) -> SpatialError {
        let shown = text.count > 80 ? text.prefix(80) + "…" : text[...]
        let reason = message.isEmpty ? "" : " (PROJ: \(message))"
        let advice =
            text.hasPrefix("+")
            ? "check the parameters of the PROJ string, for example +proj=tmerc +lon_0=120 +x_0=500000 +ellps=GRS80"
            : "write a code that PROJ knows, such as EPSG:4549 (CGCS2000 / 3-degree Gauss-Kruger CM 120E), EPSG:4326 "
                + "(lon/lat WGS 84), a PROJ string or WKT; `projinfo EPSG:…` lists what a code means"
        return SpatialError(.coordinateSystem, "unknown coordinate system '\(shown)'\(reason): \(advice)")
    }

    /// The horizontal part of compound and bound systems, and the system itself otherwise.
    private static func horizontal(of whole: borrowing ProjObject, named text: String) throws(SpatialError)
        -> ProjObject
    {
        let wholeObject = unsafe whole.object
        return try unsafe ProjObject { context in
            var current: OpaquePointer? = unsafe proj_clone(context, wholeObject)
            // Compound of bound of projected is as deep as it gets; the limit only guards against a loop.
            for _ in 0..<4 {
                guard let object = unsafe current else { return nil }
                let next: OpaquePointer?
                switch unsafe proj_get_type(object) {
                case PJ_TYPE_COMPOUND_CRS: unsafe next = proj_crs_get_sub_crs(context, object, 0)
                case PJ_TYPE_BOUND_CRS: unsafe next = proj_get_source_crs(context, object)
                default: return unsafe object
                }
                unsafe proj_destroy(object)
                unsafe current = next
            }
            return unsafe current
        } failure: { message in
            SpatialError(.coordinateSystem, "'\(text)' has no horizontal part that can be used (\(message))")
        }
    }

    private static func string(_ text: UnsafePointer<CChar>?) -> String? {
        guard let text = unsafe text else { return nil }
        // Safe: PROJ's strings are zero-terminated and live as long as their object.
        return unsafe String(cString: text)
    }

    /// The entry that the definition names, or for WKT without one the entry that PROJ finds to be equivalent.
    private static func authorityCode(_ crs: borrowing ProjObject) -> String? {
        if let authority = unsafe string(proj_get_id_auth_name(crs.object, 0)),
            let code = unsafe string(proj_get_id_code(crs.object, 0))
        {
            return "\(authority):\(code)"
        }
        var confidences: UnsafeMutablePointer<Int32>?
        guard let list = unsafe proj_identify(crs.context, crs.object, "EPSG", nil, &confidences) else { return nil }
        defer {
            unsafe proj_int_list_destroy(confidences)
            unsafe proj_list_destroy(list)
        }
        // 90 and more: equivalent to the entry, the name at most spelt differently (proj_identify's documentation).
        guard unsafe proj_list_get_count(list) > 0, let confidences = unsafe confidences, unsafe confidences[0] >= 90,
            let found = unsafe proj_list_get(crs.context, list, 0)
        else { return nil }
        defer { unsafe proj_destroy(found) }
        return unsafe string(proj_get_id_code(found, 0)).map { "EPSG:\($0)" }
    }

    private static func axes(_ crs: borrowing ProjObject) -> (factor: Double, unit: String, isNorthingFirst: Bool) {
        guard let system = unsafe proj_crs_get_coordinate_system(crs.context, crs.object) else {
            return (1, "unknown", false)
        }
        defer { unsafe proj_destroy(system) }
        var direction: UnsafePointer<CChar>?
        var unit: UnsafePointer<CChar>?
        var factor = 1.0
        _ = unsafe proj_cs_get_axis_info(
            crs.context, system, 0, nil, nil, &direction, &factor, &unit, nil, nil)
        let first = unsafe string(direction)
        return unsafe (factor, string(unit) ?? "unknown", first == "north" || first == "south")
    }

    private static func area(_ crs: borrowing ProjObject) -> CoordinateBox? {
        var box = CoordinateBox(minX: 0, minY: 0, maxX: 0, maxY: 0)
        // 1 if known; -1000 stands for an unknown bound.
        let isKnown = unsafe proj_get_area_of_use(
            crs.context, crs.object, &box.minX, &box.minY, &box.maxX, &box.maxY, nil)
        return isKnown == 1 && box.minX > -1000 ? box : nil
    }

    private static func exportWKT(_ crs: borrowing ProjObject) -> String? {
        // The options are a zero-terminated list of zero-terminated strings that live until the call returns.
        unsafe "MULTILINE=NO".withCString { option in
            let options: [UnsafePointer<CChar>?] = unsafe [option, nil]
            return unsafe options.withUnsafeBufferPointer { list in
                unsafe string(proj_as_wkt(crs.context, crs.object, PJ_WKT2_2019, list.baseAddress))
            }
        }
    }
}
