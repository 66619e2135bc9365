// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

/// Rules of the encoder that a reader of its tiles relies on.
@Suite struct MVTEncoderRuleTests {
    let tile: TileID

    init() throws { tile = try TileID(z: 10, x: 853, y: 397) }

    /// World coordinates of positions in tile units; at this zoom a unit is 1024 wide.
    func world(_ units: [(Double, Double)]) -> [UInt32] {
        units.flatMap {
            [UInt32(Double(tile.worldMinX) + $0.0 * 1024), UInt32(Double(tile.worldMinY) + $0.1 * 1024)]
        }
    }

    func encode(
        _ rules: TileRules, _ kind: GeometryKind, _ xy: [UInt32], _ ends: [UInt32]
    ) throws -> DecodedFeature? {
        try MVTRoundTripTests.encode(tile, rules, [(kind, xy, ends)]).features.first
    }

    /// A loop without a vertex of the zoom has nothing left but its end twice; LineTo must move (spec 4.3.3.2).
    @Test func smallLoopsCollapse() throws {
        let loop = world([(10, 10), (12, 10), (12, 12), (10, 12), (10, 10)])
        let both = loop + world([(100, 100), (200, 130)])
        for (xy, ends) in [(loop, [5 | ringStartsPart]), (both, [5 | ringStartsPart, 7 | ringStartsPart])] {
            var builder = TestTileBuilder(tile: tile)
            builder.beginLayer("a")
            let levels = (0..<xy.count / 2).map { UInt8((1..<4).contains($0) ? tile.z + 1 : 0) }
            let isKept = builder.beginFeature(
                id: 1, kind: .line, xy: xy.span, ringEnds: ends.span, vertexZooms: levels.span)
            #expect(isKept == (ends.count == 2))
            if isKept { builder.endFeature() }
            builder.endLayer()
            let feature = try MVTDecoder.decode(builder.finish()).first?.features.first
            #expect(feature?.ringEnds == (isKept ? [2 | ringStartsPart] : nil))
        }
    }

