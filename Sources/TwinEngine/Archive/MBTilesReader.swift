// SPDX-License-Identifier: Apache-2.0
import GRDB
public import Tiles

/// Reads an MBTiles 1.3 file, from any writer, without trust in what it says.
///
/// `tiles` may be a table or a view. Rows count from the south there (TMS), which is turned round here. Tiles are sent
/// as they are stored; gzip is recognised by its first bytes, since files do not say. Usable from any thread.
public final class MBTilesReader: TileArchive {
    /// Largest tile, as SQLite's limit for a value.
    static let tileLimit: Int32 = 64 << 20
    /// SQLite's virtual instructions for one query: a view that never ends is stopped within about a second.
    private static let stepLimit: Int32 = 20_000_000

    public let tileType: ArchiveTileType
    public let zooms: ClosedRange<Int>
    public let bounds: ArchiveBounds
    public let center: (longitude: Double, latitude: Double, zoom: Int)
    /// The rows of the `metadata` table.
    public let rows: [String: String]
    private let path: String
    private let database: DatabasePool

    /// - Throws: ``TileError`` `.system` where there is no such file, `.malformed` where it is no MBTiles file.
    public init(path: String) throws {
        // SQLite would read an empty or a wrong file only later, with a worse message.
        let source = try FileRangeSource(path: path)
        guard source.byteCount >= 512,
            try source.read(at: 0, count: 16).elementsEqual("SQLite format 3\0".utf8)
        else { throw TileError(.malformed, "\(path) is no SQLite file, so no MBTiles; \(source.byteCount) bytes") }
        self.path = path
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(2)
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { database in
            // A foreign schema may not call functions with side effects, and damaged cells are noticed.
            try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
            database.limitValueLength(Self.tileLimit)
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            database = pool
            let rows = try pool.read { try Self.metadataRows($0, path) }
            self.rows = rows
            let stored = try pool.read { try Self.storedZooms($0, path) }
            tileType = ArchiveTileType(name: rows["format"] ?? "")
            let stated = Self.zoom(rows["minzoom"]).flatMap { low in
                Self.zoom(rows["maxzoom"]).flatMap { low <= $0 ? low...$0 : nil }
            }
            zooms = stated ?? stored
            let limits = Self.numbers(rows["bounds"], count: 4)
            let isBox = limits.map { $0[0] <= $0[2] && $0[1] <= $0[3] && abs($0[1]) <= 90 && abs($0[3]) <= 90 } == true
            let box = limits.flatMap {
                isBox ? ArchiveBounds(west: $0[0], south: $0[1], east: $0[2], north: $0[3]) : nil
            }
            let bounds = box ?? .world
            self.bounds = bounds
            let middle = Self.numbers(rows["center"], count: 3)
            center = (
                middle?[0] ?? (bounds.west + bounds.east) / 2, middle?[1] ?? (bounds.south + bounds.north) / 2,
                middle.map { Int(min(max($0[2], 0), 24)) } ?? zooms.lowerBound
            )
        } catch let error as DatabaseError {
            throw Self.named(error, path)
        }
    }

    private static func zoom(_ text: String?) -> Int? {
        text.flatMap { Int($0) }.flatMap { (0...TileID.maximumZoom).contains($0) ? $0 : nil }
    }

    private static func numbers(_ text: String?, count: Int) -> [Double]? {
        let parts = (text ?? "").split(separator: ",").map { Double($0.filter { $0 != " " }) ?? .nan }
        return parts.count == count && parts.allSatisfy { $0.isFinite && abs($0) <= 180 } ? parts : nil
    }

    /// The metadata; none where the table is absent, which some writers leave out.
    private static func metadataRows(_ database: Database, _ path: String) throws -> [String: String] {
        var columns: Set<String> = []
        for row in try Row.fetchAll(database, sql: "PRAGMA table_info(tiles)") { columns.insert(row["name"]) }
        let needed = ["zoom_level", "tile_column", "tile_row", "tile_data"]
        guard columns.isSuperset(of: needed) else {
            throw TileError(
                .malformed,
                "\(path) has no `tiles` with the columns \(needed.joined(separator: ", ")) (MBTiles 1.3, Tiles): "
                    + "it is a SQLite file, but no MBTiles")
        }
        let metadata = try Int.fetchOne(database, sql: "SELECT count(*) FROM pragma_table_info('metadata')") ?? 0
        guard metadata > 0 else { return [:] }
        var rows: [String: String] = [:]
        // A hostile file can have any number of rows: the specification has a dozen.
        for row in try Row.fetchAll(database, sql: "SELECT name, value FROM metadata LIMIT 1000") {
            if let name = String.fromDatabaseValue(row[0]), let value = String.fromDatabaseValue(row[1]) {
                rows[name] = value
            }
        }
        return rows
    }

