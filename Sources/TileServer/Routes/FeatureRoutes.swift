// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import TwinEngine

/// OGC API - Features: items and what describes them (Parts 1, 2, 3 and 5).
enum FeatureRoutes {
    static let conformanceClasses: [String] =
        [
            "ogcapi-features-1/1.0/conf/html", "ogcapi-features-2/1.0/conf/crs",
            "ogcapi-features-3/1.0/conf/queryables", "ogcapi-features-3/1.0/conf/queryables-query-parameters",
            "ogcapi-features-3/1.0/conf/filter", "ogcapi-features-3/1.0/conf/features-filter",
            "ogcapi-features-4/1.0/conf/create-replace-delete", "ogcapi-features-4/1.0/conf/update",
            "ogcapi-features-4/1.0/conf/features", "ogcapi-features-4/1.0/conf/optimistic-locking-etags",
            "ogcapi-features-5/1.0/conf/schemas", "ogcapi-features-5/1.0/conf/core-roles-features",
            "ogcapi-features-5/1.0/conf/returnables-and-receivables", "ogcapi-features-5/1.0/conf/queryables",
            "ogcapi-features-5/1.0/conf/sortables",
        ].map { "http://www.opengis.net/spec/\($0)" }
        + [
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus",
            "spatial-functions", "temporal-functions", "array-functions", "property-property", "functions",
            "arithmetic",
        ].map { "http://www.opengis.net/spec/cql2/1.0/conf/\($0)" }

    /// Documents that describe a layer's fields: path, relation, title.
    static let descriptions = [
        ("/queryables", "http://www.opengis.net/def/rel/ogc/1.0/queryables", "What filters may name"),
        ("/schema", "describedby", "What a feature holds"),
        ("/sortables", "http://www.opengis.net/def/rel/ogc/1.0/sortables", "What sortby may name"),
    ]

