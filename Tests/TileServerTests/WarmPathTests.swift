// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import HTTPTypes
import Logging
import NIOCore
import Testing
import Tiles

@testable import TileServer
@testable import TwinEngine

/// Answers of the warm path over real sockets: the same bytes as the routes', and never an older answer.
@Suite struct WarmPathTests {
    /// A request. The last field is one that the warm path leaves to the decoder, and that changes no answer.
    private static func request(
        _ path: String, _ fields: [String] = [], method: String = "GET", toRoutes: Bool = false
    ) -> String {
        let all = ["Host: test"] + fields + (toRoutes ? ["Proxy-Connection: other"] : [])
        return "\(method) \(path) HTTP/1.1\r\n" + all.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    private static func ask(_ port: Int, _ request: String) async throws -> RawConnection.Answer {
        var connection = try await RawConnection(port: port)
        try await connection.send(request)
        let answer = try #require(try await connection.answer(hasBody: !request.hasPrefix("HEAD")))
        try await connection.close()
        return answer
    }

    /// Asks until the answer is a warm one: one request in 100 ms goes to look for edits.
    private static func askWarm(
        _ port: Int, _ request: String, _ server: CityServer
    ) async throws -> RawConnection.Answer {
        for _ in 0..<50 {
            let before = server.tiles.warm.givenCount
            let answer = try await ask(port, request)
            if server.tiles.warm.givenCount == before + 1 { return answer }
        }
        throw Problem(.internalServerError, "no warm answer to \(request)")
    }

    /// Row of the shops in Web Mercator's level 12; they are in column 3413.
    private static let row: Int = {
        let lat = 36.25 * Double.pi / 180
        return Int((1 - log(tan(lat) + 1 / cos(lat)) / .pi) / 2 * 4096)
    }()

    private static func tile() -> String { "/tiles/shops/12/3413/\(row).mvt" }

    @Test func warmAnswersAreTheRoutesAnswers() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            let paths = [
                Self.tile(), Self.tile().replacingOccurrences(of: ".mvt", with: ""), "/tiles/basemap/12/0/0.mvt",
                Self.tile().replacingOccurrences(of: "shops", with: "%73hops"),
                "/collections/shops/tiles/WebMercatorQuad/12/\(Self.row)/3413", "/tiles/WorldCRS84Quad/11/611/3413",
            ]
            for path in paths {
                for coding in [[], ["Accept-Encoding: gzip"], ["accept-encoding: br, gzip;q=0.5, zstd"]] {
                    let first = try await Self.ask(port, Self.request(path, coding))
                    let tag = try #require(first.field("ETag"))
                    let questions: [(String, [String])] = [
                        ("GET", []), ("HEAD", []), ("GET", ["If-None-Match: \(tag)"]),
                        ("GET", ["If-None-Match: \"a\", W/\(tag)"]), ("HEAD", ["if-none-match: *"]),
                        ("GET", ["If-None-Match: \"another\""]), ("GET", ["User-Agent: x", "Accept: */*"]),
                    ]
                    for (method, fields) in questions {
                        let fast = try await Self.askWarm(
                            port, Self.request(path, coding + fields, method: method), server)
                        let before = server.tiles.warm.givenCount
                        let routed = try await Self.ask(
                            port, Self.request(path, coding + fields, method: method, toRoutes: true))
                        #expect(server.tiles.warm.givenCount == before)
                        #expect(fast.undated == routed.undated)
                        #expect(fast.field("Date")?.hasSuffix(" GMT") == true)
                    }
                }
            }
            // What is not a warm answer's business goes to the routes.
            let before = server.tiles.warm.givenCount
            for path in [
                Self.tile() + "?floors=3", "/tiles/shops/99/0/0.mvt", "/tiles/nothing/1/0/0.mvt", "/city.json",
            ] {
                for _ in 0..<2 { _ = try await Self.ask(port, Self.request(path)) }
            }
            #expect(server.tiles.warm.givenCount == before)
            let metrics = try await Self.ask(port, Self.request("/metrics"))
            let text = String(decoding: metrics.body, as: UTF8.self)
            #expect(text.contains("status=\"304\"") && text.contains("twin_tile_warm_answers_total \(before)"))
        }
    }

    @Test func answersDependOnWhoAsks() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            let token = "Authorization: Bearer \(TestCity.token)"
            let masked = try await Self.ask(port, Self.request(Self.tile()))
            #expect(try await Self.ask(port, Self.request(Self.tile())).undated == masked.undated)
            let whole = try await Self.ask(port, Self.request(Self.tile(), [token]))
            #expect(whole.status == 200 && whole.body != masked.body)
            #expect(try await Self.ask(port, Self.request(Self.tile())).body == masked.body)
            #expect(try await Self.ask(port, Self.request(Self.tile(), ["AUTHORIZATION: Bearer x"])).status == 401)
            #expect(try await Self.ask(port, Self.request(Self.tile(), ["Authorization:"])).status == 401)
            let closed = Self.tile().replacingOccurrences(of: "shops", with: "valves")
            for _ in 0..<2 {
                #expect(try await Self.ask(port, Self.request(closed, [token])).status / 100 == 2)
                #expect(try await Self.ask(port, Self.request(closed)).status == 403)
            }
        }
    }

    @Test func anEditIsSeenInTheNextRequest() async throws {
        let store = FileManager.default.temporaryDirectory.appendingPathComponent("twin-warm-\(UUID())").path
        try FileManager.default.copyItem(atPath: try TestCity.store.get(), toPath: store)
        defer { try? FileManager.default.removeItem(atPath: store) }  // a temporary folder: nothing depends on it
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var options = ServeOptions()
        options.port = 0
        let server = try CityServer(city: try City.open(store: store), options: options, logger: logger)
        try await RawConnection.serving(server) { port in
            var connection = try await RawConnection(port: port)
            let (near, empty) = (Self.tile(), "/tiles/shops/12/0/0.mvt")
            var tags: Set<String> = []
            for round in 0..<20 {
                // The round's edit, seen by the server as one of its own.
                try await CityStore.open(store).queue.write {
                    try $0.execute(sql: "UPDATE shops SET floors = \(100 + round) WHERE code = 's12'")
                }
                let version = try CityStore.open(store).version()
                while server.city.view().version < version { try server.city.refresh() }
                var seen: [String] = []
                for _ in 0..<3 {
                    try await connection.send(Self.request(near))
                    seen.append(try #require(try await connection.answer()?.field("ETag")))
                }
                #expect(Set(seen).count == 1 && tags.insert(seen[0]).inserted, "round \(round) shows an older tile")
                // A tile that no edit touched stays warm, but for requests that look at the store.
                for _ in 0..<2 {
                    try await connection.send(Self.request(empty))
                    #expect(try await connection.answer()?.status == 204)
                }
            }
            #expect(server.tiles.warm.givenCount > 10)
            try await connection.close()
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            _ = try await Self.ask(port, Self.request(Self.tile()))
            var connection = try await RawConnection(port: port)
            let body = #"{"layer":"shops"}"#
            let post = "POST /query HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
            let texts = [
                Self.request(Self.tile()), Self.request("/city.json"), Self.request(Self.tile()), post,
                Self.request(Self.tile()), Self.request(Self.tile(), method: "HEAD"), Self.request("/none"),
            ]
            let expected = ["mvt", "json", "mvt", "json", "mvt", "head", "problem"]
            for round in 0..<20 {
                // In one piece, then in two that break at every place.
                let all = Array(texts.joined().utf8)
                let cut = round == 0 ? all.count : all.count * round / 20
                try await connection.send(String(decoding: all[..<cut], as: UTF8.self))
                if cut < all.count { try await connection.send(String(decoding: all[cut...], as: UTF8.self)) }
                for (index, kind) in expected.enumerated() {
                    let answer = try #require(try await connection.answer(hasBody: kind != "head"))
                    let type = answer.field("Content-Type") ?? ""
                    #expect(type.contains(kind == "head" || kind == "mvt" ? "vector-tile" : kind), "\(round) \(index)")
                }
            }
            try await connection.close()
        }
    }

    @Test func aClientThatDoesNotReadGetsEverythingLater() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            let first = try await Self.askWarm(port, Self.request(Self.tile()), server)
            var connection = try await RawConnection(port: port, reads: false)
            let count = 8000
            connection.sendAndEnd(String(repeating: Self.request(Self.tile()), count: count))
            // Until the server has sent what the sockets between hold, and waits.
            try await Task.sleep(for: .milliseconds(300))
            try await connection.read()
            for index in 0..<count {
                guard let answer = try await connection.answer(), answer.body == first.body else {
                    Issue.record("answer \(index) of \(count) is missing or another")
                    break
                }
            }
            #expect(try await connection.answer() == nil)
            #expect(server.tiles.warm.givenCount > 0)
        }
    }

    @Test func oddRequestsAreTheDecodersBusiness() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            let path = Self.tile()
            let tile = try await Self.ask(port, Self.request(path))
            for text in [
                "GET \(path)\r\n\r\n", "GET \(path) HTTP/1.1\r\nHost : x\r\n\r\n", "G\0T \(path) HTTP/1.1\r\n\r\n",
                "GET \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n",
                "GET \(path) HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "GET \(path) HTTP/1.1\r\nX: a\u{1}b\r\n\r\n", "nonsense\r\n\r\n",
                "GET \(path) HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ] {
                #expect(try await Self.ask(port, text).status == 400, "\(text)")
            }
            // Bodies that look like requests are bodies, wherever the packets break.
            let inner = Self.request(path)
            for framing in [
                "Content-Length: \(inner.utf8.count)\r\n\r\n\(inner)",
                "Transfer-Encoding: chunked\r\n\r\n\(String(inner.utf8.count, radix: 16))\r\n\(inner)\r\n0\r\n\r\n",
            ] {
                var connection = try await RawConnection(port: port)
                let text = Array("POST /query HTTP/1.1\r\nHost: x\r\n\(framing)".utf8)
                let split = text.count - inner.utf8.count
                try await connection.send(String(decoding: text[..<split], as: UTF8.self))
                try await connection.send(String(decoding: text[split...], as: UTF8.self))
                #expect(try await connection.answer()?.status == 400)
                try await connection.send(Self.request(path))
                #expect(try await connection.answer()?.body == tile.body)
                try await connection.close()
            }
            // Byte by byte; HTTP/1.0; a last request.
            var connection = try await RawConnection(port: port)
            for byte in Self.request(path).unicodeScalars { try await connection.send(String(byte)) }
            #expect(try await connection.answer()?.body == tile.body)
            try await connection.send(Self.request(path, ["Connection: close"]))
            #expect(try await connection.answer()?.body == tile.body)
            #expect(try await connection.answer() == nil)
            #expect(try await Self.ask(port, "GET \(path) HTTP/1.0\r\n\r\n").body == tile.body)
        }
    }
}
