// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles

/// What a build has finished, on disk beside its output: `OUT.build/tiles` with the contents of the tiles in order, and
/// `OUT.build/journal` with an entry for each range.
///
/// A range counts once its journal entry is whole and its bytes have the checksum that the entry states; whatever
/// follows the last such range is cut off when a build goes on. `OUT.build/tiles` becomes the PMTiles archive.
final class TileSpool {
    private let folder: String
    private var contents: TileContents
    private let journal: FileHandle
    /// The finished ranges without their bytes, in order.
    private(set) var results: [TileRangeResult] = []

    static func folder(_ output: String) -> String { "\(output).build" }

    /// Opens the folder, and keeps what is in it if the build is to go on.
    ///
    /// - Parameter fingerprint: one line that says what is built; another one cannot be gone on with.
    /// - Throws: `TwinError.argument` where there is nothing to go on with, or of another build; `.system` by the disk.
    init(_ output: String, fingerprint: String, resume: Bool) throws {
        folder = Self.folder(output)
        let (tilesPath, journalPath) = (folder + "/tiles", folder + "/journal")
        let manager = FileManager.default
        let head = Array((fingerprint + "\n").utf8)
        do {
            if resume {
                guard let old = manager.contents(atPath: journalPath) else {
                    throw TwinError(
                        .argument, "there is no unfinished build \(folder) to resume; leave --resume out")
                }
                guard Array(old.prefix(head.count)) == head else {
                    throw TwinError(
                        .argument,
                        "\(folder) is of another build (other data, layers, rules, zooms or program); build again "
                            + "without --resume")
                }
            } else {
                if manager.fileExists(atPath: folder) { try manager.removeItem(atPath: folder) }
                try manager.createDirectory(atPath: folder, withIntermediateDirectories: false)
                try Data(head).write(to: URL(fileURLWithPath: journalPath))
            }
            contents = try TileContents(keeping: tilesPath, for: output)
            journal = try FileHandle(forUpdating: URL(fileURLWithPath: journalPath))
            try recover(after: head.count)
        } catch let error as TwinError {
            throw error
        } catch {
            throw Self.failure("use", folder, error)
        }
    }

    /// Reads the journal up to the first range that is not whole, and cuts the rest off.
    private func recover(after head: Int) throws {
        let bytes = try Array(journal.readToEnd() ?? Data())
        var (offset, length) = (head, 0)
        var lengths: [Int] = []
        while let entry = TileRangeResult.read(bytes, at: offset), entry.result.index == results.count {
            guard let range = try contents.bytes(at: length, count: entry.count),
                TileRangeResult.checksum(range) == entry.checksum
            else { break }
            // Contents that were there already lie before the range's own.
            var (fresh, next) = ([Int](), UInt64(length))
            for tile in entry.result.tiles where tile.offset == next {
                fresh.append(Int(tile.length))
                next += UInt64(tile.length)
            }
            guard next == UInt64(length + entry.count) else { break }
            lengths += fresh
            results.append(entry.result)
            offset = entry.next
            length += entry.count
        }
        try contents.adopt(lengths)
        try journal.truncate(atOffset: UInt64(offset))
        try journal.seekToEnd()
    }

    /// Adds the next range.
    func append(_ result: TileRangeResult) throws {
        do {
            var light = result
            light.bytes = []
            let before = contents.byteCount
            var start = 0
            for index in result.tiles.indices {
                let end = start + Int(result.tiles[index].length)
                light.tiles[index].offset = try contents.store(result.bytes.span.extracting(start..<end))
                start = end
            }
            try contents.flush()
            let count = contents.byteCount - before
            // Contents that were there already are rare.
            let fresh = try count == result.bytes.count ? result.bytes : contents.bytes(at: before, count: count) ?? []
            try journal.write(contentsOf: Data(light.journalEntry(fresh)))
            results.append(light)
        } catch {
            throw Self.failure("write", folder, error)
        }
    }

    /// Hands out all tiles in order.
    func forEachTile(_ body: (TileRangeResult.Tile, [UInt8]) throws -> Void) throws {
        for tile in results.lazy.flatMap(\.tiles) {
            guard let bytes = try contents.bytes(at: Int(tile.offset), count: Int(tile.length)) else {
                throw TwinError(.system, "\(folder) lost bytes while the archive was written; build again")
            }
            try body(tile, bytes)
        }
    }

    /// Makes the contents a PMTiles archive under its name.
    func finish(_ path: String, _ options: PMTilesOptions, metadata: [UInt8]) throws(TileError) -> PMTilesSummary {
        var entries = PMTilesEntries()
        for tile in results.lazy.flatMap(\.tiles) {
            try entries.add(id: tile.id, offset: tile.offset, length: Int(tile.length))
        }
        return try entries.finish(&contents, path, options, metadata: metadata)
    }

    /// Removes the folder after the archive has its name.
    func remove() throws {
        try journal.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    private static func failure(_ verb: String, _ folder: String, _ error: any Error) -> TwinError {
        TwinError(
            .system,
            "cannot \(verb) \(folder): if the disk is full, free space and go on with --resume; otherwise check the "
                + "folder's permissions",
            cause: error.localizedDescription)
    }
}
