// SPDX-License-Identifier: Apache-2.0
import GRDB

/// The past of a layer (历史): a table beside the layer's own, `twin_past_LAYER`, that keeps what each change overwrote.
///
/// A row says how one feature was just before the change of `_version`: its columns, or `_existed` = 0 where there was
/// no such feature. So the state at a version is the present one, with every feature that has rows of later versions put
/// back to the earliest of them. Triggers write the rows, hence edits by QGIS and SQL have a past too; an import that
/// replaces the layer writes those that differ.
///
/// `INSERT OR REPLACE` by another program leaves no past of the row that it overwrites: SQLite fires no trigger for it.
/// The column names start with an underscore, which no field's name does.
struct LayerHistoryTable {
    let table: LayerTable

    private var layer: String { table.layer.id }
    private var name: String { quoted(Self.name(layer)) }
    static func name(_ layer: String) -> String { "twin_past_\(layer)" }

    /// Key in `twin_metadata` of the first version whose state is known.
    private static func key(_ layer: String) -> String { "history:\(layer)" }

    /// The first version of a layer that can be asked for; nil where no past is kept.
    static func since(_ layer: String, _ database: Database) throws -> Int64? {
        try String.fetchOne(database, sql: "SELECT value FROM twin_metadata WHERE key = ?", arguments: [key(layer)])
            .flatMap { Int64($0) }
    }

    /// Makes the table or gives it the columns that the layer's table has now, and notes where the past begins.
    ///
    /// - Parameter version: the newest version, from which on the layer's past is known if it was not before.
    func prepare(from version: Int64, _ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS \(name) (_version BIGINT NOT NULL, _existed BOOLEAN NOT NULL, id BIGINT NOT NULL);
                CREATE INDEX IF NOT EXISTS \(quoted("twin_past_version_\(layer)")) ON \(name) (_version);
                """)
        let known = Set(try database.columns(in: Self.name(layer)).map(\.name))
        for column in try database.columns(in: layer) where !known.contains(column.name) {
            try database.execute(sql: "ALTER TABLE \(name) ADD COLUMN \(quoted(column.name)) \(column.type)")
        }
        try database.execute(
            sql: "INSERT OR IGNORE INTO twin_metadata (key, value) VALUES (?, ?)",
            arguments: [Self.key(layer), String(version)])
    }

    /// Forgets the past of a layer.
    static func drop(_ layer: String, _ database: Database) throws {
        try database.execute(sql: "DROP TABLE IF EXISTS \(quoted(name(layer)))")
        try database.execute(sql: "DELETE FROM twin_metadata WHERE key = ?", arguments: [key(layer)])
    }

    // MARK: Writing

    private func columns(prefix: String) -> String {
        table.columns.map { prefix + quoted($0) }.joined(separator: ", ")
    }

    /// A statement for a trigger's body: how the feature was. The entry of the change log has just been inserted.
    func keepOld(when condition: String = "1") -> String {
        """
        INSERT INTO \(name) (_version, _existed, \(columns(prefix: "")))
            SELECT last_insert_rowid(), 1, \(columns(prefix: "OLD.")) WHERE \(condition);
        """
    }

    /// A statement for a trigger's body: there was no such feature.
    func keepAbsence(when condition: String = "1") -> String {
        "INSERT INTO \(name) (_version, _existed, id) SELECT last_insert_rowid(), 0, NEW.id WHERE \(condition);"
    }

    /// Keeps what the replacement of the layer's table by another changes or removes, and notes what it adds.
    ///
    /// Features are compared by id, column by column; both tables must have all columns. O(features).
    func keepReplaced(by replacement: String, version: Int64, _ database: Database) throws {
        let (old, new) = (quoted(layer), quoted(replacement))
        let same = table.columns.dropFirst().map { "o.\(quoted($0)) IS n.\(quoted($0))" }.joined(separator: " AND ")
        try database.execute(
            sql: """
                INSERT INTO \(name) (_version, _existed, \(columns(prefix: "")))
                    SELECT ?, 1, \(columns(prefix: "o.")) FROM \(old) AS o LEFT JOIN \(new) AS n ON n.id = o.id
                    WHERE n.id IS NULL OR NOT (\(same))
                """,
            arguments: [version])
        try database.execute(
            sql: """
                INSERT INTO \(name) (_version, _existed, id)
                    SELECT ?, 0, n.id FROM \(new) AS n WHERE NOT EXISTS (SELECT 1 FROM \(old) AS o WHERE o.id = n.id)
                """,
            arguments: [version])
    }

    // MARK: Reading

    /// How every feature that changed after a version (the only parameter) was at it: the layer's columns, then whether
    /// it existed. O(changes since).
    ///
    /// With `min()`, SQLite takes the other columns from the row of the minimum (its documentation of SELECT, 3).
    var statesSQL: String {
        """
        SELECT \(columns(prefix: "")), _existed, min(_version) FROM \(name) WHERE _version > ? GROUP BY id
        """
    }
}
