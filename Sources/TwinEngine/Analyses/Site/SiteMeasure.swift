// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A figure of a candidate parcel.
enum SiteMeasure: Sendable {
    /// Square metres.
    case area
    /// A number field of the candidates.
    case field(String, column: Int)
    /// Metres to the nearest feature of a layer; looked for up to a reach.
    case distance(AnalysisLayer, ColumnFilter?, reach: Double)
    /// The share of the candidate that a layer of polygons covers, 0 to 1.
    case share(ConflictAnalysis.Plan)
    /// The mean slope of the terrain, percent: the angle's tangent times 100.
    case slope(TerrainSlope)
    /// Features of a layer within so many metres of the candidate.
    case count(AnalysisLayer, ColumnFilter?, metres: Double)

    static let kinds = ["area", "field", "distance", "share", "count", "slope"]

    /// - Parameter candidates: the layer whose fields `field` names.
    init(_ inputs: AnalysisInputs, _ candidates: AnalysisLayer, _ scope: AnalysisScope) throws {
        let example = #""measure":"distance","layer":"roads""#
        guard let kind = try inputs.text("measure", example: #""area""#), Self.kinds.contains(kind) else {
            throw TwinError(
                .argument,
                "measure: write one of \(Self.kinds.joined(separator: ", ")), for example \(example)")
        }
        func layer() throws -> (AnalysisLayer, ColumnFilter?) {
            guard let id = try inputs.text("layer", example: #""roads""#) else {
                throw AnalysisInputs.wrong("layer", #""roads""#)
            }
            let layer = try scope.layer(id, "layer")
            let filter = try inputs.members["filter"].map { try ColumnFilter(value: $0) }
            if let filter { try layer.view.check(filter, masked: layer.masked) }
            return (layer, filter)
        }
        switch kind {
        case "area": self = .area
        case "slope": self = .slope(try TerrainSlope(scope))
        case "field":
            guard let name = try inputs.text("field", example: #""slope""#) else {
                throw AnalysisInputs.wrong("field", #""slope""#)
            }
            self = .field(name, column: try candidates.field(name, "field"))
        case "distance":
            let (layer, filter) = try layer()
            self = .distance(layer, filter, reach: try inputs.number("reach", in: 1...100_000, default: 5000))
        case "share":
            let (layer, filter) = try layer()
            guard layer.definition.geometry == .polygon else {
                throw TwinError(.argument, "layer: a share needs polygons, and \(layer.id) holds none")
            }
            self = .share(ConflictAnalysis.Plan(layer: layer, field: nil, filter: filter))
        default:
            let (layer, filter) = try layer()
            self = .count(layer, filter, metres: try inputs.number("metres", in: 0...100_000, default: 500))
        }
    }

    var layer: AnalysisLayer? {
        switch self {
        case .area, .field, .slope: nil
        case .distance(let layer, _, _), .count(let layer, _, _): layer
        case .share(let plan): plan.layer
        }
    }

    /// In words, for reasons.
    var name: String {
        switch self {
        case .area: "area (m²)"
        case .slope: "mean slope (%)"
        case .field(let name, _): name
        case .distance(let layer, _, _): "distance to \(layer.id) (m)"
        case .share(let plan): "share in \(plan.layer.id)"
        case .count(let layer, _, let metres): "\(layer.id) within \(fixed(metres, 0)) m"
        }
    }

    /// The figure of a candidate; nil for an empty field, infinity for a distance to nothing within reach.
    func value(
        _ row: Int, _ polygon: OverlayPolygon, of candidates: AnalysisLayer, _ overlay: PolygonOverlay
    ) throws -> Double? {
        switch self {
        case .area: return polygon.area
        case .slope(let slope): return try slope.mean(polygon)
        case .field(_, let column): return candidates.view.value(row: row, column: column).number
        case .distance(let layer, let filter, let reach):
            return try Self.nearest(layer, filter, polygon.geometry, reach) ?? .infinity
        case .share(let plan):
            let partners = try Self.rows(plan.layer, plan.filter, polygon.box).map { other in
                plan.layer.view.withGeometry(row: other) { OverlayPolygon($0) }
            }
            let covered = overlay.covered(polygon, by: partners).once
            return covered > PolygonOverlay.leastArea && polygon.area > 0 ? min(1, covered / 1e6 / polygon.area) : 0
        case .count(let layer, let filter, let metres):
            let region = try PreparedRegion(around: polygon.geometry, millimetres: Int64((metres * 1000).rounded()))
            return Double(
                try Self.rows(layer, filter, region.box).count { other in
                    layer.view.withGeometry(row: other) { region.intersects($0) }
                })
        }
    }

    private static func rows(_ layer: AnalysisLayer, _ filter: ColumnFilter?, _ box: GridBox) throws -> [Int] {
        var passing = try filter.map { try RowFilter($0, layer.view, masked: layer.masked) }
        var rows: [Int] = []
        layer.view.searchRows(box) { row in
            if passing?.passes(row) != false { rows.append(row) }
            return true
        }
        return rows
    }

    /// Metres from a geometry to the nearest feature, looked for in growing rings.
    static func nearest(
        _ layer: AnalysisLayer, _ filter: ColumnFilter?, _ geometry: FlatGeometry, _ reach: Double
    ) throws -> Double? {
        var radius = min(200, reach)
        while true {
            let region = try PreparedRegion(around: geometry, millimetres: Int64((radius * 1000).rounded()))
            var best: Double?
            for row in try rows(layer, filter, region.box) {
                let squared = layer.view.withGeometry(row: row) { region.distanceSquared(ifWithin: $0) }
                if let squared { best = min(best ?? .infinity, squared.squareRoot() / 1000) }
            }
            if best != nil || radius >= reach { return best }
            radius = min(reach, radius * 3)
        }
    }
}
