// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Spatial
import Testing
@testable import TileServer
import Tiles
@testable import TwinEngine

@Suite struct LiveTileTests {
    /// Terminals in and around the city, some of them on one spot.
    private static func reports(_ count: Int, seed: UInt64) -> String {
        var state = seed
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 33) / Double(1 << 31)
        }
        var lines = ""
        for index in 0..<count {
            let isCrowd = index.isMultiple(of: 7)
            let position = LonLat(
                longitude: isCrowd ? 120.02 : 119.9 + random() * 0.25,
                latitude: isCrowd ? 36.26 : 36.18 + random() * 0.2)
            lines +=
                #"{"id":"R-\#(index)","kind":"bus","lon":\#(position.longitude),"lat":\#(position.latitude)}"# + "\n"
        }
        return lines
    }

    private static func tile(_ z: Int, _ position: LonLat) -> TileID {
        let world = WebMercator.worldPoint(longitude: position.longitude, latitude: position.latitude)
        return TileID(containingWorldX: world.x, y: world.y, zoom: z)
    }

    /// Every terminal is in exactly one tile's count at every zoom, and in that of its position.
    @Test(arguments: [0, 5, 9, 11, 13, 14, 16, 17, 19])
    func countsAgreeWithEveryPosition(z: Int) async throws {
        let lines = Self.reports(400, seed: UInt64(z) + 1)
        try await TestCity.run(tokens: false) { client in
            let answer = try await client.execute(uri: "/live", method: .post, body: ByteBuffer(string: lines))
            #expect(answer.status == .ok)
            var expected: [TileID: Set<String>] = [:]
            let reported = try await json(client.get("/live"))
            for feature in try #require(reported["features"] as? [[String: Any]]) {
                let id = try #require(feature["id"] as? String)
                let place = try #require((feature["geometry"] as? [String: Any])?["coordinates"] as? [Double])
                expected[Self.tile(z, LonLat(longitude: place[0], latitude: place[1])), default: []].insert(id)
            }
            // Some are too far from the city; two are of the ledger.
            let accepted = try #require(try json(answer)["accepted"] as? Int)
            #expect(accepted > 300)
            #expect(expected.values.reduce(0) { $0 + $1.count } == accepted + 2)
            for (id, codes) in expected {
                let response = try await client.get("/tiles/live/\(id.z)/\(id.x)/\(id.y).mvt")
                #expect(response.status == .ok)
                let layers = try MVTDecoder.decode(Array(response.body.readableBytesView))
                let layer = try #require(layers.first { $0.name == "live" })
                var (counted, named): (Int, Set<String>) = (0, [])
                for feature in layer.features {
                    let values = feature.attributes
                    if case .int(let count)? = values["point_count"] {
                        counted += Int(count)
                        #expect(feature.id == nil && values.count == 1)
                    } else if case .string(let code)? = values["id"] {
                        // Below the full zooms a point is its own tile's; above, the buffer repeats the neighbour's.
                        if z >= LiveTile.firstFullZoom, !codes.contains(code) { continue }
                        #expect(named.insert(code).inserted)
                        #expect(feature.id == LiveTile.featureID(code: code))
                        counted += 1
                    }
                }
                #expect(counted == codes.count, "tile \(id)")
                #expect(named.isSubset(of: codes), "tile \(id)")
                if z >= LiveTile.firstFullZoom { #expect(named == codes) }
            }
        }
    }

    @Test func aReportIsInTheTileWithinASecond() async throws {
        try await TestCity.run(tokens: false) { client in
            let position = LonLat(longitude: 120.0301, latitude: 36.2701)
            let id = Self.tile(18, position)
            let path = "/tiles/live/\(id.z)/\(id.x)/\(id.y).mvt"
            let before = try await client.get(path)
            #expect(before.status == .noContent)
            let line = #"{"id":"N-1","lon":120.0301,"lat":36.2701}"#
            let answer = try await client.execute(uri: "/live", method: .post, body: ByteBuffer(string: line))
            #expect(answer.status == .ok)
            // The stated hold, and no more: the report was acknowledged before it began.
            try await Task.sleep(for: LiveTiles.hold)
            let after = try await client.get(path)
            #expect(after.status == .ok)
            let tag = try #require(after.headers[.eTag])
            #expect(tag != before.headers[.eTag])
            // Elsewhere something moves: this tile's content is the same, and so is its tag.
            let other = #"{"id":"N-2","lon":120.08,"lat":36.30}"#
            _ = try await client.execute(uri: "/live", method: .post, body: ByteBuffer(string: other))
            try await Task.sleep(for: LiveTiles.hold)
            #expect(try await client.get(path, [.ifNoneMatch: tag]).status == .notModified)
            #expect(after.headers[.cacheControl] == "no-cache")
        }
    }

    @Test func tileJSONNamesTheLayer() async throws {
        try await TestCity.run { client in
            let document = try await json(client.get("/tiles/live.json"))
            let layers = try #require(document["vector_layers"] as? [[String: Any]])
            #expect(layers.count == 1 && layers[0]["id"] as? String == "live")
            #expect((document["tiles"] as? [String])?.first == "http://localhost/tiles/live/{z}/{x}/{y}.mvt")
        }
    }

    @Test(arguments: [
        "/tiles/live/25/0/0.mvt", "/tiles/live/3/8/0.mvt", "/tiles/live/x/0/0.mvt", "/tiles/live/1/-1/0.mvt",
    ])
    func badAddressesAreRefused(path: String) async throws {
        try await TestCity.run { client in
            let response = try await client.get(path)
            #expect(response.status == .badRequest)
        }
    }

    @Test func featureIdsFitJavaScript() {
        var seen: Set<UInt64> = []
        for index in 0..<20_000 {
            let id = LiveTile.featureID(code: "终端-\(index)")
            #expect(id < 1 << 53)
            seen.insert(id)
        }
        #expect(seen.count == 20_000)
    }
}
