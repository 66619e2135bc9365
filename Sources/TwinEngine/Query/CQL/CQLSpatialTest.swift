// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// A prepared geometry that several threads may ask, one after the other.
///
/// `@unchecked Sendable` because the geometry is only used under the lock.
private final class SharedGeometry: @unchecked Sendable {
    private let lock = Mutex(())
    private let prepared: PreparedGeometry

    init(_ geometry: FlatCoordinates) throws(SpatialError) {
        prepared = try PreparedGeometry(geometry)
    }

    func relates(_ predicate: GEOSPredicate, _ other: borrowing GEOSGeometry) throws(SpatialError) -> Bool {
        let result = lock.withLock { _ -> Result<Bool, SpatialError> in
            do throws(SpatialError) {
                return .success(try prepared.is(predicate, other))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// A spatial predicate of CQL2 between features and one literal, which is on the grid and prepared.
///
/// Whether they intersect is exact integer arithmetic; the other relations are GEOS' on the grid's coordinates, asked
/// only of features that intersect. Thread use: any; GEOS tests of one literal wait for each other.
final class CQLSpatialTest: Sendable {
    let name: String
    /// Around the literal.
    let box: GridBox
    private let regions: [PreparedRegion]
    private let prepared: SharedGeometry?

    /// - Parameter pieces: the literal's parts by kind; none for a box that is nowhere near.
    init(_ name: String, _ pieces: [FlatGeometry]) throws {
        self.name = name
        var box = GridBox.empty
        regions = try pieces.map { try PreparedRegion(around: $0, millimetres: 0) }
        for piece in pieces { box.formUnion(piece.box) }
        self.box = box
        guard name != "s_intersects", name != "s_disjoint", !pieces.isEmpty else {
            prepared = nil
            return
        }
        guard pieces.count == 1 else {
            throw TwinError(
                .argument,
                "filter: \(name.uppercased()) takes no GEOMETRYCOLLECTION of several kinds; write S_INTERSECTS, or one kind"
            )
        }
        let piece = pieces[0]
        prepared = try SharedGeometry(Self.flat(piece.view))
    }

    /// Whether the predicate implies that the two share a point.
    var needsContact: Bool { name != "s_disjoint" }

    /// The relation of the literal to a feature that the feature has to the literal.
    private var converse: GEOSPredicate {
        switch name {
        case "s_contains": .within
        case "s_within": .contains
        case "s_crosses": .crosses
        case "s_equals": .equals
        case "s_overlaps": .overlaps
        case "s_touches": .touches
        default: .intersects
        }
    }

    /// The predicate with its operands exchanged.
    static func swapped(_ name: String) -> String {
        switch name {
        case "s_contains": "s_within"
        case "s_within": "s_contains"
        default: name
        }
    }

    /// What the box of a feature decides by itself; nil where the geometry must be looked at.
    func verdict(_ feature: GridBox) -> Bool? {
        guard box.intersects(feature) else { return !needsContact }
        guard name == "s_intersects" || name == "s_disjoint" || name == "s_within" else { return nil }
        for region in regions where region.classify(feature) == .inside { return needsContact }
        return nil
    }

    /// Whether a feature's geometry satisfies it.
    func holds(_ geometry: borrowing GeometryView) -> Bool {
        var meets = false
        for region in regions where region.intersects(geometry) {
            meets = true
            break
        }
        if name == "s_intersects" { return meets }
        if name == "s_disjoint" { return !meets }
        guard meets else { return false }
        let flat = Self.flat(geometry)
        do {
            return try relates(flat)
        } catch {
            do {
                return try relates(withGEOS { (context) throws(SpatialError) in try context.makeValid(flat).geometry })
            } catch {
                // A feature that GEOS cannot make sense of even after repair has no interior to relate.
                return false
            }
        }
    }

    private func relates(_ flat: FlatCoordinates) throws(SpatialError) -> Bool {
        try withGEOS { (context) throws(SpatialError) in
            try prepared?.relates(converse, context.geometry(flat)) ?? false
        }
    }

    private static func flat(_ geometry: borrowing GeometryView) -> FlatCoordinates {
        var flat = FlatCoordinates(kind: geometry.kind)
        flat.xy.reserveCapacity(geometry.xy.count)
        for index in geometry.xy.indices { flat.xy.append(Double(geometry.xy[index])) }
        for index in geometry.ringEnds.indices { flat.ringEnds.append(geometry.ringEnds[index]) }
        return flat
    }
}

/// Puts geometry literals on a city's grid.
struct CQLGeometryPlacer {
    let placer: GridPlacer
    /// Around everything that will be asked; boxes are cut to its surroundings.
    let extent: LonLatBox?

    /// Points of the edge of a box, so that its sides follow meridians and parallels.
    private static let edgeSteps = 256

    init(_ crs: FeatureCRS, _ coordinates: CityCoordinates, extent: LonLatBox?) throws {
        placer = try GridPlacer(crs, coordinates)
        self.extent = extent
    }

    /// A literal as geometries of one kind each. Edges are straight in the city's system.
    ///
    /// - Throws: `TwinError.argument` for positions off the grid, rings that are none, and polygons that are not valid.
    func place(_ literal: CQLGeometry) throws -> [FlatGeometry] {
        switch literal {
        case .point(let point): return [try flat(.point, [[[point]]])]
        case .multiPoint(let points): return [try flat(.point, [[points]])]
        case .line(let line): return [try flat(.line, [[line]])]
        case .multiLine(let lines): return [try flat(.line, lines.map { [$0] })]
        case .polygon(let rings): return [try flat(.polygon, [rings])]
        case .multiPolygon(let parts): return [try flat(.polygon, parts)]
        case .collection(let members):
            var merged: [FlatGeometry] = []
            for member in members {
                for piece in try place(member) {
                    if piece.kind != .polygon, let index = merged.firstIndex(where: { $0.kind == piece.kind }) {
                        merged[index].append(piece)
                    } else {
                        merged.append(piece)
                    }
                }
            }
            return merged
        case .box(let numbers): return try box(numbers)
        }
    }

    private func flat(_ kind: GeometryKind, _ parts: [[[[Double]]]]) throws -> FlatGeometry {
        var geometry = FlatGeometry(kind: kind)
        for rings in parts {
            for (index, ring) in rings.enumerated() {
                var positions = ring[...]
                if kind == .polygon {
                    guard ring.count >= 4, ring.first?.prefix(2) == ring.last?.prefix(2) else {
                        throw TwinError(
                            .argument,
                            "filter: a ring of a polygon has at least 4 positions, the last like the first; for example "
                                + "POLYGON((120.0 36.2, 120.1 36.2, 120.1 36.3, 120.0 36.2))")
                    }
                    positions = ring.dropLast()
                } else if kind == .line, ring.count < 2 {
                    throw TwinError(
                        .argument, "filter: a line has at least 2 positions; write LINESTRING(120 36, 121 36)")
                }
                for position in positions {
                    let point = try gridPoint(position)
                    geometry.xy += [point.x, point.y]
                }
                geometry.ringEnds.append(UInt32(geometry.xy.count / 2) | (index == 0 ? ringStartsPart : 0))
            }
        }
        if kind == .point { geometry.ringEnds = [UInt32(geometry.xy.count / 2) | ringStartsPart] }
        if kind == .polygon, let reason = try GridRegion.invalidity(geometry, placer.coordinates) {
            throw TwinError(
                .argument,
                "filter: the polygon is not valid: \(reason); draw rings that do not cross or touch themselves")
        }
        return geometry
    }

    private func gridPoint(_ position: [Double]) throws -> GridPoint {
        guard let point = try placer.gridPoint(position[0], position[1]) else {
            let order = placer.crs.isNorthFirst ? "latitude or northing first" : "longitude or easting first"
            throw TwinError(
                .argument,
                "filter: the position \(position[0]) \(position[1]) is not near the city in \(placer.crs.uri), \(order); "
                    + "for example POINT(120.03 36.27) with filter-crs \(FeatureCRS.crs84)")
        }
        return point
    }

    // MARK: Boxes

    private func box(_ numbers: [Double]) throws -> [FlatGeometry] {
        let corners = numbers.count == 6 ? [numbers[0], numbers[1], numbers[3], numbers[4]] : numbers
        let crs = placer.crs
        let low = crs.eastNorth(corners[0], corners[1])
        let high = crs.eastNorth(corners[2], corners[3])
        let isOnEarth =
            !crs.isDegrees
            || (low.x.magnitude <= 180 && high.x.magnitude <= 180 && low.y >= -90 && high.y <= 90)
        guard low.y <= high.y, crs.isDegrees || low.x <= high.x, isOnEarth else {
            throw TwinError(
                .argument,
                "filter: BBOX is its lower corner, then its upper corner; for example BBOX(120.0, 36.2, 120.1, 36.3)")
        }
        guard crs.isDegrees else { return [try ring(low.x, low.y, high.x, high.y)] }
        // A box with its west right of its east goes over the antimeridian.
        let halves: [(Double, Double)] = low.x <= high.x ? [(low.x, high.x)] : [(low.x, 180), (-180, high.x)]
        var pieces: [FlatGeometry] = []
        for (west, east) in halves {
            var cut = LonLatBox(west: west, south: low.y, east: east, north: high.y)
            if let extent {
                let marginX = (extent.east - extent.west) / 50 + 0.002
                let marginY = (extent.north - extent.south) / 50 + 0.002
                cut.west = max(cut.west, extent.west - marginX)
                cut.east = min(cut.east, extent.east + marginX)
                cut.south = max(cut.south, extent.south - marginY)
                cut.north = min(cut.north, extent.north + marginY)
            }
            if cut.west <= cut.east, cut.south <= cut.north {
                pieces.append(try ring(cut.west, cut.south, cut.east, cut.north))
            }
        }
        return pieces
    }

    /// The edge of a box in the literal's system, in small steps; a line or a point for a box without area.
    private func ring(_ west: Double, _ south: Double, _ east: Double, _ north: Double) throws -> FlatGeometry {
        let isOwn = !placer.crs.isDegrees && placer.crs.system == placer.coordinates.system
        let steps = isOwn ? 1 : Self.edgeSteps
        var xy: [Int32] = []
        let corners: [SIMD2<Double>] = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        for side in 0..<4 {
            for step in 0..<steps {
                let place = corners[side] + (corners[side + 1] - corners[side]) * (Double(step) / Double(steps))
                let (x, y) = (place.x, place.y)
                let point = try gridPoint(placer.crs.isNorthFirst ? [y, x] : [x, y])
                if xy.count >= 2, xy[xy.count - 2] == point.x, xy[xy.count - 1] == point.y { continue }
                xy += [point.x, point.y]
            }
        }
        while xy.count > 2, xy[0] == xy[xy.count - 2], xy[1] == xy[xy.count - 1] { xy.removeLast(2) }
        let kind: GeometryKind =
            xy.count == 2 ? .point : west == east || south == north || xy.count == 4 ? .line : .polygon
        return FlatGeometry(kind: kind, xy: xy, ringEnds: [UInt32(xy.count / 2) | ringStartsPart])
    }
}

extension FlatGeometry {
    /// Adds the parts of another geometry of the same kind.
    fileprivate mutating func append(_ other: FlatGeometry) {
        let base = UInt32(vertexCount)
        xy += other.xy
        if kind == .point {
            ringEnds = [UInt32(vertexCount) | ringStartsPart]
        } else {
            ringEnds += other.ringEnds.map { ($0 & ringEndMask) + base | $0 & ringStartsPart }
        }
    }
}
