// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Spatial

/// What a store knows about one layer.
struct StoredLayer: Sendable {
    var id: String
    /// Change-log version of the last replacement.
    var version: Int64
    var hasZ: Bool
    var hasSolid: Bool
    /// The import report as JSON.
    var report: String
}

/// One entry of the change log.
struct StoredChange: Sendable {
    enum Kind: String {
        case insert, update, delete, replace
    }
    var version: Int64
    var layer: String
    /// Nil for a replaced layer.
    var featureID: Int64?
    var kind: Kind
}

/// The record (真源): `DIR/city.sqlite`, a SpatiaLite database in WAL mode with one table per layer.
///
/// Every write appends to the change log `twin_changes`; writes by QGIS or SQL do so too, through triggers. Layers are
/// plain spatial tables, so other tools open the file as it is.
///
/// Thread use: any thread; the connection has a queue of its own.
final class CityStore: Sendable {
    /// Written to `PRAGMA user_version`; another version is refused.
    static let formatVersion = 1
    /// `PRAGMA application_id`: "TWIN".
    static let applicationID = 0x5457_494E

    let directory: String
    let queue: DatabaseQueue
    private let lock: StoreLock?

    var databasePath: String { Self.databasePath(directory) }
    static func databasePath(_ directory: String) -> String { "\(directory)/city.sqlite" }

    /// Opens a store for reading and small edits.
    ///
    /// - Throws: `TwinError.store` if there is none, or one of another version.
    static func open(_ directory: String) throws -> CityStore {
        let path = databasePath(directory)
        guard FileManager.default.fileExists(atPath: path) else {
            throw TwinError(
                .store, "there is no city in \(directory); run `twin import city.yaml --store \(directory)` first")
        }
        let store = try CityStore(directory: directory, lock: nil)
        try store.checkVersion()
        return store
    }

    /// Opens a store for import, making it if it is not there. One importer at a time.
    static func openForImport(_ directory: String) throws -> CityStore {
        do {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/snapshots", withIntermediateDirectories: true)
        } catch {
            throw TwinError(.system, "cannot make the folder \(directory)", cause: error.localizedDescription)
        }
        let lock = try StoreLock(directory: directory)
        let store = try CityStore(directory: directory, lock: lock)
        // An empty file is new, or what a kill before the first commit left.
        if try store.isBlank() {
            try store.createSchema()
        } else {
            try store.checkVersion()
        }
        return store
    }

    private init(directory: String, lock: StoreLock?) throws {
        self.directory = directory
        self.lock = lock
        do {
            queue = try DatabaseQueue(
                path: Self.databasePath(directory), configuration: SpatiaLiteConnection.configuration(readonly: false))
        } catch let error as DatabaseError {
            throw Self.explained(error, Self.databasePath(directory))
        }
    }

    private func isBlank() throws -> Bool {
        try explaining {
            try queue.read { database in
                try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0
                    && Int.fetchOne(database, sql: "PRAGMA application_id") == 0
            }
        }
    }

