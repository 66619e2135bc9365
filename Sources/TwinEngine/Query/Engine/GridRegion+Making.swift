// SPDX-License-Identifier: Apache-2.0
import Spatial

extension GridRegion {
    /// Puts a region on the grid.
    ///
    /// - Parameter extent: what holds everything that is asked about; boxes are cut to its surroundings, so that the
    ///   whole Earth is one.
    /// - Throws: `TwinError.argument`, naming the part of the question that is wrong with a valid example.
    init(_ region: SpatialQuery.Region, _ coordinates: CityCoordinates, within extent: LonLatBox? = nil) throws {
        switch region {
        case .everywhere: self = .everywhere
        case .box(let box): self = try Self.area(box, coordinates, extent)
        case .circle(let centre, let metres):
            let radius = try Self.millimetres(metres, "radius")
            let point = try Self.point(centre, "at", coordinates)
            self = .circle(
                GridCircle(center: point, radius: radius), try PreparedRegion(circle: point, millimetres: radius))
        case .nearest(let centre, let count, let metres):
            guard SpatialQuery.nearestRange.contains(count) else {
                throw TwinError(.argument, "nearest: \(count) is not 1 to 10000 features; write for example nearest=10")
            }
            let radius = try metres.map { try Self.millimetres($0, "radius") } ?? 1 << 33
            self = .nearest(GridCircle(center: try Self.point(centre, "at", coordinates), radius: radius))
        case .polygon(let polygon):
            let geometry = try Self.polygon(polygon, coordinates)
            self = .polygon(try PreparedRegion(polygon: geometry), vertices: geometry.vertexCount)
        case .corridor(let positions, let metres):
            let reach = try Self.millimetres(metres, "radius")
            guard positions.count >= 2, positions.count <= SpatialQuery.vertexLimit else {
                throw TwinError(
                    .argument,
                    "line: it has 2 to \(SpatialQuery.vertexLimit) positions, this one \(positions.count); "
                        + "write for example [[120.03,36.26],[120.04,36.27]]")
            }
            var line = FlatGeometry(kind: .line)
            for position in positions {
                let point = try Self.point(position, "line", coordinates)
                line.xy += [point.x, point.y]
            }
            line.ringEnds = [UInt32(positions.count) | ringStartsPart]
            self = .corridor(
                try PreparedRegion(corridor: line, millimetres: reach), vertices: positions.count)
        }
    }

    private static func area(
        _ box: LonLatBox, _ coordinates: CityCoordinates, _ extent: LonLatBox?
    ) throws -> GridRegion {
        let isGood =
            [box.west, box.south, box.east, box.north].allSatisfy(\.isFinite) && box.west.magnitude <= 180
            && box.east.magnitude <= 180 && box.south >= -90 && box.north <= 90 && box.west <= box.east
            && box.south <= box.north
        guard isGood else {
            throw TwinError(
                .argument,
                "bbox: it is no west,south,east,north in degrees; write for example [120.00,36.25,120.02,36.27]")
        }
        var box = box
        if let extent {
            // The extent is that of corners on the grid: a margin for the bend of its edges.
            let marginX = (extent.east - extent.west) / 50 + 0.002
            let marginY = (extent.north - extent.south) / 50 + 0.002
            let around = LonLatBox(
                west: extent.west - marginX, south: extent.south - marginY, east: extent.east + marginX,
                north: extent.north + marginY)
            box = LonLatBox(
                west: max(box.west, around.west), south: max(box.south, around.south),
                east: min(box.east, around.east), north: min(box.north, around.north))
            if box == around { return .everywhere }
            guard box.west <= box.east, box.south <= box.north else { return .nowhere }
        }
        do {
            return .box(try LonLatArea(box, coordinates))
        } catch let error as SpatialError {
            throw TwinError(.argument, "bbox: it reaches too far beyond the city: \(error.message)")
        }
    }

    /// Whole millimetres, rounded down, so that nothing farther than asked for is found.
    private static func millimetres(_ metres: Double, _ name: String) throws -> Int64 {
        guard metres.isFinite, SpatialQuery.radiusRange.contains(metres) else {
            throw TwinError(
                .argument, "\(name): \(metres) is not 0 to 100000 metres; write for example \(name)=500")
        }
        return Int64((metres * 1000).rounded(.down))
    }

    private static func point(_ position: LonLat, _ name: String, _ coordinates: CityCoordinates) throws -> GridPoint {
        guard position.longitude.magnitude <= 180, position.latitude.magnitude <= 90 else {
            throw TwinError(
                .argument,
                "\(name): \(position.longitude),\(position.latitude) is no longitude,latitude in degrees; "
                    + "write for example 120.033,36.265")
        }
        do {
            return try coordinates.gridPoint(position)
        } catch {
            throw TwinError(.argument, "\(name): a position is too far from the city: \(error.message)")
        }
    }

    static func polygon(_ polygon: QueryPolygon, _ coordinates: CityCoordinates) throws -> FlatGeometry {
        let example = "write for example [[[120.03,36.26],[120.04,36.26],[120.04,36.27],[120.03,36.26]]]"
        var geometry = FlatGeometry(kind: .polygon)
        let total = polygon.parts.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
        guard total > 0, total <= SpatialQuery.vertexLimit else {
            throw TwinError(
                .argument,
                "polygon: it has \(total) positions where 3 to \(SpatialQuery.vertexLimit) are possible; \(example)")
        }
        for rings in polygon.parts {
            for (index, ring) in rings.enumerated() {
                let open = ring.count > 1 && ring.first == ring.last ? ring.dropLast() : ring[...]
                guard open.count >= 3 else {
                    throw TwinError(.argument, "polygon: a ring has \(open.count) corners, it needs 3; \(example)")
                }
                for position in open {
                    let point = try point(position, "polygon", coordinates)
                    geometry.xy += [point.x, point.y]
                }
                geometry.ringEnds.append(UInt32(geometry.xy.count / 2) | (index == 0 ? ringStartsPart : 0))
            }
        }
        if let reason = try invalidity(geometry, coordinates) {
            throw TwinError(
                .argument, "polygon: it is not valid: \(reason); draw rings that do not cross or touch themselves")
        }
        return geometry
    }

    /// What GEOS finds wrong with a polygon on the grid, with a position in degrees; nil for a valid one.
    static func invalidity(_ geometry: FlatGeometry, _ coordinates: CityCoordinates) throws -> String? {
        let closed = FlatCoordinates(kind: .polygon, xy: geometry.xy.map(Double.init), ringEnds: geometry.ringEnds)
        let reason: String?
        do {
            reason = try withGEOS { (context) throws(SpatialError) in try context.validityReason(closed) }
        } catch {
            return error.message
        }
        // GEOS ends with the place, in the grid's millimetres.
        guard let reason, let open = reason.lastIndex(of: "[") else { return reason }
        let place = reason[reason.index(after: open)...].dropLast().split(separator: " ").compactMap { Double($0) }
        guard place.count == 2, let x = Int32(exactly: place[0].rounded()), let y = Int32(exactly: place[1].rounded())
        else { return reason }
        let position = coordinates.lonLat(GridPoint(x: x, y: y))
        return "\(reason[..<open].lowercased()) at \(position.longitude),\(position.latitude)"
    }
}
