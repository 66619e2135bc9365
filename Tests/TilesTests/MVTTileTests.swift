// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

@Suite struct MVTTileTests {
    let tile: TileID

    init() throws { tile = try TileID(z: 14, x: 13653, y: 6361) }

    /// World coordinates of a position in tile units.
    func world(_ x: Int, _ y: Int) -> [UInt32] {
        [UInt32(tile.worldMinX + x << 6), UInt32(tile.worldMinY + y << 6)]
    }

    func begin(
        _ builder: inout TestTileBuilder, id: UInt64, kind: GeometryKind, xy: [UInt32], ends: [UInt32]
    ) -> Bool {
        builder.beginFeature(id: id, kind: kind, xy: xy.span, ringEnds: ends.span)
    }

    @Test func droppedFeaturesAreCounted() {
        var builder = TestTileBuilder(tile: tile)
        builder.beginLayer("a")
        let ends: [UInt32] = [3 | ringStartsPart]
        let outside = world(5000, 5000) + world(5100, 5000) + world(5100, 5100)
        let flat = world(10, 10) + world(20, 20) + world(30, 30)
        let answer1 = begin(&builder, id: 1, kind: .polygon, xy: outside, ends: ends)
        #expect(!answer1)
        let answer2 = begin(&builder, id: 2, kind: .polygon, xy: flat, ends: ends)
        #expect(!answer2)
        builder.endLayer()
        #expect(builder.finish().isEmpty)
        #expect(builder.account.outside == 1)
        #expect(builder.account.collapsed == 1)
    }

    /// GDAL is an independent reader of what the builder writes.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/ogrinfo"), "ogrinfo is not installed"))
    func gdalReadsATile() throws {
        var builder = TestTileBuilder(tile: tile)
        builder.beginLayer("buildings")
        let name = builder.intern(key: "name")
        let floors = builder.intern(key: "floors")
        let square = world(100, 100) + world(100, 300) + world(300, 300) + world(300, 100)
        let hole = world(150, 150) + world(250, 150) + world(250, 250) + world(150, 250)
        let xy = square + hole
        let ends: [UInt32] = [4 | ringStartsPart, 8]
        let answer3 = begin(&builder, id: 77, kind: .polygon, xy: xy, ends: ends)
        #expect(answer3)
        builder.add(key: name, code: 3) { _ in "胶州" }
        builder.add(key: floors, .int(6))
        builder.endFeature()
        builder.endLayer()
        builder.beginLayer("roads")
        let line = world(-5000, 2000) + world(9000, 2000)
        let answer4 = begin(&builder, id: 5, kind: .line, xy: line, ends: [2 | ringStartsPart])
        #expect(answer4)
        builder.endFeature()
        builder.endLayer()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).mvt")
        try Data(builder.finish()).write(to: file)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ogrinfo")
        process.arguments = ["-al", file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try FileManager.default.removeItem(at: file)
        #expect(text.contains("POLYGON"))
        #expect(text.contains("胶州"))
        #expect(text.contains("Layer name: roads"))
    }

    @Test func speed() {
        var random = SeededGenerator.printed()
        var builder = TestTileBuilder(tile: tile)
        builder.beginLayer("buildings")
        let key = builder.intern(key: "use")
        let count = 50_000
        var coordinates: [[UInt32]] = []
        for _ in 0..<count {
            let x = Int.random(in: 0..<4000, using: &random), y = Int.random(in: 0..<4000, using: &random)
            let a = world(x, y) + world(x + 20, y + 3) + world(x + 22, y + 15) + world(x + 12, y + 18)
            coordinates.append(a + world(x + 8, y + 22) + world(x - 2, y + 17))
        }
        let ends: [UInt32] = [6 | ringStartsPart]
        let duration = ContinuousClock().measure {
            for index in 0..<count {
                let xy = coordinates[index]
                guard begin(&builder, id: UInt64(index), kind: .polygon, xy: xy, ends: ends) else { continue }
                builder.add(key: key, code: index % 7) { "use \($0)" }
                builder.endFeature()
            }
        }
        builder.endLayer()
        print("MVT: \(count) polygons of 6 vertices in \(duration), \(builder.finish().count) bytes")
        #expect(builder.account.written == count)
    }
}
