// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// The OpenAPI 3.1 description, generated from the route table.
enum OpenAPIDocument {
    static func bytes(_ routes: [Route], _ project: CityProject, base: String) -> [UInt8] {
        var out = JSONBytes(capacity: 32_768)
        out.raw("{\"openapi\":\"3.1.0\",\"info\":{\"title\":")
        out.string("TwinEngine: \(project.name.en)")
        out.raw(",\"version\":\"1.0.0\",\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}}")
        out.raw(",\"servers\":[{\"url\":")
        out.string(base)
        out.raw("}],\"security\":[{},{\"token\":[]}],\"paths\":{")
        var templates: [String] = []
        for route in routes where route.isDocumented && !templates.contains(route.template) {
            templates.append(route.template)
        }
        for (index, template) in templates.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(template.replacing("...}", with: "}"))
            out.raw("{")
            let operations = routes.filter { $0.template == template }
            for (position, route) in operations.enumerated() {
                if position > 0 { out.raw(",") }
                append(route, to: &out)
            }
            out.raw("}")
        }
        out.raw("},\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}")
        out.raw(",\"responses\":{\"Problem\":{\"description\":\"RFC 9457 problem details that say what to change\"")
        out.raw(
            ",\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}")
        out.raw(
            ",\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"detail\"]")
        out.raw(",\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"}")
        out.raw(",\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"}")
        out.raw(",\"parameter\":{\"type\":\"string\"}}}}}}")
        return out.bytes
    }

    private static func append(_ route: Route, to out: inout JSONBytes) {
        out.key(route.method.rawValue.lowercased())
        out.raw("{\"operationId\":")
        out.string(operationID(route))
        out.raw(",\"summary\":")
        out.string(route.summary)
        if !route.parameters.isEmpty {
            out.raw(",\"parameters\":")
            out.list(route.parameters) { append($1, to: &$0) }
        }
        if !route.consumes.isEmpty {
            out.raw(",\"requestBody\":{\"required\":true,\"content\":{")
            appendMedia(route.consumes, to: &out)
            out.raw("}}")
        }
        out.raw(",\"responses\":{")
        for status in route.success {
            out.key(String(status))
            if status == 204 {
                out.raw("{\"description\":\"Nothing to send\"},")
                continue
            }
            out.raw("{\"description\":\"OK\",\"content\":{")
            appendMedia(route.produces, to: &out)
            out.raw("}},")
        }
        out.raw("\"default\":{\"$ref\":\"#/components/responses/Problem\"}}}")
    }

    private static func append(_ parameter: RouteParameter, to out: inout JSONBytes) {
        out.raw("{\"name\":")
        out.string(parameter.name)
        out.raw(",\"in\":")
        out.string(parameter.place.rawValue)
        out.raw(",\"required\":")
        out.boolean(parameter.isRequired)
        out.raw(",\"description\":")
        out.string(parameter.description)
        out.raw(",\"schema\":")
        out.raw(text: parameter.schema)
        if let example = parameter.example {
            out.raw(",\"example\":")
            out.raw(text: example)
        }
        out.raw("}")
    }

    private static func appendMedia(_ types: [String], to out: inout JSONBytes) {
        for (index, type) in types.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(type)
            let isJSON = type.contains("json") && !type.contains("ndjson")
            out.raw(isJSON ? "{\"schema\":{\"type\":\"object\"}}" : "{\"schema\":{\"type\":\"string\"}}")
        }
    }

    /// `get_tiles_tileset_z_x_y_mvt`: unique, since template and method are.
    private static func operationID(_ route: Route) -> String {
        let words = route.template.split { !($0.isLetter || $0.isNumber) }
        return ([route.method.rawValue.lowercased()] + (words.isEmpty ? ["root"] : words.map(String.init)))
            .joined(separator: "_")
    }
}
