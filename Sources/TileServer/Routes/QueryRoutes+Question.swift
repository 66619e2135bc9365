// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import TwinEngine

/// `POST /query`: any region, filter and output over several layers.
extension QueryRoutes {
    /// Bytes of a question: a polygon of 100,000 positions fits.
    private static let bodyLimit = 8 << 20

    static let question = Route(
        .post, "/query",
        "A question as JSON: layers, region (circle, box, polygon, corridor, nearest), filter (CQL2 JSON), and features, "
            + "ids, counts or sums by class; pages by cursor",
        consumes: ["application/json"], handler: ask)

    @Sendable private static func ask(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let body = try await request.body(
            limit: bodyLimit, seconds: server.options.limits.requestSeconds,
            tooLarge: "a question has at most \(bodyLimit >> 20) MB; simplify the polygon")
        let view = server.city.view()
        let coordinates = server.city.coordinates
        return try await server.workers.run {
            let start = ContinuousClock.now
            do {
                let asked = try QueryRequest(json: body)
                let layers = try readable(asked.layers, server, request, view)
                let masked = Dictionary(
                    layers.map { ($0.id, $0.masked) }, uniquingKeysWith: { first, _ in first })
                let query = try asked.question(layers.map(\.definition), masked: masked)
                let answer = try view.answer(query, in: coordinates)
                let writers = Dictionary(
                    layers.map { ($0.id, FeatureWriter($0)) }, uniquingKeysWith: { first, _ in first })
                var out = JSONBytes(capacity: 8192)
                answer.appendJSON(
                    idsOnly: asked.idsOnly, explains: asked.explains, elapsed: milliseconds(since: start), to: &out
                ) { answer, hit, out in
                    writers[answer.layer.definition.id]?.append(hit.feature, distance: hit.distance, to: &out)
                }
                var reply = Reply.json(out)
                reply.cacheControl = "no-store"
                return reply
            } catch let error as TwinError where error.code == .argument || error.code == .notFound {
                throw problem(error)
            }
        }
    }

    static func milliseconds(since start: ContinuousClock.Instant) -> Double {
        let parts = (ContinuousClock.now - start).components
        return Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15
    }

    /// The layers of a question, each by an access decision; all readable ones where none is named.
    private static func readable(
        _ ids: [String]?, _ server: CityServer, _ request: RouteRequest, _ view: CityView
    ) throws -> [ReadableLayer] {
        guard let ids else { return server.readableLayers(view, request.principal) }
        var layers: [ReadableLayer] = []
        for id in ids where !layers.contains(where: { $0.id == id }) {
            guard view.layer(id) != nil else {
                let known = server.readableLayers(view, request.principal).map(\.id).joined(separator: ", ")
                throw Problem.parameter("layers", "there is no layer '\(id.prefix(80))'; write some of: \(known)")
            }
            layers.append(try server.layer(id, view, request.principal))
        }
        return layers
    }

    /// An error of the engine, whose message begins with the member that is wrong.
    static func problem(_ error: TwinError) -> Problem {
        let name = error.message.prefix { $0 != ":" }
        let isName = name.count < error.message.count && name.utf8.allSatisfy { $0 != UInt8(ascii: " ") }
        return Problem(.badRequest, error.message, parameter: isName ? String(name) : nil)
    }
}
