// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

/// The validity of tiles of real polygons.
@Suite struct MVTRealDataTests {
    private static func rings(_ path: String) throws -> [[[Double]]] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let rings = try #require(JSONSerialization.jsonObject(with: data) as? [[[NSNumber]]])
        return rings.map { $0.map { [$0[0].doubleValue, $0[1].doubleValue] } }
    }

    /// Water bodies that triangulators stumble over, from 8 to 2,000 units wide in a tile.
    @Test(.enabled(if: SharedData.isAvailable)) func earcutFixtures() throws {
        let folder = try #require(SharedData.path("nasty/earcut"))
        var layer = FlatLayer()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        where name.hasSuffix(".json") {
            let rings = try Self.rings("\(folder)/\(name)")
            let points = rings.joined()
            let low = points.reduce([Double.infinity, .infinity]) { [min($0[0], $1[0]), min($0[1], $1[1])] }
            let high = points.reduce([-Double.infinity, -.infinity]) { [max($0[0], $1[0]), max($0[1], $1[1])] }
            let scale = 500_000 / max(high[0] - low[0], high[1] - low[1])
            guard scale.isFinite else { continue }
            layer.add(
                rings.map { ring in
                    ring.map { GridPoint(x: Int32(($0[0] - low[0]) * scale), y: Int32(($0[1] - low[1]) * scale)) }
                })
        }
        #expect(layer.featureCount > 20)
        let levels = try layer.levels(.polygon, MVTValidityTests.simplifier)
        var sum = TileAccount()
        for zoom in [6, 11, 16] {
            for tile in Self.tiles(layer, zoom, atMost: 1) {
                for rules in [TileRules(), .lossless] {
                    let (features, account) = try MVTValidityTests.encode(layer, .polygon, levels, tile, rules)
                    try MVTValidityTests.expectValid(features, "in \(tile)")
                    sum += account
                }
            }
        }
        print("earcut fixtures: \(sum)")
    }

    /// The tiles of a zoom in which most features begin.
    private static func tiles(_ layer: FlatLayer, _ zoom: Int, atMost limit: Int) -> [TileID] {
        let world = MVTValidityTests.world(layer.xy)
        var counts: [TileID: Int] = [:]
        for feature in 0..<layer.featureCount {
            let vertex = layer.vertices(feature).lowerBound
            let tile = TileID(containingWorldX: world[2 * vertex], y: world[2 * vertex + 1], zoom: zoom)
            counts[tile, default: 0] += 1
        }
        return counts.keys.sorted { (-(counts[$0] ?? 0), $0) < (-(counts[$1] ?? 0), $1) }.prefix(limit).map { $0 }
    }

    private static let liechtenstein = SharedData.path("osm/liechtenstein.osm.pbf").flatMap {
        FileManager.default.fileExists(atPath: $0) && ExternalTool("ogr2ogr").isAvailable ? $0 : nil
    }

    /// Polygons of OpenStreetMap as GDAL reads them, as grid coordinates around the place of the tests.
    private static func polygons(_ source: String, _ filter: String) throws -> FlatLayer {
        let folder = try TemporaryFolder()
        let file = folder.file("polygons.geojson")
        try ExternalTool("ogr2ogr").run(["-f", "GeoJSON", file, source, "multipolygons", "-where", filter])
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        let json = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        var layer = FlatLayer()
        // Every fourth is enough: the debug build is slow.
        for (index, feature) in (json["features"] as? [[String: Any]] ?? []).enumerated() where index % 4 == 0 {
            let geometry = feature["geometry"] as? [String: Any]
            for part in geometry?["coordinates"] as? [[[[NSNumber]]]] ?? [] {
                layer.add(
                    part.map { ring in
                        ring.dropLast().map { point in
                            let world = WebMercator.worldPoint(
                                longitude: point[0].doubleValue, latitude: point[1].doubleValue)
                            return GridPoint(
                                x: Int32(Int(world.x) - MVTValidityTests.place.x),
                                y: Int32(MVTValidityTests.place.y - Int(world.y)))
                        }
                    })
            }
        }
        return layer
    }

    @Test(
        .enabled(if: liechtenstein != nil, "the shared data or ogr2ogr is absent"),
        arguments: ["building IS NOT NULL", "building IS NULL"])
    func liechtensteinIsValid(filter: String) throws {
        let layer = try Self.polygons(try #require(Self.liechtenstein), filter)
        #expect(layer.featureCount > 200)
        let levels = try layer.levels(.polygon, MVTValidityTests.simplifier)
        for zoom in [9, 14] {
            var sum = TileAccount()
            for tile in Self.tiles(layer, zoom, atMost: 3) {
                for (rules, levels) in [(TileRules(), levels), (.lossless, [])] {
                    let (features, account) = try MVTValidityTests.encode(layer, .polygon, levels, tile, rules)
                    try MVTValidityTests.expectValid(features, "in \(tile)")
                    sum += account
                }
            }
            print("\(filter), zoom \(zoom): \(sum.written) written, \(sum.repaired) repaired, \(sum.tiny) tiny")
            #expect(sum.written > 0)
        }
    }
}