    /// Runs a body and turns SQLite's errors into ones that say what to do.
    func explaining<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw Self.explained(error, databasePath)
        }
    }

    static func explained(_ error: DatabaseError, _ path: String) -> TwinError {
        switch error.resultCode {
        case .SQLITE_FULL:
            TwinError(
                .system, "the disk of the store is full; free space and import again, the old layer is still whole",
                cause: error.description)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            TwinError(
                .store, "\(path) is being written by another program; close it or let it finish, then try again",
                cause: error.description)
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            TwinError(
                .store,
                "\(path) is not a whole SQLite database; restore it from a backup, or import into a new --store",
                cause: error.description)
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            TwinError(
                .system, "\(path) cannot be written; check the permissions of the folder", cause: error.description)
        default:
            TwinError(.store, "SQLite refused: \(error.message ?? "no reason given")", cause: error.description)
        }
    }

    private func checkVersion() throws {
        let (application, version) = try explaining {
            try queue.read { database in
                (
                    try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                )
            }
        }
        guard application == Self.applicationID else {
            throw TwinError(.store, "\(databasePath) is a database of something else; choose another --store")
        }
        guard version == Self.formatVersion else {
            throw TwinError(
                .store,
                "\(databasePath) is a store of version \(version) and this twin reads version \(Self.formatVersion); "
                    + "import the city again into a new folder, or use the twin that wrote it")
        }
    }

    /// Records the project that is being imported, and gives the layers that are there the columns that it declares.
    ///
    /// One transaction: whatever happens after, the store opens with this project.
    /// - Throws: `TwinError.store` when the store's layers are in another coordinate system.
    func begin(
        _ project: CityProject, yaml: String, profiles: [String: String] = [:], system: CoordinateSystem
    ) throws {
        try explaining {
            try queue.write { database in
                try checkSystem(system, database)
                var values = ["project": yaml, "folder": project.folder, "crs": system.wkt, "id": project.id]
                for (kind, text) in profiles { values[Self.profileKey(kind)] = text }
                for (key, value) in values {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO twin_metadata (key, value) VALUES (?, ?)", arguments: [key, value])
                }
                for layer in project.layers where try database.tableExists(layer.id) {
                    try prepare(layer, database)
                }
            }
        }
    }

    /// Gives a layer of an earlier import the columns that the project declares now, and its past the same.
    private func prepare(_ layer: LayerDefinition, _ database: Database) throws {
        let hasSolid = try Bool.fetchOne(
            database, sql: "SELECT has_solid FROM twin_layers WHERE id = ?", arguments: [layer.id])
        let table = LayerTable(layer: layer, srid: 0, hasZ: false, hasSolid: hasSolid ?? false)
        try table.addMissingColumns(database)
        if let history = table.history {
            let version = try Int64.fetchOne(database, sql: "SELECT max(version) FROM twin_changes") ?? 0
            try history.prepare(from: version, database)
        } else {
            try LayerHistoryTable.drop(layer.id, database)
        }
        try table.createTriggers(database)
    }

    private func checkSystem(_ system: CoordinateSystem, _ database: Database) throws {
        let known = try String.fetchOne(database, sql: "SELECT value FROM twin_metadata WHERE key = 'crs'")
        let layers = try Int.fetchOne(database, sql: "SELECT count(*) FROM twin_layers") ?? 0
        guard let known, known != system.wkt, layers > 0 else { return }
        guard try CoordinateSystem(known) != system else { return }
        let name = known.split(separator: "\"").dropFirst().first.map(String.init) ?? "another system"
        throw TwinError(
            .store,
            "the store \(directory) is in \(name) and the project in \(system.code ?? system.name); import into a new --store"
        )
    }

    /// The base tables. The version is written last, so that a kill before leaves a file that is refused.
    private func createSchema() throws {
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL")
            try database.inTransaction {
                _ = try Int.fetchOne(database, sql: "SELECT InitSpatialMetaData(0, 'NONE')")
                try database.execute(
                    sql: """
                        CREATE TABLE twin_metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                        CREATE TABLE twin_layers (
                            id TEXT PRIMARY KEY, version INTEGER NOT NULL, has_z INTEGER NOT NULL,
                            has_solid INTEGER NOT NULL, report TEXT NOT NULL) WITHOUT ROWID;
                        CREATE TABLE twin_changes (
                            version INTEGER PRIMARY KEY AUTOINCREMENT, layer TEXT NOT NULL, feature_id INTEGER,
                            kind TEXT NOT NULL, at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')));
                        CREATE INDEX twin_changes_layer ON twin_changes (layer, version);
                        """)
                try Self.identify(database)
                try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(Self.formatVersion)")
                return .commit
            }
        }
    }

    // MARK: Metadata

    /// What tells this store from every other one: made at random with the store, and kept by its copies. A store from
    /// before there were identities gets one now.
    func identity() throws -> String {
        try explaining {
            if let known = try metadata(Self.identityKey) { return known }
            return try queue.write { database in
                try Self.identify(database)
                return try String.fetchOne(
                    database, sql: "SELECT value FROM twin_metadata WHERE key = ?", arguments: [Self.identityKey]) ?? ""
            }
        }
    }

    private static let identityKey = "identity"

    private static func identify(_ database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO twin_metadata (key, value) VALUES (?, ?)",
            arguments: [identityKey, UUID().uuidString.lowercased()])
    }

    /// Under which name the text of a profile file is kept.
    static func profileKey(_ kind: String) -> String { "profile." + kind }

    func metadata(_ key: String) throws -> String? { try read { try $0.metadata(key) } }

    // MARK: Layers and changes

    func layers() throws -> [StoredLayer] {
        try queue.read { database in
            try Row.fetchAll(database, sql: "SELECT id, version, has_z, has_solid, report FROM twin_layers").map {
                row in
                StoredLayer(
                    id: row["id"], version: row["version"], hasZ: row["has_z"], hasSolid: row["has_solid"],
                    report: row["report"])
            }
        }
    }

    /// The newest change-log version; 0 for an empty store. O(1). One statement sees one state without a transaction.
    func version() throws -> Int64 { try queue.unsafeRead { try StoreReader(database: $0).version() } }

    /// The changes of a layer after a version, oldest first.
    func changes(layer: String, after version: Int64) throws -> [StoredChange] {
        try queue.unsafeRead { try StoreReader(database: $0).changes(layer: layer, after: version) }
    }

    /// Rows of a layer's table. O(rows).
    func count(layer: String) throws -> Int {
        try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(quoted(layer))") ?? 0 }
    }

    /// The different values of a field that are not null, with their number and the code or id of the first.
    func values(layer: String, field: String) throws -> [(value: String, count: Int, example: String)] {
        try queue.read { database in
            let sql = """
                SELECT CAST(\(quoted(field)) AS TEXT), count(*), coalesce(min(code), CAST(min(id) AS TEXT))
                FROM \(quoted(layer)) WHERE \(quoted(field)) IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1
                """
            return try Row.fetchAll(database, sql: sql).map { ($0[0], $0[1], $0[2] ?? "") }
        }
    }

    /// Forgets a layer that the project no longer has, and its past.
    func drop(layer: String) throws {
        try queue.write { database in
            try Self.drop(layer, database)
            try LayerHistoryTable.drop(layer, database)
        }
    }

    static func drop(_ layer: String, _ database: Database) throws {
        try database.execute(sql: "DROP TABLE IF EXISTS \(quoted(layer))")
        try database.execute(
            sql: "DELETE FROM geometry_columns WHERE f_table_name = lower(?)", arguments: [layer])
        try database.execute(sql: "DELETE FROM twin_layers WHERE id = ?", arguments: [layer])
    }

    /// Merges the write-ahead log into the database file, so that other tools see one file.
    func checkpoint() throws {
        try queue.writeWithoutTransaction { database in
            _ = try Row.fetchAll(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }
}

/// An SQL identifier in quotes.
func quoted(_ identifier: String) -> String {
    "\"" + identifier.replacingOccurrences(of: "\"", with: "\"\"") + "\""
}
