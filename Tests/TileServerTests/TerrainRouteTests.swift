// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing
import TwinEngine

@testable import TileServer

@Suite struct TerrainRouteTests {
    @Test func withoutHeights() async throws {
        try await TestCity.run { client in
            let tile = try await client.execute(uri: "/terrain/12/3413/1604.png", method: .get)
            #expect(tile.status == .noContent)
            #expect(try await client.execute(uri: "/terrain.json", method: .get).status == .notFound)
            let answer = try json(try await client.execute(uri: "/elevation?at=120.03,36.27", method: .get))
            #expect(answer.keys.contains("elevation") && answer["elevation"] as? Double == nil)
            for path in ["/terrain/3/9/0.png", "/terrain/99/0/0.png", "/terrain/a/0/0.png", "/elevation?at=500,0"] {
                #expect(try await client.execute(uri: path, method: .get).status == .badRequest, "\(path)")
            }
        }
    }

    @Test(.enabled(if: SharedData.isAvailable)) func withHeights() async throws {
        let path = try #require(SharedData.path("dem/N49E011.hgt.zip"))
        try await TestCity.run {
            $0.terrain = [path]
        } _: { client in
            let tile = try await client.execute(uri: "/terrain/10/544/349.png", method: .get)
            #expect(tile.status == .ok && tile.headers[.contentType] == "image/png")
            #expect(try await client.execute(uri: "/terrain/10/0/0.png", method: .get).status == .noContent)
            let answer = try json(try await client.execute(uri: "/elevation?at=11.5,49.5", method: .get))
            let height = try #require(answer["elevation"] as? Double)
            #expect(height > 100 && height < 1000 && answer["datum"] as? String == "EPSG:5737")
            let document = try json(try await client.execute(uri: "/terrain.json", method: .get))
            #expect(document["encoding"] as? String == "mapbox" && document["maxzoom"] as? Int == 11)
        }
    }

    @Test(.enabled(if: SharedData.isAvailable)) func classifiedHeights() async throws {
        let path = try #require(SharedData.path("dem/N49E011.hgt.zip"))
        try await TestCity.run {
            $0.terrain = [path]
            $0.terrainClassification = .restricted
        } _: { client in
            for path in ["/terrain/10/544/349.png", "/elevation?at=11.5,49.5", "/terrain.json"] {
                let answer = try await client.execute(uri: path, method: .get)
                #expect(answer.status == .forbidden, "\(path)")
            }
        }
    }
}
