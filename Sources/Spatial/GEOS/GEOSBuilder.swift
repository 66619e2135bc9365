// SPDX-License-Identifier: Apache-2.0
import CGEOS

/// A coordinate sequence until a geometry takes it.
@safe
private struct GEOSSequence: ~Copyable {
    let library: GEOSLibrary
    private var native: OpaquePointer?

    /// Copies vertices first..<last; `closes` repeats the first.
    init(
        _ library: GEOSLibrary, _ flat: FlatCoordinates, _ first: Int, _ last: Int, closes: Bool
    ) throws(SpatialError) {
        self.library = library
        let hasZ = flat.hasZ
        var numbers: [Double] = []
        numbers.reserveCapacity((last - first + 1) * (hasZ ? 3 : 2))
        func add(_ vertex: Int) {
            numbers.append(flat.xy[2 * vertex])
            numbers.append(flat.xy[2 * vertex + 1])
            if hasZ { numbers.append(flat.z[vertex]) }
        }
        for vertex in first..<last { add(vertex) }
        if closes && last > first { add(first) }
        let count = UInt32(numbers.count / (hasZ ? 3 : 2))
        // Safe: the buffer holds `count` vertices of two or three doubles, and GEOS copies them.
        unsafe native = numbers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return unsafe GEOSCoordSeq_create_r(library.handle, 0, 2) }
            return unsafe GEOSCoordSeq_copyFromBuffer_r(library.handle, base, count, hasZ ? 1 : 0, 0)
        }
        guard unsafe native != nil else { throw library.failure("could not copy \(count) vertices") }
    }

    deinit {
        if let native = unsafe native { unsafe GEOSCoordSeq_destroy_r(library.handle, native) }
    }

    /// Hands the sequence to a constructor of GEOS, which owns it from then on, also if it fails.
    consuming func give(
        _ what: String, _ make: (GEOSContextHandle_t, OpaquePointer) -> OpaquePointer?
    ) throws(SpatialError) -> GEOSGeometry {
        guard let given = unsafe native else { throw library.failure(what) }
        unsafe native = nil
        return unsafe try library.take(make(library.handle, given), what)
    }
}

/// Makes GEOS geometries of flat ones.
///
/// `GEOSGeom_createLinearRing_r`, `createPolygon_r` and `createCollection_r` own their inputs from the call on, even
/// when they return NULL. So a handle gives its pointer away before the call, and nothing is destroyed after it.
struct GEOSBuilder {
    let library: GEOSLibrary

    func make(_ flat: FlatCoordinates) throws(SpatialError) -> GEOSGeometry {
        library.clear()
        try check(flat)
        switch flat.kind {
        case .point: return try points(flat)
        case .line: return try lines(flat)
        case .polygon: return try polygons(flat)
        }
    }

    private func check(_ flat: FlatCoordinates) throws(SpatialError) {
        for (index, number) in flat.xy.enumerated() where !number.isFinite {
            throw SpatialError(.coordinates, "vertex \(index / 2) is \(number): coordinates must be finite")
        }
        guard flat.xy.count % 2 == 0 && (flat.z.isEmpty || flat.z.count == flat.vertexCount) else {
            throw SpatialError(
                .invalidGeometry,
                "\(flat.xy.count) numbers and \(flat.z.count) heights: give two numbers, and one or no height, a vertex"
            )
        }
        var first = 0
        for end in flat.ringEnds {
            let last = Int(end & ringEndMask)
            guard first <= last && last <= flat.vertexCount else {
                throw SpatialError(
                    .invalidGeometry, "a ring ends at vertex \(last), outside \(first)...\(flat.vertexCount)")
            }
            first = last
        }
    }

    private func points(_ flat: FlatCoordinates) throws(SpatialError) -> GEOSGeometry {
        if flat.vertexCount == 0 {
            return unsafe try library.take(
                GEOSGeom_createEmptyPoint_r(library.handle), "could not make an empty point")
        }
        if flat.vertexCount == 1 { return try point(flat, 0) }
        var members = GEOSMembers(library)
        for vertex in 0..<flat.vertexCount { members.append(try point(flat, vertex)) }
        return try members.collect(GEOS_MULTIPOINT)
    }

