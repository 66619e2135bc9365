// SPDX-License-Identifier: Apache-2.0
import Spatial

@testable import TwinEngine

/// Whether features belong to a region, and how far away they are, by GEOS: no code of the engine but its projection.
struct QueryJudge: ~Copyable {
    private enum Rule {
        case everything
        /// Shares a point with an area.
        case meets
        /// At most so many millimetres from a place or line.
        case within(Double)
    }

    private let rule: Rule
    private let context: GEOSContext
    private let region: FlatCoordinates

    /// - Parameter extent: of the layer; boxes are cut to it and a fiftieth around it, which moves where their edges are
    ///   divided into straight pieces.
    init(_ region: SpatialQuery.Region, _ coordinates: CityCoordinates, extent: LonLatBox) throws {
        func ring(_ positions: [LonLat]) throws -> [Double] {
            try positions.flatMap { position -> [Double] in
                let point = try coordinates.gridPoint(position)
                return [Double(point.x), Double(point.y)]
            }
        }
        func shape(_ kind: GeometryKind, _ positions: [LonLat]) throws -> FlatCoordinates {
            FlatCoordinates(
                kind: kind, xy: try ring(positions), ringEnds: [UInt32(positions.count) | ringStartsPart])
        }
        func millimetres(_ metres: Double) -> Double { (metres * 1000).rounded(.down) }
        let rule: Rule
        let shown: FlatCoordinates
        switch region {
        case .everywhere:
            rule = .everything
            shown = FlatCoordinates()
        case .box(let box):
            // Edges are parallels and meridians, in as many pieces as keep them within a tenth of a millimetre.
            let marginX = (extent.east - extent.west) / 50 + 0.002
            let marginY = (extent.north - extent.south) / 50 + 0.002
            let west = max(box.west, extent.west - marginX)
            let east = min(box.east, extent.east + marginX)
            let south = max(box.south, extent.south - marginY)
            let north = min(box.north, extent.north + marginY)
            let corners = [(west, south), (east, south), (east, north), (west, north)]
            var positions: [LonLat] = []
            let pieces = LonLatArea.segments(LonLatBox(west: west, south: south, east: east, north: north))
            for (index, from) in corners.enumerated() {
                let to = corners[(index + 1) % 4]
                for step in 0..<pieces {
                    let share = Double(step) / Double(pieces)
                    positions.append(
                        LonLat(
                            longitude: from.0 + (to.0 - from.0) * share, latitude: from.1 + (to.1 - from.1) * share))
                }
            }
            rule = .meets
            shown = try shape(.polygon, positions)
        case .polygon(let polygon):
            var flat = FlatCoordinates(kind: .polygon)
            for rings in polygon.parts {
                for (index, corners) in rings.enumerated() {
                    flat.xy += try ring(corners)
                    flat.ringEnds.append(UInt32(flat.xy.count / 2) | (index == 0 ? ringStartsPart : 0))
                }
            }
            rule = .meets
            shown = flat
        case .circle(let centre, let metres):
            rule = .within(millimetres(metres))
            shown = try shape(.point, [centre])
        case .nearest(let centre, _, let metres):
            rule = .within(metres.map(millimetres) ?? .infinity)
            shown = try shape(.point, [centre])
        case .corridor(let line, let metres):
            rule = .within(millimetres(metres))
            shown = try shape(.line, line)
        }
        let context = try GEOSContext()
        self.context = context
        self.rule = rule
        self.region = shown
    }

    /// Square millimetres; nil for a feature outside; 0 where the region has no distance.
    ///
    /// GEOS measures in doubles: within a thousandth of a millimetre of the limit it cannot tell, and `doubtful` is set.
    func squared(_ geometry: FlatGeometry, doubtful: inout Bool) throws -> Double? {
        let feature = FlatCoordinates(
            kind: geometry.kind, xy: geometry.xy.map(Double.init), ringEnds: geometry.ringEnds)
        switch rule {
        case .everything: return 0
        case .meets: return try context.intersects(region, feature) ? 0 : nil
        case .within(let limit):
            let distance = try context.distance(region, feature)
            doubtful = distance != limit && (distance - limit).magnitude < 0.001
            return distance <= limit ? distance * distance : nil
        }
    }
}
