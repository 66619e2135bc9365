// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import Synchronization
import TwinEngine

/// Health, metrics, and the description of the interface.
enum SystemRoutes {
    static let routes: [Route] = [
        Route(.get, "/healthz", "Whether the server works, and on what", handler: health),
        Route(
            .get, "/metrics", "Counters in the Prometheus text format", produces: ["text/plain"], handler: metrics),
        Route(
            .get, "/api", "This document: OpenAPI 3.1",
            parameters: [CollectionRoutes.format],
            produces: ["application/vnd.oai.openapi+json;version=3.1"]
        ) { server, request in
            var reply = Reply(
                OpenAPIDocument.bytes(RouteTable.all, server.city.project, base: request.base),
                type: "application/vnd.oai.openapi+json;version=3.1")
            reply.cacheControl = "no-cache"
            return reply
        },
    ]

    @Sendable private static func health(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let view = server.city.view()
        var out = JSONBytes(capacity: 128)
        out.raw("{\"status\":\"ok\",\"city\":")
        out.string(server.city.project.id)
        out.raw(",\"version\":")
        out.integer(view.version)
        out.raw(",\"layers\":")
        out.integer(view.layers.count)
        out.raw(",\"terminals\":")
        out.integer(server.live.index.snapshot().count)
        out.raw(",\"uptimeSeconds\":")
        out.integer((ContinuousClock.now - server.start).components.seconds)
        out.raw("}")
        var reply = Reply.json(out)
        reply.cacheControl = "no-store"
        return reply
    }

    @Sendable private static func metrics(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let live = server.live.index
        let cache = server.tiles
        let metrics = server.metrics
        metrics.set("twin_tile_cache_hits_total", Double(cache.hitCount))
        metrics.set("twin_tile_cache_misses_total", Double(cache.missCount))
        metrics.set("twin_tile_warm_answers_total", Double(cache.warm.givenCount))
        metrics.set("twin_tile_loop_answers_total", Double(server.loops.madeCount))
        metrics.set("twin_tile_cache_bytes", Double(cache.byteCount))
        metrics.set("twin_live_terminals", Double(live.snapshot().count))
        metrics.set("twin_live_observations_total", Double(live.appliedCount))
        metrics.set("twin_live_streams", Double(server.streams.load(ordering: .relaxed)))
        metrics.set("twin_jobs", Double(server.workers.pendingCount))
        metrics.set("twin_city_version", Double(server.city.view().version))
        let text = metrics.exposition()
        var reply = Reply(Array(text.utf8), type: "text/plain; version=0.0.4; charset=utf-8")
        reply.cacheControl = "no-store"
        return reply
    }
}

/// Every route, in the order in which they are tried: the busiest first.
enum RouteTable {
    static let all: [Route] =
        // `live` before the tilesets of layers, whose pattern fits it too.
        LiveTileRoutes.routes + TileRoutes.routes + ArchiveRoutes.routes + OGCTilesRoutes.routes + TerrainRoutes.routes
        + ModelRoutes.routes
        + LiveRoutes.routes
        + QueryRoutes.routes + SearchRoutes.routes + PipeRoutes.routes + ProcessRoutes.routes + CityRoutes.routes
        + StyleRoutes.routes + CollectionRoutes.routes + FeatureRoutes.routes + EditRoutes.routes + PageRoutes.routes
        + SystemRoutes.routes
}
