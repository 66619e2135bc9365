// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import ServiceLifecycle
import Spatial
import Synchronization
import TwinEngine

/// Live terminals: report, ask, follow.
enum LiveRoutes {
    static let routes: [Route] = [
        Route(
            .get, "/live", "Terminals with their latest values, all or within a box or a distance",
            parameters: [
                CollectionRoutes.bbox,
                .query("at", "lon,lat in degrees, together with radius.", example: "\"120.03,36.27\""),
                .query(
                    "radius", "Metres, together with at.",
                    schema: #"{"type":"number","minimum":0,"maximum":100000}"#, example: "500"),
                .query("id", "One terminal by its permanent code."),
            ],
            produces: ["application/geo+json"], handler: current),
        Route(
            .post, "/live", "Report positions and values in a batch; accepted ones are durable when this answers",
            consumes: ["application/x-ndjson", "application/geo+json"], handler: report),
        Route(
            .get, "/live/stream",
            "Server-Sent Events: a `snapshot`, then at most 4 `update` a second with changed and removed terminals",
            parameters: [CollectionRoutes.bbox], produces: ["text/event-stream"], handler: stream),
    ]

    @Sendable private static func current(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try server.checkLive(.read, request.principal)
        let box = try request.query.box()
        let at = try request.query.position("at")
        let radius = try request.query.number("radius", in: 0...100_000, example: 500)
        let code = request.query["id"]
        guard [box != nil, at != nil, code != nil].count(where: { $0 }) <= 1 else {
            throw Problem.parameter("bbox", "ask by bbox, by at and radius, or by id: only one of them")
        }
        guard (at == nil) == (radius == nil) else {
            throw Problem.parameter(
                at == nil ? "at" : "radius", "'at' and 'radius' go together, for example at=120.03,36.27&radius=500")
        }
        var center: GridPoint?
        if let at {
            do {
                center = try server.city.gridPoint(at)
            } catch {
                throw Problem.parameter("at", "'at' is outside the city's grid: \(error.message)")
            }
        }
        return try await server.workers.run { [center] in
            let snapshot = server.live.index.snapshot()
            if let code, snapshot.terminal(code: code) == nil {
                throw Problem.notFound("there is no terminal '\(code.prefix(80))'")
            }
            var out = JSONBytes(capacity: 4096)
            out.raw("{\"type\":\"FeatureCollection\",\"features\":")
            if let center, let radius {
                let answer = snapshot.radius(around: center, metres: radius, limit: .max)
                out.list(answer.hits) { $1.terminal.appendFeature(to: &$0, distance: $1.distance) }
            } else if let box {
                let grid = server.gridBox(box)
                out.list(snapshot.terminals(in: box, coveredBy: grid)) { $1.appendFeature(to: &$0) }
            } else if let code {
                out.list([snapshot.terminal(code: code)].compactMap { $0 }) { $1.appendFeature(to: &$0) }
            } else {
                var terminals: [LiveTerminal] = []
                snapshot.forEach { terminals.append($0) }
                out.list(terminals) { $1.appendFeature(to: &$0) }
            }
            out.raw(",\"seq\":")
            out.integer(Int64(bitPattern: snapshot.sequence))
            out.raw("}")
            var reply = Reply.json(out, type: "application/geo+json")
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    @Sendable private static func report(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try server.checkLive(.write, request.principal)
        let limits = server.options.limits
        guard server.batches.wrappingAdd(1, ordering: .relaxed).newValue <= limits.queuedBatches else {
            server.batches.wrappingSubtract(1, ordering: .relaxed)
            throw Problem(
                .tooManyRequests, "\(limits.queuedBatches) batches are waiting; send this one again in a second",
                retryAfter: 1)
        }
        defer { server.batches.wrappingSubtract(1, ordering: .relaxed) }
        let body = try await request.body(
            limit: limits.bodyBytes, seconds: limits.requestSeconds,
            tooLarge: "the body is larger than \(limits.bodyBytes) bytes; send it in several batches")
        return try await server.workers.run {
            let report = try server.live.ingest(body, now: CityServer.now())
            var out = JSONBytes(capacity: 64 + report.rejected.count * 80)
            out.raw("{\"accepted\":")
            out.integer(report.accepted)
            out.raw(",\"rejected\":")
            out.list(report.rejected) { out, rejection in
                out.raw("{\"line\":")
                out.integer(rejection.line)
                out.raw(",\"reason\":")
                out.string(rejection.reason)
                out.raw("}")
            }
            out.raw("}")
            var reply = Reply.json(out)
            reply.cacheControl = "no-store"
            return reply
        }
    }

    @Sendable private static func stream(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try server.checkLive(.read, request.principal)
        let box = try request.query.box()
        let limit = server.options.limits.streams
        guard server.streams.load(ordering: .relaxed) < limit else {
            throw Problem(.serviceUnavailable, "\(limit) event streams are open; try again later", retryAfter: 5)
        }
        let body = ResponseBody { writer in
            server.streams.wrappingAdd(1, ordering: .relaxed)
            defer { server.streams.wrappingSubtract(1, ordering: .relaxed) }
            let broadcast = server.live.broadcast
            broadcast.join()
            defer { broadcast.leave() }
            var event = broadcast.start(box)
            try await writer.write(ByteBuffer(bytes: event.bytes))
            var silent = 0
            while !Task.isShuttingDownGracefully, !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(250))
                silent += 1
                while true {
                    let next = broadcast.next(after: event.sequence, box)
                    if next.sequence == event.sequence { break }
                    event = next
                    if event.bytes.isEmpty { continue }
                    silent = 0
                    try await writer.write(ByteBuffer(bytes: event.bytes))
                }
                if silent > 0, silent.isMultiple(of: 60) { try await writer.write(ByteBuffer(string: ": ping\n\n")) }
            }
            try await writer.finish(nil)
        }
        var reply = Reply(stream: body, type: "text/event-stream")
        reply.cacheControl = "no-store"
        return reply
    }
}
