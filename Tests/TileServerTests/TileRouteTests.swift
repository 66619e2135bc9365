// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Hummingbird
import HummingbirdTesting
import Logging
import Spatial
import Testing
import Tiles

@testable import TileServer
@testable import TwinEngine

/// Tiles over HTTP while the city is edited.
@Suite struct TileRouteTests {
    /// A copy of the test city that may be edited.
    ///
    /// - Parameters:
    ///   - archive: a zoom range, to build and serve an archive `built` of the shops.
    ///   - edit: SQL that runs after the archive was built and before the server starts.
    private func withServer(
        archive: ClosedRange<Int>? = nil, edit: String? = nil,
        _ test: @Sendable (CityServer, String, any TestClientProtocol) async throws -> Void
    ) async throws {
        let original = try TestCity.store.get()
        let store = FileManager.default.temporaryDirectory.appendingPathComponent("twin-tiles-\(UUID())").path
        try FileManager.default.copyItem(atPath: original, toPath: store)
        defer { try? FileManager.default.removeItem(atPath: store) }  // a temporary folder: nothing depends on it
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var serving = ServeOptions()
        if let archive {
            // Of a twin of the store with as many changes, so that its tiles tell that they are the archive's.
            try FileManager.default.copyItem(atPath: original, toPath: store + "/twin")
            try Self.edit(store + "/twin", "UPDATE shops SET name = '档案' WHERE code IN ('s10', 's20')")
            try Self.edit(store, "UPDATE shops SET floors = floors WHERE code IN ('s23', 's24')")
            var options = TileBuildOptions(output: store + "/built.pmtiles")
            options.zooms = archive
            let city = try City.open(store: store + "/twin")
            _ = try TileBuild(city: city, name: "built", layers: ["shops"], options: options).run()
            serving.archives = [options.output]
        }
        if let edit { try Self.edit(store, edit) }
        let server = try CityServer(city: try City.open(store: store), options: serving, logger: logger)
        let application = Application(responder: CityResponder(server: server, routes: RouteTable.all))
        try await application.test(.router) { try await test(server, store, $0) }
        try await server.workers.shutdown()
    }

    private static func edit(_ store: String, _ sql: String) throws {
        try CityStore.open(store).queue.write { try $0.execute(sql: sql) }
    }

    private static func tile(_ lon: Double, _ lat: Double, _ z: Int) -> String {
        let x = Int((lon + 180) / 360 * Double(1 << z))
        let latitude = lat * .pi / 180
        let y = Int((1 - log(tan(latitude) + 1 / cos(latitude)) / .pi) / 2 * Double(1 << z))
        return "/tiles/shops/\(z)/\(x)/\(y).mvt"
    }