    @Test func windingFollowsThePartsNotTheSource() throws {
        let square = [(0.0, 0.0), (100, 0), (100, 100), (0, 100)]
        let hole = [(20.0, 20.0), (40, 20), (40, 40), (20, 40)]
        let island = [(25.0, 25.0), (35, 25), (35, 35), (25, 35)]
        for ways in 0..<8 {
            let xy = [square, hole, island].enumerated().flatMap { index, ring in
                world(ways >> index & 1 == 1 ? ring.reversed() : ring)
            }
            let feature = try #require(
                try encode(.lossless, .polygon, xy, [4 | ringStartsPart, 8, 12 | ringStartsPart]))
            #expect(feature.ringEnds == [4 | ringStartsPart, 8, 12 | ringStartsPart])
            #expect(feature.area == 10_000 - 400 + 100)
        }
    }

    @Test func holesGoWithTheirExterior() throws {
        let sliver = [(0.0, 0.0), (50, 0), (100, 0)], hole = [(10.0, 10.0), (20, 10), (20, 20)]
        let square = [(200.0, 200.0), (300, 200), (300, 300), (200, 300)]
        let feature = try #require(
            try encode(
                .lossless, .polygon, world(sliver + hole + square), [3 | ringStartsPart, 6, 10 | ringStartsPart]))
        #expect(feature.ringEnds == [4 | ringStartsPart])
        #expect(feature.area == 10_000)
    }

    /// A polygon around the tile becomes the tile with its buffer, and none of its corners stays.
    @Test func polygonAroundTheTileFillsIt() throws {
        let around = world([(-9000, -9000), (9000, -9000), (9000, 9000), (-9000, 9000)])
        let feature = try #require(try encode(.lossless, .polygon, around, [4 | ringStartsPart]))
        #expect(feature.area == 4224 * 4224)
        let outside = world([(5000, -9000), (9000, -9000), (9000, 9000), (5000, 9000)])
        #expect(try encode(.lossless, .polygon, outside, [4 | ringStartsPart]) == nil)
    }

    /// Squares stand for as much area as was left out, whatever the shape of what was left out.
    @Test func squaresKeepTheArea() throws {
        var random = SeededGenerator.printed()
        var rules = TileRules.lossless
        rules.tinyPolygons = .square
        var geometries: [(kind: GeometryKind, xy: [UInt32], ends: [UInt32])] = []
        var area = 0.0
        for _ in 0..<4000 {
            let x = Double.random(in: 0..<4000, using: &random), y = Double.random(in: 0..<4000, using: &random)
            let a = Double.random(in: 0.2..<3, using: &random), b = Double.random(in: 0.2..<3, using: &random)
            // Right-angled triangles: half their box.
            geometries.append((.polygon, world([(x, y), (x + a, y), (x, y + b)]), [3 | ringStartsPart]))
            area += a * b / 2
        }
        let (features, account) = try MVTRoundTripTests.encode(tile, rules, geometries)
        #expect(account.squares == features.count)
        let kept = features.reduce(0) { $0 + $1.area }
        // Drawn by chance: the variance is at most that of as many squares as stand for the area, 16 each.
        #expect(abs(kept - area) < 4 * (16 * area).squareRoot(), "\(kept) instead of \(area)")
    }

    @Test func attributesOfEveryType() throws {
        let values: [MVTValue] = [
            .string(""), .string("胶州"), .double(0.5), .double(-.infinity), .int(0), .int(-1), .int(.min), .int(.max),
            .uint(0), .uint(.max), .bool(true), .bool(false),
        ]
        var builder = TestTileBuilder(tile: tile)
        let xy = world([(1, 1)])
        let ends: [UInt32] = [1 | ringStartsPart]
        var asked = 0
        for layer in ["a", "b"] {
            builder.beginLayer(layer)
            let keys = values.indices.map { builder.intern(key: "v\($0)") }
            let code = builder.intern(key: "code")
            _ = builder.intern(key: "never used")
            for id in [0, 7, UInt64.max] {
                let kept = builder.beginFeature(id: id, kind: .point, xy: xy.span, ringEnds: ends.span)
                #expect(kept)
                for (key, value) in zip(keys, values) { builder.add(key: key, value) }
                builder.add(key: code, code: 70_000) { number in
                    asked += 1
                    return "code \(number)"
                }
                builder.endFeature()
            }
            builder.endLayer()
        }
        let layers = try MVTDecoder.decode(builder.finish())
        #expect(layers.map(\.name) == ["a", "b"])
        #expect(asked == 2)
        for layer in layers {
            #expect(layer.features.map(\.id) == [0, 7, UInt64.max])
            #expect(layer.keyCount == values.count + 1)
            #expect(layer.valueCount == values.count + 1)
            for feature in layer.features {
                for (index, value) in values.enumerated() { #expect(feature.attributes["v\(index)"] == value) }
                #expect(feature.attributes["code"] == .string("code 70000"))
            }
        }
    }

    /// The reader of GDAL counts and measures what ours does.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ogrinfo"), "ogrinfo is not installed"))
    func gdalCountsTheSameFeatures() throws {
        var random = SeededGenerator.printed()
        var builder = TestTileBuilder(tile: tile)
        builder.beginLayer("parcels")
        let ends: [UInt32] = [9 | ringStartsPart]
        for id in 1...500 {
            let x = tile.worldMinX + Int.random(in: 0..<tile.worldSize, using: &random)
            let y = tile.worldMinY + Int.random(in: 0..<tile.worldSize, using: &random)
            let xy = MVTRoundTripTests.star(x, y, radius: 90_000, corners: 9, clockwise: id % 2 == 0, using: &random)
            if builder.beginFeature(id: UInt64(id), kind: .polygon, xy: xy.span, ringEnds: ends.span) {
                builder.endFeature()
            }
        }
        builder.endLayer()
        let bytes = builder.finish()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).mvt")
        try Data(bytes).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ogrinfo")
        process.arguments = ["-q", "-al", "-geom=SUMMARY", file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try FileManager.default.removeItem(at: file)
        let features = try #require(try MVTDecoder.decode(bytes).first).features
        #expect(text.components(separatedBy: "OGRFeature(parcels)").count - 1 == features.count)
        for feature in features.prefix(50) { #expect(text.contains("mvt_id (Integer64) = \(feature.id ?? 0)\n")) }
    }
}
