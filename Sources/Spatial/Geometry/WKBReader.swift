// SPDX-License-Identifier: Apache-2.0

/// What to do with polygon rings and lines that are not quite rings and lines.
public enum RingPolicy: Sendable {
    /// An open ring, a ring with fewer than three or a line with fewer than two distinct points is `invalidGeometry`.
    case strict
    /// Open rings are closed; degenerate holes, lines and polygons are dropped. Both are counted.
    case repair
}

/// Decodes well-known binary into ``FlatCoordinates``.
///
/// Reads ISO WKB (types 1-7, 15-17 with Z, M and ZM) and EWKB (flag bits, SRID skipped), both byte orders, mixed if
/// need be. M is dropped. PolyhedralSurface, TIN and Triangle become polygon parts. MultiCurve, MultiSurface and
/// GeometryCollection are accepted when their members are one linear kind. Counts are compared with the bytes left
/// before memory is reserved, and nesting is limited, so hostile bytes cost no more than honest ones.
///
/// ```swift
/// var geometry = FlatCoordinates()
/// let repaired = try WKBReader(rings: .repair).decode(bytes.span.bytes, into: &geometry)
/// ```
///
/// Source: OGC 06-103r4 clause 8.2; ISO/IEC 13249-3; PostGIS EWKB. A value type without state: use it from any thread.
public struct WKBReader: Sendable {
    /// Deepest nesting of collections that is followed: collection, multi-geometry, geometry, with room to spare.
    static let depthLimit = 6

    public var rings: RingPolicy

    public init(rings: RingPolicy = .strict) {
        self.rings = rings
    }

    /// Decodes one geometry; `geometry` is emptied first and keeps its capacity. O(bytes).
    ///
    /// An empty geometry (`POINT EMPTY`, no parts) leaves `geometry.isEmpty` true and is not an error.
    ///
    /// - Returns: how many rings were closed or parts dropped; always 0 under ``RingPolicy/strict``.
    /// - Throws: `malformedGeometry` for bytes that are not WKB, `invalidGeometry` for numbers that are not finite,
    ///   open or degenerate rings, curves, and mixed collections. `geometry` is then unspecified.
    @discardableResult
    public func decode(_ bytes: RawSpan, into geometry: inout FlatCoordinates) throws(SpatialError) -> Int {
        geometry.removeAll()
        var decoder = WKBDecoder(bytes, rings: rings)
        try decoder.readGeometry(into: &geometry, depth: 0)
        guard let kind = decoder.kind else {
            throw SpatialError(.invalidGeometry, "WKB holds an empty GeometryCollection, which has no kind")
        }
        geometry.kind = kind
        guard decoder.cursor.remaining == 0 else {
            throw SpatialError(
                .malformedGeometry,
                "WKB has \(decoder.cursor.remaining) bytes after the end of its geometry, "
                    + "which is at byte \(decoder.cursor.offset)"
            )
        }
        if geometry.isEmpty && decoder.repairs > 0 {
            throw SpatialError(.invalidGeometry, "no part of the geometry has enough distinct points to be kept")
        }
        return decoder.repairs
    }

    /// Decodes one geometry from an array of bytes; see the RawSpan form.
    @discardableResult
    public func decode(_ bytes: [UInt8], into geometry: inout FlatCoordinates) throws(SpatialError) -> Int {
        // Safe: UInt8 has no padding, so every byte of the view is initialised.
        unsafe try decode(bytes.span.bytes, into: &geometry)
    }

    /// Decodes one geometry into a fresh value; per-feature code reuses one through `decode(_:into:)` instead.
    public func decode(_ bytes: [UInt8]) throws(SpatialError) -> FlatCoordinates {
        var geometry = FlatCoordinates()
        try decode(bytes, into: &geometry)
        return geometry
    }
}

/// The state of one decoding.
private struct WKBDecoder: ~Escapable {
    var cursor: WKBCursor
    let rings: RingPolicy
    var repairs = 0
    var kind: GeometryKind?

