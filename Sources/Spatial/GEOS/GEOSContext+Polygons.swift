// SPDX-License-Identifier: Apache-2.0
import CGEOS

extension GEOSContext {
    /// A polygon of the grid in GEOS' memory: its coordinates are the grid's millimetres, which doubles hold exactly.
    ///
    /// No intermediate arrays of the whole polygon are made. O(vertices).
    /// - Throws: `geos` for rings that GEOS cannot hold, `invalidGeometry` for ring ends that do not fit.
    public func gridPolygon(_ view: borrowing GeometryView) throws(SpatialError) -> GEOSGeometry {
        var flat = FlatCoordinates(kind: view.kind)
        flat.xy.reserveCapacity(view.xy.count)
        for index in view.xy.indices { flat.xy.append(Double(view.xy[index])) }
        flat.ringEnds.reserveCapacity(view.ringEnds.count)
        for index in view.ringEnds.indices { flat.ringEnds.append(view.ringEnds[index]) }
        return try geometry(flat)
    }
}

extension GEOSGeometry {
    /// Appends the polygons among the members, in collections of any depth, to flat arrays; returns whether there was
    /// one. Ring ends count from the first vertex of `ringEnds`' own geometry, closing vertices are left out.
    ///
    /// Reads GEOS' coordinates straight, without well-known binary in between. O(vertices).
    public borrowing func appendPolygons(to result: inout FlatCoordinates) throws(SpatialError) {
        unsafe try append(polygonsOf: pointer, to: &result)
    }

    private borrowing func append(
        polygonsOf part: OpaquePointer?, to result: inout FlatCoordinates
    ) throws(SpatialError) {
        let type = unsafe GEOSGeomTypeId_r(library.handle, part)
        guard type >= 0 else { throw library.failure("could not tell a geometry's type") }
        if type >= Int32(GEOS_MULTIPOINT.rawValue) {
            for index in 0..<(unsafe GEOSGetNumGeometries_r(library.handle, part)) {
                unsafe try append(polygonsOf: GEOSGetGeometryN_r(library.handle, part, index), to: &result)
            }
            return
        }
        guard UInt32(type) == GEOS_POLYGON.rawValue, unsafe GEOSisEmpty_r(library.handle, part) == 0 else { return }
        unsafe try append(ring: GEOSGetExteriorRing_r(library.handle, part), startsPart: true, to: &result)
        for hole in 0..<(unsafe GEOSGetNumInteriorRings_r(library.handle, part)) {
            unsafe try append(
                ring: GEOSGetInteriorRingN_r(library.handle, part, hole), startsPart: false, to: &result)
        }
    }

    private borrowing func append(
        ring: OpaquePointer?, startsPart: Bool, to result: inout FlatCoordinates
    ) throws(SpatialError) {
        guard let ring = unsafe ring, let sequence = unsafe GEOSGeom_getCoordSeq_r(library.handle, ring) else {
            throw library.failure("could not read a ring")
        }
        var count: UInt32 = 0
        guard unsafe GEOSCoordSeq_getSize_r(library.handle, sequence, &count) == 1, count >= 4 else {
            throw library.failure("could not read a ring's size")
        }
        let first = result.xy.count
        result.xy.append(contentsOf: repeatElement(0, count: 2 * Int(count)))
        let copied = unsafe result.xy.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let base = buffer.baseAddress else { return 0 }
            // Safe: the buffer has room for `count` vertices of two doubles behind `first`.
            return unsafe GEOSCoordSeq_copyToBuffer_r(library.handle, sequence, base + first, 0, 0)
        }
        guard copied == 1 else { throw library.failure("could not copy a ring") }
        result.xy.removeLast(2)
        result.ringEnds.append(UInt32(result.xy.count / 2) | (startsPart ? ringStartsPart : 0))
    }
}
