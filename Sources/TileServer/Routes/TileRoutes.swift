// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import Tiles
import TwinEngine

/// Vector tiles (Mapbox Vector Tile 2.1) and TileJSON 3.0.
enum TileRoutes {
    /// Tiles of this zoom and below; clients magnify the last one.
    static let maximumZoom = 16
    /// The largest zoom at which layers have tiles.
    static let deepestZoom = 20
    static let basemap = "basemap"
    static let template = "/tiles/{tileset}/{z}/{x}/{y}.mvt"
    private static let type = "application/vnd.mapbox-vector-tile"

    static let tileset = RouteParameter.path(
        "tileset", "A layer, or `basemap` for all base layers.", example: "\"basemap\"")
    static let whole = #"{"type":"integer","minimum":0}"#

    static let routes: [Route] = [
        Route(
            .get, template, "A vector tile in Web Mercator; 204 where it is empty",
            parameters: [
                tileset,
                .path("z", "Zoom, 0 to \(deepestZoom).", example: "14", schema: whole),
                .path("x", "Column from the west.", example: "13653", schema: whole),
                .path("y", "Row from the north.", example: "6419", schema: whole), filter, PastRequest.version,
            ],
            produces: ["application/vnd.mapbox-vector-tile"], success: [200, 204], takesFields: true, handler: tile),
        Route(
            .get, "/tiles/{tileset}.json", "TileJSON 3.0 of a tileset", parameters: [tileset], handler: tileJSON),
    ]

    /// The layers of a tileset that the caller may read.
    static func layers(
        _ tileset: String, _ server: CityServer, _ principal: Principal, _ view: CityView? = nil
    ) throws(Problem) -> [ReadableLayer] {
        let view = view ?? server.city.view()
        if tileset == basemap {
            return server.readableLayers(view, principal).filter(\.definition.isBase)
        }
        guard view.layer(tileset) != nil else {
            throw .notFound(
                "there is no tileset '\(tileset.prefix(80))'; GET /city.json lists the layers, or use basemap")
        }
        return [try server.layer(tileset, view, principal)]
    }

    @Sendable static func tile(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try await tile(server, request, besides: [])
    }

    /// - Parameter names: query parameters that are no conditions.
    static func tile(_ server: CityServer, _ request: RouteRequest, besides names: [String]) async throws -> Reply {
        if let archive = try ArchiveRoutes.archive(request.path("tileset"), server, request.principal) {
            if let extra = request.query.entries.first(where: { !names.contains($0.name) })?.name {
                throw Problem.parameter(
                    extra, "the tiles of an archive are finished, there is no filter for them; leave \(extra) out")
            }
            return try await ArchiveRoutes.tile(archive, server, request)
        }
        let id = try request.tile(deepest: deepestZoom)
        return try await tile(server, request, request.path("tileset"), id, besides: names)
    }

    /// A tile of a tileset, of the features that pass the request's filter.
    ///
    /// Changes are followed on Web Mercator; in degrees each change of a layer touches all of its tiles.
    /// - Parameters:
    ///   - names: query parameters that are no conditions.
    ///   - inDegrees: the tile is of the square of degrees instead of Web Mercator's.
    static func tile(
        _ server: CityServer, _ request: RouteRequest, _ tileset: String, _ id: TileID, besides names: [String],
        inDegrees: Bool = false
    ) async throws -> Reply {
        try await lookForEdits(server)
        let view = server.city.view()
        var all = try layers(tileset, server, request.principal, view)
        let filters = try filters(request, besides: names + PastRequest.names, all)
        let moment = PastRequest.names.first { request.query[$0] != nil }
        if let moment, let text = request.query[moment] {
            all = try await server.workers.run { [all] in try PastRequest.layers(all, text, moment, server) }
        }
        var shown = all.filter { $0.definition.zoom.contains(id.z) }
        var state = Freshness.City(view: view.version, layers: shown.map(\.id), versions: shown.map(\.view.version))
        if !inDegrees, moment == nil {
            (shown, state) = try await self.state(of: id, server) { view throws(Problem) in
                try layers(tileset, server, request.principal, view)
            }
        }
        return try await tile(
            id, tileset, shown, state, server, request,
            TileChoice(filters: filters, layers: all, inDegrees: inDegrees, isPast: moment != nil))
    }

