// SPDX-License-Identifier: Apache-2.0
import CGEOS

/// A geometry in GEOS' memory, freed with the handle. Keeps its context alive; not `Sendable`.
///
/// For work of several steps; one call on values is a method of ``GEOSContext``. Two geometries of one operation must
/// come from the same thread, not from the same context.
@safe
public struct GEOSGeometry: ~Copyable {
    let library: GEOSLibrary
    private var native: OpaquePointer?

    init(_ library: GEOSLibrary, _ native: OpaquePointer) {
        self.library = library
        unsafe self.native = native
    }

    deinit {
        if let native = unsafe native { unsafe GEOSGeom_destroy_r(library.handle, native) }
    }

    /// The pointer for a call. It is only missing in a value that has been consumed.
    @unsafe var pointer: OpaquePointer? { unsafe native }

    /// Gives the pointer to whoever destroys it.
    @unsafe
    consuming func release() -> OpaquePointer? {
        let given = unsafe native
        unsafe native = nil
        return unsafe given
    }

    // MARK: Values

    /// The flat value. O(vertices).
    ///
    /// - Throws: `invalidGeometry` for a collection of several kinds; ask for one kind then.
    public borrowing func value(hasZ: Bool = false) throws(SpatialError) -> FlatCoordinates {
        let bytes = try wkb(hasZ: hasZ)
        var geometry = FlatCoordinates()
        try WKBReader(rings: .repair).decode(bytes, into: &geometry)
        return geometry
    }

    /// All members of one kind, in collections of any depth; empty if there is none. Repeats none and merges none.
    public borrowing func value(ofKind kind: GeometryKind) throws(SpatialError) -> FlatCoordinates {
        var result = FlatCoordinates(kind: kind)
        unsafe try append(to: &result, native)
        if kind == .point && !result.isEmpty { result.ringEnds = [UInt32(result.vertexCount) | ringStartsPart] }
        return result
    }

    private borrowing func append(to result: inout FlatCoordinates, _ part: OpaquePointer?) throws(SpatialError) {
        let type = unsafe GEOSGeomTypeId_r(library.handle, part)
        guard type >= 0 else { throw library.failure("could not tell a geometry's type") }
        if type >= Int32(GEOS_MULTIPOINT.rawValue) {
            for index in 0..<(unsafe GEOSGetNumGeometries_r(library.handle, part)) {
                unsafe try append(to: &result, GEOSGetGeometryN_r(library.handle, part, index))
            }
            return
        }
        let kind: GeometryKind =
            switch UInt32(type) {
            case GEOS_POINT.rawValue: .point
            case GEOS_POLYGON.rawValue: .polygon
            default: .line
            }
        guard kind == result.kind, unsafe GEOSisEmpty_r(library.handle, part) == 0 else { return }
        var flat = FlatCoordinates()
        let bytes = unsafe try Self.wkb(library, part, hasZ: false)
        try WKBReader(rings: .repair).decode(bytes, into: &flat)
        let base = UInt32(result.vertexCount)
        result.xy += flat.xy
        if kind != .point { result.ringEnds += flat.ringEnds.map { $0 + base } }
    }

    /// Well-known binary.
    public borrowing func wkb(hasZ: Bool = false) throws(SpatialError) -> [UInt8] {
        unsafe try Self.wkb(library, native, hasZ: hasZ)
    }

    private static func wkb(
        _ library: GEOSLibrary, _ native: OpaquePointer?, hasZ: Bool
    ) throws(SpatialError) -> [UInt8] {
        library.clear()
        guard let writer = unsafe GEOSWKBWriter_create_r(library.handle) else {
            throw library.failure("could not make a WKB writer")
        }
        defer { unsafe GEOSWKBWriter_destroy_r(library.handle, writer) }
        unsafe GEOSWKBWriter_setOutputDimension_r(library.handle, writer, hasZ ? 3 : 2)
        var size = 0
        guard let bytes = unsafe GEOSWKBWriter_write_r(library.handle, writer, native, &size) else {
            throw library.failure("could not write the geometry")
        }
        defer { unsafe GEOSFree_r(library.handle, bytes) }
        // Safe: GEOS returned `size` initialised bytes.
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: size))
    }

    /// Well-known text with as few digits as tell the doubles apart.
    public borrowing func wkt() throws(SpatialError) -> String {
        library.clear()
        guard let writer = unsafe GEOSWKTWriter_create_r(library.handle) else {
            throw library.failure("could not make a WKT writer")
        }
        defer { unsafe GEOSWKTWriter_destroy_r(library.handle, writer) }
        unsafe GEOSWKTWriter_setTrim_r(library.handle, writer, 1)
        guard let text = unsafe GEOSWKTWriter_write_r(library.handle, writer, native) else {
            throw library.failure("could not write the text")
        }
        defer { unsafe GEOSFree_r(library.handle, text) }
        return unsafe String(cString: text)
    }
}
