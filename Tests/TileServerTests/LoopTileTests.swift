// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing
import Tiles

@testable import TileServer
@testable import TwinEngine

/// Small tiles that are made on a connection's event loop: the routes' answers, by the routes' rules.
@Suite struct LoopTileTests {
    private static func request(_ path: String, _ fields: [String] = []) -> String {
        let all = ["Host: test", "Accept-Encoding: gzip"] + fields
        return "GET \(path) HTTP/1.1\r\n" + all.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    /// The shops are in column 3413 of Web Mercator's level 12.
    private static func tile(_ z: Int, tileset: String = "shops", lon: Double = 120.005) -> String {
        let lat = 36.25 * Double.pi / 180
        let x = Int((lon + 180) / 360 * Double(1 << z))
        let y = Int((1 - log(tan(lat) + 1 / cos(lat)) / .pi) / 2 * Double(1 << z))
        return "/tiles/\(tileset)/\(z)/\(x)/\(y).mvt"
    }

    private static func ask(_ port: Int, _ request: String) async throws -> RawConnection.Answer {
        var connection = try await RawConnection(port: port)
        try await connection.send(request)
        let answer = try #require(try await connection.answer())
        try await connection.close()
        return answer
    }

    private static func address(_ text: String) -> TileAddress? {
        let bytes = Array(text.utf8)
        return TileAddress(bytes.span)
    }

    /// Looks for edits now, so that the next requests need not.
    private static func look(_ server: CityServer) async throws {
        _ = server.tiles.changes.isCheckDue()
        try await server.workers.run {
            try server.city.refresh()
            try server.tiles.changes.follow(server.city)
        }
    }

    @Test func tilesMadeOnTheLoopAreTheRoutesTiles() async throws {
        let (server, other) = (try TestCity.server(), try TestCity.server())
        try await RawConnection.serving(other) { judge in
            try await RawConnection.serving(server) { port in
                let paths =
                    [12, 14].flatMap { z in ["shops", "basemap"].map { Self.tile(z, tileset: $0) } }
                    + (0..<20).map { Self.tile(16, lon: 120.0003 + 0.0055 * Double($0)) }
                for path in paths {
                    // Not plain, hence for the decoder and the routes.
                    let expected = try await Self.ask(judge, Self.request(path, ["Proxy-Connection: other"]))
                    #expect(expected.status == 200 || expected.status == 204)
                    try await Self.look(server)
                    let answer = try await Self.ask(port, Self.request(path))
                    #expect(answer.undated == expected.undated, "\(path)")
                    // And then it is warm.
                    try await Self.look(server)
                    #expect(try await Self.ask(port, Self.request(path)).undated == expected.undated, "\(path)")
                }
                // One request in 100 ms looks for edits and is the routes', and a slow machine may make others wait.
                #expect(server.loops.madeCount > 0 && server.tiles.warm.givenCount > 0)
                #expect(other.loops.madeCount == 0)
                let metrics = try await Self.ask(port, "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n")
                #expect(
                    String(decoding: metrics.body, as: UTF8.self)
                        .contains("twin_tile_loop_answers_total \(server.loops.madeCount)"))
            }
        }
    }

    /// Lets no event loop make tiles for a minute.
    private static func pause(_ server: CityServer) async throws {
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() {
            try await loop.submit {
                server.loops.budget(of: loop).spend(.seconds(4), until: .now(), on: loop)
            }.get()
        }
    }

