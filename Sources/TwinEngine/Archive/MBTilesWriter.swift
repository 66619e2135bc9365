// SPDX-License-Identifier: Apache-2.0
import GRDB
public import Tiles

/// Writes an MBTiles 1.3 file in which equal tiles are stored once: tables `map` and `images`, and the view `tiles`.
///
/// ```swift
/// var writer = try MBTilesWriter(path: "city.mbtiles")
/// for tile in tiles { try writer.add(tile.id, tile.gzippedBytes) }
/// try writer.finish(metadata: metadata)
/// ```
///
/// Everything goes to `PATH.partial`, without a journal, a thousand tiles a transaction; ``finish(metadata:)`` makes it
/// durable and renames it. Whatever goes wrong, no file appears under the final name and an older one stays.
/// Tiles may come in any order. Equal contents are found by a 64-bit hash and compared byte by byte.
/// A value for one thread at a time. Vector tiles should be gzip (MBTiles 1.3, "Content").
public struct MBTilesWriter: ~Copyable {
    private static let batchTiles = 1000
    private static let batchBytes = 16 << 20

    private let path: String
    private let options: PMTilesOptions
    private var file: ArchiveFile
    private let database: DatabaseQueue
    private var contents = ContentTable()
    private var batch: [(tile: TileID, bytes: [UInt8])] = []
    private var batchSize = 0
    private var tileCount = 0
    private var tileBytes = 0
    private var zooms: ClosedRange<Int>?
    private var isClosed = false

    /// - Throws: ``TileError`` `.system` if the folder does not exist or cannot be written, or another process writes
    ///   this archive.
    public init(path: String, options: PMTilesOptions = PMTilesOptions()) throws {
        let file = try ArchiveFile(partialFor: path)
        database = try Self.create(path)
        self.file = file
        self.path = path
        self.options = options
    }

