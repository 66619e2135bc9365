// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing
import Tiles

/// The rule by which squares stand for tiny polygons.
@Suite struct TinyPolygonsTests {
    struct Triangle {
        var id: UInt64
        var xy: [UInt32]
        var area: Double
    }

    let tile: TileID
    let parent: TileID

    init() throws {
        tile = try TileID(z: 12, x: 3413, y: 1590)
        parent = try TileID(z: 11, x: 1706, y: 795)
    }

    /// Right-angled triangles of up to 32 square units of the tile, all inside it.
    func triangles(_ count: Int, _ random: inout SeededGenerator) -> [Triangle] {
        (0..<count).map { _ in
            let x = UInt32(tile.worldMinX) + UInt32.random(in: 0..<1_040_000, using: &random)
            let y = UInt32(tile.worldMinY) + UInt32.random(in: 0..<1_040_000, using: &random)
            let a = UInt32.random(in: 60..<2048, using: &random), b = UInt32.random(in: 60..<2048, using: &random)
            return Triangle(
                id: UInt64.random(in: 0..<1 << 40, using: &random), xy: [x, y, x + a, y, x, y + b],
                area: Double(a) * Double(b) / 2)
        }
    }

    func drawn(_ triangles: [Triangle], _ tile: TileID, _ rules: TileRules = TileRules()) throws -> [DecodedFeature] {
        var encoder = LayerTileEncoder()
        encoder.begin(tile)
        encoder.beginLayer("a", kind: .polygon, rules: rules)
        let ends: [UInt32] = [3 | ringStartsPart], none: [UInt8] = []
        for triangle in triangles {
            if try encoder.beginFeature(
                id: triangle.id, xy: triangle.xy.span, ringEnds: ends.span, vertexZooms: none.span)
            {
                encoder.endFeature()
            }
        }
        _ = try encoder.endLayer()
        return try MVTDecoder.decode(encoder.finish()).first?.features ?? []
    }

    /// What is drawn of a feature does not depend on the others, and what is drawn at a zoom is drawn at the next.
    @Test func eachFeatureIsDecidedByItself() throws {
        var random = SeededGenerator.printed()
        let all = triangles(4000, &random)
        let whole = try drawn(all, tile)
        let half = all.filter { $0.id & 1 == 0 }
        let ids = Set(half.map(\.id))
        let expected = whole.filter { ids.contains($0.id ?? 0) }
        let found = try drawn(half, tile)
        #expect(found.map(\.id) == expected.map(\.id) && found.map(\.xy) == expected.map(\.xy))
        let before = try drawn(all, parent)
        #expect(!before.isEmpty)
        #expect(Set(before.compactMap(\.id)).isSubset(of: Set(whole.compactMap(\.id))))
    }

    /// The squares' area is that of the tiny polygons, within four times what chance allows; each side of square.
    @Test func squaresStandForTheArea() throws {
        var random = SeededGenerator.printed()
        let all = triangles(8000, &random)
        for side in [2, 4, 5] {
            var rules = TileRules()
            rules.tinyArea = Double(side * side)
            let square = Double(side * side) * 65_536
            // Slivers are not tiny: their box has more than eight times their area.
            let tiny = all.filter { $0.area < square && $0.area * 2 < 8 * square }
            let ids = Set(tiny.map(\.id))
            let squares = try drawn(all, tile, rules).filter { ids.contains($0.id ?? 0) }
            #expect(squares.allSatisfy { $0.area == Double(side * side) })
            let area = tiny.reduce(0) { $0 + $1.area }
            let variance = tiny.reduce(0) { $0 + $1.area * (square - $1.area) }
            #expect(abs(Double(squares.count) * square - area) < 4 * variance.squareRoot(), "side \(side)")
        }
    }

    /// The extent says which polygons are left out, exactly as the encoder does.
    @Test func extentsAgreeWithTheEncoder() throws {
        var random = SeededGenerator.printed()
        let all = triangles(3000, &random)
        let ends: [UInt32] = [3 | ringStartsPart]
        for (tile, unit) in [(tile, 256.0), (parent, 512)] {
            let limit = Float(16 * unit * unit)
            let reaching = all.filter {
                TinyPolygons.extent(id: $0.id, xy: $0.xy.span, ringEnds: ends.span)?.0.reach ?? 0 >= limit
            }
            #expect(try drawn(all, tile).map(\.id) == reaching.map(\.id))
        }
    }

    /// The ladder's estimate against one feature after the other.
    @Test func ladderFindsTheLeastSide() throws {
        var random = SeededGenerator.printed()
        let all = triangles(2000, &random)
        let ends: [UInt32] = [3 | ringStartsPart]
        var rules = TileRules()
        rules.tinyArea = 4
        var ladder = SquareLadder(rules, tile: tile, attributes: 3), other = ladder
        let extents = all.compactMap { TinyPolygons.extent(id: $0.id, xy: $0.xy.span, ringEnds: ends.span)?.0 }
        for (index, extent) in extents.enumerated() {
            if index & 1 == 0 { ladder.add(extent, vertices: 9) } else { other.add(extent, vertices: 9) }
        }
        ladder += other
        func bytes(_ side: Int) -> Int {
            let area = Float(side * side * 65_536)
            return extents.reduce(0) { $0 + ($1.size >= area ? 47 + 6 : $1.reach >= area ? 28 + 6 : 0) }
        }
        for limit in [1024, 5000, 20_000, 40_000, 90_000, 200_000] {
            let expected = (2...64).first { bytes($0) <= limit } ?? 64
            #expect(ladder.side(within: limit) == expected, "\(limit) bytes")
        }
        ladder -= other
        ladder += other
        #expect(ladder.side(within: 20_000) == (2...64).first { bytes($0) <= 20_000 })
    }
}
