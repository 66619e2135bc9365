// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// The underground: sections along a line, and what is wrong with the pipes.
enum PipeRoutes {
    private static let model = RouteParameter.query(
        "model", "A model of kind pipes; the only one if absent.", example: "\"pipes\"")

    static let routes: [Route] = [
        Route(
            .get, "/query/section",
            "A section through the pipes along a line: crossings with levels, cover and clearances, pipes along the line, "
                + "the ground; to be drawn, or drawn with f=svg",
            parameters: [
                .query("line", "lon,lat,lon,lat,… in degrees.", example: "\"120.030,36.264,120.034,36.264\""),
                .query("run", "LAYER/ID,LAYER/ID,…: pipes one after the other, in place of `line`."),
                .query(
                    "corridor", "Metres to each side within which pipes count as along the line.",
                    schema: #"{"type":"number","minimum":0,"maximum":50,"default":1}"#, example: "1"),
                model,
                .query("f", "json, or svg for a picture.", schema: #"{"type":"string","enum":["json","svg"]}"#),
            ], produces: ["application/json", "image/svg+xml"], handler: section),
        Route(
            .get, "/check/pipes",
            "What is wrong with the pipes: counts by kind, and findings as JSON or as GeoJSON points, in pages",
            parameters: [
                model,
                .query("kind", "Kinds of findings, joined by commas.", example: "\"crossing-clearance,cover\""),
                .query("class", "Classes of the profile, joined by commas.", example: "\"sewage\""),
                .query("bbox", "west,south,east,north in degrees."),
                .query(
                    "limit", "Findings in the answer; counts are of all.",
                    schema: #"{"type":"integer","minimum":0,"maximum":100000,"default":1000}"#, example: "1000"),
                .query(
                    "offset", "Findings to pass over.",
                    schema: #"{"type":"integer","minimum":0,"default":0}"#, example: "0"),
                .query(
                    "f", "json, or geojson for a map layer.", schema: #"{"type":"string","enum":["json","geojson"]}"#),
            ], produces: ["application/json", "application/geo+json"], handler: check),
    ]

    /// The layers of a model of which the caller sees every field that the analyses read.
    private static func layers(
        _ server: CityServer, _ request: RouteRequest
    ) throws -> (model: String, layers: Set<String>) {
        let definition: ModelDefinition
        do {
            definition = try server.city.pipeModel(request.query["model"])
        } catch let error as TwinError {
            throw Problem.notFound(error.message)
        }
        let view = server.city.view()
        let names = definition.layers + [definition.pipes.points].compactMap(\.self)
        let present = names.filter { view.layer($0) != nil }
        var readable: Set<String> = []
        for layer in server.readableLayers(view, request.principal) where present.contains(layer.id) {
            if definition.usedFields.isDisjoint(with: layer.masked) { readable.insert(layer.id) }
        }
        // All layers denied: the first denial is the answer, with its audit record.
        if readable.isDisjoint(with: definition.layers), let first = definition.layers.first(where: present.contains) {
            _ = try server.layer(first, view, request.principal)
            throw Problem(.forbidden, "fields of the pipes that a section needs are masked for this caller")
        }
        return (definition.id, readable)
    }

    private static func format(_ request: RouteRequest, _ other: String) throws(Problem) -> Bool {
        switch request.query["f"] {
        case nil, "json": return false
        case other: return true
        case .some(let text): throw .parameter("f", "'f' is '\(text.prefix(40))'; write json or \(other)")
        }
    }

    @Sendable private static func section(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let (model, layers) = try layers(server, request)
        let isPicture = try format(request, "svg")
        let corridor = try request.query.number("corridor", in: 0...50, example: 1)
        return try await server.workers.run {
            do {
                var question = try PipeSectionQuestion(
                    line: request.query["line"], run: request.query["run"], corridor: corridor, model: model)
                question.layers = layers
                question.showsTerrain = TerrainRoutes.canReadCity(server, request.principal)
                let answer = try server.city.section(question)
                var reply =
                    isPicture
                    ? Reply(Array(answer.svg().utf8), type: "image/svg+xml")
                    : Reply(answer.json(), type: "application/json")
                reply.cacheControl = "no-store"
                return reply
            } catch let error as TwinError where error.code == .argument || error.code == .notFound {
                throw QueryRoutes.problem(error)
            }
        }
    }

    @Sendable private static func check(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let (model, layers) = try layers(server, request)
        let isLayer = try format(request, "geojson")
        let limit = try request.query.integer("limit", in: 0...100_000, default: 1000)
        let offset = try request.query.integer("offset", in: 0...Int.max, default: 0)
        let box = try request.query.box()
        var kinds: Set<PipeFindingKind>?
        if let text = request.query["kind"] {
            kinds = try Set(
                text.split(separator: ",").map { name in
                    guard let kind = PipeFindingKind(rawValue: String(name)) else {
                        let known = PipeFindingKind.allCases.map(\.rawValue).joined(separator: ", ")
                        throw Problem.parameter(
                            "kind", "'\(name.prefix(60))' is no kind of finding; write some of: \(known)")
                    }
                    return kind
                })
        }
        let classes = request.query["class"].map { Set($0.split(separator: ",").map(String.init)) }
        let (wantedKinds, base) = (kinds, request.base)
        return try await server.workers.run {
            let report = try server.city.pipeCheck(model: model, layers: layers)
            let found = report.select(kinds: wantedKinds, classes: classes, box: box)
            let page = found.dropFirst(offset).prefix(limit)
            if isLayer {
                var reply = Reply(
                    PipeCheckReport.geoJSON(page, matched: found.count).bytes, type: "application/geo+json")
                reply.cacheControl = "no-cache"
                return reply
            }
            var out = JSONBytes(capacity: 300 * page.count + 1024)
            report.appendHead(to: &out)
            out.raw(",\"matched\":")
            out.integer(found.count)
            out.raw(",\"returned\":")
            out.integer(page.count)
            if offset + page.count < found.count {
                out.raw(",\"next\":")
                out.string("\(base)/check/pipes?offset=\(offset + page.count)&limit=\(limit)\(rest(request))")
            }
            out.raw(",\"findings\":")
            out.list(page) { $1.appendObject(to: &$0) }
            out.raw("}")
            var reply = Reply.json(out)
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    /// The other parameters of a page.
    private static func rest(_ request: RouteRequest) -> String {
        ["model", "kind", "class", "bbox"].compactMap { name in request.query[name].map { "&\(name)=\($0)" } }.joined()
    }
}
