// SPDX-License-Identifier: Apache-2.0
import GRDB

/// The store as one transaction of reading sees it. Its statements are compiled once for the connection.
///
/// Only inside the call that gave it: on the queue of the connection.
struct StoreReader {
    let database: Database

    /// The newest change-log version; 0 for an empty store. O(1).
    func version() throws -> Int64 {
        try Int64.fetchOne(database.cachedStatement(sql: "SELECT max(version) FROM twin_changes")) ?? 0
    }

    func metadata(_ key: String) throws -> String? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT value FROM twin_metadata WHERE key = ?"), arguments: [key])
    }

    /// The ids of all layers.
    func layerIDs() throws -> Set<String> {
        try String.fetchSet(database.cachedStatement(sql: "SELECT id FROM twin_layers"))
    }

    /// The layers that changed after a version. O(changes after it).
    func changedLayers(after version: Int64) throws -> Set<String> {
        try String.fetchSet(
            database.cachedStatement(sql: "SELECT DISTINCT layer FROM twin_changes WHERE version > ?"),
            arguments: [version])
    }

    /// The changes of a layer after a version, oldest first.
    func changes(layer: String, after version: Int64) throws -> [StoredChange] {
        let statement = try database.cachedStatement(
            sql: "SELECT version, feature_id, kind FROM twin_changes WHERE layer = ? AND version > ? ORDER BY version")
        return try Row.fetchAll(statement, arguments: [layer, version]).compactMap { row in
            guard let kind = StoredChange.Kind(rawValue: row["kind"]) else { return nil }
            return StoredChange(version: row["version"], layer: layer, featureID: row["feature_id"], kind: kind)
        }
    }

    /// Seconds since a change was committed, by the store's clock; nil if there is no such change.
    func secondsSinceChange(_ version: Int64) throws -> Double? {
        try Double.fetchOne(
            database.cachedStatement(
                sql: "SELECT (julianday('now') - julianday(at)) * 86400 FROM twin_changes WHERE version = ?"),
            arguments: [version])
    }
}

extension CityStore {
    /// Reads several things of one state of the store. Taking a transaction costs as much as some small questions; a
    /// single one needs none.
    func read<T>(_ body: (StoreReader) throws -> T) throws -> T {
        try queue.read { try body(StoreReader(database: $0)) }
    }
}
