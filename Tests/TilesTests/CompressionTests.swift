// SPDX-License-Identifier: Apache-2.0
import Testing
import TestSupport
import Tiles

@Suite struct CompressionTests {
    @Test func roundTripAndLimit() throws {
        var random = SeededGenerator.printed()
        for size in [0, 1, 100, 100_000] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...20, using: &random) }
            let packed = try Compression.gzip(bytes, level: 6)
            #expect(try Compression.gunzip(packed, limit: 100_000) == bytes)
        }
        let kept = try GzipCompressor(level: 6)
        for size in [5000, 3, 0, 5000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 3) }
            let packed = try kept.gzip(bytes)
            #expect(try packed == Compression.gzip(bytes, level: 6))
            #expect(try Compression.gunzip(packed, limit: 5000) == bytes)
        }
        let packed = try Compression.gzip([UInt8](repeating: 0, count: 1_000_000))
        #expect(throws: TileError.self) { try Compression.gunzip(packed, limit: 999_999) }
        #expect(throws: TileError.self) { try Compression.gunzip([1, 2, 3], limit: 10) }
    }

    @Test func tileAddresses() throws {
        let tile = try TileID(parsing: "14/13653/6361.mvt")
        #expect(tile.description == "14/13653/6361")
        #expect(tile.children.allSatisfy { $0.parent == tile })
        #expect(throws: TileError.self) { try TileID(z: 3, x: 8, y: 0) }
        #expect(throws: TileError.self) { try TileID(parsing: "3/1") }
        let inside = TileID(containingWorldX: UInt32(tile.worldMinX) + 5, y: UInt32(tile.worldMinY) + 5, zoom: 14)
        #expect(inside == tile)
    }
}
