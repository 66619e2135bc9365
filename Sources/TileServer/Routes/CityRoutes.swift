// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// `/city.json`: everything a client needs to build its layer tree, legends and first questions.
enum CityRoutes {
    static let routes: [Route] = [
        Route(
            .get, "/city.json", "The city: themes, layers with fields and styles, 3D models, scenarios",
            handler: city),
        Route(
            .get, "/inventory",
            "What the city holds by level of detail (CIM1 to CIM7), theme and department: counts, areas, lengths",
            handler: inventory),
    ]

    @Sendable private static func inventory(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let layers = server.readableLayers(server.city.view(), request.principal).map(\.view)
        return try await server.workers.run {
            var reply = Reply(CIMInventory(city: server.city, layers: layers).json(), type: "application/json")
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    @Sendable private static func city(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let view = server.city.view()
        let project = server.city.project
        let layers = server.readableLayers(view, request.principal)
        let ids = Set(layers.map(\.id))
        let models = ModelRoutes.readable(server, view, request.principal)
        let terrain = TerrainRoutes.canRead(server, request.principal) ? server.terrain : nil
        let live = server.live.index.snapshot()
        let showsLive = server.access.canRead(request.principal, .live(server.live.classification))
        return try await server.workers.run {
            var out = JSONBytes(capacity: 16_384)
            head(project, view.version, &out)
            if let terrain {
                out.raw(",\"terrain\":{\"mesh\":\"/terrain/mesh/\",\"extent\":")
                out.box(terrain.extent)
                out.raw("}")
            }
            out.raw(",\"themes\":")
            out.list(project.themes) { out, theme in
                out.raw("{\"id\":")
                out.string(theme.id)
                out.raw(",\"title\":")
                out.localized(theme.title)
                out.raw(",\"layers\":")
                out.list(layers.filter { $0.definition.theme == theme.id }) { $0.string($1.id) }
                out.raw("}")
            }
            out.raw(",\"layers\":")
            out.list(layers) { append($1, to: &$0) }
            out.raw(",\"models\":")
            for (index, model) in models.enumerated() {
                out.raw(index == 0 ? "[" : ",")
                // Of the layers that this caller may read; no model is planned for a list.
                let count = layers.filter { model.layers.contains($0.id) }.reduce(0) { $0 + $1.view.count }
                append(model, count, to: &out)
            }
            out.raw(models.isEmpty ? "[]" : "]")
            out.raw(",\"scenarios\":")
            out.list(project.scenarios) { append($1, ids, to: &$0) }
            out.raw(",\"live\":{\"count\":")
            out.integer(showsLive ? live.count : 0)
            out.raw(",\"kinds\":")
            out.list(showsLive ? live.kinds : []) { $0.string($1) }
            out.raw("}}")
            var reply = Reply.json(out)
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    private static func head(_ project: CityProject, _ version: Int64, _ out: inout JSONBytes) {
        out.raw("{\"id\":")
        out.string(project.id)
        out.raw(",\"name\":")
        out.localized(project.name)
        out.raw(",\"crs\":")
        out.string(project.crs)
        out.raw(",\"vertical\":{\"datum\":")
        out.string(project.vertical.datum)
        if let separation = project.vertical.geoidSeparation {
            out.raw(",\"geoidSeparation\":")
            out.real(separation)
        }
        out.raw("},\"extent\":")
        out.box(project.extent)
        out.raw(",\"version\":")
        out.integer(version)
    }

    private static func append(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let definition = layer.definition
        out.raw("{\"id\":")
        out.string(definition.id)
        out.raw(",\"title\":")
        out.localized(definition.title)
        out.raw(",\"theme\":")
        out.string(definition.theme)
        out.raw(",\"department\":")
        out.string(definition.department)
        out.raw(",\"classification\":")
        out.string(definition.classification.rawValue)
        out.raw(",\"geometry\":")
        out.string("\(definition.geometry)")
        out.raw(",\"count\":")
        out.integer(layer.view.count)
        if let extent = layer.view.extent {
            out.raw(",\"extent\":")
            out.box(extent)
        }
        out.raw(",\"zoom\":")
        out.list([definition.zoom.lowerBound, definition.zoom.upperBound]) { $0.integer($1) }
        out.raw(",\"base\":")
        out.boolean(definition.isBase)
        out.raw(",\"fields\":")
        out.list(layer.visibleFields.map { definition.fields[$0] }) { out, field in
            out.raw("{\"name\":")
            out.string(field.name)
            out.raw(",\"type\":")
            out.string(field.type.rawValue)
            if let unit = field.unit {
                out.raw(",\"unit\":")
                out.string(unit)
            }
            out.raw(",\"title\":")
            out.localized(field.title)
            out.raw("}")
        }
        out.raw(",\"style\":")
        append(definition.style, to: &out)
        out.raw(",\"tiles\":")
        out.string("/tiles/\(definition.id)/{z}/{x}/{y}.mvt")
        out.raw("}")
    }

    private static func append(_ style: LayerStyle, to out: inout JSONBytes) {
        out.raw("{\"kind\":")
        out.string(style.kind.rawValue)
        out.raw(",\"color\":")
        out.string(style.color)
        if let outline = style.outline {
            out.raw(",\"outline\":")
            out.string(outline)
        }
        out.raw(",\"opacity\":")
        out.real(style.opacity)
        out.raw(",\"width\":")
        out.real(style.width)
        out.raw(",\"visible\":")
        out.boolean(style.visible)
        if let label = style.label {
            out.raw(",\"label\":")
            out.string(label)
        }
        if let category = style.category {
            out.raw(",\"by\":{\"field\":")
            out.string(category.field)
            out.raw(",\"values\":{")
            for (index, entry) in category.values.enumerated() {
                if index > 0 { out.raw(",") }
                out.key(entry.value)
                out.string(entry.color)
            }
            out.raw("},\"other\":")
            out.string(category.other)
            out.raw("}")
        }
        out.raw("}")
    }

    private static func append(_ model: ModelDefinition, _ count: Int, to out: inout JSONBytes) {
        out.raw("{\"id\":")
        out.string(model.id)
        out.raw(",\"kind\":")
        out.string(model.kind.rawValue)
        out.raw(",\"title\":")
        out.localized(model.title)
        out.raw(",\"url\":")
        out.string("/3dtiles/\(model.id)/tileset.json")
        out.raw(",\"count\":")
        out.integer(count)
        out.raw("}")
    }

    private static func append(_ scenario: ScenarioDefinition, _ readable: Set<String>, to out: inout JSONBytes) {
        let isShown = { (id: String) in id == "live" || readable.contains(id) }
        out.raw("{\"id\":")
        out.string(scenario.id)
        out.raw(",\"title\":")
        out.localized(scenario.title)
        out.raw(",\"department\":")
        out.string(scenario.department)
        out.raw(",\"description\":")
        out.localized(scenario.description)
        out.raw(",\"layers\":")
        out.list(scenario.layers.filter(isShown)) { $0.string($1) }
        if let view = scenario.view {
            out.raw(",\"view\":{\"center\":")
            out.position(view.center)
            out.raw(",\"zoom\":")
            out.real(view.zoom)
            out.raw(",\"pitch\":")
            out.real(view.pitch)
            out.raw(",\"bearing\":")
            out.real(view.bearing)
            out.raw("}")
        }
        if let query = scenario.query {
            out.raw(",\"query\":{\"radius\":")
            out.real(query.radius)
            if let at = query.at {
                out.raw(",\"at\":")
                out.position(at)
            }
            out.raw(",\"layers\":")
            out.list(query.layers.filter(isShown)) { $0.string($1) }
            out.raw("}")
        }
        out.raw("}")
    }
}
