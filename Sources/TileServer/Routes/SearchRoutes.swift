// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// Search by name, code, address or any other text.
enum SearchRoutes {
    static let routes = [
        Route(
            .get, "/search",
            "Features whose texts contain every word of a question: name, permanent code, address or any other text field",
            parameters: [
                .query(
                    "q", "Words, or parts of names, codes and addresses; at most 200 bytes.", example: "\"小学\"",
                    isRequired: true),
                .query(
                    "layers", "Layers to search, joined by commas; all readable layers if absent.",
                    example: "\"buildings\""),
                .query(
                    "limit", "Results returned; `total` is exact whatever the limit.",
                    schema: #"{"type":"integer","minimum":1,"maximum":1000,"default":20}"#, example: "20"),
            ], handler: search)
    ]

    @Sendable private static func search(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        guard let text = request.query["q"] else {
            throw Problem.parameter("q", "'q' is missing; write what to search for, for example q=小学")
        }
        let limit = try request.query.integer("limit", in: TextSearch.limitRange, default: 20)
        let view = server.city.view()
        let scope = try QueryRoutes.scope(server, request, view)
        guard !scope.includesLive else {
            throw Problem.parameter("layers", "'live' has no texts to search; its terminals are in the ledger layer")
        }
        return try await server.workers.run {
            let start = ContinuousClock.now
            let question: TextSearch
            do {
                question = try TextSearch(text, limit: limit)
            } catch let error as TwinError {
                throw QueryRoutes.problem(error)
            }
            let answer = question.answer(scope.layers.map { (view: $0.view, masked: $0.masked) })
            let elapsed = QueryRoutes.milliseconds(since: start)
            var out = JSONBytes(capacity: 4096)
            answer.appendJSON(
                head: { out in
                    out.raw("\"q\":")
                    out.string(text)
                    out.raw(",\"version\":")
                    out.integer(view.version)
                    out.raw(",\"elapsedMs\":")
                    out.fixed(elapsed, 3)
                    out.raw(",")
                }, to: &out)
            var reply = Reply.json(out)
            reply.cacheControl = "no-store"
            return reply
        }
    }
}
