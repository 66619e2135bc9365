// SPDX-License-Identifier: Apache-2.0
import CGEOS

/// A named relation of OGC simple features (06-103r4, clause 6.1.15), or one that GEOS adds.
public enum GEOSPredicate: String, Sendable, CaseIterable {
    case equals, disjoint, touches, crosses, within, contains, overlaps, intersects, covers, coveredBy
}

/// A set operation on the points of two geometries.
public enum GEOSOverlay: String, Sendable, CaseIterable {
    case intersection, union, difference, symmetricDifference
}

extension GEOSGeometry {
    // MARK: Relations

    /// Whether a relation holds with another geometry.
    ///
    /// - Throws: `geos` if GEOS cannot tell, as for some invalid geometries.
    public borrowing func `is`(
        _ predicate: GEOSPredicate, _ other: borrowing GEOSGeometry
    ) throws(SpatialError) -> Bool {
        library.clear()
        let (handle, own, its) = unsafe (library.handle, pointer, other.pointer)
        let result: CChar =
            switch predicate {
            case .equals: unsafe GEOSEquals_r(handle, own, its)
            case .disjoint: unsafe GEOSDisjoint_r(handle, own, its)
            case .touches: unsafe GEOSTouches_r(handle, own, its)
            case .crosses: unsafe GEOSCrosses_r(handle, own, its)
            case .within: unsafe GEOSWithin_r(handle, own, its)
            case .contains: unsafe GEOSContains_r(handle, own, its)
            case .overlaps: unsafe GEOSOverlaps_r(handle, own, its)
            case .intersects: unsafe GEOSIntersects_r(handle, own, its)
            case .covers: unsafe GEOSCovers_r(handle, own, its)
            case .coveredBy: unsafe GEOSCoveredBy_r(handle, own, its)
            }
        return try library.answer(result, "could not test “\(predicate.rawValue)”")
    }

    /// The DE-9IM matrix with another geometry, nine of 0, 1, 2, F.
    public borrowing func relate(_ other: borrowing GEOSGeometry) throws(SpatialError) -> String {
        library.clear()
        guard let text = unsafe GEOSRelate_r(library.handle, pointer, other.pointer) else {
            throw library.failure("could not relate the geometries")
        }
        defer { unsafe GEOSFree_r(library.handle, text) }
        return unsafe String(cString: text)
    }

    /// Whether the DE-9IM matrix fits a pattern of 0, 1, 2, F, T, *.
    ///
    /// - Throws: `argument` for a pattern that is not nine of these, `geos` if GEOS cannot tell.
    public borrowing func relate(
        _ other: borrowing GEOSGeometry, pattern: String
    ) throws(SpatialError) -> Bool {
        guard pattern.utf8.count == 9 && pattern.allSatisfy({ "012FTft*".contains($0) }) else {
            throw SpatialError(.argument, "“\(pattern)” is no DE-9IM pattern: give nine of 0, 1, 2, F, T and *")
        }
        library.clear()
        return try library.answer(
            unsafe GEOSRelatePattern_r(library.handle, pointer, other.pointer, pattern.uppercased()),
            "could not relate the geometries")
    }

    /// Whether the vertices are the same within a tolerance, in the same order.
    public borrowing func isExactly(
        _ other: borrowing GEOSGeometry, tolerance: Double = 0
    ) throws(SpatialError) -> Bool {
        library.clear()
        return try library.answer(
            unsafe GEOSEqualsExact_r(library.handle, pointer, other.pointer, tolerance), "could not compare")
    }

    /// The smallest distance to another geometry in their unit; 0 if they meet, infinity if one is empty.
    public borrowing func distance(to other: borrowing GEOSGeometry) throws(SpatialError) -> Double {
        let (own, its) = (try isEmpty, try other.isEmpty)
        if own || its { return .infinity }
        return try withoutEmptyMembers().measure(to: other.withoutEmptyMembers())
    }

    private borrowing func measure(to other: borrowing GEOSGeometry) throws(SpatialError) -> Double {
        library.clear()
        var distance = 0.0
        guard unsafe GEOSDistance_r(library.handle, pointer, other.pointer, &distance) == 1 else {
            throw library.failure("could not measure the distance")
        }
        return distance
    }

