// SPDX-License-Identifier: Apache-2.0
import CGEOS

/// Keeps the message of the last GEOS error.
private final class GEOSMessages {
    var last = ""
}

/// One use of GEOS: a context with its error handler. Not `Sendable`; make one per thread and per use (45 ns).
///
/// Geometries go in and out as ``FlatCoordinates`` by way of WKB, so no GEOS sequence, ring or member ever changes
/// hands: the constructors that consume their inputs even when they fail are not used.
@safe
public struct GEOSContext: ~Copyable {
    private let handle: GEOSContextHandle_t
    private let messages: GEOSMessages

    /// - Throws: `geos` if GEOS cannot make a context.
    public init() throws(SpatialError) {
        guard let handle = unsafe GEOS_init_r() else {
            throw SpatialError(.geos, "GEOS could not make a context: out of memory")
        }
        let messages = GEOSMessages()
        // Safe: `messages` is a property of this value and lives until after the context is finished.
        _ = unsafe GEOSContext_setErrorMessageHandler_r(
            handle,
            { text, user in
                guard let text = unsafe text, let user = unsafe user else { return }
                unsafe Unmanaged<GEOSMessages>.fromOpaque(user).takeUnretainedValue().last = unsafe String(
                    cString: text)
            }, Unmanaged.passUnretained(messages).toOpaque())
        unsafe self.handle = handle
        self.messages = messages
    }

    deinit {
        unsafe GEOS_finish_r(handle)
        withExtendedLifetime(messages) {}
    }

    /// A geometry that GEOS owns, for as long as `body` runs.
    func with<R>(
        _ geometry: FlatCoordinates, _ body: (GEOSContextHandle_t, OpaquePointer) throws(SpatialError) -> R
    ) throws(SpatialError) -> R {
        let native = unsafe try make(geometry)
        defer { unsafe GEOSGeom_destroy_r(handle, native) }
        return unsafe try body(handle, native)
    }

    /// The GEOS geometry of a value; the caller destroys it.
    func make(_ geometry: FlatCoordinates) throws(SpatialError) -> OpaquePointer {
        let bytes = try WKBWriter().encode(geometry)
        messages.last = ""
        guard let reader = unsafe GEOSWKBReader_create_r(handle) else { throw failure("could not make a WKB reader") }
        defer { unsafe GEOSWKBReader_destroy_r(handle, reader) }
        // Safe: GEOS copies what it needs while the call runs. NULL on exception.
        let native = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe GEOSWKBReader_read_r(handle, reader, buffer.baseAddress, buffer.count)
        }
        guard let native = unsafe native else { throw failure("could not read the geometry") }
        return unsafe native
    }

    /// The value of a GEOS geometry, which stays with the caller.
    func value(_ native: OpaquePointer, hasZ: Bool = false) throws(SpatialError) -> FlatCoordinates {
        messages.last = ""
        guard let writer = unsafe GEOSWKBWriter_create_r(handle) else { throw failure("could not make a WKB writer") }
        defer { unsafe GEOSWKBWriter_destroy_r(handle, writer) }
        unsafe GEOSWKBWriter_setOutputDimension_r(handle, writer, hasZ ? 3 : 2)
        var size = 0
        guard let bytes = unsafe GEOSWKBWriter_write_r(handle, writer, native, &size) else {
            throw failure("could not write the geometry")
        }
        defer { unsafe GEOSFree_r(handle, bytes) }
        var geometry = FlatCoordinates()
        // Safe: GEOS returned `size` initialised bytes, freed when this function returns.
        let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(bytes), byteCount: size)
        try WKBReader(rings: .repair).decode(span, into: &geometry)
        return geometry
    }

    /// Takes a new GEOS geometry, or the NULL of a failed call.
    func take(_ native: OpaquePointer?, _ what: String) throws(SpatialError) -> FlatCoordinates {
        guard let native = unsafe native else { throw failure(what) }
        defer { unsafe GEOSGeom_destroy_r(handle, native) }
        return unsafe try value(native)
    }

    /// NULL on exception.
    func prepare(_ native: OpaquePointer) -> OpaquePointer? { unsafe GEOSPrepare_r(handle, native) }

    func destroy(_ native: OpaquePointer) { unsafe GEOSGeom_destroy_r(handle, native) }

    func destroy(prepared: OpaquePointer) { unsafe GEOSPreparedGeom_destroy_r(handle, prepared) }

    func failure(_ what: String) -> SpatialError {
        let reason = messages.last.isEmpty ? "no reason given" : messages.last
        return SpatialError(.geos, "GEOS \(what): \(reason)")
    }

    /// Turns GEOS' 0, 1, 2 = exception into a Bool.
    func answer(_ result: CChar, _ what: String) throws(SpatialError) -> Bool {
        guard result != 2 else { throw failure(what) }
        return result == 1
    }
}

/// Runs `body` with a fresh GEOS context.
public func withGEOS<R>(_ body: (borrowing GEOSContext) throws(SpatialError) -> R) throws(SpatialError) -> R {
    let context = try GEOSContext()
    return try body(context)
}
