// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing
import Tiles
import TwinEngine

@testable import TileServer

@Suite struct OGCTilesTests {
    @Test func matrixSets() async throws {
        try await TestCity.run { client in
            let list = try json(try await client.execute(uri: "/tileMatrixSets", method: .get))
            let ids = (list["tileMatrixSets"] as? [[String: Any]])?.compactMap { $0["id"] as? String }
            #expect(ids == ["WebMercatorQuad", "WorldCRS84Quad", "CGCS2000Quad"])
            // The registered values (OGC 17-083r4 annex D), and Tianditu's matrix 1 of two columns and a row.
            for (id, level, scale, cell, origin, columns, rows) in [
                (
                    "WebMercatorQuad", "0", 559_082_264.028717, 156_543.033928041,
                    [-20_037_508.3427892, 20_037_508.3427892], 1, 1
                ),
                ("WorldCRS84Quad", "0", 279_541_132.014358, 0.703125, [-180.0, 90.0], 2, 1),
                ("WorldCRS84Quad", "3", 34_942_641.5017948, 0.087890625, [-180.0, 90.0], 16, 8),
                ("CGCS2000Quad", "1", 279_541_132.014358, 0.703125, [90.0, -180.0], 2, 1),
            ] {
                let set = try json(try await client.execute(uri: "/tileMatrixSets/\(id)", method: .get))
                let matrices = try #require(set["tileMatrices"] as? [[String: Any]])
                let matrix = try #require(matrices.first { $0["id"] as? String == level })
                #expect(abs((matrix["scaleDenominator"] as? Double ?? 0) / scale - 1) < 1e-12)
                #expect(abs((matrix["cellSize"] as? Double ?? 0) / cell - 1) < 1e-12)
                let corner = try #require(matrix["pointOfOrigin"] as? [Double])
                #expect(abs(corner[0] / origin[0] - 1) < 1e-12 && abs(corner[1] / origin[1] - 1) < 1e-12)
                #expect(matrix["matrixWidth"] as? Int == columns && matrix["matrixHeight"] as? Int == rows)
            }
            #expect(try await client.execute(uri: "/tileMatrixSets/none", method: .get).status == .notFound)
        }
    }

    @Test func descriptionsAndLinks() async throws {
        try await TestCity.run { client in
            let conformance = try json(try await client.execute(uri: "/conformance", method: .get))
            let classes = try #require(conformance["conformsTo"] as? [String])
            #expect(classes.contains("http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core"))
            for path in ["/tiles", "/collections/shops/tiles"] {
                let list = try json(try await client.execute(uri: path, method: .get))
                #expect((list["tilesets"] as? [[String: Any]])?.count == 3)
                for set in TileMatrixSet.all {
                    let tileset = try json(try await client.execute(uri: "\(path)/\(set.id)", method: .get))
                    #expect(tileset["crs"] as? String == set.crs && tileset["dataType"] as? String == "vector")
                    let links = try #require(tileset["links"] as? [[String: Any]])
                    let item = try #require(links.first { $0["rel"] as? String == "item" })
                    let limits = try #require((tileset["tileMatrixSetLimits"] as? [[String: Any]])?.last)
                    let template = try #require(item["href"] as? String)
                    // The template and the limits lead to tiles.
                    let address = template.replacing("{tileMatrix}", with: limits["tileMatrix"] as? String ?? "")
                        .replacing("{tileRow}", with: "\(limits["minTileRow"] ?? "")")
                        .replacing("{tileCol}", with: "\(limits["minTileCol"] ?? "")")
                    let uri = String(address.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" })
                    let tile = try await client.execute(uri: uri, method: .get)
                    #expect(tile.status == .ok || tile.status == .noContent, "\(uri)")
                }
            }
            let collection = try json(try await client.execute(uri: "/collections/shops", method: .get))
            let relations = (collection["links"] as? [[String: Any]])?.compactMap { $0["rel"] as? String }
            #expect(relations?.contains(OGCTilesRoutes.tilesetsRelation) == true)
            for (path, status) in [
                ("/collections/valves/tiles", 403), ("/collections/no/tiles", 404), ("/tiles/NoSuchQuad", 404),
                ("/collections/shops/tiles/NoSuchQuad/0/0/0", 404), ("/tiles/WorldCRS84Quad/0/1/0", 404),
                ("/tiles/WorldCRS84Quad/0/0/2", 404), ("/tiles/CGCS2000Quad/0/0/0", 404),
                ("/tiles/WebMercatorQuad/99/0/0", 404), ("/tiles/WebMercatorQuad/a/0/0", 404),
                ("/tiles/WebMercatorQuad/14/6419/13653?f=png", 400),
            ] {
                #expect(try await client.execute(uri: path, method: .get).status.code == status, "\(path)")
            }
        }
    }

    /// Every shop is where its degrees say, in each of the grids; WebMercatorQuad is the tile of the native address.
    @Test func positionsInEveryGrid() async throws {
        try await TestCity.run { client in
            for set in TileMatrixSet.all {
                var found: [Int64: (Double, Double)] = [:]
                let level = set.levels.first { set.zoom($0) == 16 } ?? 16
                let limits = set.limits(
                    LonLatBox(west: 119.999, south: 36.249, east: 120.026, north: 36.251), level: level)
                for row in limits.rows {
                    for column in limits.columns {
                        let tile = try await client.execute(
                            uri: "/collections/shops/tiles/\(set.id)/\(level)/\(row)/\(column)?f=mvt", method: .get)
                        guard tile.status == .ok else { continue }
                        for layer in try MVTDecoder.decode(Array(tile.body.readableBytesView)) {
                            for feature in layer.features {
                                let (x, y) = (feature.xy[0], feature.xy[1])
                                guard (0..<4096).contains(x), (0..<4096).contains(y) else { continue }
                                found[Int64(feature.id ?? 0)] = (
                                    Double(column) + Double(x) / 4096, Double(row) + Double(y) / 4096
                                )
                            }
                        }
                    }
                }
                #expect(found.count == 25, "\(set.id)")
                let (columns, rows) = set.size(level)
                for (_, position) in found {
                    let longitude = position.0 / Double(columns) * 360 - 180
                    let latitude =
                        set.isWebMercator
                        ? atan(sinh(.pi * (1 - 2 * position.1 / Double(rows)))) * 180 / .pi
                        : 90 - position.1 / Double(rows) * 180
                    // Half a tile unit is 7e-7 degrees here.
                    #expect(abs(latitude - 36.25) < 2e-6, "\(set.id)")
                    let step = (longitude - 120) / 0.001
                    #expect(abs(step - step.rounded()) < 2e-3)
                }
            }
            let one = try await client.execute(uri: "/tiles/WebMercatorQuad/14/6419/13653", method: .get)
            let other = try await client.execute(uri: "/tiles/basemap/14/13653/6419.mvt", method: .get)
            #expect(one.body == other.body && one.headers[.eTag] == other.headers[.eTag])
        }
    }
}
