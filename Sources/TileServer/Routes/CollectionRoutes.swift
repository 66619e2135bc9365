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
        Route(.get, "/collections", "The layers that the caller may read", parameters: [format], handler: list),
        Route(.get, "/collections/{id}", "One layer", parameters: [collection, format], handler: describe),
        Route(
            .get, "/collections/{id}/items",
            "Features of a layer, in a stable order (along a space-filling curve, changes since the last import at the end)",
            parameters: [
                collection, bbox,
                .query(
                    "limit", "Features per page.",
                    schema: #"{"type":"integer","minimum":1,"maximum":10000,"default":10}"#, example: "10"),
                .query(
                    "offset", "Features to skip.", schema: #"{"type":"integer","minimum":0,"default":0}"#,
                    example: "0"),
                .query(
                    "datetime", "An instant or interval (RFC 3339). Layers have no time, so every feature matches.",
                    example: "\"2026-11-21T00:00:00Z/..\""),
                format,
            ],
            produces: ["application/geo+json"], handler: items),
        Route(
            .get, "/collections/{id}/items/{feature}", "One feature by its permanent id",
            parameters: [
                collection, .path("feature", "The feature's id.", example: "1", schema: #"{"type":"integer"}"#), format,
            ],
            produces: ["application/geo+json"], handler: item),
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
        out.list(conformanceClasses + OGCTilesRoutes.conformanceClasses + ProcessRoutes.conformanceClasses) {
            $0.string($1)
        }
        out.raw("}")
        return .json(out)
    }

    @Sendable private static func list(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try checkFormat(request)
        let layers = server.readableLayers(server.city.view(), request.principal)
        var out = JSONBytes(capacity: 4096)
        out.raw("{\"links\":[")
        out.link(request.base + "/collections", rel: "self", type: "application/json")
        out.raw(",")
        out.link(request.base + "/", rel: "root", type: "application/json")
        out.raw("],\"collections\":")
        out.list(layers) { append($1, request.base, to: &$0) }
        out.raw("}")
        return .json(out)
    }

    @Sendable private static func describe(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try checkFormat(request)
        let layer = try server.layer(request.path("id"), server.city.view(), request.principal)
        var out = JSONBytes(capacity: 1024)
        append(layer, request.base, to: &out)
        return .json(out)
    }

    private static func append(_ layer: ReadableLayer, _ base: String, to out: inout JSONBytes) {
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
        out.raw(",\"itemType\":\"feature\",\"crs\":[\"http://www.opengis.net/def/crs/OGC/1.3/CRS84\"],\"links\":[")
        out.link(here, rel: "self", type: "application/json")
        out.raw(",")
        out.link(here + "/items", rel: "items", type: "application/geo+json", title: definition.title.en)
        out.raw(",")
        out.link("\(base)/tiles/\(definition.id).json", rel: "alternate", type: "application/json", title: "TileJSON")
        out.raw(",")
        out.link(here + "/tiles", rel: OGCTilesRoutes.tilesetsRelation, type: "application/json", title: "Vector tiles")
        out.raw("]}")
    }

    @Sendable private static func items(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try checkFormat(request)
        let view = server.city.view()
        let layer = try server.layer(request.path("id"), view, request.principal)
        let box = try request.query.box()
        let limit = try request.query.integer("limit", in: 1...10_000, default: 10)
        let offset = try request.query.integer("offset", in: 0...1_000_000_000, default: 0)
        try checkDatetime(request.query["datetime"])
        let (base, query) = (request.base, request.query)
        let stamp = LiveTime.format(CityServer.now())
        return try await server.workers.run {
            let page = try layer.items(in: box, offset: offset, limit: limit)
            let writer = FeatureWriter(layer)
            var out = JSONBytes(capacity: 512 + page.features.count * 400)
            out.raw("{\"type\":\"FeatureCollection\",\"numberMatched\":")
            out.integer(page.matched)
            out.raw(",\"numberReturned\":")
            out.integer(page.features.count)
            out.raw(",\"timeStamp\":")
            out.string(stamp)
            out.raw(",\"links\":[")
            let here = "\(base)/collections/\(layer.id)/items"
            out.link(here + suffix(query, offset: offset, limit: limit), rel: "self", type: "application/geo+json")
            if offset + page.features.count < page.matched, !page.features.isEmpty {
                let next = suffix(query, offset: offset + page.features.count, limit: limit)
                out.raw(",")
                out.link(here + next, rel: "next", type: "application/geo+json")
            }
            if offset > 0 {
                let previous = suffix(query, offset: max(0, offset - limit), limit: limit)
                out.raw(",")
                out.link(here + previous, rel: "prev", type: "application/geo+json")
            }
            out.raw(",")
            out.link("\(base)/collections/\(layer.id)", rel: "collection", type: "application/json")
            out.raw("],\"features\":")
            out.list(page.features) { writer.append($1, to: &$0) }
            out.raw("}")
            var reply = Reply.json(out, type: "application/geo+json")
            reply.headers.contentCRS = "<\(crs84)>"
            // The time stamp changes with every answer; the content does not, so the tag is of what it depends on.
            reply.entityTag = EntityTag.of(
                Array("\(layer.id) \(layer.view.version) \(here)\(query.entries) \(layer.masked.sorted())".utf8))
            return reply
        }
    }

    private static func suffix(_ query: QueryParameters, offset: Int, limit: Int) -> String {
        var parts = ["limit=\(limit)"]
        if offset > 0 { parts.append("offset=\(offset)") }
        if let box = query["bbox"] { parts.append("bbox=\(encoded(box))") }
        if let datetime = query["datetime"] { parts.append("datetime=\(encoded(datetime))") }
        return "?" + parts.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ","),
                UInt8(ascii: ":"), UInt8(ascii: "/"):
                String(Unicode.Scalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// OGC 17-069r4 §7.15.4: an instant, or an interval whose ends may be `..` or empty.
    private static func checkDatetime(_ text: String?) throws(Problem) {
        guard let text else { return }
        let ends = text.split(separator: "/", omittingEmptySubsequences: false)
        let isOpen = { (end: Substring) in end.isEmpty || end == ".." }
        let times = ends.map { LiveTime.parse($0.utf8) ?? LiveTime.parse(($0 + "T00:00:00Z").utf8) }
        var isValid = ends.count == 1 && times[0] != nil
        if ends.count == 2 {
            isValid = zip(ends, times).allSatisfy { isOpen($0) || $1 != nil } && !ends.allSatisfy(isOpen)
            if let from = times[0], let to = times[1], from > to { isValid = false }
        }
        guard isValid else {
            throw .parameter(
                "datetime",
                "'\(text.prefix(80))' is no instant or interval; for example datetime=2026-11-21T00:00:00Z/..")
        }
    }

    @Sendable private static func item(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try checkFormat(request)
        let layer = try server.layer(request.path("id"), server.city.view(), request.principal)
        let text = request.path("feature")
        let here = "\(request.base)/collections/\(layer.id)"
        return try await server.workers.run {
            guard let id = Int64(text), let feature = layer.view.feature(id: id) else {
                throw Problem.notFound("layer \(layer.id) has no feature '\(text)'")
            }
            var out = JSONBytes(capacity: 1024)
            FeatureWriter(layer).append(feature, to: &out)
            out.bytes.removeLast()
            out.raw(",\"links\":[")
            out.link("\(here)/items/\(id)", rel: "self", type: "application/geo+json")
            out.raw(",")
            out.link(here, rel: "collection", type: "application/json")
            out.raw("]}")
            var reply = Reply.json(out, type: "application/geo+json")
            reply.headers.contentCRS = "<\(crs84)>"
            return reply
        }
    }
}
