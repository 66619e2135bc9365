// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

/// Tiles that are remembered in pieces against tiles that are made as a whole, over random edits.
@Suite struct TileComposerTests {
    private static func tiles(_ zooms: ClosedRange<Int>) -> [TileID] {
        zooms.map { z in
            let place = WebMercator.worldPoint(longitude: 120.0, latitude: 36.26)
            return TileID(containingWorldX: place.x, y: place.y, zoom: z)
        }
    }

    private static func edit(_ count: Int, _ random: inout SeededGenerator) -> String {
        (0..<count).map { _ in
            let id = Int.random(in: 1...6000, using: &random)
            let other = "(SELECT geom FROM things WHERE id = \(id / 2 + 1))"
            let part: String
            switch Int.random(in: 0..<6, using: &random) {
            case 0: part = "UPDATE things SET use = 'edit \(id % 500)' WHERE id = \(id)"
            case 1: part = "UPDATE things SET floors = \(id % 90) WHERE id = \(id)"
            case 2: part = "UPDATE things SET use = NULL, floors = NULL WHERE id = \(id)"
            case 3: part = "DELETE FROM things WHERE id = \(id)"
            case 4: part = "UPDATE things SET geom = coalesce(\(other), geom) WHERE id = \(id)"
            default: part = "INSERT INTO things (geom, use, floors) SELECT geom, use, 100 FROM things WHERE id = \(id)"
            }
            return part + ";"
        }.joined(separator: "\n")
    }

    /// Tiles of low zooms, which draw few of many rows, are remembered in small pieces.
    @Test func sparseTilesAreTheWholeToo() throws {
        var random = SeededGenerator.printed()
        let fixture = try TileBuildFixture(buildings: TileComposer.manyRows + 1000)
        let city = try fixture.city.open()
        for round in 0..<6 {
            let layers = city.view().layers
            for id in Self.tiles(3...7) {
                let whole = try city.tile(id, layers: layers)
                let packed = try city.packedTile(id, layers: layers)
                #expect(try packed.plain() == whole, "\(id), round \(round)")
                #expect(packed.sum == JoinableSum(whole), "\(id), round \(round)")
                if id.z == 3 {
                    #expect(whole.count < TileComposer.smallestTile && city.composer.byteCount > 0)
                    #expect(try packed.gzip == Compression.gzip(whole, level: Compression.tileLevel))
                }
            }
            try fixture.city.edit(Self.edit(20, &random))
            try city.refresh()
        }
    }

    /// Small tiles are made of what the index found, by whoever asks first: bytes, gzip form and sums are the composer's.
    @Test func smallTilesAreTheComposersTiles() throws {
        var random = SeededGenerator.printed()
        let fixture = try TileBuildFixture(buildings: 6000)
        let city = try fixture.city.open()
        var (small, large, empty) = (0, 0, 0)
        for round in 0..<6 {
            let layers = city.view().layers
            for z in 11...18 {
                let place = WebMercator.worldPoint(
                    longitude: Double.random(in: 119.94..<120.06, using: &random),
                    latitude: Double.random(in: 36.21..<36.31, using: &random))
                let id = TileID(containingWorldX: place.x, y: place.y, zoom: z)
                let masked: [String: Set<String>] = round % 2 == 0 ? [:] : ["things": ["floors"]]
                let expected = try city.packedTile(id, layers: layers, maskedFields: masked)
                guard let tile = try city.smallTile(id, layers: layers, maskedFields: masked),
                    let made = try city.packed(tile)
                else {
                    large += 1
                    continue
                }
                #expect(z >= LayerView.extentsBelowZoom)
                #expect(made.parts == expected.parts && made.sum == expected.sum, "\(id), round \(round)")
                if made.isEmpty { empty += 1 } else { small += 1 }
            }
            try fixture.city.edit(Self.edit(40, &random))
            try city.refresh()
        }
        #expect(small > 10 && large >= 12 && empty < 40, "\(small) small, \(large) large, \(empty) empty")
    }

