// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import Spatial
import Tiles
import TwinEngine

/// OGC API - Tiles - Part 1: Core 1.0 (OGC 20-057): tile matrix sets, tilesets of the city and of each layer, tiles.
enum OGCTilesRoutes {
    static let conformanceClasses =
        [
            "core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "mvt", "oas30",
        ].map { "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/\($0)" } + [
            "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
            "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
        ]
    static let tilesetsRelation = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
    static let schemesRelation = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
    private static let schemeRelation = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
    private static let vectorTile = "application/vnd.mapbox-vector-tile"

    static let tileFormat = RouteParameter.query(
        "f", "The format of a tile; MVT is the only one.", schema: #"{"type":"string","enum":["mvt"]}"#,
        example: "\"mvt\"")
    private static let set = RouteParameter.path(
        "tms", "A tile matrix set: WebMercatorQuad, WorldCRS84Quad or CGCS2000Quad.", example: "\"WebMercatorQuad\"")

    static let routes: [Route] = [
        Route(
            .get, "/collections/{id}/tiles/{tms}/{matrix}/{row}/{col}",
            "A vector tile of a layer; 204 where it is empty",
            parameters: [
                CollectionRoutes.collection, set,
                .path("matrix", "The tile matrix: the level.", example: "\"14\""),
                .path("row", "Row from the north.", example: "6419", schema: TileRoutes.whole),
                .path("col", "Column from the west.", example: "13653", schema: TileRoutes.whole), tileFormat,
                TileRoutes.filter,
            ],
            produces: [vectorTile], success: [200, 204], takesFields: true
        ) { server, request in
            try await tile(
                server, request, layer: request.path("id"), set: try matrixSet(request.path("tms")),
                address: [request.path("matrix"), request.path("row"), request.path("col")])
        },
        Route(
            .get, "/tileMatrixSets", "The grids of tiles that are served", parameters: [CollectionRoutes.format],
            handler: matrixSets),
        Route(
            .get, "/tileMatrixSets/{tms}", "A grid of tiles, level by level",
            parameters: [set, CollectionRoutes.format]
        ) { _, request in
            var out = JSONBytes(capacity: 8192)
            try matrixSet(request.path("tms")).append(to: &out)
            return .json(out)
        },
        Route(
            .get, "/tiles", "The tilesets of the whole city: one for each grid", parameters: [CollectionRoutes.format]
        ) { server, request in
            try tilesets(server, request, layer: nil)
        },
        Route(
            .get, "/tiles/{tms}", "A tileset of the whole city", parameters: [set, CollectionRoutes.format]
        ) { server, request in
            try tileset(server, request, layer: nil)
        },
        Route(
            .get, "/collections/{id}/tiles", "The tilesets of a layer: one for each grid",
            parameters: [CollectionRoutes.collection, CollectionRoutes.format]
        ) { server, request in
            try tilesets(server, request, layer: request.path("id"))
        },
        Route(
            .get, "/collections/{id}/tiles/{tms}", "A tileset of a layer",
            parameters: [CollectionRoutes.collection, set, CollectionRoutes.format]
        ) { server, request in
            try tileset(server, request, layer: request.path("id"))
        },
    ]

    private static func matrixSet(_ id: String) throws(Problem) -> TileMatrixSet {
        guard let set = TileMatrixSet.named(id) else {
            let known = TileMatrixSet.all.map(\.id).joined(separator: ", ")
            throw .notFound("there is no tile matrix set '\(id.prefix(80))'; there are \(known)")
        }
        return set
    }

    private static func shown(
        _ server: CityServer, _ principal: Principal, layer: String?
    ) throws(Problem) -> [ReadableLayer] {
        try TileRoutes.layers(layer ?? TileRoutes.basemap, server, principal)
    }

    // MARK: Tiles

    /// A tile by matrix, row and column. `layer` nil is all base layers.
    static func tile(
        _ server: CityServer, _ request: RouteRequest, layer: String?, set: TileMatrixSet, address: [String]
    ) async throws -> Reply {
        if let format = request.query["f"], format != "mvt" {
            throw Problem.parameter("f", "'\(format.prefix(20))' is not a format of tiles here; write f=mvt")
        }
        guard let level = Int(address[0]), let row = Int(address[1]), let column = Int(address[2]) else {
            throw Problem.notFound("write the tile as whole numbers: \(set.id)/level/row/column")
        }
        let id = try set.tile(level: level, row: row, column: column)
        // Both geographic grids have the same tiles under other numbers.
        return try await TileRoutes.tile(
            server, request, layer ?? TileRoutes.basemap, id, besides: [tileFormat.name],
            inDegrees: !set.isWebMercator)
    }

    // MARK: Descriptions

    @Sendable private static func matrixSets(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        var out = JSONBytes(capacity: 1024)
        out.raw("{\"tileMatrixSets\":")
        out.list(TileMatrixSet.all) { out, set in
            out.raw("{\"id\":")
            out.string(set.id)
            out.raw(",\"title\":")
            out.string(set.title)
            if let uri = set.uri {
                out.raw(",\"uri\":")
                out.string(uri)
            }
            out.raw(",\"crs\":")
            out.string(set.crs)
            out.raw(",\"links\":[")
            out.link(
                "\(request.base)/tileMatrixSets/\(set.id)", rel: "self", type: "application/json", title: set.title)
            out.raw("]}")
        }
        out.raw("}")
        return .json(out)
    }