    /// What a loop may not make comes from a worker: the same answers, in the requests' order, to the last one of a client
    /// that sends no more.
    @Test func whatTheLoopLeavesComesFromWorkers() async throws {
        let (server, other) = (try TestCity.server(), try TestCity.server())
        try await RawConnection.serving(other) { judge in
            try await RawConnection.serving(server) { port in
                try await Self.pause(server)
                let paths = (0..<20).map { Self.tile(16, lon: 120.0003 + 0.0055 * Double($0)) }
                var connection = try await RawConnection(port: port)
                for part in [paths[..<8], paths[8...]] {
                    try await Self.look(server)
                    // Answers of the routes and of other workers between.
                    let texts = part.flatMap { [Self.request($0), Self.request("/healthz"), Self.request($0)] }
                    if part.endIndex < paths.count {
                        try await connection.send(texts.joined())
                    } else {
                        connection.sendAndEnd(texts.joined())
                    }
                    for path in part {
                        let expected = try await Self.ask(judge, Self.request(path, ["Proxy-Connection: other"]))
                        let answers = [
                            try await connection.answer(), try await connection.answer(), try await connection.answer(),
                        ]
                        #expect(answers[0]?.undated == expected.undated, "\(path)")
                        #expect(answers[1]?.status == 200)
                        #expect(answers[2]?.undated == expected.undated, "\(path)")
                    }
                }
                #expect(try await connection.answer() == nil)
                #expect(server.loops.madeCount == 0)
            }
        }
    }

    /// The request that finds that the store should be looked at shows the edit that it finds there. The server looks by
    /// itself once a second; what asks at that very moment is answered with the city as it was, and asks again.
    @Test func theFirstRequestAfterAnEditShowsIt() async throws {
        let store = FileManager.default.temporaryDirectory.appendingPathComponent("twin-loop-\(UUID())").path
        try FileManager.default.copyItem(atPath: try TestCity.store.get(), toPath: store)
        defer { try? FileManager.default.removeItem(atPath: store) }  // a temporary folder: nothing depends on it
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try CityServer(city: try City.open(store: store), options: ServeOptions(), logger: logger)
        try await RawConnection.serving(server) { port in
            var connection = try await RawConnection(port: port)
            var tags: Set<String> = []
            var retries = 0
            for round in 0..<12 {
                if round == 6 { try await Self.pause(server) }
                try await CityStore.open(store).queue.write {
                    try $0.execute(sql: "UPDATE shops SET floors = \(100 + round) WHERE code = 's5'")
                }
                try await Task.sleep(for: .milliseconds(120))
                try await connection.send(Self.request(Self.tile(14)))
                var tag = try #require(try await connection.answer()?.field("ETag"))
                for _ in 0..<50 where tags.contains(tag) {
                    retries += 1
                    try await Task.sleep(for: .milliseconds(120))
                    try await connection.send(Self.request(Self.tile(14)))
                    tag = try #require(try await connection.answer()?.field("ETag"))
                }
                #expect(tags.insert(tag).inserted, "round \(round) shows an older tile")
            }
            #expect(retries < 12, "most rounds show the edit at once")
            try await connection.close()
        }
    }

