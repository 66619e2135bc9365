// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing
@testable import TileServer

@Suite struct RouteTests {
    @Test func cityListsWhatTheCallerMayRead() async throws {
        try await TestCity.run { client in
            let open = try await json(client.get("/city.json"))
            let layers = try #require(open["layers"] as? [[String: Any]])
            #expect(layers.compactMap { $0["id"] as? String } == ["shops", "sensors"])
            #expect(layers[0]["count"] as? Int == 25)
            #expect(
                (layers[0]["fields"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == [
                    "name", "name_en", "floors",
                ])
            #expect((open["live"] as? [String: Any])?["count"] as? Int == 2)
            let holder = try await json(client.get("/city.json", .bearer))
            #expect((holder["layers"] as? [[String: Any]])?.count == 3)
        }
    }

    @Test func restrictedLayersNeedAToken() async throws {
        try await TestCity.run { client in
            for path in [
                "/collections/valves", "/collections/valves/items", "/collections/valves/items/1", "/tiles/valves.json",
                "/tiles/valves/14/13653/6419.mvt", "/query/radius?at=120,36.25&radius=9&layers=valves",
                "/query/bbox?bbox=120,36,120.1,36.4&layers=valves",
            ] {
                let anonymous = try await client.get(path)
                #expect(anonymous.status == .forbidden, "\(path)")
                #expect(anonymous.headers[.contentType] == "application/problem+json")
                #expect(try await client.get(path, .bearer).status.code < 300, "\(path)")
                #expect(try await client.get(path, [.authorization: "Bearer wrong"]).status == .unauthorized)
            }
            let style = try await client.get("/style.json")
            #expect(!String(buffer: style.body).contains("valves"))
        }
    }

    @Test func collectionsPageThroughEveryFeatureOnce() async throws {
        try await TestCity.run { client in
            var path = "/collections/shops/items?limit=7"
            var ids: [Int] = []
            for _ in 0..<10 {
                let page = try await json(client.get(path))
                #expect(page["numberMatched"] as? Int == 25)
                let features = try #require(page["features"] as? [[String: Any]])
                #expect(page["numberReturned"] as? Int == features.count)
                ids += features.compactMap { $0["id"] as? Int }
                let links = try #require(page["links"] as? [[String: String]])
                guard let next = links.first(where: { $0["rel"] == "next" })?["href"] else { break }
                #expect(next.hasPrefix("http://localhost/"))
                path = String(next.dropFirst("http://localhost".count))
            }
            #expect(ids.count == 25 && Set(ids).count == 25)
            let one = try await client.get("/collections/shops/items/\(ids[3])")
            #expect(try json(one)["id"] as? Int == ids[3])
            #expect(try await client.get("/collections/shops/items/999999").status == .notFound)
            #expect(try await client.get("/collections/nothing").status == .notFound)
        }
    }

    @Test func boxesOfAnySizeAreCountedExactly() async throws {
        try await TestCity.run { client in
            for (box, count) in [
                ("120.0005,36.24,120.0035,36.26", 3), ("-180,-90,180,90", 25), ("0,0,1,1", 0),
                ("119,30,120.0005,40", 1),
            ] {
                let page = try await json(client.get("/collections/shops/items?limit=1&bbox=\(box)"))
                #expect(page["numberMatched"] as? Int == count, "\(box)")
                let query = try await json(client.get("/query/bbox?layers=shops&bbox=\(box)"))
                #expect(query["total"] as? Int == count, "\(box)")
            }
        }
    }

    @Test func radiusGroupsByLayerNearestFirst() async throws {
        try await TestCity.run { client in
            let answer = try await json(client.get("/query/radius?at=120.0,36.25&radius=300&layers=shops,live&limit=2"))
            let layers = try #require(answer["layers"] as? [[String: Any]])
            #expect(layers.compactMap { $0["id"] as? String } == ["shops", "live"])
            #expect(layers[0]["count"] as? Int == 4)
            #expect(layers[0]["returned"] as? Int == 2)
            let distances = (layers[0]["features"] as? [[String: Any]])?.compactMap { $0["distance"] as? Double } ?? []
            #expect(distances.count == 2 && distances[0] < 0.01 && abs(distances[1] - 89.9) < 0.5)
            #expect(layers[1]["count"] as? Int == 1)
            #expect(answer["total"] as? Int == 5)
        }
    }

    @Test(arguments: [
        ("/collections/shops/items?limit=0", "limit"), ("/collections/shops/items?limit=x", "limit"),
        ("/collections/shops/items?limit=99999999", "limit"), ("/collections/shops/items?offset=-1", "offset"),
        ("/collections/shops/items?bbox=1,2,3", "bbox"), ("/collections/shops/items?bbox=120,37,121,36", "bbox"),
        ("/collections/shops/items?bbox=a,b,c,d", "bbox"), ("/collections/shops/items?bbox=nan,0,1,1", "bbox"),
        ("/collections/shops/items?bbox=400,0,500,1", "bbox"), ("/collections/shops/items?datetime=soon", "datetime"),
        ("/collections/shops/items?colour=red", "colour"), ("/collections/shops/items?limit=1&limit=2", "limit"),
        ("/query/radius?radius=5", "at"), ("/query/radius?at=120,36.25", "radius"),
        ("/query/radius?at=120,36.25&radius=-1", "radius"), ("/query/radius?at=120,36.25&radius=inf", "radius"),
        ("/query/radius?at=36.25,120&radius=5", "at"), ("/query/radius?at=0,0&radius=5", "at"),
        ("/query/radius?at=120,36.25&radius=5&layers=nope", "layers"), ("/query/bbox", "bbox"),
        ("/live?at=120,36.25", "radius"), ("/live?bbox=1,2,3,4&at=1,2&radius=3", "bbox"),
        ("/style.json?lang=fr", "lang"), ("/style.json?theme=pink", "theme"), ("/?f=xml", "f"),
        ("/tiles/shops/21/0/0.mvt", "z"), ("/tiles/shops/3/8/0.mvt", "x"), ("/tiles/shops/3/0/-1.mvt", "y"),
    ])
    func badParametersAreNamed(path: String, parameter: String) async throws {
        try await TestCity.run { client in
            let response = try await client.get(path)
            #expect(response.status == .badRequest)
            #expect(response.headers[.contentType] == "application/problem+json")
            let problem = try json(response)
            #expect(problem["parameter"] as? String == parameter)
            #expect(problem["status"] as? Int == 400)
            #expect((problem["detail"] as? String)?.isEmpty == false)
        }
    }

    @Test func entityTagsSpareTheBody() async throws {
        try await TestCity.run { client in
            for path in [
                "/city.json", "/style.json", "/tiles/basemap.json", "/tiles/basemap/14/13653/6419.mvt",
                "/collections/shops/items", "/collections/shops", "/api",
            ] {
                let first = try await client.get(path)
                let tag = try #require(first.headers[.eTag], "\(path)")
                let second = try await client.get(path, [.ifNoneMatch: tag])
                #expect(second.status == .notModified, "\(path)")
                #expect(second.body.readableBytes == 0)
                let compressed = try await client.get(path, [.ifNoneMatch: "W/\(tag), \"x\"", .acceptEncoding: "gzip"])
                #expect(compressed.status == .notModified, "\(path)")
                #expect(try await client.get(path, [.ifNoneMatch: "\"other\""]).status == first.status)
            }
        }
    }

    @Test func gzipIsSentOnlyToThoseWhoTakeIt() async throws {
        try await TestCity.run { client in
            let plain = try await client.get("/style.json")
            let packed = try await client.get("/style.json", [.acceptEncoding: "br, gzip;q=0.8"])
            #expect(plain.headers[.contentEncoding] == nil)
            #expect(packed.headers[.contentEncoding] == "gzip")
            #expect(packed.body.readableBytes < plain.body.readableBytes)
            #expect(packed.headers[.eTag] != plain.headers[.eTag])
            #expect(try await client.get("/style.json", [.acceptEncoding: "gzip;q=0"]).headers[.contentEncoding] == nil)
            #expect(try await client.get("/healthz", [.acceptEncoding: "gzip"]).headers[.contentEncoding] == nil)
        }
    }

    @Test func pathsCannotLeaveTheirFolder() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("vendor-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try "ok".write(to: folder.appendingPathComponent("a.js"), atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(
            at: folder.appendingPathComponent("link.js"), withDestinationURL: URL(fileURLWithPath: "/etc/hostname"))
        try await TestCity.run { options in
            options.vendorDirectory = folder.path
        } _: { client in
            let file = try await client.get("/vendor/a.js")
            #expect(file.status == .ok)
            #expect(file.headers[.contentType] == "text/javascript; charset=utf-8")
            #expect(file.headers[.cacheControl]?.contains("max-age") == true)
            for path in [
                "/vendor/../../etc/passwd", "/vendor/%2e%2e/%2e%2e/etc/passwd", "/vendor/..%2f..%2fetc%2fpasswd",
                "/vendor//etc/passwd", "/vendor/link.js", "/vendor/", "/vendor/a.js/", "/web/../city.yaml",
                "/web/.hidden",
                "/vendor/a.js%00.png", "/vendor/%ff",
            ] {
                let status = try await client.get(path).status
                #expect(status == .notFound || status == .badRequest, "\(path)")
            }
        }
    }

