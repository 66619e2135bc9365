// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

@Suite struct MBTilesTests {
    static let fixtures = ["bostonbuildings", "jakartabuildings", "protomaps538lakemerge"]

    private func sqlite(_ path: String, _ statements: String) throws {
        try ExternalTool("sqlite3").run([path, statements])
    }

    @Test func readsWhatWasWritten() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.mbtiles")
        var random = SeededGenerator.printed()
        var expected: [TileID: [UInt8]] = [:]
        var options = PMTilesOptions()
        options.bounds = ArchiveBounds(west: 120, south: 36, east: 120.5, north: 36.25)
        var writer = try MBTilesWriter(path: path, options: options)
        for number in 0..<5000 where number == 0 || Bool.random(using: &random) {
            let tile = try TileID(hilbertID: UInt64(number))
            expected[tile] = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                UInt8.random(in: 0...9, using: &random)
            }
        }
        for (tile, bytes) in expected { try writer.add(tile, bytes) }
        #expect(!FileManager.default.fileExists(atPath: path))
        var metadata = ArchiveMetadata(name: "城市", layers: [.init(id: "roads", zooms: 0...6)])
        metadata.members = [.init("generator", "test")]
        let summary = try writer.finish(metadata: metadata)
        #expect(summary.tiles == expected.count && summary.contents == Set(expected.values).count)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.mbtiles"])
        let reader = try MBTilesReader(path: path)
        for number in 0..<5100 {
            let tile = try TileID(hilbertID: UInt64(number))
            #expect(try reader.tile(tile)?.bytes == expected[tile])
        }
        #expect(reader.tileType == .mvt && reader.zooms == 0...6 && reader.bounds == options.bounds)
        let json = try JSONSerialization.jsonObject(with: Data(reader.metadata())) as? [String: Any]
        #expect(json?["name"] as? String == "城市" && json?["generator"] as? String == "test")
        #expect((json?["vector_layers"] as? [[String: Any]])?.first?["id"] as? String == "roads")
        var numbers: [UInt64] = []
        try reader.forEachTile { numbers.append($0.hilbertID) }
        #expect(numbers == expected.keys.map(\.hilbertID).sorted())
    }

    @Test func misuseIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.mbtiles")
        try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        do {
            var writer = try MBTilesWriter(path: path)
            let tile = try TileID(z: 1, x: 0, y: 0)
            #expect(throws: TileError.self) { try writer.add(tile, []) }
            try writer.add(tile, [1])
            try writer.add(tile, [2])
            let error = #expect(throws: TileError.self) { try writer.finish(metadata: ArchiveMetadata(name: "x")) }
            #expect(error?.message.contains("twice") == true)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.mbtiles"])
        var empty = try MBTilesWriter(path: folder.file("b.mbtiles"))
        #expect(throws: TileError.self) { try empty.finish(metadata: ArchiveMetadata(name: "x")) }
        #expect(throws: TileError.self) { _ = try MBTilesWriter(path: folder.file("no/such/a.mbtiles")) }
    }

    @Test(.enabled(if: SharedData.isAvailable), arguments: fixtures)
    func fixturesOfOthers(_ name: String) throws {
        let path = try #require(SharedData.path("fixtures/mbtiles/\(name).mbtiles"))
        let reader = try MBTilesReader(path: path)
        #expect(reader.tileType == .mvt)
        #expect(try JSONSerialization.jsonObject(with: Data(reader.metadata())) is [String: Any])
        var layers = 0
        try reader.forEachTile { tile in
            let stored = try #require(try reader.tile(tile))
            let plain = try stored.compression.decompress(stored.bytes, limit: 64 << 20)
            layers += try MVTDecoder.decode(plain).count
        }
        #expect(layers > 0)
    }

    /// Whatever part of a foreign file is missing or changed, there is an answer or a named error.
    @Test(.enabled(if: SharedData.isAvailable)) func damagedFiles() throws {
        let folder = try TemporaryFolder()
        let source = try #require(SharedData.path("fixtures/mbtiles/protomaps538lakemerge.mbtiles"))
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source)))
        var random = SeededGenerator.printed()
        var refused = 0
        for round in 0..<150 {
            var damaged = bytes
            if round < 20 {
                damaged = Array(bytes[..<(bytes.count * round / 20)])
            } else {
                for _ in 0..<30 {
                    damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
            }
            let path = folder.file("\(round).mbtiles")
            try Data(damaged).write(to: URL(fileURLWithPath: path))
            do {
                let reader = try MBTilesReader(path: path)
                _ = try reader.metadata()
                try reader.forEachTile { tile in
                    guard let stored = try reader.tile(tile) else { return }
                    _ = try stored.compression.decompress(stored.bytes, limit: 1 << 24)
                }
            } catch let error as TileError {
                refused += 1
                #expect(error.message.count > 20)
            }
        }
        #expect(refused >= 15)
    }

    @Test(.enabled(if: ExternalTool("sqlite3").isAvailable)) func foreignFiles() throws {
        let folder = try TemporaryFolder()
        let other = folder.file("other.sqlite")
        try sqlite(other, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        #expect(throws: TileError.self) { try MBTilesReader(path: other) }
        #expect(throws: TileError.self) { try MBTilesReader(path: folder.file("absent.mbtiles")) }
        #expect(throws: TileError.self) { try MBTilesReader(path: folder.path) }
        // No metadata, odd bounds: read with what the tiles say.
        let bare = folder.file("bare.mbtiles")
        try sqlite(
            bare,
            """
            CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data);
            CREATE TABLE metadata (name, value);
            INSERT INTO metadata VALUES ('bounds', '9,nan,1e99'), ('minzoom', '99'), (NULL, NULL);
            INSERT INTO tiles VALUES (3, 1, 2, x'1f8b00');
            """)
        let reader = try MBTilesReader(path: bare)
        #expect(reader.zooms == 3...3 && reader.bounds == .world)
        #expect(try reader.tile(TileID(z: 3, x: 1, y: 5))?.compression == .gzip)
        // A view that never ends is stopped.
        let endless = folder.file("endless.mbtiles")
        try sqlite(
            endless,
            """
            CREATE VIEW tiles AS WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
                SELECT 1 AS zoom_level, n AS tile_column, n AS tile_row, x'00' AS tile_data FROM c;
            """)
        let error = #expect(throws: TileError.self) { try MBTilesReader(path: endless) }
        #expect(error?.message.contains("too long") == true)
    }
}
