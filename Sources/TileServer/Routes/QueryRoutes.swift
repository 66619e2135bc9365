// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import Spatial
import TwinEngine

/// Spatial questions over several layers at once, live terminals among them.
enum QueryRoutes {
    static let layers = RouteParameter.query(
        "layers", "Layers to search, joined by commas; `live` is the terminals. All readable layers if absent.",
        example: "\"buildings\"")
    static let limit = RouteParameter.query(
        "limit", "Features returned per layer; counts are exact whatever the limit.",
        schema: #"{"type":"integer","minimum":0,"maximum":10000,"default":100}"#, example: "100")

    static let routes: [Route] = [
        Route(
            .get, "/query/radius", "What is within a distance, nearest first, counted exactly per layer",
            parameters: [
                .query("at", "lon,lat in degrees.", example: "\"120.03,36.27\"", isRequired: true),
                .query(
                    "radius", "Metres, planar in the city's coordinate system.",
                    schema: #"{"type":"number","minimum":0,"maximum":100000}"#, example: "500", isRequired: true),
                layers, limit,
            ], handler: radius),
        Route(
            .get, "/query/bbox", "What is inside a box, counted exactly per layer",
            parameters: [
                .query(
                    "bbox", "west,south,east,north in degrees.", example: "\"120.00,36.25,120.02,36.27\"",
                    isRequired: true), layers, limit,
            ], handler: box),
        question,
    ]

    /// The layers that a query names, decided by access one by one.
    struct Scope: Sendable {
        var layers: [ReadableLayer]
        var includesLive: Bool
    }

    static func scope(
        _ server: CityServer, _ request: RouteRequest, _ view: CityView
    ) throws(Problem) -> Scope {
        guard let text = request.query["layers"] else {
            return Scope(layers: server.readableLayers(view, request.principal), includesLive: false)
        }
        var scope = Scope(layers: [], includesLive: false)
        for id in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            if id == "live" {
                try server.checkLive(.read, request.principal)
                scope.includesLive = true
                continue
            }
            guard view.layer(id) != nil else {
                let known = server.readableLayers(view, request.principal).map(\.id).joined(separator: ",")
                throw .parameter("layers", "there is no layer '\(id.prefix(80))'; write some of: \(known),live")
            }
            if !scope.layers.contains(where: { $0.id == id }) {
                scope.layers.append(try server.layer(id, view, request.principal))
            }
        }
        return scope
    }

    @Sendable private static func radius(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        guard let at = try request.query.position("at") else {
            throw Problem.parameter("at", "'at' is missing; write lon,lat in degrees, for example at=120.03,36.27")
        }
        guard let metres = try request.query.number("radius", in: 0...100_000, example: 500) else {
            throw Problem.parameter("radius", "'radius' is missing; write metres, for example radius=500")
        }
        let limit = try request.query.integer("limit", in: 0...10_000, default: 100)
        let view = server.city.view()
        let scope = try scope(server, request, view)
        let center: GridPoint
        do {
            center = try server.city.gridPoint(at)
        } catch {
            throw Problem.parameter("at", "'at' is outside the city's grid: \(error.message)")
        }
        return try await server.workers.run {
            let start = ContinuousClock.now
            var layers = JSONBytes(capacity: 4096)
            var total = 0
            layers.list(scope.layers) { out, layer in
                let answer = layer.view.radius(around: center, metres: metres, limit: limit)
                let writer = FeatureWriter(layer)
                total += answer.count
                head(layer.id, layer.definition.title, answer.count, answer.hits.count, &out)
                out.list(answer.hits) { writer.append($1.feature, distance: $1.distance, to: &$0) }
                out.raw("}")
            }
            if scope.includesLive {
                let answer = server.live.index.snapshot().radius(around: center, metres: metres, limit: limit)
                total += answer.count
                appendLive(answer.count, answer.hits.count, &layers) { out in
                    out.list(answer.hits) { $1.terminal.appendFeature(to: &$0, distance: $1.distance) }
                }
            }
            var out = JSONBytes(capacity: layers.bytes.count + 160)
            out.raw("{\"at\":")
            out.position(at)
            out.raw(",\"radius\":")
            out.real(metres)
            out.raw(",\"unit\":\"m\"")
            finish(view.version, total, start, layers, &out)
            return uncached(out)
        }
    }

    @Sendable private static func box(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        guard let box = try request.query.box() else {
            throw Problem.parameter(
                "bbox", "'bbox' is missing; write west,south,east,north, for example bbox=120.00,36.25,120.02,36.27")
        }
        let limit = try request.query.integer("limit", in: 0...10_000, default: 100)
        let view = server.city.view()
        let scope = try scope(server, request, view)
        return try await server.workers.run {
            let start = ContinuousClock.now
            var layers = JSONBytes(capacity: 4096)
            var total = 0
            let pages = try scope.layers.map { try $0.items(in: box, offset: 0, limit: limit) }
            layers.list(zip(scope.layers, pages)) { out, entry in
                let (layer, page) = entry
                let writer = FeatureWriter(layer)
                total += page.matched
                head(layer.id, layer.definition.title, page.matched, page.features.count, &out)
                out.list(page.features) { writer.append($1, to: &$0) }
                out.raw("}")
            }
            if scope.includesLive {
                let terminals = server.live.index.snapshot().terminals(in: box, coveredBy: server.gridBox(box))
                total += terminals.count
                appendLive(terminals.count, min(limit, terminals.count), &layers) { out in
                    out.list(terminals.prefix(limit)) { $1.appendFeature(to: &$0) }
                }
            }
            var out = JSONBytes(capacity: layers.bytes.count + 160)
            out.raw("{\"bbox\":")
            out.box(box)
            finish(view.version, total, start, layers, &out)
            return uncached(out)
        }
    }

    private static func head(
        _ id: String, _ title: LocalizedText, _ count: Int, _ returned: Int, _ out: inout JSONBytes
    ) {
        out.raw("{\"id\":")
        out.string(id)
        out.raw(",\"title\":")
        out.localized(title)
        out.raw(",\"count\":")
        out.integer(count)
        out.raw(",\"returned\":")
        out.integer(returned)
        out.raw(",\"features\":")
    }

    /// Adds the terminals to a finished list of layers.
    private static func appendLive(
        _ count: Int, _ returned: Int, _ layers: inout JSONBytes, _ features: (inout JSONBytes) -> Void
    ) {
        layers.bytes.removeLast()
        if layers.bytes.count > 1 { layers.raw(",") }
        head("live", LocalizedText(zh: "实时感知终端", en: "Live terminals"), count, returned, &layers)
        features(&layers)
        layers.raw("}]")
    }

    private static func finish(
        _ version: Int64, _ total: Int, _ start: ContinuousClock.Instant, _ layers: JSONBytes, _ out: inout JSONBytes
    ) {
        out.raw(",\"version\":")
        out.integer(version)
        let parts = (ContinuousClock.now - start).components
        out.raw(",\"elapsedMs\":")
        out.fixed(Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15, 3)
        out.raw(",\"total\":")
        out.integer(total)
        out.raw(",\"layers\":")
        out.raw(layers.bytes)
        out.raw("}")
    }

    private static func uncached(_ out: JSONBytes) -> Reply {
        var reply = Reply.json(out)
        reply.cacheControl = "no-store"
        return reply
    }
}