    /// What a geometry header says.
    struct Header {
        var type: UInt32
        var hasZ: Bool
        var dimensions: Int
    }

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, rings: RingPolicy) {
        cursor = WKBCursor(bytes)
        self.rings = rings
    }

    @_lifetime(self: copy self)
    mutating func readHeader() throws(SpatialError) -> Header {
        let order = try cursor.readByte()
        guard order <= 1 else {
            throw SpatialError(
                .malformedGeometry, "WKB byte order is \(order) at byte \(cursor.offset - 1), expected 0 or 1")
        }
        cursor.isLittleEndian = order == 1
        let code = try cursor.readUInt32()
        if code & 0x2000_0000 != 0 { _ = try cursor.readUInt32() }  // EWKB: the SRID
        let plain = code & 0x1FFF_FFFF
        guard plain < 4000 else {
            throw SpatialError(.malformedGeometry, "WKB type \(plain) at byte \(cursor.offset - 4) does not exist")
        }
        let iso = plain / 1000
        let hasZ = code & 0x8000_0000 != 0 || iso == 1 || iso == 3
        let hasM = code & 0x4000_0000 != 0 || iso == 2 || iso == 3
        return Header(type: plain % 1000, hasZ: hasZ, dimensions: 2 + (hasZ ? 1 : 0) + (hasM ? 1 : 0))
    }

    @_lifetime(self: copy self)
    mutating func readGeometry(into geometry: inout FlatCoordinates, depth: Int) throws(SpatialError) {
        guard depth < WKBReader.depthLimit else {
            throw SpatialError(.malformedGeometry, "WKB nests collections more than \(WKBReader.depthLimit) deep")
        }
        let header = try readHeader()
        switch header.type {
        case 1:
            try become(.point, header, &geometry)
            try readPoint(header, &geometry)
        case 2:
            try become(.line, header, &geometry)
            try readLine(header, &geometry)
        case 3, 17:
            try become(.polygon, header, &geometry)
            try readPolygon(header, &geometry)
        case 4, 5, 6, 11, 12, 15, 16:
            if let own = Self.kind(ofMulti: header.type) { try become(own, header, &geometry) }
            try readMembers(into: &geometry, depth: depth)
        case 7:
            try readMembers(into: &geometry, depth: depth)
        case 8, 9, 10, 13, 14:
            throw SpatialError(
                .invalidGeometry,
                "the geometry is a \(Self.curveName(header.type)): "
                    + "convert curves to straight lines when reading the source"
            )
        default:
            throw SpatialError(
                .malformedGeometry, "WKB type \(header.type) at byte \(cursor.offset - 4) does not exist")
        }
    }

    @_lifetime(self: copy self)
    private mutating func readMembers(into geometry: inout FlatCoordinates, depth: Int) throws(SpatialError) {
        // The smallest member is an empty one: byte order, type, count.
        let count = try cursor.readCount(of: "members", bytesEach: 9)
        for _ in 0..<count { try readGeometry(into: &geometry, depth: depth + 1) }
    }

    private static func kind(ofMulti type: UInt32) -> GeometryKind? {
        switch type {
        case 4: .point
        case 5, 11: .line
        case 6, 12, 15, 16: .polygon
        default: nil
        }
    }

    private static func curveName(_ type: UInt32) -> StaticString {
        switch type {
        case 8: "CircularString"
        case 9: "CompoundCurve"
        case 10: "CurvePolygon"
        case 13: "Curve"
        default: "Surface"
        }
    }

    /// Settles the kind of the whole geometry, and refuses a second one.
    @_lifetime(self: copy self)
    private mutating func become(
        _ own: GeometryKind, _ header: Header, _ geometry: inout FlatCoordinates
    ) throws(SpatialError) {
        if let kind, kind != own {
            throw SpatialError(
                .invalidGeometry,
                "the geometry collection mixes \(kind) and \(own): split it into one layer per kind")
        }
        kind = own
        if !geometry.xy.isEmpty && header.hasZ != !geometry.z.isEmpty {
            throw SpatialError(.malformedGeometry, "WKB mixes parts with and without z at byte \(cursor.offset)")
        }
    }

    @_lifetime(self: copy self)
    private mutating func readPoint(_ header: Header, _ geometry: inout FlatCoordinates) throws(SpatialError) {
        let first = geometry.xy.count
        let firstZ = geometry.z.count
        let isFinite = try cursor.readVertices(1, dimensions: header.dimensions, hasZ: header.hasZ, into: &geometry)
        if !isFinite {
            // ISO has no empty point; GEOS, PostGIS and OGR all write it as NaN NaN.
            guard geometry.xy[first].isNaN && geometry.xy[first + 1].isNaN else { throw notFinite() }
            geometry.xy.removeSubrange(first...)
            geometry.z.removeSubrange(firstZ...)
            return
        }
        let end = UInt32(geometry.xy.count / 2)
        if geometry.ringEnds.isEmpty {
            geometry.ringEnds.append(end | ringStartsPart)
        } else {
            geometry.ringEnds[0] = end | ringStartsPart
        }
    }

    @_lifetime(self: copy self)
    private mutating func readLine(_ header: Header, _ geometry: inout FlatCoordinates) throws(SpatialError) {
        let count = try cursor.readCount(of: "vertices", bytesEach: header.dimensions * 8)
        if count == 0 { return }
        let first = geometry.vertexCount
        let isFinite = try cursor.readVertices(count, dimensions: header.dimensions, hasZ: header.hasZ, into: &geometry)
        guard isFinite else { throw notFinite() }
        if geometry.distinctPoints(from: first, upTo: 2) < 2 {
            guard rings == .repair else {
                throw SpatialError(.invalidGeometry, "a line has fewer than two distinct points\(geometry.near(first))")
            }
            drop(from: first, &geometry)
            return
        }
        geometry.ringEnds.append(UInt32(geometry.vertexCount) | ringStartsPart)
    }

    @_lifetime(self: copy self)
    private mutating func readPolygon(_ header: Header, _ geometry: inout FlatCoordinates) throws(SpatialError) {
        let ringCount = try cursor.readCount(of: "rings", bytesEach: 4)
        var hasOuter = false
        for ring in 0..<ringCount {
            let count = try cursor.readCount(of: "vertices", bytesEach: header.dimensions * 8)
            let first = geometry.vertexCount
            let isFinite = try cursor.readVertices(
                count, dimensions: header.dimensions, hasZ: header.hasZ, into: &geometry)
            guard isFinite else { throw notFinite() }
            if count == 0 && ringCount == 1 { return }  // POLYGON EMPTY, as some writers have it
            let isKept = try closeRing(from: first, &geometry)
            if ring > 0 && !hasOuter {
                // The outer ring was dropped, so its holes go with it.
                drop(from: first, &geometry, counts: false)
            } else if isKept {
                geometry.ringEnds.append(UInt32(geometry.vertexCount) | (ring == 0 ? ringStartsPart : 0))
                hasOuter = true
            }
        }
    }

    /// Removes the closing vertex and checks the ring; false if it was dropped.
    @_lifetime(self: copy self)
    private mutating func closeRing(from first: Int, _ geometry: inout FlatCoordinates) throws(SpatialError) -> Bool {
        let last = geometry.vertexCount - 1
        if last > first {
            if geometry.xy[2 * first] == geometry.xy[2 * last]
                && geometry.xy[2 * first + 1] == geometry.xy[2 * last + 1]
            {
                geometry.xy.removeLast(2)
                if geometry.hasZ { geometry.z.removeLast() }
            } else if rings == .strict {
                throw SpatialError(
                    .invalidGeometry,
                    "a polygon ring is not closed: its first and last points differ\(geometry.near(first))")
            } else {
                repairs += 1
            }
        }
        if geometry.distinctPoints(from: first, upTo: 3) < 3 {
            guard rings == .repair else {
                throw SpatialError(
                    .invalidGeometry, "a polygon ring has fewer than three distinct points\(geometry.near(first))")
            }
            drop(from: first, &geometry)
            return false
        }
        return true
    }

    @_lifetime(self: copy self)
    private mutating func drop(from first: Int, _ geometry: inout FlatCoordinates, counts: Bool = true) {
        geometry.xy.removeSubrange((2 * first)...)
        if geometry.hasZ { geometry.z.removeSubrange(first...) }
        if counts { repairs += 1 }
    }

    private func notFinite() -> SpatialError {
        SpatialError(.invalidGeometry, "a coordinate before byte \(cursor.offset) is not a finite number")
    }
}

extension FlatCoordinates {
    /// Counts distinct points among the vertices from `first` on, stopping at `limit` (2 or 3). O(vertices).
    fileprivate func distinctPoints(from first: Int, upTo limit: Int) -> Int {
        guard first < vertexCount else { return 0 }
        let firstX = xy[2 * first]
        let firstY = xy[2 * first + 1]
        var index = 2 * first + 2
        while index < xy.count && xy[index] == firstX && xy[index + 1] == firstY { index += 2 }
        guard index < xy.count else { return 1 }
        let secondX = xy[index]
        let secondY = xy[index + 1]
        if limit == 2 { return 2 }
        while index < xy.count {
            let isFirst = xy[index] == firstX && xy[index + 1] == firstY
            let isSecond = xy[index] == secondX && xy[index + 1] == secondY
            if !isFirst && !isSecond { return 3 }
            index += 2
        }
        return 2
    }

    /// " near x y" for a message, or nothing for a ring without points.
    fileprivate func near(_ vertex: Int) -> String {
        vertex < vertexCount ? " near \(xy[2 * vertex]) \(xy[2 * vertex + 1])" : ""
    }
}
