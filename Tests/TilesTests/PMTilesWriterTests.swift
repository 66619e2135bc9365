// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Tiles

@Suite struct PMTilesWriterTests {
    /// The values that the reference implementations test against.
    @Test func numbersOfTheSpecification() throws {
        let known: [(Int, Int, Int, UInt64)] = [
            (0, 0, 0, 0), (1, 0, 0, 1), (1, 0, 1, 2), (1, 1, 1, 3), (1, 1, 0, 4), (2, 0, 0, 5),
            (12, 3423, 1763, 19_078_479),
        ]
        for (z, x, y, id) in known {
            #expect(try TileID(z: z, x: x, y: y).hilbertID == id)
            #expect(try TileID(hilbertID: id) == TileID(z: z, x: x, y: y))
        }
    }

    @Test func numbersAreACurve() throws {
        var last: TileID?
        for id in 0..<TileID.firstHilbertID(zoom: 6) {
            let tile = try TileID(hilbertID: id)
            #expect(tile.hilbertID == id)
            // Neighbours on the curve share an edge.
            if let last, last.z == tile.z { #expect(abs(last.x - tile.x) + abs(last.y - tile.y) == 1) }
            last = tile
        }
        var random = SeededGenerator.printed()
        for _ in 0..<2000 {
            let z = Int.random(in: 0...24, using: &random)
            let tile = try TileID(
                z: z, x: Int.random(in: 0..<1 << z, using: &random), y: Int.random(in: 0..<1 << z, using: &random))
            #expect(try TileID(hilbertID: tile.hilbertID) == tile)
        }
        #expect(throws: TileError.self) { try TileID(hilbertID: TileID.firstHilbertID(zoom: 25)) }
        #expect(throws: TileError.self) { try TileID(hilbertID: .max) }
    }

    @Test func headerRoundTrip() throws {
        var header = PMTilesHeader()
        header.root = .init(offset: 127, length: 99)
        header.tiles = .init(offset: 1 << 40, length: 12345)
        header.bounds = ArchiveBounds(west: 119.9, south: -36.2, east: 120.3, north: 36.5)
        header.tileType = .png
        (header.minimumZoom, header.maximumZoom, header.centerZoom) = (3, 15, 11)
        #expect(header.encoded().count == 127)
        #expect(try PMTilesHeader(parsing: header.encoded()) == header)
    }

    /// Equal neighbours are one run, equal contents elsewhere one entry on the same bytes.
    @Test func runsAndDuplicates() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.pmtiles")
        var writer = try PMTilesWriter(path: path)
        for (id, text) in [(0, "world"), (1, "sea"), (2, "sea"), (3, "land"), (4, "sea"), (9, "sea")] {
            try writer.add(id: UInt64(id), Array(text.utf8))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        let summary = try writer.finish(metadata: Array("{}".utf8))
        #expect((summary.tiles, summary.entries, summary.contents, summary.tileBytes) == (6, 5, 3, 12))
        #expect(throws: TileError.self) { try writer.add(id: 100, [1, 2]) }
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(bytes.count == summary.fileBytes)
        let header = try PMTilesHeader(parsing: bytes)
        #expect((header.addressedTiles, header.tileEntries, header.tileContents) == (6, 5, 3))
        #expect((header.minimumZoom, header.maximumZoom) == (0, 2))
        let root = Array(bytes[Int(header.root.offset)..<Int(header.root.offset + header.root.length)])
        let entries = try PMTilesDirectory.decode(
            try Compression.gunzip(root, limit: 1000), tileBytes: header.tiles.length, leafBytes: 0)
        #expect(entries.map(\.tileID) == [0, 1, 3, 4, 9])
        #expect(entries.map(\.runLength) == [1, 2, 1, 1, 1])
        #expect(entries.map(\.offset) == [0, 5, 8, 5, 5])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.pmtiles"])
    }

    @Test func sameCallsSameBytes() throws {
        let folder = try TemporaryFolder()
        var files: [Data] = []
        for name in ["a.pmtiles", "b.pmtiles"] {
            var random = SeededGenerator(seed: 7)
            var writer = try PMTilesWriter(path: folder.file(name))
            for id in 0..<60_000 where id % 3 != 0 {
                let size = Int.random(in: 1...60, using: &random)
                try writer.add(
                    id: UInt64(id), (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
            #expect(try writer.finish(metadata: Array("{}".utf8)).leafDirectories > 1)
            files.append(try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
        }
        #expect(files[0] == files[1])
        let header = try PMTilesHeader(parsing: [UInt8](files[0]))
        #expect(header.root.offset + header.root.length <= UInt64(PMTilesHeader.headSize))
    }

    @Test func misuseIsRefused() throws {
        let folder = try TemporaryFolder()
        var writer = try PMTilesWriter(path: folder.file("a.pmtiles"))
        try writer.add(id: 5, [1])
        #expect(throws: TileError.self) { try writer.add(id: 5, [1]) }
        #expect(throws: TileError.self) { try writer.add(id: 4, [1]) }
        #expect(throws: TileError.self) { try writer.add(id: 6, [UInt8]()) }
        #expect(throws: TileError.self) { try writer.add(id: 1 << 60, [1]) }
        // A refused tile does not spoil the archive.
        #expect(try writer.finish(metadata: Array("{}".utf8)).tiles == 1)
        do {
            var empty = try PMTilesWriter(path: folder.file("b.pmtiles"))
            #expect(throws: TileError.self) { try empty.finish(metadata: Array("{}".utf8)) }
        }
        #expect(throws: TileError.self) { _ = try PMTilesWriter(path: folder.file("no/such/a.pmtiles")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.pmtiles"])
    }

    /// An archive that is there stays until the new one is whole; a second writer of the same name is told.
    @Test func olderArchiveStays() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.pmtiles")
        try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        do {
            var writer = try PMTilesWriter(path: path)
            try writer.add(id: 5, [1])
            _ = consume writer
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        let other = try ArchiveFile(partialFor: path)
        #expect(throws: TileError.self) { _ = try PMTilesWriter(path: path) }
        _ = consume other
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    }

    /// /dev/full says ENOSPC to every write: the error says what to do.
    @Test func fullDisk() throws {
        let error = TileError.system("write", "/data/a.pmtiles", ENOSPC)
        #expect(error.message.contains("full") && error.message.contains("free space"))
    }

    @Test func metadataIsJSON() throws {
        var metadata = ArchiveMetadata(name: "城市", attribution: "© OSM")
        metadata.layers = [
            .init(
                id: "roads", zooms: 3...14, geometry: "LineString", count: 3,
                fields: [
                    .init("name", .string, distinct: 2, values: ["a\"b", "c"]),
                    .init("lanes", .number, distinct: 2, values: ["1", "2.5"], minimum: 1, maximum: 2.5),
                    .init("oneway", .boolean, values: ["true"]),
                ])
        ]
        let value = try JSONSerialization.jsonObject(with: Data(metadata.json())) as? [String: Any]
        let layers = value?["vector_layers"] as? [[String: Any]]
        #expect(
            layers?.first?["fields"] as? [String: String] == ["name": "String", "lanes": "Number", "oneway": "Boolean"])
        let stats = value?["tilestats"] as? [String: Any]
        #expect(stats?["layerCount"] as? Int == 1)
        #expect(value?["name"] as? String == "城市")
    }
}