    static let feature = RouteParameter.path(
        "feature", "The feature's id.", example: "1", schema: #"{"type":"integer"}"#)
    private static let crs = RouteParameter.query(
        "crs", "The coordinate system of the answer.", example: "\"\(FeatureCRS.crs84)\"")

    static let routes: [Route] = [
        Route(
            .get, "/collections/{id}/items",
            "Features of a layer in the order of their ids, or sorted; filtered, counted exactly, in pages or as a file",
            parameters: [CollectionRoutes.collection] + ItemsRequest.parameters,
            produces: FeatureFormat.allCases.map { String($0.mediaType.prefix { $0 != ";" }) }, takesFields: true,
            handler: items),
        Route(
            .get, "/collections/{id}/items/{feature}", "One feature by its permanent id",
            parameters: [
                CollectionRoutes.collection, feature, crs, PastRequest.version, ItemsRequest.datetime,
                FeatureFormat.pageParameter,
            ],
            produces: ["application/geo+json", "text/html"], handler: item),
        Route(
            .get, "/collections/{id}/queryables", "What filters of a layer may name, as JSON Schema",
            parameters: [CollectionRoutes.collection, CollectionRoutes.format], produces: ["application/schema+json"]
        ) { try await FeatureSchema.reply($0, $1, .queryables) },
        Route(
            .get, "/collections/{id}/sortables", "What sortby may name, as JSON Schema",
            parameters: [CollectionRoutes.collection, CollectionRoutes.format], produces: ["application/schema+json"]
        ) { try await FeatureSchema.reply($0, $1, .sortables) },
        Route(
            .get, "/collections/{id}/schema", "What a feature of a layer holds, as JSON Schema",
            parameters: [CollectionRoutes.collection, CollectionRoutes.format], produces: ["application/schema+json"]
        ) { try await FeatureSchema.reply($0, $1, .schema) },
        Route(
            .get, "/functions", "The functions that filters may call", parameters: [CollectionRoutes.format],
            handler: FeatureSchema.functions),
    ]

    // MARK: Items

    /// Features of a page that are written before the answer begins; more are sent as they are written.
    private static let bufferedLimit = 2000
    /// Features that are written at a time.
    private static let chunk = 2048

    @Sendable private static func items(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let view = server.city.view()
        let present = try server.layer(request.path("id"), view, request.principal)
        let coordinates = server.city.coordinates
        return try await server.workers.run {
            let layer = try PastRequest.layer(present, request.query, server)
            let asked = try ItemsRequest(request, layer, coordinates)
            do {
                if asked.format == .html { return try FeaturePage.items(layer, asked, request, server) }
                if asked.format != .json {
                    return try FeatureDownload.reply(layer, asked, request, server, coordinates)
                }
                let output = try server.outputs.output(asked.crs, coordinates)
                let page = ItemsPage(
                    layer: layer, asked: asked,
                    writer: FeatureWriter(
                        layer, names: asked.names, output: asked.crs.uri == FeatureCRS.crs84 ? nil : output,
                        hasGeometry: asked.hasGeometry), here: "\(request.base)/collections/\(layer.id)",
                    given: request.query, stamp: LiveTime.format(CityServer.now()))
                var reply =
                    asked.query.limit <= bufferedLimit
                    ? .json(try page.whole(), type: "application/geo+json") : try streamed(page, server)
                reply.headers.contentCRS = "<\(asked.crs.uri)>"
                // The time stamp changes with every answer; the content does not, so the tag is of what it depends on.
                reply.entityTag = EntityTag.of(
                    Array(
                        "\(layer.id) \(layer.view.version) \(page.here)\(request.query.entries) \(layer.masked.sorted())"
                            .utf8))
                return reply
            } catch let error as TwinError where error.code == .argument {
                throw QueryRoutes.problem(error)
            }
        }
    }

    /// A page that is written while it is sent: its memory does not grow with it, and a slow client is waited for.
    private static func streamed(_ page: ItemsPage, _ server: CityServer) throws -> Reply {
        let total = try page.layer.view.count(page.asked.query, masked: page.layer.masked)
        @Sendable func part(_ rest: ItemsRest) async throws -> (ByteBuffer, ItemsRest) {
            try await server.workers.run {
                var rest = rest
                var out = JSONBytes(capacity: 1 << 20)
                try rest.advance(&out)
                return (ByteBuffer(bytes: out.bytes), rest)
            }
        }
        let body = ResponseBody { writer in
            var (bytes, rest) = try await part(ItemsRest(page: page, matched: total, chunk: chunk))
            while !rest.isFinished {
                // The next part is written while this one is sent, and no more than that.
                let last = rest
                async let following = part(last)
                try await writer.write(bytes)
                (bytes, rest) = try await following
            }
            try await writer.write(bytes)
            try await writer.finish(nil)
        }
        return Reply(stream: body, type: "application/geo+json")
    }

    // MARK: One feature

    @Sendable private static func item(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let present = try server.layer(request.path("id"), server.city.view(), request.principal)
        let coordinates = server.city.coordinates
        let format = try FeatureFormat(request, of: [.json, .html])
        let text = request.path("feature")
        let here = "\(request.base)/collections/\(present.id)"
        return try await server.workers.run {
            let layer = try PastRequest.layer(present, request.query, server)
            let crs: FeatureCRS
            do {
                crs =
                    try request.query["crs"].map { try FeatureCRS(uri: $0, in: coordinates, parameter: "crs") }
                    ?? FeatureCRS.lonLat()
            } catch let error as TwinError where error.code == .argument {
                throw QueryRoutes.problem(error)
            }
            guard let id = Int64(text), let feature = layer.view.feature(id: id) else {
                throw Problem.notFound("layer \(layer.id) has no feature '\(text.prefix(80))'")
            }
            if format == .html { return FeaturePage.item(layer, feature, request, server) }
            let output = crs.uri == FeatureCRS.crs84 ? nil : try server.outputs.output(crs, coordinates)
            var out = JSONBytes(capacity: 1024)
            FeatureWriter(layer, output: output).append(feature, open: true, to: &out)
            out.raw(",\"links\":[")
            out.link("\(here)/items/\(id)", rel: "self", type: "application/geo+json")
            out.raw(",")
            out.link("\(here)/items/\(id)?f=html", rel: "alternate", type: "text/html", title: "Page")
            out.raw(",")
            out.link(here, rel: "collection", type: "application/json")
            out.raw("]}")
            var reply = Reply.json(out, type: "application/geo+json")
            reply.headers.contentCRS = "<\(crs.uri)>"
            // The state names the feature for If-Match; the rest tells forms of it apart.
            let form = "\(crs.uri) \(request.base) \(layer.masked.sorted())"
            reply.entityTag =
                crs.uri == FeatureCRS.crs84 && layer.masked.isEmpty
                ? "\"\(feature.stateTag)\""
                : "\"\(feature.stateTag)-\(EntityTag.of(Array(form.utf8)).dropFirst().prefix(8))\""
            return reply
        }
    }
}

/// A page of items as GeoJSON.
struct ItemsPage: Sendable {
    let layer: ReadableLayer
    let asked: ItemsRequest
    let writer: FeatureWriter
    /// Address of the layer.
    let here: String
    let given: QueryParameters
    let stamp: String