    private func point(_ flat: FlatCoordinates, _ vertex: Int) throws(SpatialError) -> GEOSGeometry {
        unsafe try GEOSSequence(library, flat, vertex, vertex + 1, closes: false).give("could not make a point") {
            unsafe GEOSGeom_createPoint_r($0, $1)
        }
    }

    private func lines(_ flat: FlatCoordinates) throws(SpatialError) -> GEOSGeometry {
        var members = GEOSMembers(library)
        var first = 0
        for end in flat.ringEnds {
            let last = Int(end & ringEndMask)
            let sequence = try GEOSSequence(library, flat, first, last, closes: false)
            members.append(
                unsafe try sequence.give("could not make a line") { unsafe GEOSGeom_createLineString_r($0, $1) })
            first = last
        }
        return try members.collect(GEOS_MULTILINESTRING)
    }

    private func polygons(_ flat: FlatCoordinates) throws(SpatialError) -> GEOSGeometry {
        var parts = GEOSMembers(library)
        var ring = 0
        var first = 0
        while ring < flat.ringEnds.count {
            let outer = try self.ring(flat, first, ring)
            first = Int(flat.ringEnds[ring] & ringEndMask)
            ring += 1
            var holes = GEOSMembers(library)
            while ring < flat.ringEnds.count, flat.ringEnds[ring] & ringStartsPart == 0 {
                holes.append(try self.ring(flat, first, ring))
                first = Int(flat.ringEnds[ring] & ringEndMask)
                ring += 1
            }
            parts.append(try holes.polygon(in: outer))
        }
        return try parts.collect(GEOS_MULTIPOLYGON)
    }

    private func ring(_ flat: FlatCoordinates, _ first: Int, _ ring: Int) throws(SpatialError) -> GEOSGeometry {
        let last = Int(flat.ringEnds[ring] & ringEndMask)
        let sequence = try GEOSSequence(library, flat, first, last, closes: true)
        return unsafe try sequence.give("could not make a ring of \(last - first) vertices") {
            unsafe GEOSGeom_createLinearRing_r($0, $1)
        }
    }
}

/// Members of a geometry to come, owned until it takes them.
@safe
struct GEOSMembers: ~Copyable {
    private let library: GEOSLibrary
    private var natives: [OpaquePointer?] = unsafe []

    init(_ library: GEOSLibrary) { self.library = library }

    deinit {
        unsafe natives.forEach { unsafe GEOSGeom_destroy_r(library.handle, $0) }
    }

    mutating func append(_ member: consuming GEOSGeometry) {
        unsafe natives.append(member.release())
    }

    /// Pointers that are no longer this value's to destroy.
    private mutating func release() -> [OpaquePointer?] {
        let given = unsafe natives
        unsafe natives = []
        return unsafe given
    }

    /// A polygon of a ring and these holes. GEOS owns ring and holes from the call on.
    consuming func polygon(in outer: consuming GEOSGeometry) throws(SpatialError) -> GEOSGeometry {
        let count = UInt32(unsafe natives.count)
        let shell = unsafe outer.release()
        var holes = unsafe release()
        let native = unsafe holes.withUnsafeMutableBufferPointer { buffer in
            unsafe GEOSGeom_createPolygon_r(library.handle, shell, buffer.baseAddress, count)
        }
        return unsafe try library.take(native, "could not make a polygon")
    }

    /// The single member, or a collection of these. GEOS owns them from the call on.
    consuming func collect(_ type: GEOSGeomTypes) throws(SpatialError) -> GEOSGeometry {
        var members = unsafe release()
        if unsafe members.count == 1 { return unsafe try library.take(members[0], "has no member") }
        let count = UInt32(unsafe members.count)
        let native = unsafe members.withUnsafeMutableBufferPointer { buffer in
            unsafe GEOSGeom_createCollection_r(
                library.handle, Int32(type.rawValue), buffer.baseAddress, count)
        }
        return unsafe try library.take(native, "could not make a collection")
    }
}