    private static func path(_ layer: String?) -> String { layer.map { "/collections/\($0)/tiles" } ?? "/tiles" }

    private static func tilesets(_ server: CityServer, _ request: RouteRequest, layer: String?) throws -> Reply {
        let layers = try shown(server, request.principal, layer: layer)
        let here = request.base + path(layer)
        var out = JSONBytes(capacity: 4096)
        out.raw("{\"links\":[")
        out.link(here, rel: "self", type: "application/json")
        out.raw("],\"tilesets\":")
        out.list(TileMatrixSet.all) { out, set in
            head(server, layers, layer, set, &out)
            out.raw(",\"links\":[")
            out.link("\(here)/\(set.id)", rel: "self", type: "application/json", title: set.title)
            out.raw(",")
            out.link("\(request.base)/tileMatrixSets/\(set.id)", rel: schemeRelation, type: "application/json")
            out.raw("]}")
        }
        out.raw("}")
        return .json(out)
    }

    private static func head(
        _ server: CityServer, _ layers: [ReadableLayer], _ layer: String?, _ set: TileMatrixSet, _ out: inout JSONBytes
    ) {
        out.raw("{\"title\":")
        out.string(layer == nil ? server.city.project.name.en : layers.first?.definition.title.en ?? "")
        out.raw(",\"dataType\":\"vector\",\"crs\":")
        out.string(set.crs)
        if let uri = set.uri {
            out.raw(",\"tileMatrixSetURI\":")
            out.string(uri)
        }
    }

    /// Tile set metadata (OGC 17-083r4 clause 9).
    private static func tileset(_ server: CityServer, _ request: RouteRequest, layer: String?) throws -> Reply {
        let set = try matrixSet(request.path("tms"))
        let layers = try shown(server, request.principal, layer: layer)
        let here = "\(request.base)\(path(layer))/\(set.id)"
        let extent = server.city.project.extent
        let zooms = TileRoutes.zoomRange(layers)
        let levels = set.levels.filter { zooms.contains(set.zoom($0)) }
        var out = JSONBytes(capacity: 8192)
        head(server, layers, layer, set, &out)
        if set.uri == nil {
            // Not in a register: the definition itself (OGC 17-083r4 §9.2).
            out.raw(",\"tileMatrixSet\":")
            set.append(to: &out)
        }
        out.raw(",\"links\":[")
        out.link(here, rel: "self", type: "application/json")
        out.raw(",")
        out.link("\(request.base)/tileMatrixSets/\(set.id)", rel: schemeRelation, type: "application/json")
        out.raw(",{\"href\":")
        out.string("\(here)/{tileMatrix}/{tileRow}/{tileCol}?f=mvt")
        out.raw(",\"rel\":\"item\",\"type\":\"application/vnd.mapbox-vector-tile\",\"templated\":true}]")
        out.raw(",\"boundingBox\":{\"lowerLeft\":[")
        out.fixed(extent.west, 7)
        out.raw(",")
        out.fixed(extent.south, 7)
        out.raw("],\"upperRight\":[")
        out.fixed(extent.east, 7)
        out.raw(",")
        out.fixed(extent.north, 7)
        out.raw("],\"crs\":\"http://www.opengis.net/def/crs/OGC/1.3/CRS84\"},\"tileMatrixSetLimits\":")
        out.list(levels) { out, level in
            let limits = set.limits(extent, level: level)
            out.raw("{\"tileMatrix\":\"")
            out.integer(level)
            out.raw("\",\"minTileRow\":")
            out.integer(limits.rows.lowerBound)
            out.raw(",\"maxTileRow\":")
            out.integer(limits.rows.upperBound)
            out.raw(",\"minTileCol\":")
            out.integer(limits.columns.lowerBound)
            out.raw(",\"maxTileCol\":")
            out.integer(limits.columns.upperBound)
            out.raw("}")
        }
        out.raw(",\"layers\":")
        out.list(layers) { append($1, to: &$0) }
        out.raw("}")
        return .json(out)
    }

    private static func append(_ layer: ReadableLayer, to out: inout JSONBytes) {
        out.raw("{\"id\":")
        out.string(layer.id)
        out.raw(",\"title\":")
        out.string(layer.definition.title.en)
        out.raw(",\"dataType\":\"vector\",\"geometryDimension\":")
        switch layer.definition.geometry {
        case .point: out.integer(0)
        case .line: out.integer(1)
        case .polygon: out.integer(2)
        }
        out.raw(",\"propertiesSchema\":{\"type\":\"object\",\"properties\":{")
        for (position, index) in layer.visibleFields.enumerated() {
            if position > 0 { out.raw(",") }
            let field = layer.definition.fields[index]
            out.key(field.name)
            out.raw("{\"type\":\"")
            switch field.type {
            case .integer: out.raw("integer")
            case .real: out.raw("number")
            case .boolean: out.raw("boolean")
            case .string, .date, .datetime: out.raw("string")
            }
            out.raw("\"}")
        }
        out.raw("}}}")
    }
}