    func whole() throws -> JSONBytes {
        let answer = try layer.view.features(asked.query, masked: layer.masked)
        var out = JSONBytes(capacity: 1024 + answer.features.count * 400)
        begin(answer.matched, &out)
        writer.append(answer.features[...], to: &out)
        end(answer.features.count, answer.next, &out)
        return out
    }

    func begin(_ matched: Int, _ out: inout JSONBytes) {
        out.raw("{\"type\":\"FeatureCollection\",\"numberMatched\":")
        out.integer(matched)
        out.raw(",\"timeStamp\":")
        out.string(stamp)
        out.raw(",\"features\":[")
    }

    func end(_ returned: Int, _ next: FeatureCursor?, _ out: inout JSONBytes) {
        out.raw("],\"numberReturned\":")
        out.integer(returned)
        out.raw(",\"links\":[")
        out.link(here + "/items" + given.text(), rel: "self", type: "application/geo+json")
        if let next {
            out.raw(",")
            out.link(
                here + "/items" + given.text(without: ["offset"], with: ["cursor": next.token]), rel: "next",
                type: "application/geo+json")
        }
        if asked.query.offset > 0 {
            let before = max(0, asked.query.offset - asked.query.limit)
            out.raw(",")
            out.link(
                here + "/items" + given.text(with: ["offset": String(before)]), rel: "prev",
                type: "application/geo+json")
        }
        out.raw(",")
        out.link(
            here + "/items" + given.text(with: ["f": "html"]), rel: "alternate", type: "text/html", title: "Page")
        out.raw(",")
        out.link(here, rel: "collection", type: "application/json")
        out.raw("]}")
    }
}

/// What of a page is still to be written.
struct ItemsRest: Sendable {
    private let page: ItemsPage
    private let matched: Int
    private let chunk: Int
    private var query: FeatureQuery
    private var returned = 0
    private var hasBegun = false
    private(set) var isFinished = false
    /// Sorted pages are found at once, for each part would look at everything again.
    private var sorted: FeatureAnswer?

    init(page: ItemsPage, matched: Int, chunk: Int) {
        self.page = page
        self.matched = matched
        self.chunk = chunk
        query = page.asked.query
        query.countsMatches = false
    }

    /// Writes the next features, and the end behind the last.
    mutating func advance(_ out: inout JSONBytes) throws {
        if !hasBegun {
            page.begin(matched, &out)
            hasBegun = true
        }
        let left = page.asked.query.limit - returned
        var features: ArraySlice<Feature>
        var next: FeatureCursor?
        if query.sort.isEmpty {
            query.limit = min(chunk, left)
            let answer = try page.layer.view.features(query, masked: page.layer.masked)
            features = answer.features[...]
            next = answer.next
            query.cursor = next
            query.offset = 0
        } else {
            if sorted == nil { sorted = try page.layer.view.features(page.asked.query, masked: page.layer.masked) }
            features = sorted?.features.dropFirst(returned).prefix(chunk) ?? []
            next = sorted?.next
        }
        if returned > 0, !features.isEmpty { out.byte(UInt8(ascii: ",")) }
        page.writer.append(features, to: &out)
        returned += features.count
        let isLast = query.sort.isEmpty ? next == nil : features.count < chunk
        if isLast || returned >= page.asked.query.limit {
            page.end(returned, next, &out)
            isFinished = true
        }
    }
}

extension QueryParameters {
    /// The query as text again, without some parameters and with others; empty for none.
    func text(without removed: Set<String> = [], with added: [String: String] = [:]) -> String {
        var parts: [String] = []
        for (name, value) in entries where added[name] == nil && !removed.contains(name) {
            parts.append("\(percentEncoded(name))=\(percentEncoded(value))")
        }
        for (name, value) in added.sorted(by: { $0.key < $1.key }) {
            parts.append("\(percentEncoded(name))=\(percentEncoded(value))")
        }
        return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
    }
}

/// A text for a query, with everything escaped that could mean something there.
func percentEncoded(_ text: String) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ","),
            UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
    if text.utf8.allSatisfy(isPlain) { return text }
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count * 3)
    for byte in text.utf8 {
        if isPlain(byte) {
            out.append(byte)
            continue
        }
        out.append(UInt8(ascii: "%"))
        for digit in [byte >> 4, byte & 15] {
            out.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }
    return String(decoding: out, as: UTF8.self)
}
