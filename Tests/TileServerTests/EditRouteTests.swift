// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing
@testable import TileServer
import TwinEngine

/// Create, replace, update and delete, with optimistic locking, on a copy of the test city.
@Suite struct EditRouteTests {
    private func run(
        role: String = "admin", strict: Bool = false, _ test: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-edit-\(UUID())").path
        try FileManager.default.copyItem(atPath: try TestCity.store.get(), toPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = ServeOptions()
        options.port = 0
        options.requiresIfMatch = strict
        let access = folder + "/access.yaml"
        try """
        tokens:
          - {name: desk, sha256: \(TestCity.tokenDigest), role: \(role), department: 商务局, classification: restricted}
        """.write(toFile: access, atomically: true, encoding: .utf8)
        options.accessFile = access
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try CityServer(city: try City.open(store: folder), options: options, logger: logger)
        let application = Application(responder: CityResponder(server: server, routes: RouteTable.all))
        try await application.test(.router) { try await test($0) }
        try await server.workers.shutdown()
    }

    private static func shop(_ name: String, _ more: String = "") -> String {
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[120.02,36.27]},"properties":{"name":"\#(name)"\#(more)}}"#
    }

    @Test func aFeatureLivesAndDies() async throws {
        try await run { client async throws in
            let made = try await client.send(
                .post, "/collections/shops/items", Self.shop("新店", #","floors":3,"code":"n1""#))
            #expect(made.status == .created, "\(String(buffer: made.body))")
            let location = try #require(made.headers[.location])
            let path = String(location.dropFirst("http://localhost".count))
            let first = try await client.get(path, .bearer)
            let values = try #require(json(first)["properties"] as? [String: Any])
            #expect(
                values["name"] as? String == "新店" && values["floors"] as? Int == 3 && values["code"] as? String == "n1")
            let tag = try #require(first.headers[.eTag])
            #expect(made.headers[.eTag] == tag)
            // The tile around it has it at once.
            #expect(try await json(client.get("/collections/shops/items?limit=1"))["numberMatched"] as? Int == 26)

            let patched = try await client.send(.patch, path, #"{"properties":{"floors":4}}"#, [.ifMatch: tag])
            #expect(patched.status == .noContent, "\(String(buffer: patched.body))")
            let second = try #require(patched.headers[.eTag])
            #expect(second != tag)
            let now = try await client.get(path, .bearer)
            #expect(now.headers[.eTag] == second)
            let kept = try #require(json(now)["properties"] as? [String: Any])
            #expect(kept["floors"] as? Int == 4 && kept["name"] as? String == "新店")

            for method in [HTTPRequest.Method.put, .patch, .delete] {
                let stale = try await client.send(method, path, Self.shop("x"), [.ifMatch: tag])
                #expect(stale.status == .preconditionFailed, "\(method)")
                let weak = try await client.send(method, path, Self.shop("x"), [.ifMatch: "W/\(second)"])
                #expect(weak.status == .preconditionFailed, "\(method)")
            }
            let replaced = try await client.send(.put, path, Self.shop("换"), [.ifMatch: "\"zz\", \(second)"])
            #expect(replaced.status == .noContent)
            let bare = try #require(json(try await client.get(path, .bearer))["properties"] as? [String: Any])
            #expect(bare["name"] as? String == "换" && bare["floors"] is NSNull && bare["code"] == nil)
            #expect(try await client.send(.delete, path, nil).status == .noContent)
            #expect(try await client.get(path, .bearer).status == .notFound)
            #expect(try await client.send(.delete, path, nil).status == .notFound)
            let next = try await client.send(.post, "/collections/shops/items", Self.shop("again"))
            #expect(next.headers[.location] != location, "an id is not given twice")
        }
    }

    @Test func geometryReadAndWrittenBackIsTheSame() async throws {
        try await run { client async throws in
            let path = "/collections/shops/items/5"
            let before = try await client.get(path, .bearer)
            let tag = try #require(before.headers[.eTag])
            let body = String(buffer: before.body)
            let put = try await client.send(.put, path, body, [.ifMatch: tag])
            #expect(put.status == .noContent, "\(String(buffer: put.body))")
            #expect(put.headers[.eTag] == tag)
        }
    }

    @Test func thePastIsAskedForByVersionAndDatetime() async throws {
        try await run { client async throws in
            let items = "/collections/shops/items"
            let before = try await json(client.get("/healthz"))["version"] as? Int ?? -1
            let shown = try await client.get(items + "?limit=100", .bearer)
            #expect(try await client.send(.patch, items + "/4", #"{"properties":{"floors":99}}"#).status == .noContent)
            #expect(try await client.send(.delete, items + "/3", nil).status == .noContent)
            #expect(try await client.send(.post, items, Self.shop("新")).status == .created)
            let now = try await json(client.get(items + "?version=now"))
            #expect(now["numberMatched"] as? Int == 25)
            let past = try await client.get(items + "?limit=100&version=\(before)", .bearer)
            #expect(past.status == .ok, "\(String(buffer: past.body))")
            let known = try json(shown)["features"] as? [NSDictionary]
            #expect(try json(past)["features"] as? [NSDictionary] == known && known?.count == 25)
            // The other shape of the question: pages, filters, one feature, the whole as a file.
            var path: String? = items + "?limit=7&version=\(before)"
            var ids: [Int] = []
            while let here = path {
                let page = try await json(client.get(here))
                ids += (page["features"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int }
                let links = page["links"] as? [[String: Any]] ?? []
                path = (links.first { $0["rel"] as? String == "next" }?["href"] as? String).map {
                    String($0.dropFirst("http://localhost".count))
                }
            }
            #expect(ids == Array(1...25))
            #expect(
                try await json(client.get(items + "?version=\(before)&filter=floors=99"))["numberMatched"] as? Int == 0)
            #expect(try await json(client.get(items + "?filter=floors=99"))["numberMatched"] as? Int == 1)
            #expect(try await client.get(items + "/3").status == .notFound)
            #expect(try await client.get(items + "/3?version=\(before)").status == .ok)
            // The layer has no date, so that datetime asks the history too; the future is now.
            let later = try await json(client.get(items + "?datetime=2099-01-01T00:00:00Z"))
            #expect(later["numberMatched"] as? Int == 25)
            let open = try await json(client.get(items + "?datetime=2020-01-01T00:00:00Z/.."))
            #expect(open["numberMatched"] as? Int == 25)
            for wrong in ["version=x", "version=-1", "version=99999999", "datetime=1999-01-01T00:00:00Z"] {
                let refused = try await client.get(items + "?" + wrong)
                #expect(refused.status == .badRequest, "\(wrong)")
                #expect(try json(refused)["parameter"] as? String == String(wrong.prefix { $0 != "=" }))
            }
            // The deleted shop is in the tiles of then and not in those of now.
            let tile = "/tiles/shops/10/853/401.mvt"
            let (then, present) = (try await client.get(tile + "?version=\(before)"), try await client.get(tile))
            #expect(then.status == present.status && then.body != present.body)
            #expect(try await client.get(tile + "?version=\(before)").body == then.body)
            #expect(try await client.get(tile + "?datetime=2099-01-01").body == present.body)
        }
    }

    @Test func aBatchIsDoneWholeOrNotAtAll() async throws {
        try await run { client async throws in
            let bad =
                #"{"edits":[{"op":"create","feature":\#(Self.shop("a"))},{"op":"delete","id":3},{"op":"update","id":4,"feature":{"properties":{"floors":"many"}}}]}"#
            let refused = try await client.send(.post, "/collections/shops/transactions", bad)
            #expect(refused.status == .unprocessableContent)
            #expect(try json(refused)["parameter"] as? String == "edits[2].properties.floors")
            #expect(try await json(client.get("/collections/shops/items"))["numberMatched"] as? Int == 25)
            #expect(try await client.get("/collections/shops/items/3").status == .ok)
            let stale = #"{"edits":[{"op":"delete","id":3},{"op":"delete","id":4,"ifMatch":"\"0\""}]}"#
            #expect(
                try await client.send(.post, "/collections/shops/transactions", stale).status == .preconditionFailed)
            #expect(try await client.get("/collections/shops/items/3").status == .ok)
            let good =
                #"{"edits":[{"op":"create","feature":\#(Self.shop("a"))},{"op":"delete","id":3},{"op":"update","id":4,"feature":{"properties":{"floors":9}}}]}"#
            let done = try await client.send(.post, "/collections/shops/transactions", good)
            #expect(done.status == .ok)
            let results = try json(done)["results"] as? [Any]
            #expect(results?.count == 3)
            #expect(try await client.get("/collections/shops/items/3").status == .notFound)
            let many = (0..<500).map { Self.shop("b\($0)") }.joined(separator: ",")
            let collection = #"{"type":"FeatureCollection","features":[\#(many)]}"#
            #expect(try await client.send(.post, "/collections/shops/items", collection).status == .created)
            #expect(try await json(client.get("/collections/shops/items"))["numberMatched"] as? Int == 525)
        }
    }

    @Test(arguments: [
        (#"{"type":"Feature","geometry":null,"properties":{}}"#, 422, "body.geometry"),
        (#"{"type":"Feature","properties":{}}"#, 422, "body.geometry"),
        (
            #"{"type":"Feature","geometry":{"type":"LineString","coordinates":[[120,36],[120.1,36]]},"properties":{}}"#,
            422, "body.geometry"
        ),
        (
            #"{"type":"Feature","geometry":{"type":"Point","coordinates":[36,120]},"properties":{}}"#, 422,
            "body.geometry.coordinates"
        ),
        (
            #"{"type":"Feature","geometry":{"type":"Point","coordinates":[120,36.2,5]},"properties":{}}"#, 422,
            "body.geometry.coordinates"
        ),
        (
            #"{"type":"Feature","geometry":{"type":"Point","coordinates":["a",36]},"properties":{}}"#, 400,
            "body.geometry"
        ),
        (
            #"{"type":"Feature","geometry":{"type":"Point","coordinates":[120,36.2]},"properties":{"nmae":1}}"#, 422,
            "body.properties.nmae"
        ),
        (
            #"{"type":"Feature","geometry":{"type":"Point","coordinates":[120,36.2]},"properties":{"floors":1.5}}"#,
            422, "body.properties.floors"
        ),
        (
            #"{"type":"Feature","geometry":{"type":"Point","coordinates":[120,36.2]},"properties":{"code":"s1"}}"#, 409,
            "body.properties.code"
        ),
        (
            #"{"type":"Feature","geometry":{"type":"Point","coordinates":[120,36.2]},"properties":[]}"#, 400,
            "body.properties"
        ),
        ("{", 400, "body"), ("[]", 400, "body"), ("", 400, "body"), ("\u{0}", 400, "body"),
    ])
    func badBodiesAreNamed(body: String, status: Int, part: String) async throws {
        try await run { client async throws in
            let response = try await client.send(.post, "/collections/shops/items", body)
            #expect(response.status.code == status, "\(String(buffer: response.body))")
            #expect(try json(response)["parameter"] as? String == part, "\(String(buffer: response.body))")
            #expect(try await json(client.get("/collections/shops/items"))["numberMatched"] as? Int == 25)
        }
    }

    @Test func whoMayWrite() async throws {
        try await run(role: "reader") { client async throws in
            #expect(try await client.send(.delete, "/collections/shops/items/1", nil).status == .forbidden)
            let anonymous = try await client.execute(uri: "/collections/shops/items/1", method: .delete)
            #expect(anonymous.status == .unauthorized)
        }
        try await run(role: "editor") { client async throws in
            #expect(try await client.send(.delete, "/collections/shops/items/1", nil).status == .noContent)
            #expect(try await client.send(.delete, "/collections/valves/items/1", nil).status == .forbidden)
        }
        try await run(strict: true) { client async throws in
            #expect(try await client.send(.delete, "/collections/shops/items/1", nil).status.code == 428)
            #expect(
                try await client.send(.delete, "/collections/shops/items/1", nil, [.ifMatch: "*"]).status == .noContent)
        }
    }

    @Test func optionsListWhatCanBeDone() async throws {
        try await run { client async throws in
            let items = try await client.execute(uri: "/collections/shops/items", method: .options)
            #expect(items.headers[.allow]?.contains("POST") == true)
            let item = try await client.execute(uri: "/collections/shops/items/1", method: .options)
            for method in ["PUT", "PATCH", "DELETE"] { #expect(item.headers[.allow]?.contains(method) == true) }
        }
    }
}

extension TestClientProtocol {
    /// Sends a body with the test's token.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String?, _ headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        var headers = headers
        headers[.authorization] = "Bearer \(TestCity.token)"
        if body != nil { headers[.contentType] = "application/geo+json" }
        return try await execute(uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
    }
}