    @Test func whatIsNotPlainGoesToTheRoutes() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            let closed = Self.tile(14, tileset: "valves")
            let token = "Authorization: Bearer \(TestCity.token)"
            for (path, fields, status) in [
                (closed, [], 403), (closed, [token], 200), (Self.tile(14), [token], 200),
                (Self.tile(14) + "?floors=2", [], 200), ("/tiles/nothing/14/0/0.mvt", [], 404),
                ("/tiles/shops/25/0/0.mvt", [], 400), ("/tiles/shops/14/99999/0.mvt", [], 400),
                ("/tiles/shops/14/1/1.pbf", [], 400), ("/tiles/live/14/1/1.mvt", [], 204),
            ] {
                try await Self.look(server)
                let answer = try await Self.ask(port, Self.request(path, fields))
                #expect(answer.status == status, "\(path) \(answer.status)")
                #expect(server.loops.madeCount == 0, "\(path)")
            }
            // Who asks without a token never gets what was made for one who had it.
            let whole = try await Self.ask(port, Self.request(Self.tile(14), [token]))
            try await Self.look(server)
            let masked = try await Self.ask(port, Self.request(Self.tile(14)))
            #expect(whole.status == 200 && masked.status == 200 && whole.body != masked.body)
        }
    }

    /// Who asks on the loop while a worker makes the tile waits for that one; the loop makes no second.
    @Test func oneMakingServesLoopAndRoutes() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            try await Self.look(server)
            let view = server.city.view()
            let id = try #require(Self.address(Self.tile(14))).id
            let layers = try TileRoutes.layers("shops", server, .anonymous, view)
            let state = try #require(server.tiles.changes.shown(["shops"], id, view, server.city))
            let key = TileRoutes.key(id, "shops", layers, state)
            let other = CachedTile(PackedTile(plain: [26, 0], gzip: [1, 2, 3]))
            async let making = server.tiles.tile(key) {
                try await Task.sleep(for: .milliseconds(200))
                return other
            }
            // Until it is under way.
            while server.tiles.missCount == 0 { await Task.yield() }
            let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for _ in 0..<8 {
                    group.addTask { try await Self.ask(port, Self.request(Self.tile(14))).body }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            _ = try await making
            #expect(answers == Array(repeating: [1, 2, 3], count: 8))
            #expect(server.loops.madeCount == 0 && server.tiles.missCount == 1)
        }
    }

    /// Hundreds of tiles that must be made, in one piece: all are answered in order, the loop makes some and leaves the
    /// rest, and another connection is served meanwhile.
    @Test func manyRequestsDoNotHoldTheLoop() async throws {
        let server = try TestCity.server()
        try await RawConnection.serving(server) { port in
            try await Self.look(server)
            let x = Int((120.0 + 180) / 360 * 65536)
            let paths = (0..<400).map { "/tiles/basemap/16/\(x + $0 % 20)/\(25_000 + $0 / 20 * 20).mvt" }
            var connection = try await RawConnection(port: port)
            try await connection.send(paths.map { Self.request($0) }.joined())
            #expect(try await Self.ask(port, "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").status == 200)
            for path in paths {
                let answer = try #require(try await connection.answer(), "\(path)")
                #expect(answer.status == 200 || answer.status == 204)
            }
            try await connection.close()
        }
    }

    @Test func aLoopMakesTilesForAMillisecondInARound() throws {
        let loop = EmbeddedEventLoop()
        let budget = LoopBudget()
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
        #expect(budget.allows(start))
        budget.spend(.microseconds(600), until: start, on: loop)
        #expect(budget.allows(start))
        budget.spend(.microseconds(600), until: start, on: loop)
        #expect(!budget.allows(start))
        loop.run()
        #expect(budget.allows(start))
        // One that took long, as where the disk was read, ends it for a while.
        budget.spend(.milliseconds(10), until: start, on: loop)
        loop.run()
        #expect(!budget.allows(start + .milliseconds(159)))
        #expect(budget.allows(start + .milliseconds(160)))
    }

    @Test func addressesArePlain() throws {
        for (text, expected) in [
            ("/tiles/a-b_1/3/1/2.mvt", "a-b_1 3/1/2"), ("/tiles/a/24/0/16777215.mvt", "a 24/0/16777215"),
            ("/tiles/a/03/1/2.mvt", "a 3/1/2"),
        ] {
            let address = try #require(Self.address(text))
            #expect("\(address.tileset) \(address.id)" == expected)
        }
        for text in [
            "", "/", "/tiles/", "/tiles/a", "/tiles//1/0/0.mvt", "/tiles/a/1/0/0", "/tiles/a/1/0/0.mvtx",
            "/tiles/a/1/2/0.mvt", "/tiles/a/25/0/0.mvt", "/tiles/a/-1/0/0.mvt", "/tiles/a/1/0/0.mvt?b=1",
            "/tiles/%61/1/0/0.mvt", "/tiles/a/b/1/0/0.mvt", "/tiles/a/1/0/9999999999999999999999.mvt",
            "/tiles/a/1//0.mvt",
        ] { #expect(Self.address(text) == nil, "\(text)") }
    }
}
