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
        let native = try self.geometry(geometry)
        if try native.isValid { return nil }
        guard let text = unsafe GEOSisValidReason_r(library.handle, native.pointer) else {
            throw library.failure("could not name the reason of invalidity")
        }
        defer { unsafe GEOSFree_r(library.handle, text) }
        return unsafe String(cString: text)
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
        var repaired = try self.geometry(geometry).madeValid().value()
        guard repaired.kind == .polygon && !repaired.isEmpty else {
            throw SpatialError(.invalidGeometry, "the polygon has no area: nothing is left after repair")
        }
        if geometry.hasZ { repaired.z = geometry.nearestHeights(for: repaired.xy) }
        return MadeValid(geometry: repaired, areaBefore: before, areaAfter: repaired.planarArea)
    }

    /// The area within a distance of a geometry, in its own unit, with `segments` per quarter circle.
    ///
    /// - Throws: `argument` for a distance that is not finite, `geos` on failure. A negative distance may leave an empty
    ///   polygon.
    public func buffer(
        _ geometry: FlatCoordinates, by distance: Double, segments: Int = 8
    ) throws(SpatialError) -> FlatCoordinates {
        try self.geometry(geometry).buffer(distance, segments: segments).value()
    }

    /// The parts of a set operation that have one kind: the shared area of two polygons has also the lines and points in
    /// which they touch, which this leaves out.
    ///
    /// - Throws: `geos` on failure, most often because an input is invalid.
    public func overlay(
        _ operation: GEOSOverlay, _ first: FlatCoordinates, _ second: FlatCoordinates, kind: GeometryKind
    ) throws(SpatialError) -> FlatCoordinates {
        try geometry(first).overlay(operation, geometry(second)).value(ofKind: kind)
    }

    /// The DE-9IM matrix of two geometries, nine of 0, 1, 2, F.
    public func relate(_ first: FlatCoordinates, _ second: FlatCoordinates) throws(SpatialError) -> String {
        try geometry(first).relate(geometry(second))
    }

    /// Square units.
    public func area(_ geometry: FlatCoordinates) throws(SpatialError) -> Double {
        try self.geometry(geometry).area
    }

    /// Units of length: of lines, or of the boundary of polygons.
    public func length(_ geometry: FlatCoordinates) throws(SpatialError) -> Double {
        let native = try self.geometry(geometry)
        var length = 0.0
        guard unsafe GEOSLength_r(library.handle, native.pointer, &length) == 1 else {
            throw library.failure("could not measure the length")
        }
        return length
    }

    /// The smallest distance between two geometries; 0 if they intersect, infinity if one is empty.
    public func distance(_ first: FlatCoordinates, _ second: FlatCoordinates) throws(SpatialError) -> Double {
        try geometry(first).distance(to: geometry(second))
    }

    /// Whether two geometries share a point.
    public func intersects(_ first: FlatCoordinates, _ second: FlatCoordinates) throws(SpatialError) -> Bool {
        try geometry(first).is(.intersects, geometry(second))
    }
}

extension GEOSGeometry {
    /// A valid polygonal geometry by GEOS' structured method.
    borrowing func madeValid() throws(SpatialError) -> GEOSGeometry {
        library.clear()
        guard let parameters = unsafe GEOSMakeValidParams_create_r(library.handle) else {
            throw library.failure("could not make parameters")
        }
        defer { unsafe GEOSMakeValidParams_destroy_r(library.handle, parameters) }
        // Without collapsed parts the structured method returns polygons only. 1 on success.
        guard
            unsafe GEOSMakeValidParams_setMethod_r(library.handle, parameters, GEOS_MAKE_VALID_STRUCTURE) == 1,
            unsafe GEOSMakeValidParams_setKeepCollapsed_r(library.handle, parameters, 0) == 1
        else { throw library.failure("refused the repair parameters") }
        return unsafe try library.take(
            GEOSMakeValidWithParams_r(library.handle, pointer, parameters), "could not repair the polygon")
    }

    /// Valid by GEOS' older method, which keeps all vertices and may leave lines and points.
    public borrowing func madeValidKeepingLines() throws(SpatialError) -> GEOSGeometry {
        library.clear()
        return unsafe try library.take(GEOSMakeValid_r(library.handle, pointer), "could not repair the geometry")
    }
}