    private static func storedZooms(_ database: Database, _ path: String) throws -> ClosedRange<Int> {
        try database.interrupted(after: Self.stepLimit) {
            // Two queries: each is one step in the index that the specification asks for.
            let low = try Int.fetchOne(database, sql: "SELECT min(zoom_level) FROM tiles")
            let high = try Int.fetchOne(database, sql: "SELECT max(zoom_level) FROM tiles")
            guard let low, let high, (0...TileID.maximumZoom).contains(low), (low...TileID.maximumZoom).contains(high)
            else {
                throw TileError(
                    .malformed, "\(path) has no tile in zooms 0 to \(TileID.maximumZoom); there is nothing to serve")
            }
            return low...high
        }
    }

    /// A JSON object of the rows, with the members of the row `json` (MBTiles 1.3, "Vector tileset metadata") in it.
    public func metadata() throws -> [UInt8] {
        var out = JSONBytes(capacity: 1024)
        var separator = UInt8(ascii: "{")
        for (name, value) in rows.sorted(by: { $0.key < $1.key }) where name != "json" {
            out.byte(separator)
            separator = UInt8(ascii: ",")
            out.key(name)
            out.string(value)
        }
        let vector = Array((rows["json"] ?? "").utf8)
        let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let trimmed = Array(vector.drop { space.contains($0) }.reversed().drop { space.contains($0) }.reversed())
        if trimmed.count > 2, trimmed.first == UInt8(ascii: "{"), trimmed.last == UInt8(ascii: "}") {
            out.byte(separator)
            out.raw(Array(trimmed.dropFirst()))
            return out.bytes
        }
        if separator == UInt8(ascii: "{") { out.byte(separator) }
        out.byte(UInt8(ascii: "}"))
        return out.bytes
    }

    public func tile(_ tile: TileID) throws -> ArchiveTile? {
        let row = (1 << tile.z) - 1 - tile.y
        do {
            let bytes: [UInt8]? = try database.read { database in
                try database.interrupted(after: Self.stepLimit) {
                    let statement = try RawStatement(
                        database,
                        "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?")
                    statement.bind(1, Int64(tile.z))
                    statement.bind(2, Int64(tile.x))
                    statement.bind(3, Int64(row))
                    guard try statement.step() else { return nil }
                    // Safe: the span is read while the row is current.
                    return statement.withBytes(0) { bytes in unsafe bytes.withUnsafeBytes { unsafe Array($0) } }
                }
            }
            guard let bytes, !bytes.isEmpty else { return nil }
            return ArchiveTile(bytes: bytes, compression: .sniffed(bytes))
        } catch let error as DatabaseError {
            throw Self.named(error, path)
        } catch let error as TwinError {
            throw TileError(.malformed, "\(path) cannot be read at \(tile): \(error)")
        }
    }

    /// Calls `body` with the address of every tile, in the order of PMTiles.
    ///
    /// - Complexity: O(n log n), 8 bytes a tile.
    public func forEachTile(_ body: (TileID) throws -> Void) throws {
        var numbers: [UInt64] = []
        do {
            try database.read { database in
                let statement = try RawStatement(database, "SELECT zoom_level, tile_column, tile_row FROM tiles")
                while try statement.step() {
                    let z = Int(statement.int64(0))
                    guard (0...TileID.maximumZoom).contains(z) else {
                        throw TileError(.malformed, "\(path) has a tile at zoom \(z); 0 to 24 are possible")
                    }
                    let (side, x, row) = (Int64(1) << Int64(z), statement.int64(1), statement.int64(2))
                    guard (0..<side).contains(x), (0..<side).contains(row) else {
                        throw TileError(.malformed, "\(path) has a tile at zoom \(z), column \(x), row \(row): outside")
                    }
                    numbers.append(try TileID(z: z, x: Int(x), y: Int(side - 1 - row)).hilbertID)
                }
            }
        } catch let error as DatabaseError {
            throw Self.named(error, path)
        } catch let error as TwinError {
            throw TileError(.malformed, "\(path) cannot be read to its end: \(error)")
        }
        numbers.sort()
        for number in numbers { try body(try TileID(hilbertID: number)) }
    }

    private static func named(_ error: DatabaseError, _ path: String) -> TileError {
        let reason = error.message ?? "code \(error.resultCode.rawValue)"
        return switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR:
            TileError(
                .malformed, "\(path) is damaged or cut short: \(reason); get it again, or run `sqlite3 … .recover`")
        case .SQLITE_INTERRUPT:
            TileError(.malformed, "\(path) takes too long to answer for one tile; give `tiles` its index (MBTiles 1.3)")
        case .SQLITE_TOOBIG: TileError(.tooLarge, "\(path) has a tile of more than 64 MiB")
        case .SQLITE_BUSY: TileError(.system, "\(path) is being written; wait for that, or copy the file")
        case .SQLITE_CANTOPEN, .SQLITE_READONLY:
            TileError(
                .system,
                "\(path) cannot be opened for reading (\(reason)); a file in WAL mode needs a folder that "
                    + "may be written, or `PRAGMA journal_mode = DELETE` first")
        default: TileError(.malformed, "\(path): SQLite says: \(reason)")
        }
    }
}