    /// What a tile shows of its layers, and on which plane.
    struct TileChoice: Sendable {
        var filters: [String: ColumnFilter] = [:]
        /// All layers that the filter must fit, shown or not.
        var layers: [ReadableLayer] = []
        var inDegrees = false
        /// Whether the layers are as they were at some moment.
        var isPast = false
    }

    /// Takes in edits of other processes, if it was not done for a while.
    static func lookForEdits(_ server: CityServer) async throws {
        guard server.tiles.changes.isCheckDue() else { return }
        try await server.workers.run { try lookNow(server) }
    }

    /// Takes in edits of other processes. Reads the store: call it on a worker.
    static func lookNow(_ server: CityServer) throws {
        try server.city.refresh()
        try follow(server)
    }

    /// A tile of layers as they are now.
    static func tile(
        _ id: TileID, _ tileset: String, _ shown: [ReadableLayer], _ state: Freshness.City, _ server: CityServer,
        _ request: RouteRequest, _ choice: TileChoice = TileChoice()
    ) async throws -> Reply {
        let key = key(id, tileset, shown, state, choice)
        let tile = try await server.tiles.tile(key) {
            try await server.workers.run {
                try check(choice.filters, choice.layers)
                return CachedTile(
                    try packTile(server.city, id, shown, filters: choice.filters, inDegrees: choice.inDegrees))
            }
        }
        var reply = try await reply(tile, server, request.request, cacheControl(shown))
        reply.freshness = Freshness(city: state, tile: tile.use)
        return reply
    }

    /// Under which the cache holds a tile.
    static func key(
        _ id: TileID, _ tileset: String, _ shown: [ReadableLayer], _ state: Freshness.City,
        _ choice: TileChoice = TileChoice()
    ) -> TileKey {
        let dependence = zip(shown, state.versions).map { "\($0.id)@\($1)" }.joined(separator: ",")
        let seen = choice.layers.isEmpty ? shown : choice.layers
        let access = seen.map { "\($0.id):\($0.masked.sorted().joined(separator: "|"))" }.joined(separator: ",")
        return TileKey(
            tileset: (choice.inDegrees ? "degrees " : "") + name(tileset, choice.filters), z: id.z, x: id.x, y: id.y,
            version: EntityTag.hash(Array(dependence.utf8)), access: EntityTag.hash(Array(access.utf8)),
            isPast: choice.isPast)
    }

    /// Those of some layers that the tile shows, of one view, and for each the newest change that touched the tile.
    static func state(
        of tile: TileID, _ server: CityServer, layers: (CityView) throws(Problem) -> [ReadableLayer]
    ) async throws -> ([ReadableLayer], Freshness.City) {
        var shown: [ReadableLayer] = []
        var view = server.city.view()
        for _ in 0..<4 {
            shown = try layers(view).filter { $0.definition.zoom.contains(tile.z) }
            if let state = server.tiles.changes.shown(shown.map(\.id), tile, view, server.city) {
                return (shown, state)
            }
            try await server.workers.run { try follow(server) }
            view = server.city.view()
        }
        // Changes come faster than they are followed: then each change of a layer touches all of its tiles.
        shown = try layers(view).filter { $0.definition.zoom.contains(tile.z) }
        return (
            shown,
            Freshness.City(view: view.version, layers: shown.map(\.id), versions: shown.map(\.view.version))
        )
    }

    private static func follow(_ server: CityServer) throws {
        try server.tiles.changes.follow(server.city, since: server.archives.versions)
        server.metrics.set("twin_tile_lag_seconds", server.tiles.changes.lag)
        server.metrics.set("twin_tiles_touched_total", Double(server.tiles.changes.touchedCount))
    }

    /// Clients keep a tile as long as all of its layers allow; then they ask whether it still holds, which costs a 304.
    /// Shared caches keep only what anybody may read.
    static func cacheControl(_ layers: [ReadableLayer]) -> String {
        let isPublic = layers.allSatisfy { $0.definition.classification == .public && $0.masked.isEmpty }
        let age = layers.map { $0.definition.tiles?.maximumAge ?? 0 }.min() ?? 0
        let kept = age > 0 ? "max-age=\(age)" : "no-cache"
        return isPublic ? kept : "private, \(kept)"
    }