    private static func create(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        // A batch that fails is never rolled back, without a journal: the whole file is let go.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            try database.execute(
                sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE")
        }
        do {
            let database = try DatabaseQueue(path: path + ".partial", configuration: configuration)
            try database.writeWithoutTransaction { database in
                // "MPBX" marks MBTiles for the `file` program (MBTiles 1.3, "Database").
                try database.execute(
                    sql: """
                        PRAGMA application_id = 0x4d504258;
                        CREATE TABLE metadata (name TEXT NOT NULL, value TEXT);
                        CREATE UNIQUE INDEX name ON metadata (name);
                        CREATE TABLE map (
                            zoom_level INTEGER NOT NULL, tile_column INTEGER NOT NULL, tile_row INTEGER NOT NULL,
                            tile_id INTEGER NOT NULL, PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID;
                        CREATE TABLE images (tile_id INTEGER PRIMARY KEY, tile_data BLOB NOT NULL);
                        CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data
                            FROM map JOIN images ON map.tile_id = images.tile_id;
                        """)
            }
            return database
        } catch {
            throw named(error, path)
        }
    }

    /// Tiles added so far.
    public var count: Int { tileCount }

    /// Adds a tile, already compressed.
    ///
    /// - Throws: ``TileError`` `.argument` for a tile without bytes or given twice; `.system` if the disk is full.
    public mutating func add(_ tile: TileID, _ bytes: [UInt8]) throws {
        guard !isClosed else { throw TileError(.argument, "this archive was finished or has failed; start a new one") }
        guard !bytes.isEmpty, bytes.count <= Int(MBTilesReader.tileLimit) else {
            throw TileError(.argument, "tile \(tile) has \(bytes.count) bytes; 1 to 64 MiB can be stored")
        }
        batch.append((tile, bytes))
        batchSize += bytes.count
        tileCount += 1
        zooms = zooms.map { min($0.lowerBound, tile.z)...max($0.upperBound, tile.z) } ?? tile.z...tile.z
        if batch.count >= Self.batchTiles || batchSize >= Self.batchBytes { try flush() }
    }

    private mutating func flush() throws {
        isClosed = true
        var contents = contents
        self.contents = ContentTable()
        var added = 0
        let batch = batch
        do {
            (contents, added) = try database.writeWithoutTransaction { database in
                try database.execute(sql: "BEGIN")
                let result = try Self.write(batch, contents, database)
                try database.execute(sql: "COMMIT")
                return result
            }
        } catch {
            throw Self.named(error, path)
        }
        self.contents = contents
        tileBytes += added
        self.batch.removeAll(keepingCapacity: true)
        batchSize = 0
        isClosed = false
    }

    private static func write(
        _ batch: [(tile: TileID, bytes: [UInt8])], _ known: consuming ContentTable, _ database: Database
    ) throws -> (ContentTable, Int) {
        var contents = known
        var added = 0
        let map = try RawStatement(database, "INSERT INTO map VALUES (?, ?, ?, ?)")
        let image = try RawStatement(database, "INSERT INTO images VALUES (?, ?)")
        let stored = try RawStatement(database, "SELECT tile_data FROM images WHERE tile_id = ?")
        for (tile, bytes) in batch {
            let hash = ContentTable.hash(bytes.span)
            var slot = contents.firstSlot(hash)
            var id: Int64?
            while id == nil, let candidate = contents.content(at: slot) {
                if candidate.hash == hash, Int(candidate.length) == bytes.count {
                    stored.bind(1, Int64(candidate.offset))
                    // Safe: the span is read while the row is current.
                    let isSame =
                        try stored.step()
                        && stored.withBytes(0) { unsafe $0.withUnsafeBytes { unsafe $0.elementsEqual(bytes) } }
                    stored.reset()
                    if isSame {
                        id = Int64(candidate.offset)
                        break
                    }
                }
                slot = contents.slot(after: slot)
            }
            if id == nil {
                // The offset of a content is its row number here.
                let next = UInt64(contents.count + 1)
                contents.insert(.init(hash: hash, offset: next, length: UInt32(bytes.count)), at: slot)
                image.bind(1, Int64(next))
                image.bind(2, blob: bytes[...])
                try image.run()
                added += bytes.count
                id = Int64(next)
            }
            map.bind(1, Int64(tile.z))
            map.bind(2, Int64(tile.x))
            map.bind(3, Int64((1 << tile.z) - 1 - tile.y))
            map.bind(4, id ?? 0)
            do {
                try map.run()
            } catch let error as TwinError where error.message.contains("UNIQUE constraint") {
                throw TileError(.argument, "tile \(tile) was added twice")
            }
        }
        return (contents, added)
    }

    /// Writes the metadata, makes all of it durable, and gives the archive its name.
    @discardableResult
    public mutating func finish(metadata: ArchiveMetadata) throws -> PMTilesSummary {
        guard !isClosed else { throw TileError(.argument, "this archive was finished or has failed; start a new one") }
        guard let stored = zooms else {
            throw TileError(.argument, "there is no tile to write to \(path); check the zooms and layers")
        }
        try flush()
        isClosed = true
        let zooms = options.zooms ?? stored
        let rows = rows(metadata, zooms)
        do {
            try database.writeWithoutTransaction { database in
                try database.execute(sql: "BEGIN")
                for (name, value) in rows {
                    try database.execute(sql: "INSERT INTO metadata VALUES (?, ?)", arguments: [name, value])
                }
                try database.execute(sql: "COMMIT")
            }
            try database.close()
        } catch {
            throw Self.named(error, path)
        }
        let size = try FileRangeSource(path: path + ".partial").byteCount
        try file.publish()
        return PMTilesSummary(
            tiles: tileCount, entries: tileCount, contents: contents.count, leafDirectories: 0, tileBytes: tileBytes,
            fileBytes: Int(size))
    }

    private func rows(_ metadata: ArchiveMetadata, _ zooms: ClosedRange<Int>) -> [(String, String)] {
        let bounds = options.bounds
        let center =
            options.center
            ?? ((bounds.west + bounds.east) / 2, (bounds.south + bounds.north) / 2, zooms.lowerBound)
        var rows = [
            ("name", metadata.name), ("format", options.tileType.name),
            ("bounds", "\(bounds.west),\(bounds.south),\(bounds.east),\(bounds.north)"),
            ("center", "\(center.longitude),\(center.latitude),\(center.zoom)"),
            ("minzoom", "\(zooms.lowerBound)"), ("maxzoom", "\(zooms.upperBound)"),
            ("type", metadata.type), ("version", metadata.version),
        ]
        if !metadata.description.isEmpty { rows.append(("description", metadata.description)) }
        if !metadata.attribution.isEmpty { rows.append(("attribution", metadata.attribution)) }
        if !metadata.layers.isEmpty { rows.append(("json", String(decoding: metadata.vectorJSON(), as: UTF8.self))) }
        for member in metadata.members where !rows.contains(where: { $0.0 == member.name }) {
            rows.append((member.name, member.value))
        }
        return rows
    }

    private static func named(_ error: any Error, _ path: String) -> any Error {
        switch error {
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            return TileError.system("write", path, 28)
        case let error as TwinError where error.code == .system: return TileError.system("write", path, 28)
        case let error as DatabaseError:
            return TileError(.system, "cannot write \(path): \(error.message ?? "\(error.resultCode)")")
        case let error as TwinError: return TileError(.system, "cannot write \(path): \(error)")
        default: return error
        }
    }
}
