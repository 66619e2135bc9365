// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import Spatial
import TwinEngine

/// JSON Schemas of layers (OGC API Features Parts 3 and 5) and the list of functions.
enum FeatureSchema {
    enum Kind: String, Sendable { case queryables, sortables, schema }

    static func reply(_ server: CityServer, _ request: RouteRequest, _ kind: Kind) async throws -> Reply {
        try CollectionRoutes.checkFormat(request)
        let layer = try server.layer(request.path("id"), server.city.view(), request.principal)
        var out = JSONBytes(capacity: 2048)
        out.raw("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$id\":")
        out.string("\(request.base)/collections/\(layer.id)/\(kind.rawValue)")
        out.raw(",\"type\":\"object\",\"title\":")
        out.string(layer.definition.title.en)
        out.raw(",\"properties\":{\"id\":{\"type\":\"integer\",\"title\":\"id\",\"x-ogc-role\":\"id\"")
        if kind == .schema { out.raw(",\"readOnly\":true") }
        out.raw("}")
        if kind != .sortables {
            out.raw(",\"geometry\":{\"title\":\"Geometry\",\"x-ogc-role\":\"primary-geometry\",\"format\":")
            let format =
                switch layer.definition.geometry {
                case .point: "geometry-point-or-multipoint"
                case .line: "geometry-linestring-or-multilinestring"
                case .polygon: "geometry-polygon-or-multipolygon"
                }
            out.string(format)
            out.raw("}")
        }
        if layer.showsCode { out.raw(",\"code\":{\"type\":\"string\",\"title\":\"Permanent code\"}") }
        let time = layer.timeField
        for index in layer.visibleFields {
            let field = layer.definition.fields[index]
            out.raw(",")
            out.key(field.name)
            out.raw("{\"title\":")
            out.string(field.title.en.isEmpty ? field.name : field.title.en)
            out.raw(",\"type\":")
            append(field.type, &out)
            if let unit = field.unit {
                out.raw(",\"x-ogc-unit\":")
                out.string(unit)
            }
            if field.name == time { out.raw(",\"x-ogc-role\":\"primary-instant\"") }
            out.raw("}")
        }
        out.raw("},\"additionalProperties\":false")
        if kind == .schema { out.raw(",\"required\":[\"geometry\"]") }
        out.raw("}")
        return .json(out, type: "application/schema+json")
    }

    private static func append(_ type: FieldType, _ out: inout JSONBytes) {
        switch type {
        case .integer: out.raw("\"integer\"")
        case .real: out.raw("\"number\"")
        case .boolean: out.raw("\"boolean\"")
        case .string: out.raw("\"string\"")
        case .date: out.raw("\"string\",\"format\":\"date\"")
        case .datetime: out.raw("\"string\",\"format\":\"date-time\"")
        }
    }

    /// OGC API Features Part 3, `/functions`.
    @Sendable static func functions(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try CollectionRoutes.checkFormat(request)
        var out = JSONBytes(capacity: 4096)
        out.raw("{\"functions\":")
        out.list(FilterFunction.all) { out, function in
            out.raw("{\"name\":")
            out.string(function.name)
            out.raw(",\"description\":")
            out.string(function.summary)
            out.raw(",\"returns\":[")
            out.string(function.result)
            out.raw("],\"arguments\":")
            out.list(function.arguments) { out, argument in
                out.raw("{\"title\":")
                out.string(argument.title)
                out.raw(",\"type\":[")
                out.string(argument.type)
                out.raw("]}")
            }
            out.raw("}")
        }
        out.raw("}")
        return .json(out)
    }
}