    @Test func anEditChangesItsTilesAndNoOthers() async throws {
        try await withServer { server, store, client in
            let near = Self.tile(120.0001, 36.25, 16)
            let far = Self.tile(120.0201, 36.25, 16)
            func get(_ path: String, _ tag: String? = nil) async throws -> TestResponse {
                try await client.execute(uri: path, method: .get, headers: tag.map { [.ifNoneMatch: $0] } ?? [:])
            }
            let (before, other) = (try await get(near), try await get(far))
            #expect(before.status == .ok && other.status == .ok)
            let (tag, otherTag) = (try #require(before.headers[.eTag]), try #require(other.headers[.eTag]))
            #expect(try await get(near, tag).status == .notModified)
            let misses = server.tiles.missCount
            try Self.edit(store, "UPDATE shops SET name = '改名' WHERE code = 's0'")
            // As a writer in this process does after its commit.
            try server.city.refresh()
            let after = try await get(near, tag)
            #expect(after.status == .ok)
            #expect(after.headers[.eTag] != tag)
            #expect(try await get(far, otherTag).status == .notModified)
            #expect(server.tiles.missCount == misses + 1, "only the touched tile is made again")
            #expect(server.tiles.changes.lag > 0 && server.tiles.changes.touchedCount > 0)
            let decoded = try MVTDecoder.decode(Array(after.body.readableBytesView))
            #expect(decoded[0].features.contains { $0.attributes["name"] == .string("改名") })
            let metrics = try await get("/metrics")
            #expect(String(buffer: metrics.body).contains("twin_tile_lag_seconds"))
        }
    }

    @Test func anEditByAnotherProcessShowsWithinTheInterval() async throws {
        try await withServer { _, store, client in
            let path = Self.tile(120.0001, 36.25, 16)
            func tag() async throws -> String? {
                try await client.execute(uri: path, method: .get).headers[.eTag]
            }
            let before = try await tag()
            try Self.edit(store, "DELETE FROM shops WHERE code = 's0'")
            try await Task.sleep(for: .milliseconds(120))
            #expect(try await tag() != before)
        }
    }

    @Test func cacheHeadersFollowTheLayers() async throws {
        try await withServer { server, _, _ in
            let view = server.city.view()
            func header(_ id: String, _ masked: Set<String> = [], age: Int = 0) throws -> String {
                let layer = try #require(view.layer(id))
                guard age > 0 else { return TileRoutes.cacheControl([ReadableLayer(view: layer, masked: masked)]) }
                var definition = layer.definition
                definition.tiles = .standard(.point)
                definition.tiles?.maximumAge = age
                let aged = LayerView(
                    definition: definition, snapshot: layer.snapshot, delta: layer.delta,
                    coordinates: layer.coordinates)
                return TileRoutes.cacheControl([ReadableLayer(view: aged, masked: masked)])
            }
            let open = try header("shops")
            let masked = try header("shops", ["ratio"])
            let restricted = try header("valves")
            #expect(open == "no-cache" && masked == "private, no-cache" && restricted == "private, no-cache")
            let openForAMinute = try header("shops", age: 60)
            let restrictedForAMinute = try header("valves", age: 60)
            #expect(openForAMinute == "max-age=60" && restrictedForAMinute == "private, max-age=60")
        }
    }

    private static func names(_ response: TestResponse) throws -> Set<String> {
        let layers = try MVTDecoder.decode(Array(response.body.readableBytesView))
        return Set(
            layers.flatMap(\.features).compactMap { feature in
                if case .string(let name)? = feature.attributes["name"] { name } else { nil }
            })
    }

    /// Tiles of an archive that edits touched are made anew, whether the edit came before the server started or after;
    /// the others, and only they, come from the archive.
    @Test func anArchiveOfTheCityStaysTrue() async throws {
        try await withServer(archive: 14...16, edit: "UPDATE shops SET name = '早改' WHERE code = 's0'") {
            server, store, client in
            func get(_ lon: Double, _ zoom: Int, _ tileset: String = "built") async throws -> TestResponse {
                let path = Self.tile(lon, 36.25, zoom).replacingOccurrences(of: "/shops/", with: "/\(tileset)/")
                return try await client.execute(uri: path, method: .get)
            }
            let early = try await get(120.0001, 16)
            #expect(try Self.names(early).contains("早改"))
            let untouched = try await get(120.0201, 16)
            #expect(try Self.names(untouched).contains("档案"), "from the archive")
            #expect(untouched.headers[.cacheControl] == "public, no-cache", "an edit must show in the next request")
            try Self.edit(store, "UPDATE shops SET name = '晚改' WHERE code = 's20'")
            try server.city.refresh()
            let late = try await get(120.0201, 16)
            #expect(try Self.names(late).contains("晚改"))
            let other = try await get(120.0101, 16)
            #expect(try Self.names(other).contains("档案"), "still from the archive")
            let (above, dynamic) = (try await get(120.0101, 18), try await get(120.0101, 18, "shops"))
            #expect(above.status == .ok && above.body == dynamic.body, "above the built zooms")
        }
    }

    @Test func anArchiveOfOtherRulesIsServedAsItIs() async throws {
        try await withServer(archive: 14...16) { server, _, _ in
            let archive = try #require(server.archives["built"])
            let origin = try #require(archive.origin)
            #expect(origin.layers.map(\.id) == ["shops"] && origin.city == "testville")
            func apart(_ origin: TileOrigin) -> String? {
                if case .apart(let reason) = origin.standing(in: server.city.view(), of: server.city) {
                    reason
                } else {
                    nil
                }
            }
            #expect(apart(origin) == nil && origin.store == server.city.identity)
            var other = origin
            other.definitions ^= 1
            #expect(apart(other)?.contains("defined otherwise") == true)
            other = origin
            other.layers[0].version += 1
            #expect(apart(other)?.contains("newer") == true, "tiles of the future")
            other = origin
            other.city = "elsewhere"
            #expect(apart(other)?.contains("elsewhere") == true)
            other = origin
            other.store = nil
            #expect(apart(other)?.contains("another store") == true)
        }
    }

    /// Addresses that name no tile are refused with the part that is wrong, on every route that has addresses.
    @Test func badAddressesAreRefused() async throws {
        try await withServer(archive: 14...16) { _, _, client in
            let huge = "99999999999999999999"
            for (path, part) in [
                ("/tiles/shops/21/0/0.mvt", "z"), ("/tiles/shops/\(huge)/0/0.mvt", "z"),
                ("/tiles/shops/+3/0/0.mvt", "z"),
                ("/tiles/shops/3/8/0.mvt", "x"), ("/tiles/shops/3/1e0/0.mvt", "x"), ("/tiles/shops/3/0/8.mvt", "y"),
                ("/tiles/shops/3/0/-1.mvt", "y"), ("/tiles/shops/3/0/\(huge)", "y"), ("/tiles/basemap/-1/0/0", "z"),
                ("/tiles/live/25/0/0.mvt", "z"), ("/tiles/live/3/8/0.mvt", "x"), ("/tiles/live/3/0/%31x.mvt", "y"),
                ("/terrain/25/0/0.png", "z"), ("/terrain/12/4096/0.png", "x"), ("/terrain/12/0/4096.png", "y"),
                ("/tiles/built/25/0/0", "z"), ("/tiles/built/3/\(Int.max)/0", "x"), ("/tiles/built/3/0/8", "y"),
            ] {
                let response = try await client.execute(uri: path, method: .get)
                #expect(response.status == .badRequest, "\(path)")
                #expect(try json(response)["parameter"] as? String == part, "\(path)")
            }
            for path in [
                "/tiles/built/14/0/0.png", "/tiles/nothing/3/0/0.mvt", "/tiles/WebMercatorQuad/\(huge)/0/0",
                "/tiles/WebMercatorQuad/\(Int.max)/0/0", "/tiles/WebMercatorQuad/3/8/0", "/tiles/WorldCRS84Quad/3/8/0",
                "/tiles/CGCS2000Quad/-1/0/0", "/collections/shops/tiles/WebMercatorQuad/3/0/\(Int.max)",
                "/collections/shops/tiles/nothing/3/0/0", "/collections/nothing/tiles/WebMercatorQuad/3/0/0",
            ] {
                let response = try await client.execute(uri: path, method: .get)
                #expect([.badRequest, .notFound].contains(response.status), "\(path) \(response.status)")
                #expect(response.headers[.contentType] == "application/problem+json", "\(path)")
            }
        }
    }

    /// Two imports into stores of their own may have equal names, definitions and versions, and other data.
    @Test func anArchiveOfAnotherStoreIsServedAsItIs() async throws {
        let strange = "UPDATE twin_metadata SET value = 'strange' WHERE key = 'identity';"
        try await withServer(archive: 14...16, edit: strange + "UPDATE shops SET name = '早改' WHERE code = 's0'") {
            server, _, client in
            let archive = try #require(server.archives["built"])
            let said = try #require(ArchiveRoutes.apart(archive, server.city))
            #expect(said.contains("built.pmtiles") && said.contains("another store"))
            let path = Self.tile(120.0001, 36.25, 16).replacingOccurrences(of: "/shops/", with: "/built/")
            let tile = try await client.execute(uri: path, method: .get)
            #expect(try Self.names(tile).contains("店0"), "as it was built")
        }
    }

    @Test func storesHaveIdentitiesThatCopiesShare() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-identity-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }  // a temporary folder: nothing depends on it
        let first = try CityStore.openForImport(folder + "/a")
        let second = try CityStore.openForImport(folder + "/b")
        #expect(try first.identity() != second.identity())
        #expect(try CityStore.open(folder + "/a").identity() == first.identity())
        // A store from before there were identities gets one, and keeps it.
        try await second.queue.write { try $0.execute(sql: "DELETE FROM twin_metadata WHERE key = 'identity'") }
        #expect(try CityStore.open(folder + "/b").identity() == CityStore.open(folder + "/b").identity())
    }

    @Test func emptyTilesAreNoContent() async throws {
        try await withServer { _, _, client in
            let response = try await client.execute(uri: Self.tile(10, 10, 14), method: .get)
            #expect(response.status == .noContent && response.headers[.eTag] != nil)
            for bad in ["/tiles/shops/21/0/0.mvt", "/tiles/shops/3/8/0.mvt", "/tiles/shops/3/0/-1.mvt"] {
                #expect(try await client.execute(uri: bad, method: .get).status == .badRequest)
            }
        }
    }
}