    /// Whether another geometry is at most `distance` away.
    public borrowing func isWithin(
        _ distance: Double, of other: borrowing GEOSGeometry
    ) throws(SpatialError) -> Bool {
        let left = try withoutEmptyMembers()
        let right = try other.withoutEmptyMembers()
        library.clear()
        return try library.answer(
            unsafe GEOSDistanceWithin_r(library.handle, left.pointer, right.pointer, distance),
            "could not compare distances")
    }

    /// A copy without empty members: distances and points on surfaces of GEOS up to 3.11 read through a null pointer
    /// where a member is empty.
    private borrowing func withoutEmptyMembers() throws(SpatialError) -> GEOSGeometry {
        library.clear()
        let type = unsafe GEOSGeomTypeId_r(library.handle, pointer)
        var members = GEOSMembers(library)
        if type >= Int32(GEOS_MULTIPOINT.rawValue) {
            var open = unsafe [pointer]
            while let part = unsafe open.popLast() {
                if unsafe GEOSisEmpty_r(library.handle, part) == 1 { continue }
                if unsafe GEOSGeomTypeId_r(library.handle, part) >= Int32(GEOS_MULTIPOINT.rawValue) {
                    for index in 0..<(unsafe GEOSGetNumGeometries_r(library.handle, part)) {
                        unsafe open.append(GEOSGetGeometryN_r(library.handle, part, index))
                    }
                } else {
                    members.append(
                        unsafe try library.take(GEOSGeom_clone_r(library.handle, part), "could not copy a member"))
                }
            }
            return try members.collect(GEOSGeomTypes(UInt32(type)))
        }
        return try clone()
    }

    private borrowing func clone() throws(SpatialError) -> GEOSGeometry {
        library.clear()
        return unsafe try library.take(GEOSGeom_clone_r(library.handle, pointer), "could not copy")
    }

    // MARK: Properties

    public var isEmpty: Bool {
        get throws(SpatialError) {
            try library.answer(unsafe GEOSisEmpty_r(library.handle, pointer), "could not test for emptiness")
        }
    }

    public var isSimple: Bool {
        get throws(SpatialError) {
            let whole = try withoutEmptyMembers()
            library.clear()
            return try library.answer(unsafe GEOSisSimple_r(library.handle, whole.pointer), "could not test simplicity")
        }
    }

    /// Whether the geometry is valid in the sense of OGC simple features.
    public var isValid: Bool {
        get throws(SpatialError) {
            library.clear()
            return try library.answer(unsafe GEOSisValid_r(library.handle, pointer), "could not test validity")
        }
    }

    /// Square units.
    public var area: Double {
        get throws(SpatialError) {
            var area = 0.0
            library.clear()
            guard unsafe GEOSArea_r(library.handle, pointer, &area) == 1 else {
                throw library.failure("could not measure the area")
            }
            return area
        }
    }

    // MARK: Constructions

    /// The points of a set operation. `gridSize` above 0 snaps the result to multiples of it, robustly.
    ///
    /// - Throws: `geos` for what GEOS cannot overlay, as collections of kinds, and some invalid input.
    public borrowing func overlay(
        _ operation: GEOSOverlay, _ other: borrowing GEOSGeometry, gridSize: Double? = nil
    ) throws(SpatialError) -> GEOSGeometry {
        library.clear()
        let result =
            if let gridSize { unsafe snapped(operation, other, gridSize) } else { unsafe floating(operation, other) }
        return unsafe try library.take(result, "could not compute the \(operation.rawValue)")
    }

    @unsafe
    private borrowing func snapped(
        _ operation: GEOSOverlay, _ other: borrowing GEOSGeometry, _ gridSize: Double
    ) -> OpaquePointer? {
        let (handle, own, its) = unsafe (library.handle, pointer, other.pointer)
        switch operation {
        case .intersection: return unsafe GEOSIntersectionPrec_r(handle, own, its, gridSize)
        case .union: return unsafe GEOSUnionPrec_r(handle, own, its, gridSize)
        case .difference: return unsafe GEOSDifferencePrec_r(handle, own, its, gridSize)
        case .symmetricDifference: return unsafe GEOSSymDifferencePrec_r(handle, own, its, gridSize)
        }
    }