    /// A long text makes no small tile, though its feature is one.
    @Test func longTextsAreNotSmall() throws {
        let fixture = try TileBuildFixture(buildings: 10)
        try fixture.city.edit("UPDATE things SET use = printf('%.*c', 60000, 'x') WHERE id = 1")
        let city = try fixture.city.open()
        let layers = city.view().layers
        let centre = try #require(city.coordinates.lonLatBox(layers[0].feature(id: 1)?.box ?? .empty)).center
        let place = WebMercator.worldPoint(longitude: centre.longitude, latitude: centre.latitude)
        let tile = try #require(
            try city.smallTile(TileID(containingWorldX: place.x, y: place.y, zoom: 14), layers: layers))
        #expect(try city.packed(tile) == nil)
    }

    @Test(arguments: [nil, 120_000])
    func piecesGiveTheBytesOfTheWhole(_ limit: Int?) throws {
        var random = SeededGenerator.printed()
        let fixture = try TileBuildFixture(
            buildings: 6000, tiles: limit.map { "{max_bytes: \($0), tiny_area: 1}" } ?? "{tiny: keep}")
        let city = try fixture.city.open()
        let ids = Self.tiles(9...13)
        for round in 0..<14 {
            let view = city.view()
            for id in ids {
                let whole = try city.tile(id, layers: view.layers)
                let packed = try city.packedTile(id, layers: view.layers)
                #expect(try packed.plain() == whole, "\(id), round \(round)")
                #expect(packed.sum == JoinableSum(whole), "\(id), round \(round)")
            }
            if round == 7 {
                #expect(city.composer.byteCount > 0)
                // Many at once, which are compacted.
                try fixture.city.edit("UPDATE things SET floors = floors + 1 WHERE id % 17 = 0")
                try city.refresh()
                try city.finishCompactions()
            } else {
                try fixture.city.edit(Self.edit(Int.random(in: 1...12, using: &random), &random))
                try city.refresh()
            }
        }
    }

    /// Callers who see other fields have other tiles.
    @Test func maskedFieldsAreNotMixed() throws {
        let fixture = try TileBuildFixture(buildings: 4000, tiles: "{tiny: keep}")
        let city = try fixture.city.open()
        let layers = city.view().layers
        let id = Self.tiles(12...12)[0]
        for masked in [[:], ["things": ["use"]], [:], ["things": ["floors"]]] as [[String: Set<String>]] {
            #expect(
                try city.packedTile(id, layers: layers, maskedFields: masked).plain()
                    == city.tile(id, layers: layers, maskedFields: masked))
        }
    }

    /// Past states neither use nor change what is remembered of the present.
    @Test func pastStatesAreNotMixed() throws {
        var random = SeededGenerator.printed()
        let fixture = try TileBuildFixture(buildings: 4000, tiles: "{tiny: keep}")
        let city = try fixture.city.open()
        let id = Self.tiles(12...12)[0]
        var versions = [city.view().version]
        for _ in 0..<4 {
            try fixture.city.edit(Self.edit(6, &random))
            try city.refresh()
            versions.append(city.view().version)
        }
        for version in versions + versions.reversed() {
            let present = city.view().layers, past = [try city.past(layer: "things", at: version)]
            for layers in [present, past, present] {
                #expect(
                    try city.packedTile(id, layers: layers).plain() == city.tile(id, layers: layers),
                    "version \(version)")
            }
        }
    }

    @Test func forgetsTheOldest() throws {
        let fixture = try TileBuildFixture(buildings: 4000, tiles: "{tiny: keep}")
        let city = try fixture.city.open()
        let composer = TileComposer(capacity: 2 << 20)
        for id in Self.tiles(8...13) {
            _ = try composer.tile(id, grid: city.tileGrid, layers: city.view().layers, maskedFields: [:])
            #expect(composer.byteCount <= 2 << 20)
        }
    }
}
