// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// OGC API - Features Part 1: Core 1.0.1 (OGC 17-069r4): conformance, collections, items.
enum CollectionRoutes {
    static let format = RouteParameter.query(
        "f", "The format; JSON is the only one.", schema: #"{"type":"string","enum":["json"]}"#, example: "\"json\"")
    static let collection = RouteParameter.path("id", "A layer.", example: "\"buildings\"")
    static let bbox = RouteParameter.query(
        "bbox", "west,south,east,north in degrees (CRS84).", example: "\"120.00,36.25,120.02,36.27\"")

    static let conformanceClasses = [
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
        "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    ]
    static let crs84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

    static let routes: [Route] = [
        Route(.get, "/conformance", "Conformance classes", parameters: [format], handler: conformance),
        Route(
            .get, "/collections", "The layers that the caller may read", parameters: [FeatureFormat.pageParameter],
            produces: ["application/json", "text/html"], handler: list),
        Route(
            .get, "/collections/{id}", "One layer", parameters: [collection, FeatureFormat.pageParameter],
            produces: ["application/json", "text/html"], handler: describe),
    ]

    static func checkFormat(_ request: RouteRequest) throws(Problem) {
        if let format = request.query["f"], format != "json" {
            throw .parameter("f", "'\(format)' is not a format here; write f=json")
        }
    }

    @Sendable private static func conformance(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try checkFormat(request)
        var out = JSONBytes(capacity: 2048)
        out.raw("{\"conformsTo\":")
        out.list(
            conformanceClasses + FeatureRoutes.conformanceClasses + OGCTilesRoutes.conformanceClasses
                + ProcessRoutes.conformanceClasses
        ) {
            $0.string($1)
        }
        out.raw("}")
        return .json(out)
    }

    @Sendable private static func list(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let format = try FeatureFormat(request, of: [.json, .html])
        let layers = server.readableLayers(server.city.view(), request.principal)
        if format == .html { return FeaturePage.collections(layers, request, server) }
        var out = JSONBytes(capacity: 4096)
        out.raw("{\"links\":[")
        out.link(request.base + "/collections", rel: "self", type: "application/json")
        out.raw(",")
        out.link(request.base + "/", rel: "root", type: "application/json")
        out.raw("],\"collections\":")
        let coordinates = server.city.coordinates
        out.list(layers) { append($1, request.base, coordinates, to: &$0) }
        out.raw("}")
        return .json(out)
    }

    @Sendable private static func describe(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let format = try FeatureFormat(request, of: [.json, .html])
        let layer = try server.layer(request.path("id"), server.city.view(), request.principal)
        if format == .html { return FeaturePage.collection(layer, request, server) }
        var out = JSONBytes(capacity: 1024)
        append(layer, request.base, server.city.coordinates, to: &out)
        return .json(out)
    }

    private static func append(
        _ layer: ReadableLayer, _ base: String, _ coordinates: CityCoordinates, to out: inout JSONBytes
    ) {
        let definition = layer.definition
        let here = "\(base)/collections/\(definition.id)"
        out.raw("{\"id\":")
        out.string(definition.id)
        out.raw(",\"title\":")
        out.string(definition.title.en)
        out.raw(",\"description\":")
        out.string("\(definition.title.zh); \(definition.department)")
        if let extent = layer.view.extent {
            out.raw(",\"extent\":{\"spatial\":{\"bbox\":[")
            out.box(extent)
            out.raw("],\"crs\":\"http://www.opengis.net/def/crs/OGC/1.3/CRS84\"}}")
        }
        out.raw(",\"itemType\":\"feature\",\"crs\":")
        out.list(FeatureCRS.supported(by: coordinates)) { $0.string($1) }
        if let storage = FeatureCRS.storage(of: coordinates) {
            out.raw(",\"storageCrs\":")
            out.string(storage)
        }
        out.raw(",\"links\":[")
        out.link(here, rel: "self", type: "application/json")
        out.raw(",")
        out.link(here + "/items", rel: "items", type: "application/geo+json", title: definition.title.en)
        out.raw(",")
        for (path, relation, title) in FeatureRoutes.descriptions {
            out.link(here + path, rel: relation, type: "application/schema+json", title: title)
            out.raw(",")
        }
        for format in FeatureFormat.allCases where format != .json {
            out.link(
                "\(here)/items?f=\(format.rawValue)", rel: format == .html ? "items" : "enclosure",
                type: format.mediaType,
                title: format.title)
            out.raw(",")
        }
        out.link("\(base)/tiles/\(definition.id).json", rel: "alternate", type: "application/json", title: "TileJSON")
        out.raw(",")
        out.link(here + "/tiles", rel: OGCTilesRoutes.tilesetsRelation, type: "application/json", title: "Vector tiles")
        out.raw("]}")
    }
}
