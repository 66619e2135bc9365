// SPDX-License-Identifier: Apache-2.0
import CGEOS

/// What ``GEOSContext/makeValid(_:)`` did.
public struct MadeValid: Sendable, Hashable {
    public var geometry: FlatCoordinates
    /// Area of the outer rings less that of the holes before, in square units of the input, directions ignored.
    public var areaBefore: Double
    public var areaAfter: Double
    /// What the repair lost (positive) or gained (negative), in square units.
    public var droppedArea: Double { areaBefore - areaAfter }
}

extension GEOSContext {
    /// Why a geometry is invalid, with the place ("Self-intersection[120.5 36.2]"), or nil if it is valid.
    ///
    /// - Throws: `geos` if GEOS cannot tell.
    public func validityReason(_ geometry: FlatCoordinates) throws(SpatialError) -> String? {
        unsafe try with(geometry) { handle, native throws(SpatialError) in
            // 0 invalid, 1 valid, 2 exception.
            if try answer(unsafe GEOSisValid_r(handle, native), "could not test validity") { return nil }
            guard let text = unsafe GEOSisValidReason_r(handle, native) else {
                throw failure("could not name the reason of invalidity")
            }
            defer { unsafe GEOSFree_r(handle, text) }
            return unsafe String(cString: text)
        }
    }

    /// Makes a polygon valid by GEOS' structured method: rings first, then union of shells less union of holes. Only
    /// polygonal parts are kept. Heights are those of the nearest original vertex.
    ///
    /// Points and lines come back as they are.
    /// - Throws: `invalidGeometry` if nothing polygonal is left, `geos` on failure.
    public func makeValid(_ geometry: FlatCoordinates) throws(SpatialError) -> MadeValid {
        let before = geometry.planarArea
        guard geometry.kind == .polygon else {
            return MadeValid(geometry: geometry, areaBefore: before, areaAfter: before)
        }
        var repaired = unsafe try with(geometry) { handle, native throws(SpatialError) -> FlatCoordinates in
            guard let parameters = unsafe GEOSMakeValidParams_create_r(handle) else {
                throw failure("could not make parameters")
            }
            defer { unsafe GEOSMakeValidParams_destroy_r(handle, parameters) }
            // Without collapsed parts the structured method returns polygons only. 1 on success.
            guard unsafe GEOSMakeValidParams_setMethod_r(handle, parameters, GEOS_MAKE_VALID_STRUCTURE) == 1,
                unsafe GEOSMakeValidParams_setKeepCollapsed_r(handle, parameters, 0) == 1
            else { throw failure("refused the repair parameters") }
            return unsafe try take(
                GEOSMakeValidWithParams_r(handle, native, parameters), "could not repair the polygon")
        }
        guard repaired.kind == .polygon && !repaired.isEmpty else {
            throw SpatialError(.invalidGeometry, "the polygon has no area: nothing is left after repair")
        }
        if geometry.hasZ { repaired.z = geometry.nearestHeights(for: repaired.xy) }
        return MadeValid(geometry: repaired, areaBefore: before, areaAfter: repaired.planarArea)
    }

    /// The area within a distance of a geometry, in its own unit, with `segments` per quarter circle.
    ///
    /// - Throws: `geos` on failure. A negative distance may leave an empty polygon.
    public func buffer(
        _ geometry: FlatCoordinates, by distance: Double, segments: Int = 8
    ) throws(SpatialError) -> FlatCoordinates {
        unsafe try with(geometry) { handle, native throws(SpatialError) in
            unsafe try take(GEOSBuffer_r(handle, native, distance, Int32(segments)), "could not buffer")
        }
    }

    /// Square units; -1 on exception in GEOS becomes `geos`.
    public func area(_ geometry: FlatCoordinates) throws(SpatialError) -> Double {
        unsafe try with(geometry) { handle, native throws(SpatialError) in
            var area = 0.0
            guard unsafe GEOSArea_r(handle, native, &area) == 1 else { throw failure("could not measure the area") }
            return area
        }
    }

    /// Units of length: of lines, or of the boundary of polygons.
    public func length(_ geometry: FlatCoordinates) throws(SpatialError) -> Double {
        unsafe try with(geometry) { handle, native throws(SpatialError) in
            var length = 0.0
            guard unsafe GEOSLength_r(handle, native, &length) == 1 else {
                throw failure("could not measure the length")
            }
            return length
        }
    }

    /// The smallest distance between two geometries; 0 if they intersect.
    public func distance(_ first: FlatCoordinates, _ second: FlatCoordinates) throws(SpatialError) -> Double {
        unsafe try with(first) { handle, left throws(SpatialError) in
            unsafe try with(second) { _, right throws(SpatialError) in
                var distance = 0.0
                guard unsafe GEOSDistance_r(handle, left, right, &distance) == 1 else {
                    throw failure("could not measure the distance")
                }
                return distance
            }
        }
    }

    /// Whether two geometries share a point.
    public func intersects(_ first: FlatCoordinates, _ second: FlatCoordinates) throws(SpatialError) -> Bool {
        unsafe try with(first) { handle, left throws(SpatialError) in
            unsafe try with(second) { _, right throws(SpatialError) in
                try answer(unsafe GEOSIntersects_r(handle, left, right), "could not test for intersection")
            }
        }
    }
}

/// One geometry prepared for many tests, with a context of its own. Prepared geometries are not thread safe in GEOS
/// (libgeos#825, #826): not `Sendable`, so make one per worker.
@safe
public struct PreparedGeometry: ~Copyable {
    private let context: GEOSContext
    private let native: OpaquePointer
    private let prepared: OpaquePointer

    /// - Throws: `geos` if the geometry cannot be prepared.
    public init(_ geometry: FlatCoordinates) throws(SpatialError) {
        let context = try GEOSContext()
        let native = unsafe try context.make(geometry)
        let prepared = unsafe context.prepare(native)
        guard let prepared = unsafe prepared else {
            unsafe context.destroy(native)
            throw context.failure("could not prepare the geometry")
        }
        self.context = context
        unsafe self.native = native
        unsafe self.prepared = prepared
    }

    deinit {
        // The prepared form points into the geometry, so it goes first; the context after both.
        unsafe context.destroy(prepared: prepared)
        unsafe context.destroy(native)
    }

    /// Whether the prepared geometry and another share a point.
    public borrowing func intersects(_ other: FlatCoordinates) throws(SpatialError) -> Bool {
        let own = unsafe prepared
        return unsafe try context.with(other) { handle, native throws(SpatialError) in
            try context.answer(unsafe GEOSPreparedIntersects_r(handle, own, native), "could not test for intersection")
        }
    }

    /// Whether the prepared geometry contains another, boundaries included (GEOS "covers").
    public borrowing func covers(_ other: FlatCoordinates) throws(SpatialError) -> Bool {
        let own = unsafe prepared
        return unsafe try context.with(other) { handle, native throws(SpatialError) in
            try context.answer(unsafe GEOSPreparedCovers_r(handle, own, native), "could not test for containment")
        }
    }
}