    @Test func thePageAndTheLandingPageShareTheRoot() async throws {
        try await TestCity.run { client in
            let page = try await client.get("/", [.accept: "text/html,application/xhtml+xml,*/*;q=0.8"])
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            for landing in [try await client.get("/", [.accept: "application/json"]), try await client.get("/?f=json")]
            {
                let links = try #require(json(landing)["links"] as? [[String: String]])
                #expect(Set(links.compactMap { $0["rel"] }).isSuperset(of: ["service-desc", "conformance", "data"]))
            }
        }
    }

    @Test func methodsAndHeadAndOptions() async throws {
        try await TestCity.run { client in
            let head = try await client.execute(uri: "/city.json", method: .head)
            #expect(head.status == .ok && head.body.readableBytes == 0)
            #expect(Int(head.headers[.contentLength] ?? "") ?? 0 > 100)
            let wrong = try await client.execute(uri: "/city.json", method: .delete)
            #expect(wrong.status == .methodNotAllowed)
            #expect(wrong.headers[.allow] == "GET, HEAD, OPTIONS")
            let options = try await client.execute(uri: "/live", method: .options)
            #expect(options.status == .noContent)
            #expect(options.headers[.accessControlAllowMethods]?.contains("POST") == true)
            #expect(try await client.get("/nowhere").status == .notFound)
            #expect(try await client.get("/city.json").headers[.accessControlAllowOrigin] == "*")
        }
    }