    @unsafe
    private borrowing func floating(_ operation: GEOSOverlay, _ other: borrowing GEOSGeometry) -> OpaquePointer? {
        let (handle, own, its) = unsafe (library.handle, pointer, other.pointer)
        switch operation {
        case .intersection: return unsafe GEOSIntersection_r(handle, own, its)
        case .union: return unsafe GEOSUnion_r(handle, own, its)
        case .difference: return unsafe GEOSDifference_r(handle, own, its)
        case .symmetricDifference: return unsafe GEOSSymDifference_r(handle, own, its)
        }
    }

    /// The union of all members, dissolved.
    public borrowing func unaryUnion(gridSize: Double? = nil) throws(SpatialError) -> GEOSGeometry {
        library.clear()
        let result = unsafe gridSize.map { unsafe GEOSUnaryUnionPrec_r(library.handle, pointer, $0) }
        return unsafe try library.take(
            result ?? GEOSUnaryUnion_r(library.handle, pointer), "could not compute the union")
    }

    /// The area within a distance, with `segments` per quarter circle.
    ///
    /// - Throws: `argument` for a distance that is not finite or fewer than one segment.
    public borrowing func buffer(_ distance: Double, segments: Int = 8) throws(SpatialError) -> GEOSGeometry {
        guard distance.isFinite, (1...10_000).contains(segments) else {
            throw SpatialError(
                .argument,
                "a buffer needs a finite distance, not \(distance), and 1 to 10,000 segments, not \(segments)")
        }
        library.clear()
        return unsafe try library.take(
            GEOSBuffer_r(library.handle, pointer, distance, Int32(segments)), "could not buffer")
    }

    /// A one-operand construction.
    public enum Derived: String, Sendable, CaseIterable {
        case centroid, pointOnSurface, convexHull, boundary, minimumClearanceLine, envelope
    }

    public borrowing func derived(_ what: Derived) throws(SpatialError) -> GEOSGeometry {
        let whole = try what == .pointOnSurface ? withoutEmptyMembers() : clone()
        library.clear()
        let (handle, own) = unsafe (library.handle, whole.pointer)
        let result: OpaquePointer? =
            switch what {
            case .centroid: unsafe GEOSGetCentroid_r(handle, own)
            case .pointOnSurface: unsafe GEOSPointOnSurface_r(handle, own)
            case .convexHull: unsafe GEOSConvexHull_r(handle, own)
            case .boundary: unsafe GEOSBoundary_r(handle, own)
            case .minimumClearanceLine: unsafe GEOSMinimumClearanceLine_r(handle, own)
            case .envelope: unsafe GEOSEnvelope_r(handle, own)
            }
        return unsafe try library.take(result, "could not compute the \(what.rawValue)")
    }

    /// Fewer vertices, within a tolerance; with topology kept, or faster without.
    public borrowing func simplified(
        _ tolerance: Double, keepsTopology: Bool
    ) throws(SpatialError) -> GEOSGeometry {
        library.clear()
        let result =
            unsafe keepsTopology
            ? GEOSTopologyPreserveSimplify_r(library.handle, pointer, tolerance)
            : GEOSSimplify_r(library.handle, pointer, tolerance)
        return unsafe try library.take(result, "could not simplify")
    }

    /// No segment longer than `length`.
    public borrowing func densified(_ length: Double) throws(SpatialError) -> GEOSGeometry {
        library.clear()
        return unsafe try library.take(GEOSDensify_r(library.handle, pointer, length), "could not densify")
    }

    /// The same geometry with members, rings and vertices in GEOS' canonical order.
    public borrowing func normalized() throws(SpatialError) -> GEOSGeometry {
        let copy = try clone()
        guard unsafe GEOSNormalize_r(library.handle, copy.pointer) == 0 else {
            throw library.failure("could not normalise")
        }
        return copy
    }

    /// How far a vertex may move before the geometry becomes invalid; infinity for points.
    public borrowing func minimumClearance() throws(SpatialError) -> Double {
        library.clear()
        var clearance = 0.0
        guard unsafe GEOSMinimumClearance_r(library.handle, pointer, &clearance) == 0 else {
            throw library.failure("could not measure the clearance")
        }
        return clearance
    }
}