    static func reply(
        _ tile: CachedTile, _ server: CityServer, _ request: Request, _ cacheControl: String = "no-cache"
    ) async throws -> Reply {
        if let reply = packedReply(tile, acceptsGzip: accepts("gzip", request), cacheControl) { return reply }
        var reply = Reply(try await server.workers.run { try tile.plainBytes() }, type: type)
        reply.entityTag = tile.entityTag
        reply.headers[.vary] = "Accept-Encoding, Authorization"
        reply.cacheControl = cacheControl
        return reply
    }

    /// The reply for which nothing is left to be done; nil for a tile that must be inflated first.
    static func packedReply(_ tile: CachedTile, acceptsGzip: Bool, _ cacheControl: String) -> Reply? {
        var reply: Reply
        if tile.isEmpty {
            reply = Reply(status: .noContent)
            reply.entityTag = tile.entityTag
        } else {
            guard acceptsGzip else { return nil }
            reply = Reply(tile.compressed, type: type)
            reply.headers[.contentEncoding] = "gzip"
            reply.entityTag = EntityTag.compressed(tile.entityTag)
            reply.headers[.vary] = "Accept-Encoding, Authorization"
        }
        reply.cacheControl = cacheControl
        return reply
    }

    @Sendable private static func tileJSON(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let tileset = request.path("tileset")
        if let archive = try ArchiveRoutes.archive(tileset, server, request.principal) {
            return try await ArchiveTileJSON.reply(archive, server, request)
        }
        let shown = try layers(tileset, server, request.principal)
        let zoom = zoomRange(shown)
        let project = server.city.project
        var out = JSONBytes(capacity: 2048)
        out.raw("{\"tilejson\":\"3.0.0\",\"name\":")
        out.string(tileset == basemap ? project.name.en : shown.first?.definition.title.en ?? tileset)
        out.raw(",\"scheme\":\"xyz\",\"tiles\":[")
        out.string("\(request.base)/tiles/\(tileset)/{z}/{x}/{y}.mvt")
        out.raw("],\"minzoom\":")
        out.integer(zoom.lowerBound)
        out.raw(",\"maxzoom\":")
        out.integer(zoom.upperBound)
        out.raw(",\"bounds\":")
        out.box(project.extent)
        out.raw(",\"center\":[")
        out.fixed(project.extent.center.longitude, 7)
        out.raw(",")
        out.fixed(project.extent.center.latitude, 7)
        out.raw(",")
        out.integer(max(zoom.lowerBound, min(14, zoom.upperBound)))
        out.raw("],\"vector_layers\":")
        out.list(shown) { out, layer in
            out.raw("{\"id\":")
            out.string(layer.id)
            out.raw(",\"description\":")
            out.string(layer.definition.title.en)
            out.raw(",\"minzoom\":")
            out.integer(layer.definition.zoom.lowerBound)
            out.raw(",\"maxzoom\":")
            out.integer(layer.definition.zoom.upperBound)
            out.raw(",\"fields\":{")
            for (position, index) in layer.visibleFields.enumerated() {
                if position > 0 { out.raw(",") }
                let field = layer.definition.fields[index]
                out.key(field.name)
                out.string(tileType(field.type))
            }
            out.raw("}}")
        }
        out.raw("}")
        return .json(out)
    }

    /// The zooms at which a tileset has tiles of its own.
    static func zoomRange(_ layers: [ReadableLayer]) -> ClosedRange<Int> {
        let lowest = layers.map(\.definition.zoom.lowerBound).min() ?? 0
        let latestStart = layers.map(\.definition.zoom.lowerBound).max() ?? 0
        let highest = layers.map(\.definition.zoom.upperBound).max() ?? 0
        return min(20, lowest)...max(min(20, lowest), min(20, min(highest, max(maximumZoom, latestStart))))
    }

    private static func tileType(_ type: FieldType) -> String {
        switch type {
        case .integer, .real: "Number"
        case .boolean: "Boolean"
        case .string, .date, .datetime: "String"
        }
    }
}
