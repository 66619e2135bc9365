// SPDX-License-Identifier: Apache-2.0
import CGEOS

/// A context of GEOS with its error handler; all handles made in it keep it alive. One thread at a time.
@safe
final class GEOSLibrary {
    let handle: GEOSContextHandle_t
    private(set) var message = ""

    init() throws(SpatialError) {
        guard let handle = unsafe GEOS_init_r() else {
            throw SpatialError(.geos, "GEOS could not make a context: out of memory")
        }
        unsafe self.handle = handle
        // Safe: the context is finished in deinit, before this object goes.
        _ = unsafe GEOSContext_setErrorMessageHandler_r(
            handle,
            { text, user in
                guard let text = unsafe text, let user = unsafe user else { return }
                let words = unsafe String(cString: text)
                unsafe Unmanaged<GEOSLibrary>.fromOpaque(user).takeUnretainedValue().message = words
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { unsafe GEOS_finish_r(handle) }

    /// Forgets the message of an earlier call, so that a failure is never explained by it.
    func clear() { message = "" }

    func failure(_ what: String) -> SpatialError {
        SpatialError(.geos, "GEOS \(what): \(message.isEmpty ? "no reason given" : message)")
    }

    /// Turns GEOS' 0, 1, 2 = exception into a Bool.
    func answer(_ result: CChar, _ what: String) throws(SpatialError) -> Bool {
        guard result != 2 else { throw failure(what) }
        return result == 1
    }

    /// Takes a new GEOS geometry, or the NULL of a failed call.
    func take(_ native: OpaquePointer?, _ what: String) throws(SpatialError) -> GEOSGeometry {
        guard let native = unsafe native else { throw failure(what) }
        return unsafe GEOSGeometry(self, native)
    }
}

/// One use of GEOS: a context with its error handler. Not `Sendable`; make one per thread and per use (45 ns).
public struct GEOSContext: ~Copyable {
    let library: GEOSLibrary

    /// - Throws: `geos` if GEOS cannot make a context.
    public init() throws(SpatialError) {
        library = try GEOSLibrary()
    }

    /// A geometry that GEOS owns, for as long as the handle lives. O(vertices).
    ///
    /// - Throws: `coordinates` for numbers that are not finite, `invalidGeometry` for ring ends that do not fit, `geos`
    ///   for rings that GEOS cannot hold, such as one of one vertex.
    public func geometry(_ flat: FlatCoordinates) throws(SpatialError) -> GEOSGeometry {
        try GEOSBuilder(library: library).make(flat)
    }

    /// Parses well-known text.
    ///
    /// - Throws: `geos` with GEOS' reason.
    public func geometry(wkt: String) throws(SpatialError) -> GEOSGeometry {
        library.clear()
        guard let reader = unsafe GEOSWKTReader_create_r(library.handle) else {
            throw library.failure("could not make a WKT reader")
        }
        defer { unsafe GEOSWKTReader_destroy_r(library.handle, reader) }
        return unsafe try library.take(
            GEOSWKTReader_read_r(library.handle, reader, wkt), "could not read the text")
    }

    /// Parses well-known binary of any kind, collections included.
    ///
    /// - Throws: `geos` with GEOS' reason.
    public func geometry(wkb: [UInt8]) throws(SpatialError) -> GEOSGeometry {
        library.clear()
        guard let reader = unsafe GEOSWKBReader_create_r(library.handle) else {
            throw library.failure("could not make a WKB reader")
        }
        defer { unsafe GEOSWKBReader_destroy_r(library.handle, reader) }
        // Safe: GEOS copies what it needs while the call runs. NULL on exception.
        let native = unsafe wkb.withUnsafeBufferPointer { buffer in
            unsafe GEOSWKBReader_read_r(library.handle, reader, buffer.baseAddress, buffer.count)
        }
        return unsafe try library.take(native, "could not read the geometry")
    }
}

/// Runs `body` with a fresh GEOS context.
public func withGEOS<R>(_ body: (borrowing GEOSContext) throws(SpatialError) -> R) throws(SpatialError) -> R {
    let context = try GEOSContext()
    return try body(context)
}
