// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import Tiles
import TwinEngine

/// The ground's height: Terrain-RGB tiles for MapLibre's raster-dem sources, and single positions.
enum TerrainRoutes {
    /// Zooms below this show nothing of a city's ground and would read all of it.
    static let minimumZoom = 5

    static let routes: [Route] = [
        Route(
            .get, "/terrain/{z}/{x}/{y}.png",
            "Ground heights as a Terrain-RGB image of 256 x 256 pixels; 204 where there are none",
            parameters: [
                .path("z", "Zoom, 0 to 24.", example: "12", schema: TileRoutes.whole),
                .path("x", "Column from the west.", example: "3413", schema: TileRoutes.whole),
                .path("y", "Row from the north.", example: "1604", schema: TileRoutes.whole),
            ],
            produces: ["image/png"], success: [200, 204], handler: tile),
        Route(
            .get, "/elevation", "The ground's height at a position, in metres above the city's vertical datum",
            parameters: [
                .query("at", "lon,lat in degrees.", example: "\"120.03,36.27\"", isRequired: true)
            ], handler: elevation),
        Route(.get, "/terrain.json", "TileJSON of the terrain", isDocumented: false, handler: tileJSON),
        Route(
            .get, "/terrain/mesh/layer.json", "What meshes of the ground there are, for a CesiumTerrainProvider",
            isDocumented: false, handler: meshDescription),
        Route(
            .get, "/terrain/mesh/{z}/{x}/{y}.terrain",
            "The ground as a mesh: quantized-mesh 1.0 with normals, tiles of EPSG:4326 with rows from the south, "
                + "ellipsoidal heights",
            parameters: [
                .path("z", "Level, from 0.", example: "0", schema: TileRoutes.whole),
                .path("x", "Column from the west.", example: "1", schema: TileRoutes.whole),
                .path("y", "Row from the south.", example: "0", schema: TileRoutes.whole),
            ],
            produces: ["application/vnd.quantized-mesh"], isDocumented: false, handler: mesh),
    ]

    /// Whether a caller may read the heights; true where none are served.
    static func canRead(_ server: CityServer, _ principal: Principal) -> Bool {
        server.terrain == nil || server.access.canRead(principal, subject(server))
    }

    /// Whether a caller may learn the city's own ground heights, those that the project names.
    static func canReadCity(_ server: CityServer, _ principal: Principal) -> Bool {
        guard let terrain = server.city.project.terrain else { return true }
        return server.access.canRead(principal, .tileset("terrain", terrain.classification))
    }

    private static func subject(_ server: CityServer) -> Access.Subject {
        .tileset("terrain", server.terrainClassification)
    }

    private static func check(_ server: CityServer, _ principal: Principal) throws(Problem) {
        guard server.terrain != nil else { return }
        if case .deny(let reason) = server.access.decide(principal, .read, subject(server)) {
            throw Problem(.forbidden, reason)
        }
    }

    @Sendable private static func tile(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let id = try request.tile()
        try check(server, request.principal)
        var reply = Reply(status: .noContent)
        if let terrain = server.terrain, id.z >= minimumZoom, id.z <= terrain.maximumZoom {
            let key = TileKey(tileset: "terrain", z: id.z, x: id.x, y: id.y, version: 0, access: 0)
            let tile = try await server.tiles.tile(key) {
                try await server.workers.run {
                    let image = try terrain.terrainTile(id) ?? []
                    return CachedTile(
                        plain: ByteBuffer(bytes: image), compressed: ByteBuffer(), entityTag: EntityTag.of(image))
                }
            }
            if !tile.isEmpty { reply = Reply(tile.plain, type: "image/png") }
            reply.entityTag = tile.entityTag
            reply.freshness = Freshness(tile: tile.use)
        }
        // The rasters are read once, at the start of the server.
        reply.cacheControl = "\(server.terrainClassification == .public ? "public" : "private"), max-age=3600"
        return reply
    }

    @Sendable private static func elevation(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        guard let position = try request.query.position("at") else {
            throw Problem.parameter("at", "write the position as at=lon,lat, for example at=120.03,36.27")
        }
        try check(server, request.principal)
        let height = server.terrain?.elevation(longitude: position.longitude, latitude: position.latitude)
        var out = JSONBytes(capacity: 160)
        out.raw("{\"longitude\":")
        out.fixed(position.longitude, 7)
        out.raw(",\"latitude\":")
        out.fixed(position.latitude, 7)
        out.raw(",\"elevation\":")
        if let height { out.fixed(height, 3) } else { out.raw("null") }
        out.raw(",\"unit\":\"m\",\"datum\":")
        out.string(server.terrain?.datum ?? server.city.project.vertical.datum)
        out.raw("}")
        return .json(out)
    }

    @Sendable private static func tileJSON(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        guard let terrain = server.terrain else {
            throw Problem.notFound("no ground heights are served; start the server with --terrain FILE")
        }
        try check(server, request.principal)
        var out = JSONBytes(capacity: 512)
        out.raw("{\"tilejson\":\"3.0.0\",\"name\":\"terrain\",\"scheme\":\"xyz\",\"encoding\":\"mapbox\"")
        out.raw(",\"tileSize\":256,\"vertical_datum\":")
        out.string(terrain.datum)
        out.raw(",\"tiles\":[")
        out.string("\(request.base)/terrain/{z}/{x}/{y}.png")
        out.raw("],\"minzoom\":")
        out.integer(minimumZoom)
        out.raw(",\"maxzoom\":")
        out.integer(max(terrain.maximumZoom, minimumZoom))
        out.raw(",\"bounds\":")
        out.box(terrain.extent)
        out.raw("}")
        return .json(out)
    }

    private static func served(_ server: CityServer, _ request: RouteRequest) throws(Problem) -> ElevationModel {
        guard let terrain = server.terrain else {
            throw .notFound(
                "no ground heights are served; add `terrain` to city.yaml or start the server with --terrain FILE")
        }
        try check(server, request.principal)
        return terrain
    }

    @Sendable private static func meshDescription(
        _ server: CityServer, _ request: RouteRequest
    ) async throws -> Reply {
        let terrain = try served(server, request)
        return Reply(
            terrain.meshDescription(separation: server.city.project.vertical.geoidSeparation),
            type: "application/json")
    }

    @Sendable private static func mesh(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        guard let z = Int(request.path("z")), let x = Int(request.path("x")), let y = Int(request.path("y")) else {
            throw Problem.parameter("z", "write the tile as whole numbers: /terrain/mesh/z/x/y.terrain")
        }
        let terrain = try served(server, request)
        let separation = server.city.project.vertical.geoidSeparation ?? 0
        do throws(TileError) {
            _ = try TerrainMeshTile(level: z, x: x, y: y)
        } catch {
            throw Problem.parameter("z", error.message)
        }
        let key = TileKey(tileset: "terrain/mesh", z: z, x: x, y: y, version: 0, access: 0)
        let tile = try await server.tiles.tile(key) {
            try await server.workers.run {
                let bytes = try terrain.meshTile(level: z, x: x, y: y, separation: separation) ?? []
                return CachedTile(
                    plain: ByteBuffer(bytes: bytes), compressed: ByteBuffer(), entityTag: EntityTag.of(bytes))
            }
        }
        guard !tile.isEmpty else { throw Problem.notFound("there is no mesh \(z)/\(x)/\(y); layer.json lists them") }
        var reply = Reply(tile.plain, type: "application/vnd.quantized-mesh")
        reply.entityTag = tile.entityTag
        reply.cacheControl = "\(server.terrainClassification == .public ? "public" : "private"), max-age=3600"
        return reply
    }
}
