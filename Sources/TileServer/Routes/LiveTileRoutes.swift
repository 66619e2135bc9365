// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import Synchronization
import Tiles
import TwinEngine

/// Vector tiles of the live terminals, clustered below zoom 17.
///
/// A tile shows every report that was acknowledged a quarter of a second before it was asked for: tiles are made of one
/// snapshot for that long, so that a map's tiles agree and a crowd of clients costs four makings a second.
enum LiveTileRoutes {
    static let routes: [Route] = [
        Route(
            .get, "/tiles/live/{z}/{x}/{y}.mvt",
            "Live terminals as a vector tile, clustered below zoom 17; 204 where there are none",
            parameters: [
                .path("z", "Zoom, 0 to 24.", example: "12", schema: TileRoutes.whole),
                .path("x", "Column from the west.", example: "3413", schema: TileRoutes.whole),
                .path("y", "Row from the north.", example: "1604", schema: TileRoutes.whole),
            ],
            produces: ["application/vnd.mapbox-vector-tile"], success: [200, 204], handler: tile),
        Route(.get, "/tiles/live.json", "TileJSON 3.0 of the live terminals", handler: tileJSON),
    ]

    @Sendable private static func tile(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try server.checkLive(.read, request.principal)
        let id = try request.tile()
        let snapshot = server.liveTiles.snapshot(server.live.index)
        let key = TileKey(
            tileset: LiveTile.layer, z: id.z, x: id.x, y: id.y, version: snapshot.sequence, access: 0)
        let tile = try await server.liveTiles.cache.tile(key) {
            try await server.workers.run {
                let bytes = try server.city.liveTile(id, snapshot)
                return CachedTile(PackedTile(plain: bytes, gzip: bytes.isEmpty ? [] : try gzipped(bytes)))
            }
        }
        var reply = try await TileRoutes.reply(tile, server, request.request)
        reply.cacheControl = cacheControl(server)
        return reply
    }

    private static func cacheControl(_ server: CityServer) -> String {
        server.live.classification == .public ? "no-cache" : "private, no-cache"
    }

    @Sendable private static func tileJSON(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try server.checkLive(.read, request.principal)
        let snapshot = server.liveTiles.snapshot(server.live.index)
        let extent = server.city.project.extent
        var out = JSONBytes(capacity: 1024)
        out.raw("{\"tilejson\":\"3.0.0\",\"name\":\"live\",\"scheme\":\"xyz\",\"tiles\":[")
        out.string("\(request.base)/tiles/live/{z}/{x}/{y}.mvt")
        out.raw("],\"minzoom\":0,\"maxzoom\":")
        out.integer(LiveTile.firstFullZoom)
        out.raw(",\"center\":[")
        out.fixed(extent.center.longitude, 7)
        out.raw(",")
        out.fixed(extent.center.latitude, 7)
        out.raw(",12],\"version\":")
        out.string("\(snapshot.sequence).0.0")
        out.raw(",\"vector_layers\":[{\"id\":")
        out.string(LiveTile.layer)
        out.raw(",\"description\":\"Live terminals; clusters have point_count alone\",\"fields\":{\"id\":\"String\"")
        out.raw(",\"name\":\"String\",\"kind\":\"String\",\"t\":\"Number\",\"simulated\":\"Boolean\"")
        out.raw(",\"point_count\":\"Number\"}}]}")
        var reply = Reply.json(out)
        reply.cacheControl = cacheControl(server)
        return reply
    }
}

/// What the makers of live tiles share: the snapshot of the moment, and the tiles made of it.
///
/// The tiles have a cache of their own: they are outdated within a second, and would push the others out.
final class LiveTiles: Sendable {
    /// Tiles are made of one snapshot for this long.
    static let hold = Duration.milliseconds(250)

    let cache = TileCache(capacity: 32 << 20)
    private let held = Mutex<(snapshot: LiveSnapshot, since: ContinuousClock.Instant)?>(nil)

    /// A snapshot that was the newest at most ``hold`` ago.
    func snapshot(_ index: LiveIndex) -> LiveSnapshot {
        held.withLock { held in
            let now = ContinuousClock.now
            if let held, now - held.since < Self.hold { return held.snapshot }
            let newest = index.snapshot()
            held = (newest, now)
            return newest
        }
    }
}