    @Test func tilesAreCachedAndEmptyOnesSaySo() async throws {
        try await TestCity.run { client in
            let empty = try await client.get("/tiles/shops/10/0/0.mvt")
            #expect(empty.status == .noContent)
            let below = try await client.get("/tiles/shops/0/0/0.mvt")
            #expect(below.status == .noContent)
            for _ in 0..<3 { _ = try await client.get("/tiles/basemap/14/13653/6419.mvt") }
            let metrics = String(buffer: try await client.get("/metrics").body)
            #expect(metrics.contains("twin_tile_cache_hits_total 2"))
            #expect(metrics.contains("route=\"/tiles/{tileset}/{z}/{x}/{y}.mvt\",status=\"200\""))
            #expect(try await client.get("/tiles/nope/1/0/0.mvt").status == .notFound)
        }
    }

    @Test func theStyleIsAMapLibreStyle() async throws {
        try await TestCity.run { client in
            for query in ["lang=zh&theme=light", "lang=en&theme=dark"] {
                let style = try await json(client.get("/style.json?\(query)", .bearer))
                #expect(style["version"] as? Int == 8)
                #expect(style["glyphs"] == nil)
                let sources = try #require(style["sources"] as? [String: [String: Any]])
                #expect(Set(sources.keys) == ["basemap", "valves", "sensors", "twin:live"])
                #expect(
                    (sources["basemap"]?["tiles"] as? [String])?.first
                        == "http://localhost/tiles/basemap/{z}/{x}/{y}.mvt")
                for layer in try #require(style["layers"] as? [[String: Any]])
                where layer["id"] as? String != "background" {
                    #expect(sources[layer["source"] as? String ?? ""] != nil)
                    let metadata = layer["metadata"] as? [String: Any]
                    #expect(
                        metadata?["twin:live"] != nil
                            || metadata?["twin:layer"] as? String == layer["source-layer"] as? String)
                }
            }
        }
    }

    @Test func everyDocumentedRouteAnswers() async throws {
        try await TestCity.run { client in
            let document = try await json(client.get("/api"))
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
            #expect(paths.count > 15)
            var identifiers: Set<String> = []
            for (template, operations) in paths {
                for (method, operation) in operations {
                    #expect(identifiers.insert(operation["operationId"] as? String ?? "").inserted)
                    guard method == "get", template != "/live/stream", !template.hasPrefix("/3dtiles") else { continue }
                    var path = template
                    var query: [String] = []
                    for parameter in operation["parameters"] as? [[String: Any]] ?? [] {
                        let name = parameter["name"] as? String ?? ""
                        let example = name == "id" || name == "layers" ? "shops" : "\(parameter["example"] ?? "")"
                        if parameter["in"] as? String == "path" {
                            path = path.replacingOccurrences(
                                of: "{\(name)}", with: name == "tileset" ? "basemap" : example)
                        } else if parameter["required"] as? Bool == true {
                            query.append("\(name)=\(example)")
                        }
                    }
                    if template.hasSuffix("/items/{feature}") || template.hasPrefix("/jobs/{job}") { continue }
                    // This city has no pipes; Tests/EndToEnd/pipes_test.py asks one that has.
                    if ["/query/section", "/check/pipes"].contains(template) { continue }
                    let target = path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
                    let status = try await client.get(target).status
                    #expect(status == .ok || status == .noContent, "\(target)")
                }
            }
        }
    }
}

extension TestClientProtocol {
    func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: path, method: .get, headers: headers)
    }
}

extension HTTPFields {
    static let bearer: HTTPFields = [.authorization: "Bearer \(TestCity.token)"]
}
