// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing
import Tiles

/// What the encoder writes, the strict decoder reads, and it measures what independent formulas say.
@Suite struct MVTRoundTripTests {
    typealias Point = (x: Double, y: Double)

    /// One layer with the features that the encoder keeps; ids are positions in `geometries`.
    static func encode(
        _ tile: TileID, _ rules: TileRules, _ geometries: [(kind: GeometryKind, xy: [UInt32], ends: [UInt32])]
    ) throws -> (features: [DecodedFeature], account: TileAccount) {
        var builder = TestTileBuilder(tile: tile, rules: rules)
        builder.beginLayer("a")
        for (index, geometry) in geometries.enumerated() {
            let id = UInt64(index)
            if builder.beginFeature(
                id: id, kind: geometry.kind, xy: geometry.xy.span, ringEnds: geometry.ends.span)
            {
                builder.endFeature()
            }
        }
        builder.endLayer()
        let account = builder.account
        let layers = try MVTDecoder.decode(builder.finish())
        let features = layers.first?.features ?? []
        #expect(features.count == account.written)
        #expect(
            account.written - account.squares + account.outside + account.collapsed + account.empty + account.tiny
                == geometries.count)
        return (features, account)
    }

    /// World coordinates in tile units, as the specification defines them.
    static func local(_ xy: [UInt32], _ tile: TileID) -> [Point] {
        let unit = Double(tile.worldSize) / 4096
        return stride(from: 0, to: xy.count, by: 2).map {
            (
                x: (Double(xy[$0]) - Double(tile.worldMinX)) / unit,
                y: (Double(xy[$0 + 1]) - Double(tile.worldMinY)) / unit
            )
        }
    }

    /// A star-shaped ring around a world position; simple by construction.
    static func star(
        _ x: Int, _ y: Int, radius: Double, corners: Int, clockwise: Bool, using random: inout SeededGenerator
    ) -> [UInt32] {
        var xy: [UInt32] = []
        for corner in 0..<corners {
            let share = Double(clockwise ? corner : corners - corner) / Double(corners)
            let (cosine, sine) = unitCircle(share)
            let distance = radius * Double.random(in: 0.5...1, using: &random)
            xy.append(UInt32(clamping: x + Int(distance * cosine)))
            xy.append(UInt32(clamping: y + Int(distance * sine)))
        }
        return xy
    }

    /// A direction, without Foundation's functions: the rational parametrisation of the circle by quarters.
    static func unitCircle(_ share: Double) -> (Double, Double) {
        let quarter = Int(share * 4) % 4
        let t = share * 4 - (share * 4).rounded(.down)
        let cosine = (1 - t * t) / (1 + t * t), sine = 2 * t / (1 + t * t)
        return [(cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)][quarter]
    }

    static func tile(_ z: Int) throws -> TileID {
        TileID(containingWorldX: 3_579_142_123, y: 1_667_457_911, zoom: z)
    }

    @Test(arguments: [0, 3, 9, 14, 18, 20, 21, 24]) func polygonsKeepTheirClippedArea(z: Int) throws {
        var random = SeededGenerator.printed()
        let tile = try Self.tile(z)
        let size = tile.worldSize
        var geometries: [(kind: GeometryKind, xy: [UInt32], ends: [UInt32])] = []
        for _ in 0..<400 {
            let x = tile.worldMinX + Int.random(in: -size / 4...size * 5 / 4, using: &random)
            let y = tile.worldMinY + Int.random(in: -size / 4...size * 5 / 4, using: &random)
            let radius = Double(size) * Double.random(in: 0.01...1, using: &random)
            let corners = Int.random(in: 3...40, using: &random)
            let clockwise = Bool.random(using: &random)
            let reach = Int(radius)
            guard x > reach, y > reach, x + reach < 1 << 32, y + reach < 1 << 32 else { continue }
            var xy = Self.star(x, y, radius: radius, corners: corners, clockwise: clockwise, using: &random)
            var ends = [UInt32(corners) | ringStartsPart]
            if corners > 11 {
                // Inside every star of this many corners; wound at random, as sources do.
                let way = Bool.random(using: &random)
                xy += Self.star(x, y, radius: radius * 0.4, corners: 12, clockwise: way, using: &random)
                ends.append(UInt32(corners + 12))
            }
            geometries.append((.polygon, xy, ends))
        }
        let (features, _) = try Self.encode(tile, .lossless, geometries)
        #expect(features.count > 20)
        for feature in features {
            let source = geometries[Int(feature.id ?? 0)]
            var rings: [[Point]] = []
            var start = 0
            for end in source.ends {
                let stop = Int(end & ringEndMask)
                var ring = Array(Self.local(source.xy, tile)[start..<stop])
                if Self.isNegative(ring) == (start == 0) { ring.reverse() }
                rings.append(ring)
                start = stop
            }
            let expected = MVTReference.clippedArea(rings, low: -64, high: 4160)
            // Each point moves by at most half a unit in x and y, so an edge sweeps at most 0.71 of its length.
            let reach = feature.rings.reduce(0) { $0 + MVTReference.length($1.points + [$1.points[0]]) }
            #expect(abs(feature.area - expected) <= 0.75 * reach + 4, "feature \(feature.id ?? 0) at zoom \(z)")
            #expect(feature.rings.first?.startsPart == true)
            #expect(feature.xy.allSatisfy { (-64...4160).contains($0) })
        }
    }

    static func isNegative(_ ring: [Point]) -> Bool {
        var doubled = 0.0
        for (index, from) in ring.enumerated() {
            let to = ring[(index + 1) % ring.count]
            doubled += from.x * to.y - to.x * from.y
        }
        return doubled < 0
    }

    @Test(arguments: [0, 5, 14, 20, 22]) func pointsAreExactAndKeepDuplicates(z: Int) throws {
        var random = SeededGenerator.printed()
        let tile = try Self.tile(z)
        let size = tile.worldSize
        var xy: [UInt32] = []
        for _ in 0..<500 {
            xy.append(UInt32(clamping: tile.worldMinX + Int.random(in: -size / 8...size * 9 / 8, using: &random)))
            xy.append(UInt32(clamping: tile.worldMinY + Int.random(in: -size / 8...size * 9 / 8, using: &random)))
        }
        xy += xy
        let (features, _) = try Self.encode(tile, .lossless, [(.point, xy, [1000 | ringStartsPart])])
        let expected = Self.local(xy, tile)
            .filter { $0.x >= -64 && $0.x <= 4160 && $0.y >= -64 && $0.y <= 4160 }
            .flatMap { [Int32(($0.x + 0.5).rounded(.down)), Int32(($0.y + 0.5).rounded(.down))] }
        #expect(features.first?.xy == expected)
        #expect(features.first?.ringEnds == [UInt32(expected.count / 2) | ringStartsPart])
    }

    @Test(arguments: [4, 14, 19]) func linesKeepTheirClippedLength(z: Int) throws {
        var random = SeededGenerator.printed()
        let tile = try Self.tile(z)
        let size = tile.worldSize
        for _ in 0..<60 {
            var xy: [UInt32] = []
            for _ in 0..<Int.random(in: 2...20, using: &random) {
                xy.append(UInt32(clamping: tile.worldMinX + Int.random(in: -size...2 * size, using: &random)))
                xy.append(UInt32(clamping: tile.worldMinY + Int.random(in: -size...2 * size, using: &random)))
            }
            let ends = [UInt32(xy.count / 2) | ringStartsPart]
            let features = try Self.encode(tile, .lossless, [(.line, xy, ends)]).features
            let decoded = features.first?.rings.reduce(0) { $0 + MVTReference.length($1.points) } ?? 0
            let line = Self.local(xy, tile)
            let expected = MVTReference.clippedLength(line, low: -64, high: 4160, steps: 2000)
            let error = MVTReference.length(line) / 1000 + 3 * Double(line.count)
            #expect(abs(decoded - expected) <= error, "\(decoded) instead of \(expected)")
        }
    }
}
