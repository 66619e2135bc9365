// SPDX-License-Identifier: Apache-2.0
import CGEOS

/// One geometry prepared for many tests, with a context of its own. Prepared geometries are not thread safe in GEOS
/// (libgeos#825, #826): not `Sendable`, so make one per worker.
@safe
public struct PreparedGeometry: ~Copyable {
    private let context: GEOSContext
    private let geometry: GEOSGeometry
    private let prepared: OpaquePointer

    /// - Throws: `geos` if the geometry cannot be prepared.
    public init(_ geometry: FlatCoordinates) throws(SpatialError) {
        let context = try GEOSContext()
        let native = try context.geometry(geometry)
        try self.init(context, native)
    }

    /// Prepares a geometry that is in GEOS already.
    public init(_ geometry: consuming GEOSGeometry) throws(SpatialError) {
        try self.init(GEOSContext(), geometry)
    }

    private init(_ context: consuming GEOSContext, _ geometry: consuming GEOSGeometry) throws(SpatialError) {
        let library = geometry.library
        library.clear()
        // NULL on exception; the geometry then goes with its handle.
        guard let prepared = unsafe GEOSPrepare_r(library.handle, geometry.pointer) else {
            throw library.failure("could not prepare the geometry")
        }
        self.context = context
        self.geometry = geometry
        unsafe self.prepared = prepared
    }

    deinit {
        // The prepared form points into the geometry, which goes after this body.
        unsafe GEOSPreparedGeom_destroy_r(geometry.library.handle, prepared)
    }

    /// Whether the prepared geometry and another share a point.
    public borrowing func intersects(_ other: FlatCoordinates) throws(SpatialError) -> Bool {
        try `is`(.intersects, context.geometry(other))
    }

    /// Whether the prepared geometry contains another, boundaries included (GEOS "covers").
    public borrowing func covers(_ other: FlatCoordinates) throws(SpatialError) -> Bool {
        try `is`(.covers, context.geometry(other))
    }

    /// Whether a relation holds; `equals` is not prepared.
    public borrowing func `is`(
        _ predicate: GEOSPredicate, _ other: borrowing GEOSGeometry
    ) throws(SpatialError) -> Bool {
        if predicate == .equals { return try geometry.is(.equals, other) }
        let library = geometry.library
        library.clear()
        let (handle, own, its) = unsafe (library.handle, prepared, other.pointer)
        let result: CChar =
            switch predicate {
            case .equals, .intersects: unsafe GEOSPreparedIntersects_r(handle, own, its)
            case .disjoint: unsafe GEOSPreparedDisjoint_r(handle, own, its)
            case .touches: unsafe GEOSPreparedTouches_r(handle, own, its)
            case .crosses: unsafe GEOSPreparedCrosses_r(handle, own, its)
            case .within: unsafe GEOSPreparedWithin_r(handle, own, its)
            case .contains: unsafe GEOSPreparedContains_r(handle, own, its)
            case .overlaps: unsafe GEOSPreparedOverlaps_r(handle, own, its)
            case .covers: unsafe GEOSPreparedCovers_r(handle, own, its)
            case .coveredBy: unsafe GEOSPreparedCoveredBy_r(handle, own, its)
            }
        return try library.answer(result, "could not test “\(predicate.rawValue)” on a prepared geometry")
    }
}
