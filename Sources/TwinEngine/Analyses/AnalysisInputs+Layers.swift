// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Inputs that several analyses have in common.
extension AnalysisInputs {
    static let layerSchema =
        #"{"oneOf":[{"type":"string"},{"type":"object","required":["layer"],"properties":{"layer":{"type":"string"},"#
        + #""field":{"type":"string"},"filter":{"type":"object"}}}]}"#
    static let polygonSchema =
        #"{"type":"object","required":["type","coordinates"],"properties":{"type":{"enum":["Polygon","MultiPolygon"]},"#
        + #""coordinates":{"type":"array"}}}"#

    /// A layer of polygons with its class field: `"parcels"` or `{"layer":"parcels","field":"use","filter":{…}}`.
    static func plan(_ value: JSONValue, _ name: String, _ scope: AnalysisScope) throws -> ConflictAnalysis.Plan {
        let example = #"{"layer":"parcels","field":"use"}"#
        if let id = value.text {
            let layer = try scope.polygonLayer(id, name)
            return ConflictAnalysis.Plan(layer: layer, field: layer.classField, filter: nil)
        }
        guard case .object(let members) = value else { throw wrong(name, example) }
        let inputs = AnalysisInputs(members: members)
        try inputs.allow(["layer", "field", "filter"])
        guard let id = try inputs.text("layer", example: #""parcels""#) else { throw wrong(name, example) }
        let layer = try scope.polygonLayer(id, name)
        let field = try inputs.text("field", example: #""use""#) ?? layer.classField
        if let field { _ = try layer.field(field, "field") }
        let filter = try inputs.members["filter"].map { try ColumnFilter(value: $0) }
        if let filter { try layer.view.check(filter, masked: layer.masked) }
        return ConflictAnalysis.Plan(layer: layer, field: field, filter: filter)
    }

    static let geometrySchema =
        #"{"type":"object","required":["type","coordinates"],"properties":{"type":{"enum":["Point","MultiPoint","#
        + #""LineString","MultiLineString","Polygon","MultiPolygon"]},"coordinates":{"type":"array"}}}"#

    /// A drawn geometry of any kind on the grid; nil where the input is no GeoJSON geometry.
    func drawn(_ name: String, _ scope: AnalysisScope) throws -> FlatGeometry? {
        guard case .object(let object)? = members[name], let type = object["type"]?.text else { return nil }
        let example = #"{"type":"Point","coordinates":[120.03,36.26]}"#
        guard let coordinates = object["coordinates"], object.count == 2 else { throw Self.wrong(name, example) }
        let lists: [JSONValue]
        var geometry = FlatGeometry(kind: .point)
        switch type {
        case "Polygon", "MultiPolygon": return try polygon(name, scope)
        case "Point": lists = [.list([coordinates])]
        case "MultiPoint": lists = [coordinates]
        case "LineString", "MultiLineString":
            geometry.kind = .line
            lists = type == "LineString" ? [coordinates] : coordinates.list ?? []
        default: throw Self.wrong(name, example)
        }
        let least = geometry.kind == .line ? 2 : 1
        for list in lists {
            guard let positions = list.list, positions.count >= least,
                geometry.vertexCount + positions.count <= SpatialQuery.vertexLimit
            else {
                throw TwinError(
                    .argument,
                    "\(name): a \(type) has \(least) to \(SpatialQuery.vertexLimit) positions; write for example \(example)"
                )
            }
            for entry in positions {
                guard let position = entry.position else { throw Self.wrong(name, example) }
                do {
                    let point = try scope.coordinates.gridPoint(position)
                    geometry.xy += [point.x, point.y]
                } catch {
                    throw TwinError(.argument, "\(name): a position is too far from the city: \(error.message)")
                }
            }
            geometry.ringEnds.append(UInt32(geometry.vertexCount) | ringStartsPart)
        }
        guard !geometry.isEmpty else { throw Self.wrong(name, example) }
        return geometry
    }

    /// A polygon in longitude and latitude, ready to be asked what it meets; nil where it is absent.
    func region(_ name: String, _ scope: AnalysisScope) throws -> PreparedRegion? {
        try polygon(name, scope).map { try PreparedRegion(polygon: $0) }
    }

    /// A polygon in longitude and latitude on the grid; nil where it is absent.
    func polygon(_ name: String, _ scope: AnalysisScope) throws -> FlatGeometry? {
        guard let value = members[name] else { return nil }
        let region = try QueryRequest.polygon(value)
        do {
            return try GridRegion.polygon(region, scope.coordinates)
        } catch let error as TwinError {
            // The message names the member of a query; here it is this input.
            throw TwinError(.argument, error.message.replacingPrefix("polygon:", with: "\(name):"))
        }
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, with other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
