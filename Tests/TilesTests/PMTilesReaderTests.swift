// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Tiles

@Suite struct PMTilesReaderTests {
    static let fixtures = [
        "box1degree.pmtiles", "protomaps_firenze.pmtiles", "stamen_toner(raster)CC-BY+ODbL_z3.pmtiles",
        "test_fixture_1.pmtiles", "test_fixture_2.pmtiles", "test_fixture_mlt.pmtiles",
    ]

    static func bytes(_ name: String) throws -> [UInt8] {
        let path = try #require(SharedData.path("fixtures/pmtiles/\(name)"))
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test func everyCompressionRoundTrips() throws {
        var random = SeededGenerator.printed()
        for compression in ArchiveCompression.allCases where compression != .unknown {
            for size in [0, 1, 1000, 200_000] {
                let bytes = (0..<size).map { _ in UInt8.random(in: 0...9, using: &random) }
                let packed = try compression.compress(bytes)
                #expect(try compression.decompress(packed, limit: 200_000) == bytes)
                guard compression != .none else { continue }
                // Cut anywhere, or with a byte after the end, it is refused.
                if size > 0 {
                    #expect(throws: TileError.self) { try compression.decompress(packed.dropLast(), limit: 300_000) }
                }
                if compression != .gzip {
                    #expect(throws: TileError.self) { try compression.decompress(packed + [7], limit: 300_000) }
                }
            }
            let bomb = try compression.compress([UInt8](repeating: 0, count: 4_000_000))
            let error = #expect(throws: TileError.self) { try compression.decompress(bomb, limit: 1_000_000) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test(arguments: [ArchiveCompression.gzip, .brotli, .zstd, .none])
    func readsWhatWasWritten(_ compression: ArchiveCompression) throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator.printed()
        var expected: [UInt64: [UInt8]] = [:]
        var options = PMTilesOptions()
        options.tileCompression = compression
        var writer = try PMTilesWriter(path: folder.file("a.pmtiles"), options: options)
        for id in UInt64(0)..<50_000 where Int.random(in: 0...2, using: &random) > 0 {
            let content = (0..<Int.random(in: 1...3, using: &random)).map { _ in UInt8.random(in: 0...7, using: &random)
            }
            expected[id] = content
            try writer.add(id: id, compression == .none ? content : try ArchiveCompression.none.compress(content))
        }
        let summary = try writer.finish(metadata: Array(#"{"name":"x"}"#.utf8))
        let reader = try PMTilesReader(path: folder.file("a.pmtiles"))
        #expect(summary.leafDirectories > 0)
        #expect(reader.header.tileCompression == compression)
        #expect(try reader.verify().tiles == UInt64(expected.count))
        #expect(try reader.metadata() == Array(#"{"name":"x"}"#.utf8))
        for id in UInt64(0)..<50_100 { #expect(try reader.tile(TileID(hilbertID: id))?.bytes == expected[id]) }
        var seen = 0
        try reader.forEachEntry { entry throws(TileError) in seen += Int(entry.runLength) }
        #expect(seen == expected.count)
    }

    @Test(.enabled(if: SharedData.isAvailable), arguments: fixtures)
    func fixturesOfOthers(_ name: String) throws {
        let reader = try PMTilesReader(MemoryRangeSource(Self.bytes(name)))
        let counts = try reader.verify()
        // The MLT fixture is an archive without tiles.
        #expect((counts.tiles > 0) == (name != "test_fixture_mlt.pmtiles"))
        let json = try JSONSerialization.jsonObject(with: Data(reader.metadata()))
        #expect(json is [String: Any])
        try reader.forEachEntry { entry throws(TileError) in
            let plain = try reader.header.tileCompression.decompress(reader.content(entry), limit: 16 << 20)
            #expect(!plain.isEmpty)
        }
    }

    @Test(.enabled(if: SharedData.isAvailable)) func brokenFixtures() throws {
        for (name, word) in [("empty", "empty"), ("invalid", "PMTiles"), ("invalid_v4", "version 4")] {
            let bytes = try Self.bytes("\(name).pmtiles")
            let error = #expect(throws: TileError.self) { try PMTilesReader(MemoryRangeSource(bytes)) }
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "no error")")
        }
    }

    /// Cut at any byte: an error at the opening, or at a tile beyond the cut; never a crash or wrong bytes.
    @Test(.enabled(if: SharedData.isAvailable)) func truncated() throws {
        let bytes = try Self.bytes("test_fixture_1.pmtiles")
        for count in 0..<bytes.count {
            #expect(throws: TileError.self) {
                try PMTilesReader(MemoryRangeSource(Array(bytes[..<count]))).verify()
            }
        }
    }

    /// Random bytes changed, in the head more often than elsewhere: whatever comes is an answer or a `TileError`.
    @Test(.enabled(if: SharedData.isAvailable), arguments: fixtures.filter { $0 != "protomaps_firenze.pmtiles" })
    func flippedBytes(_ name: String) throws {
        var random = SeededGenerator.printed()
        let original = try Self.bytes(name)
        var refused = 0
        for _ in 0..<3000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let end = Bool.random(using: &random) ? min(400, bytes.count) : bytes.count
                bytes[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                let reader = try PMTilesReader(MemoryRangeSource(bytes))
                _ = try reader.metadata()
                try reader.verify()
                try reader.forEachEntry { entry throws(TileError) in
                    _ = try reader.header.tileCompression.decompress(reader.content(entry), limit: 1 << 20)
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0)
    }

    /// Uncompressed directories let the flips reach the entries themselves.
    @Test func flippedDirectories() throws {
        var random = SeededGenerator.printed()
        var entries: [PMTilesEntry] = []
        for index in UInt64(0)..<40 {
            entries.append(
                PMTilesEntry(tileID: index * 3, offset: index * 10, length: 10, runLength: UInt32(index % 3)))
        }
        let original = PMTilesDirectory.encode(entries[...])
        #expect(try PMTilesDirectory.decode(original, tileBytes: 400, leafBytes: 400) == entries)
        for _ in 0..<50_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                let decoded = try PMTilesDirectory.decode(bytes, tileBytes: 400, leafBytes: 400)
                for entry in decoded { #expect(entry.offset + UInt64(entry.length) <= 400) }
                for id in UInt64(0)..<130 { _ = PMTilesDirectory.find(id, in: decoded) }
            } catch {
                // A TileError, by the function's type: refused.
            }
        }
    }

    private func archive(root: [PMTilesEntry], leaves: [UInt8], tileBytes: Int = 100) -> [UInt8] {
        var header = PMTilesHeader()
        let directory = PMTilesDirectory.encode(root[...])
        header.internalCompression = .none
        header.root = .init(offset: 127, length: UInt64(directory.count))
        header.leaves = .init(offset: 127 + header.root.length, length: UInt64(leaves.count))
        header.tiles = .init(offset: header.leaves.offset + header.leaves.length, length: UInt64(tileBytes))
        return header.encoded() + directory + leaves + [UInt8](repeating: 1, count: tileBytes)
    }

    /// A leaf that is its own leaf, and a run beyond the next entry.
    @Test func circlesAndOverlaps() throws {
        var leaf = PMTilesDirectory.encode([PMTilesEntry(tileID: 0, offset: 0, length: 5, runLength: 0)][...])
        #expect(leaf.count == 5)
        leaf = Array(leaf)
        let circle = try PMTilesReader(
            MemoryRangeSource(archive(root: [.init(tileID: 0, offset: 0, length: 5, runLength: 0)], leaves: leaf)))
        let error = #expect(throws: TileError.self) { try circle.tile(TileID(z: 0, x: 0, y: 0)) }
        #expect(error?.message.contains("circle") == true)
        #expect(throws: TileError.self) { try circle.verify() }
        let overlap: [PMTilesEntry] = [
            .init(tileID: 0, offset: 0, length: 5, runLength: 4), .init(tileID: 3, offset: 5, length: 5, runLength: 1),
        ]
        #expect(throws: TileError.self) {
            try PMTilesReader(MemoryRangeSource(self.archive(root: overlap, leaves: [])))
        }
        let beyond: [PMTilesEntry] = [.init(tileID: 0, offset: 96, length: 5, runLength: 1)]
        #expect(throws: TileError.self) {
            try PMTilesReader(MemoryRangeSource(self.archive(root: beyond, leaves: [])))
        }
        // The same leaf twice: its numbers do not ascend.
        let pair = PMTilesDirectory.encode([PMTilesEntry(tileID: 0, offset: 0, length: 5, runLength: 1)][...])
        let twice: [PMTilesEntry] = [
            .init(tileID: 0, offset: 0, length: 5, runLength: 0), .init(tileID: 9, offset: 0, length: 5, runLength: 0),
        ]
        #expect(throws: TileError.self) {
            try PMTilesReader(MemoryRangeSource(self.archive(root: twice, leaves: pair))).verify()
        }
    }

    /// A directory of a few bytes that unpacks to gigabytes is refused at 16 MiB.
    @Test func directoryBomb() throws {
        let bomb = try Compression.gzip([UInt8](repeating: 0x80, count: 40 << 20))
        var header = PMTilesHeader()
        header.root = .init(offset: 127, length: UInt64(bomb.count))
        let error = #expect(throws: TileError.self) { try PMTilesReader(MemoryRangeSource(header.encoded() + bomb)) }
        #expect(error?.code == .tooLarge)
    }

    /// A file that shrinks after it was opened is an error, not a crash.
    @Test func shrinkingFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.pmtiles")
        var writer = try PMTilesWriter(path: path)
        try writer.add(id: 0, [UInt8](repeating: 9, count: 100_000))
        try writer.finish(metadata: Array("{}".utf8))
        let reader = try PMTilesReader(path: path)
        #expect(unsafe truncate(path, 5000) == 0)
        #expect(throws: TileError.self) { try reader.tile(TileID(z: 0, x: 0, y: 0)) }
    }
}
