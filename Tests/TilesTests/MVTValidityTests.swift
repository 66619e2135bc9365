// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing
import Tiles

/// Every polygon in every tile is valid by GEOS, whatever snapping, clipping and simplification did to it.
@Suite struct MVTValidityTests {
    /// Grid millimetres become world units: one to one, around a place in the world.
    static let place = (x: 3_579_142_123, y: 1_667_457_911)

    static let simplifier = TopologySimplifier { zoom in Double(sign: .plus, exponent: 20 - zoom, significand: 1) }

    static func world(_ grid: [Int32]) -> [UInt32] {
        grid.indices.map { UInt32($0 & 1 == 0 ? place.x + Int(grid[$0]) : place.y - Int(grid[$0])) }
    }

    /// The layer of one tile, with the account.
    static func encode(
        _ layer: FlatLayer, _ kind: GeometryKind, _ levels: [UInt8], _ tile: TileID, _ rules: TileRules
    ) throws -> (features: [DecodedFeature], account: TileAccount) {
        var encoder = LayerTileEncoder()
        encoder.begin(tile)
        encoder.beginLayer("a", kind: kind, rules: rules)
        let world = world(layer.xy)
        for feature in 0..<layer.featureCount {
            let range = layer.vertices(feature)
            let ends = layer.ends(feature)
            if try encoder.beginFeature(
                id: UInt64(feature), xy: world.span.extracting(2 * range.lowerBound..<2 * range.upperBound),
                ringEnds: ends.span,
                vertexZooms: levels.isEmpty ? levels.span : levels.span.extracting(range))
            {
                encoder.endFeature()
            }
        }
        let account = try encoder.endLayer()
        return (try MVTDecoder.decode(encoder.finish()).first?.features ?? [], account)
    }

    /// Checks all polygons; a ring's direction is checked by the decoder, which takes it for hole or exterior.
    static func expectValid(_ features: [DecodedFeature], _ what: String) throws {
        try withGEOS { geos throws(SpatialError) in
            for feature in features where feature.kind == .polygon {
                let shape = FlatCoordinates(
                    kind: .polygon, xy: feature.xy.map { Double($0) }, ringEnds: feature.ringEnds)
                let reason = try geos.validityReason(shape)
                #expect(reason == nil, "feature \(feature.id ?? 0) \(what)")
            }
        }
        for feature in features where feature.kind == .polygon {
            for ring in feature.rings { #expect(ring.points.count >= 3) }
        }
    }

    static func tiles(_ zooms: some Sequence<Int>) -> [TileID] {
        zooms.map { TileID(containingWorldX: UInt32(place.x), y: UInt32(place.y), zoom: $0) }
    }

    /// Rings whose corners are anywhere: crossing themselves, going to and fro, with holes outside.
    @Test func randomRings() throws {
        var random = SeededGenerator.printed()
        for round in 0..<12 {
            let reach = 1 << Int.random(in: 6...24, using: &random)
            var layer = FlatLayer()
            for _ in 0..<30 {
                layer.add(
                    (0..<Int.random(in: 1...3, using: &random)).map { _ in
                        (0..<Int.random(in: 3...14, using: &random)).map { _ in
                            GridPoint(
                                x: Int32.random(in: Int32(-reach)...Int32(reach), using: &random),
                                y: Int32.random(in: Int32(-reach)...Int32(reach), using: &random))
                        }
                    })
            }
            let levels = try layer.levels(.polygon, Self.simplifier)
            for tile in Self.tiles(stride(from: round % 3, through: 24, by: 3)) {
                let (features, account) = try Self.encode(layer, .polygon, levels, tile, TileRules())
                try Self.expectValid(features, "in \(tile)")
                #expect(account.written == features.count)
            }
        }
    }

    /// Thin, spiky stars with holes, at zooms where they are a few units wide.
    @Test func starsWithHoles() throws {
        var random = SeededGenerator.printed()
        var layer = FlatLayer()
        for index in 0..<150 {
            let corners = Int.random(in: 5...60, using: &random)
            let radius = Double(1 << Int.random(in: 4...20, using: &random))
            let x = Int.random(in: -400_000...400_000, using: &random)
            let y = Int.random(in: -400_000...400_000, using: &random)
            func ring(_ low: Double, _ high: Double, _ count: Int) -> [GridPoint] {
                (0..<count).map { corner in
                    let (cosine, sine) = MVTRoundTripTests.unitCircle(Double(corner) / Double(count))
                    let reach = radius * Double.random(in: low...high, using: &random)
                    return GridPoint(x: Int32(Double(x) + reach * cosine), y: Int32(Double(y) + reach * sine))
                }
            }
            layer.add(index % 3 == 0 ? [ring(0.05, 1, corners)] : [ring(0.6, 1, corners), ring(0.1, 0.5, 16)])
        }
        let levels = try layer.levels(.polygon, Self.simplifier)
        for tile in Self.tiles(stride(from: 6, through: 22, by: 2)) {
            for levels in [levels, []] {
                let (features, _) = try Self.encode(layer, .polygon, levels, tile, .lossless)
                try Self.expectValid(features, "in \(tile)")
                let (simplified, _) = try Self.encode(layer, .polygon, levels, tile, TileRules())
                try Self.expectValid(simplified, "in \(tile)")
            }
        }
    }

    /// The cells of a divided square fill the tile with its buffer at every zoom: neighbours keep the same border.
    @Test(arguments: [1, 4, 30]) func sharedBordersLeaveNoGap(steps: Int) throws {
        var random = SeededGenerator.printed()
        let side = 12, size = 800_000
        var cells = Subdivision(side: side, size: size, steps: steps, using: &random).layer
        for index in cells.xy.indices { cells.xy[index] -= Int32(side * size / 2) }
        let levels = try cells.levels(.polygon, Self.simplifier)
        var rules = TileRules()
        rules.tinyPolygons = .keep
        for tile in Self.tiles(9...20) {
            let (features, account) = try Self.encode(cells, .polygon, levels, tile, rules)
            try Self.expectValid(features, "in \(tile)")
            let area = features.reduce(0) { $0 + $1.area }
            // The square within the tile and its buffer, in tile units.
            let unit = Double(tile.worldSize) / 4096, half = Double(side * size / 2)
            func extent(_ centre: Int, _ low: Int) -> Double {
                let from = max(-64, (Double(centre - low) - half) / unit)
                return min(4160, (Double(centre - low) + half) / unit) - from
            }
            let whole = extent(Self.place.x, tile.worldMinX) * extent(Self.place.y, tile.worldMinY)
            print("z\(tile.z): \(area) of \(whole), \(account.repaired) repaired, \(account.collapsed) collapsed")
            // The outer border moves by half a unit at most, and so does what a repair lets overlap.
            let outer = 2 * (extent(Self.place.x, tile.worldMinX) + extent(Self.place.y, tile.worldMinY))
            #expect(abs(area - whole) <= outer / 2 + Double(account.repaired), "\(area) of \(whole) in \(tile)")
        }
    }
}
