// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import TwinEngine

/// `/style.json`: the map style that the page and other MapLibre clients load, and the sprites that it names.
enum StyleRoutes {
    static let routes: [Route] = [
        Route(
            .get, "/style.json", "MapLibre style, version 8, of the layers that the caller may read",
            parameters: [
                .query(
                    "lang", "Language of the labels.", schema: #"{"type":"string","enum":["zh","en"],"default":"zh"}"#,
                    example: "\"zh\""),
                .query(
                    "theme", "Look of the map: light, dark, or thematic:LAYER.FIELD for a light thematic map.",
                    schema: #"{"type":"string","default":"light"}"#, example: "\"light\""),
                .query("thematic", "LAYER.FIELD: colours the layer by the field; the legend is in the metadata."),
                .query(
                    "classes", "Classes of numbers (5), or categories besides the rest (12).",
                    schema: #"{"type":"integer","minimum":2,"maximum":12}"#),
                .query(
                    "method", "How numbers are divided into classes.",
                    schema: #"{"type":"string","enum":["quantile","equal","jenks"],"default":"quantile"}"#),
            ], handler: style),
        Route(
            .get, "/sprites/{sheet}.json", "Places of the symbols in a sprite sheet", parameters: [sheet],
            handler: { _, request in try sprite(request, type: "application/json") { $0.index } }),
        Route(
            .get, "/sprites/{sheet}.png", "A sprite sheet: symbols as distance fields", parameters: [sheet],
            produces: ["image/png"],
            handler: { _, request in try sprite(request, type: "image/png") { $0.image } }),
    ]

    private static let sheet = RouteParameter.path(
        "sheet", "light or dark, with @2x for screens of high density.", example: "\"light\"")

    // MARK: Style

    @Sendable private static func style(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let language = request.query["lang"] ?? "zh"
        guard language == "zh" || language == "en" else {
            throw Problem.parameter("lang", "'\(language.prefix(20))' is not served; write lang=zh or lang=en")
        }
        let (theme, question) = try look(request.query)
        let view = server.city.view()
        var style = MapStyle(
            layers: server.readableLayers(view, request.principal), project: server.city.project, base: request.base,
            language: language, theme: theme)
        if server.access.canRead(request.principal, .live(server.live.classification)) {
            let snapshot = server.live.index.snapshot()
            if snapshot.count > 0 || server.city.project.live != nil { style.live = .init(kinds: snapshot.kinds) }
        }
        if let terrain = server.terrain, TerrainRoutes.canRead(server, request.principal) {
            let lowest = TerrainRoutes.minimumZoom
            style.terrain = (lowest...max(lowest, terrain.maximumZoom), terrain.extent)
        }
        var reply: Reply
        if let question {
            let layer = try server.layer(question.layer, view, request.principal)
            reply = Reply(try await thematic(server, style, question, layer), type: "application/json")
            reply.headers[.vary] = "Accept-Encoding, Authorization"
        } else {
            reply = Reply(style.bytes(), type: "application/json")
        }
        reply.cacheControl = "no-cache"
        return reply
    }

    /// What `theme`, `thematic`, `classes` and `method` ask for together.
    private static func look(_ query: QueryParameters) throws(Problem) -> (StyleTheme, ThematicQuestion?) {
        let text = query["theme"] ?? "light"
        let prefix = "thematic:"
        let inTheme = text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
        guard let theme = inTheme == nil ? StyleTheme(rawValue: text) : .light else {
            throw .parameter("theme", "write theme=light, theme=dark or theme=thematic:LAYER.FIELD")
        }
        guard inTheme == nil || query["thematic"] == nil else {
            throw .parameter("thematic", "the thematic field is named twice; leave thematic: out of theme")
        }
        var method: ClassMethod?
        if let name = query["method"] {
            guard let known = ClassMethod(rawValue: name) else {
                throw .parameter("method", "write method=quantile, method=equal or method=jenks")
            }
            method = known
        }
        var classes: Int?
        if query["classes"] != nil {
            classes = try query.integer("classes", in: ThematicQuestion.classRange, default: 5)
        }
        guard let named = inTheme.map(String.init) ?? query["thematic"] else {
            guard classes == nil, method == nil else {
                throw .parameter(
                    classes == nil ? "method" : "classes", "goes with a thematic map: add thematic=LAYER.FIELD")
            }
            return (theme, nil)
        }
        guard let question = ThematicQuestion(named, classes: classes, method: method) else {
            throw .parameter(
                "thematic", "'\(named.prefix(60))' is not LAYER.FIELD, for example thematic=buildings.height")
        }
        return (theme, question)
    }

    /// A thematic style. The values are counted once for a version of the layer; all that ask meanwhile wait for it.
    private static func thematic(
        _ server: CityServer, _ style: MapStyle, _ question: ThematicQuestion, _ layer: ReadableLayer
    ) async throws -> [UInt8] {
        let counted = "\(question)|\(style.theme)|\(layer.view.version)|\(layer.masked.sorted())"
        let thematic = try await server.thematics.value(counted) {
            try await server.workers.run { try StyleThematic(question, layer, style.theme) }
        }
        var style = style
        style.thematic = thematic
        return style.bytes()
    }

    // MARK: Sprites

    private static func sprite(
        _ request: RouteRequest, type: String, _ part: (SymbolSheet) -> [UInt8]
    ) throws -> Reply {
        let name = request.path("sheet")
        guard let sheet = try SymbolSheet.all.get()[name] else {
            throw Problem.notFound("there is no sprite sheet '\(name.prefix(40))'; there are light and dark, and @2x")
        }
        var reply = Reply(part(sheet), type: type)
        reply.cacheControl = "public, max-age=3600"
        return reply
    }
}
