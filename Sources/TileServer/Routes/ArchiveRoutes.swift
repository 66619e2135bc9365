// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import Tiles
import TwinEngine

/// Tile archives: their tiles under `/tiles`, and the files themselves by byte range under `/archives`.
enum ArchiveRoutes {
    /// Largest decompressed tile that is coded again for a client.
    static let tileLimit = 64 << 20

    static let routes: [Route] = [
        Route(
            .get, "/tiles/{tileset}/{z}/{x}/{y}",
            "A tile of any tileset: an archive's in its own format, a layer's as a vector tile; 204 where there is none",
            parameters: [
                TileRoutes.tileset,
                .path("z", "Zoom, 0 to 24.", example: "14", schema: TileRoutes.whole),
                .path("x", "Column from the west.", example: "13653", schema: TileRoutes.whole),
                .path(
                    "y", "Row from the north, with or without an ending such as `.png`.", example: "6419",
                    schema: TileRoutes.whole),
                OGCTilesRoutes.tileFormat, TileRoutes.filter,
            ],
            produces: ["application/vnd.mapbox-vector-tile", "image/png", "image/jpeg", "image/webp"],
            success: [200, 204],
            takesFields: true, handler: anyTile),
        Route(.get, "/archives", "The tile archives that the caller may read", handler: list),
        Route(
            .get, "/archives/{file}", "An archive, whole or by byte range (RFC 9110 §14), for clients of pmtiles://",
            parameters: [.path("file", "An archive's file name.", example: "\"city.pmtiles\"")],
            produces: ["application/octet-stream"], isDocumented: false, handler: ArchiveFileRoute.file),
    ]

    /// The archive of a name, or nil where no archive has it.
    ///
    /// - Throws: 403 where the caller may not read it.
    static func archive(_ name: String, _ server: CityServer, _ principal: Principal) throws(Problem) -> ServedArchive?
    {
        guard let archive = server.archives[name] else { return nil }
        try check(archive, server, principal)
        return archive
    }

    static func check(_ archive: ServedArchive, _ server: CityServer, _ principal: Principal) throws(Problem) {
        if case .deny(let reason) = server.access.decide(
            principal, .read, .tileset(archive.name, archive.classification))
        {
            throw Problem(.forbidden, reason)
        }
    }

    @Sendable private static func anyTile(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        // OGC API Tiles names the grid where tilesets have their name, and the row before the column.
        if let set = TileMatrixSet.named(request.path("tileset")) {
            return try await OGCTilesRoutes.tile(
                server, request, layer: nil, set: set,
                address: [request.path("z"), request.path("x"), request.path("y")])
        }
        return try await TileRoutes.tile(server, request, besides: [OGCTilesRoutes.tileFormat.name])
    }

    /// A tile of an archive, in the compression that it has where the client takes that, otherwise coded again.
    static func tile(_ archive: ServedArchive, _ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let id = try address(archive, request)
        let (state, fresh) = try await fresh(archive, id, server, request)
        if var fresh {
            fresh.freshness?.archive = archive.standing
            return fresh
        }
        let key = TileKey(
            tileset: "archive \(archive.name)", z: id.z, x: id.x, y: id.y,
            version: EntityTag.hash(Array(archive.file.identity.utf8)), access: 0)
        let tile = try await server.tiles.tile(key) {
            try await server.workers.run {
                try named(archive) {
                    let stored = try archive.archive.tile(id)?.bytes ?? []
                    return CachedTile(
                        plain: ByteBuffer(bytes: stored), compressed: ByteBuffer(), entityTag: EntityTag.of(stored))
                }
            }
        }
        let freshness = Freshness(city: state, archive: archive.standing, tile: tile.use)
        var reply: Reply
        if tile.isEmpty {
            reply = Reply(status: .noContent)
            reply.entityTag = tile.entityTag
            reply.freshness = freshness
        } else {
            reply = try await body(tile, archive, server, request.request, freshness)
        }
        reply.headers[.vary] = "Accept-Encoding, Authorization"
        reply.cacheControl = cacheControl(archive)
        return reply
    }

    private static func body(
        _ tile: CachedTile, _ archive: ServedArchive, _ server: CityServer, _ request: Request,
        _ freshness: Freshness
    ) async throws -> Reply {
        let head = Array(tile.plain.readableBytesView.prefix(4))
        let compression = archive.compression ?? .sniffed(head)
        let type = archive.archive.tileType.mediaType
        guard let coding = compression.contentEncoding else {
            var reply = Reply(tile.plain, type: type)
            reply.entityTag = tile.entityTag
            reply.freshness = freshness
            return reply
        }
        if accepts(coding, request) {
            var reply = Reply(tile.plain, type: type)
            reply.freshness = freshness
            reply.headers[.contentEncoding] = coding
            reply.entityTag = coding == "gzip" ? EntityTag.compressed(tile.entityTag) : tagged(tile.entityTag, coding)
            return reply
        }
        let wantsGzip = accepts("gzip", request)
        // Coded again each time, hence without a freshness: nobody would count these bytes.
        let bytes = try await server.workers.run {
            try named(archive) {
                let plain = try compression.decompress(Array(tile.plain.readableBytesView), limit: tileLimit)
                return wantsGzip ? try gzipped(plain) : plain
            }
        }
        var reply = Reply(ByteBuffer(bytes: bytes), type: type)
        // Other bytes than the stored ones: another strong tag.
        reply.entityTag = tagged(tile.entityTag, "plain")
        if wantsGzip {
            reply.headers[.contentEncoding] = "gzip"
            reply.entityTag = EntityTag.compressed(tagged(tile.entityTag, "re"))
        }
        return reply
    }

    private static func tagged(_ tag: String, _ suffix: String) -> String { "\(tag.dropLast())-\(suffix)\"" }

    /// A foreign archive changes only as a whole, and then clients may show the older tiles for five minutes. Tiles of
    /// this city change with its edits: clients ask each time.
    static func cacheControl(_ archive: ServedArchive) -> String {
        let kept = archive.origin == nil ? "max-age=300" : "no-cache"
        return archive.classification == .public ? "public, \(kept)" : "private, \(kept)"
    }

    /// What is wrong with a file is the operator's problem: 500 with the reason, which names the archive's file only.
    static func named<T>(_ archive: ServedArchive, _ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch let error as TileError {
            let reason = error.message.replacing(archive.path, with: archive.fileName)
            throw Problem(.internalServerError, "the archive \(archive.fileName) is damaged here: \(reason)")
        }
    }

    private static func address(_ archive: ServedArchive, _ request: RouteRequest) throws(Problem) -> TileID {
        let parts = request.path("y").split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let type = archive.archive.tileType
        if parts.count == 2, ArchiveTileType(name: parts[1]) != type {
            throw Problem.notFound(
                "tiles of \(archive.name) are \(type.mediaType); leave the ending out, or write .\(type.name)")
        }
        return try request.tile(row: String(parts[0]))
    }

    @Sendable private static func list(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        var out = JSONBytes(capacity: 512)
        out.raw("{\"archives\":")
        out.list(server.archives.readable(server.access, request.principal)) { out, archive in
            out.raw("{\"name\":")
            out.string(archive.name)
            out.raw(",\"type\":")
            out.string(archive.archive.tileType.mediaType)
            out.raw(",\"bytes\":")
            out.integer(Int(archive.file.byteCount))
            out.raw(",\"tilejson\":")
            out.string("\(request.base)/tiles/\(archive.name).json")
            out.raw(",\"file\":")
            out.string("\(request.base)/archives/\(archive.fileName)")
            out.raw("}")
        }
        out.raw("}")
        return .json(out)
    }
}
