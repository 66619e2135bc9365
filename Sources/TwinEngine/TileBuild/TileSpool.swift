// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a build has finished, on disk beside its output: `OUT.build/tiles` with the bytes of the ranges in order, and
/// `OUT.build/journal` with an entry for each.
///
/// A range counts once its journal entry is whole and its bytes have the checksum that the entry states; whatever
/// follows the last such range is cut off when a build goes on.
final class TileSpool {
    private let folder: String
    private let tiles: FileHandle
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
                try Data().write(to: URL(fileURLWithPath: tilesPath))
                try Data(head).write(to: URL(fileURLWithPath: journalPath))
            }
            tiles = try FileHandle(forUpdating: URL(fileURLWithPath: tilesPath))
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
        while let entry = TileRangeResult.read(bytes, at: offset), entry.result.index == results.count {
            let range = try tiles.read(upToCount: entry.count) ?? Data()
            guard range.count == entry.count, TileRangeResult.checksum(Array(range)) == entry.checksum else { break }
            results.append(entry.result)
            offset = entry.next
            length += entry.count
        }
        try journal.truncate(atOffset: UInt64(offset))
        try tiles.truncate(atOffset: UInt64(length))
        try journal.seekToEnd()
        try tiles.seekToEnd()
    }

    /// Adds the next range.
    func append(_ result: TileRangeResult) throws {
        do {
            try tiles.write(contentsOf: Data(result.bytes))
            try journal.write(contentsOf: Data(result.journalEntry()))
        } catch {
            throw Self.failure("write", folder, error)
        }
        var light = result
        light.bytes = []
        results.append(light)
    }

    /// Hands out all tiles in order.
    func forEachTile(_ body: (TileRangeResult.Tile, [UInt8]) throws -> Void) throws {
        try tiles.seek(toOffset: 0)
        for result in results {
            let count = result.tiles.reduce(0) { $0 + Int($1.length) }
            guard count > 0 else { continue }
            let bytes = try Array(tiles.read(upToCount: count) ?? Data())
            guard bytes.count == count else {
                throw TwinError(.system, "\(folder) lost bytes while the archive was written; build again")
            }
            var start = 0
            for tile in result.tiles {
                try body(tile, Array(bytes[start..<start + Int(tile.length)]))
                start += Int(tile.length)
            }
        }
    }

    /// Removes the folder after the archive has its name.
    func remove() throws {
        try tiles.close()
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
