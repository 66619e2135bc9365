// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing
@testable import TileServer

/// Items: filters, sorting, systems, pages, formats.
@Suite struct FeatureRouteTests {
    private func ids(_ client: any TestClientProtocol, _ query: String) async throws -> [Int] {
        let page = try await json(client.get("/collections/shops/items?limit=100&\(query)"))
        let features = try #require(page["features"] as? [[String: Any]], "\(page)")
        #expect(page["numberMatched"] as? Int == features.count)
        return features.compactMap { $0["id"] as? Int }
    }

    @Test func filtersInBothLanguages() async throws {
        try await TestCity.run { client in
            let two = try await ids(client, "filter=floors%20%3D%202")
            #expect(two.count == 8)
            #expect(try await ids(client, "floors=2") == two)
            #expect(
                try await ids(
                    client,
                    "filter-lang=cql2-json&filter=%7B%22op%22:%22%3D%22,%22args%22:%5B%7B%22property%22:%22floors%22%7D,2%5D%7D"
                ) == two)
            #expect(try await ids(client, "filter=floors%2B1%20%3D%203") == two)
            #expect(try await ids(client, "filter=S_INTERSECTS(geometry,BBOX(120,36,120.0035,37))").count == 4)
            #expect(try await ids(client, "bbox=120,36,120.0035,37").count == 4)
            #expect(try await ids(client, "bbox=170,36,120.0035,37").count == 4)
            #expect(try await ids(client, "filter=CASEI(name_en)%20LIKE%20CASEI('shop%201_')").count == 10)
            for query in ["filter=ratio%20%3E%201", "ratio=1", "sortby=ratio", "properties=ratio"] {
                let response = try await client.get("/collections/shops/items?\(query)")
                #expect(response.status == .badRequest, "a masked field must not be told of: \(query)")
            }
        }
    }

    @Test func boxesAndPositionsInTheirSystems() async throws {
        let epsg = "http://www.opengis.net/def/crs/EPSG/0/"
        try await TestCity.run { client in
            let plain = try await ids(client, "bbox=120.0005,36.24,120.0035,36.26")
            #expect(plain.count == 3)
            #expect(try await ids(client, "bbox=36.24,120.0005,36.26,120.0035&bbox-crs=\(epsg)4326") == plain)
            let filter = "filter=S_WITHIN(geometry,BBOX(36.24,120.0005,36.26,120.0035))&filter-crs=\(epsg)4326"
            #expect(try await ids(client, filter) == plain)
            let response = try await client.get("/collections/shops/items/1?crs=\(epsg)4549")
            #expect(response.headers.contentCRS == "<\(epsg)4549>")
            let geometry = try #require(json(response)["geometry"] as? [String: Any])
            let metres = try #require(geometry["coordinates"] as? [Double])
            // EPSG:4549 lists northing first.
            #expect(abs(metres[0] - 4_013_000) < 3000 && abs(metres[1] - 500_000) < 100_000, "\(metres)")
            let reach = "\(metres[0] - 10),\(metres[1] - 10),\(metres[0] + 10),\(metres[1] + 10)"
            #expect(try await ids(client, "bbox=\(reach)&bbox-crs=\(epsg)4549") == [1])
            let swapped = try await json(client.get("/collections/shops/items/1?crs=\(epsg)4326"))
            let first = try #require((swapped["geometry"] as? [String: Any])?["coordinates"] as? [Double])
            #expect(abs(first[0] - 36.25) < 1e-6)
        }
    }

    @Test(arguments: [
        "", "sortby=-floors", "sortby=floors,-name_en", "filter=floors%20%3C%202&sortby=-id", "bbox=119,36,121,37",
    ])
    func pagesNeverRepeatOrSkipAndKeepEveryParameter(query: String) async throws {
        try await TestCity.run { client in
            let whole = try await ids(client, query)
            var path = "/collections/shops/items?limit=4&properties=name&\(query)"
            var found: [Int] = []
            for _ in 0..<20 {
                let page = try await json(client.get(path))
                #expect(page["numberMatched"] as? Int == whole.count)
                let features = try #require(page["features"] as? [[String: Any]])
                for feature in features {
                    #expect((feature["properties"] as? [String: Any])?.keys.sorted() == ["name"])
                }
                found += features.compactMap { $0["id"] as? Int }
                let links = try #require(page["links"] as? [[String: String]])
                guard let next = links.first(where: { $0["rel"] == "next" })?["href"] else { break }
                path = String(next.dropFirst("http://localhost".count))
            }
            #expect(found == whole)
        }
    }

    @Test func sortsByValueNullsLast() async throws {
        try await TestCity.run { client in
            let page = try await json(client.get("/collections/shops/items?limit=25&sortby=-floors,name_en"))
            let keys = (page["features"] as? [[String: Any]] ?? []).compactMap { feature -> String? in
                guard let values = feature["properties"] as? [String: Any], let floors = values["floors"] as? Int,
                    let name = values["name_en"] as? String
                else { return nil }
                return "\(9 - floors) \(name)"
            }
            #expect(keys.count == 25 && keys == keys.sorted())
        }
    }

    @Test func aLongAnswerIsTheSameAsPages() async throws {
        try await TestCity.run { client in
            let whole = try await json(client.get("/collections/shops/items?limit=5000"))
            let page = try await json(client.get("/collections/shops/items?limit=100"))
            #expect(whole["numberReturned"] as? Int == 25)
            #expect((whole["features"] as? NSArray) == (page["features"] as? NSArray))
        }
    }

    @Test func formatsByParameterAndByAccept() async throws {
        try await TestCity.run { client in
            for (format, type, start) in [
                ("fgb", "application/flatgeobuf", "fgb"), ("gpkg", "application/geopackage+sqlite3", "SQLite"),
                ("csv", "text/csv; charset=utf-8", "X,Y,id"), ("shp", "application/zip", "PK"),
                ("html", "text/html; charset=utf-8", "<!doctype"),
            ] {
                let response = try await client.get("/collections/shops/items?f=\(format)")
                #expect(response.status == .ok, "\(String(buffer: response.body))")
                #expect(response.headers[.contentType] == type)
                #expect(response.body.readableBytesView.starts(with: start.utf8), "\(format)")
                if format != "html" {
                    #expect(response.headers[.contentDisposition]?.contains("shops.") == true)
                }
            }
            let page = try await client.get("/collections/shops/items", [.accept: "text/html,application/xhtml+xml"])
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(String(buffer: page.body).contains("店1"))
            let masked = try await client.get("/collections/shops/items?f=csv")
            #expect(!String(buffer: masked.body).contains("ratio"))
            for path in ["/collections", "/collections/shops", "/collections/shops/items/1"] {
                let html = try await client.get(path + "?f=html")
                #expect(String(buffer: html.body).contains("</html>"), "\(path)")
            }
            let gbk = try await client.get("/collections/shops/items?f=shp&encoding=GBK&limit=3")
            #expect(gbk.body.readableBytesView.starts(with: Array("PK".utf8)))
        }
    }

    @Test func schemasNameWhatTheCallerSees() async throws {
        try await TestCity.run { client in
            for (kind, names) in [
                ("queryables", ["code", "floors", "geometry", "id", "name", "name_en"]),
                ("sortables", ["code", "floors", "id", "name", "name_en"]),
                ("schema", ["code", "floors", "geometry", "id", "name", "name_en"]),
            ] {
                let schema = try await json(client.get("/collections/shops/\(kind)"))
                #expect((schema["properties"] as? [String: Any])?.keys.sorted() == names, "\(kind)")
            }
            let functions = try await json(client.get("/functions"))
            #expect((functions["functions"] as? [[String: Any]])?.isEmpty == false)
        }
    }

    @Test(arguments: [
        ("filter=floors%20%3E", "filter"), ("filter=nope%3D1", "filter"), ("filter=floors%3D'x'", "filter"),
        ("filter-lang=cql2-text", "filter-lang"), ("filter=id%3D1&filter-lang=ecql", "filter-lang"),
        ("filter=id%3D1&filter-crs=EPSG:4326", "filter-crs"), ("crs=EPSG:4326", "crs"), ("bbox-crs=x", "bbox-crs"),
        ("bbox=1,2,3,4&bbox-crs=x", "bbox-crs"), ("sortby=nope", "sortby"), ("sortby=", "sortby"),
        ("sortby=name,floors,id,code", "sortby"), ("properties=nope", "properties"),
        ("skipGeometry=maybe", "skipGeometry"),
        ("cursor=abc", "cursor"), ("cursor=1&offset=3", "offset"), ("sortby=name&cursor=1", "cursor"),
        ("limit=99999999", "limit"), ("f=xml", "f"), ("encoding=GBK", "encoding"), ("f=shp&encoding=latin", "encoding"),
        ("datetime=2026-13-01", "datetime"), ("datetime=2026-12-01/2026-11-01", "datetime"),
        ("datetime=../..", "datetime"),
        ("filter=S_INTERSECTS(geometry,POLYGON((120%2036,121%2037,120%2036)))", "filter"),
    ])
    func badParametersAreNamed(query: String, parameter: String) async throws {
        try await TestCity.run { client in
            let response = try await client.get("/collections/shops/items?\(query)")
            #expect(response.status == .badRequest, "\(query)")
            #expect(
                try json(response)["parameter"] as? String == parameter, "\(query): \(String(buffer: response.body))")
        }
    }
}
