// SPDX-License-Identifier: Apache-2.0
import GRDB
import Spatial

/// The table of a layer: its columns, and statements on them.
struct LayerTable: Sendable {
    var layer: LayerDefinition
    var srid: Int32
    var hasZ: Bool
    var hasSolid: Bool

    /// Columns in order: id, code, the declared fields, geom, solid.
    var columns: [String] {
        ["id", "code"] + layer.fields.map(\.name) + ["geom"] + (hasSolid ? ["solid"] : [])
    }

    private static func sqlType(_ type: FieldType) -> String {
        switch type {
        case .string: "TEXT"
        case .integer: "BIGINT"
        case .real: "DOUBLE"
        case .boolean: "BOOLEAN"
        case .date: "DATE"
        case .datetime: "DATETIME"
        }
    }

    /// Makes the empty table; inside the caller's transaction.
    func create(_ database: Database) throws {
        let fields = layer.fields.map { ", \(quoted($0.name)) \(Self.sqlType($0.type))" }.joined()
        let solid = hasSolid ? ", solid BLOB" : ""
        try database.execute(
            sql: "CREATE TABLE \(quoted(layer.id)) (id INTEGER PRIMARY KEY, code TEXT\(fields), geom BLOB\(solid))")
    }

    /// Gives features without heights the height 0 where others of the layer have heights: a table has one dimension.
    func raiseFlatFeatures(_ database: Database) throws {
        try database.execute(
            sql: "UPDATE \(quoted(layer.id)) SET geom = CastToXYZ(geom) WHERE ST_NDims(geom) = 2")
    }

    /// Adds columns for fields that the project declares and the table of an earlier import lacks; their values are null.
    func addMissingColumns(_ database: Database) throws {
        let known = Set(try database.columns(in: layer.id).map(\.name))
        for field in layer.fields where !known.contains(field.name) {
            try database.execute(
                sql: "ALTER TABLE \(quoted(layer.id)) ADD COLUMN \(quoted(field.name)) \(Self.sqlType(field.type))")
        }
    }

    /// Registers the geometry column and the triggers that keep the change log, after the rows are in.
    func finish(_ database: Database, hasMultiPoints: Bool) throws {
        let base: Int
        switch layer.geometry {
        case .point: base = hasMultiPoints ? 0 : 1
        case .line: base = 5
        case .polygon: base = 6
        }
        try database.execute(
            sql: """
                INSERT INTO geometry_columns
                    (f_table_name, f_geometry_column, geometry_type, coord_dimension, srid, spatial_index_enabled)
                VALUES (lower(?), 'geom', ?, ?, ?, 0)
                """,
            arguments: [layer.id, base + (hasZ ? 1000 : 0), hasZ ? 3 : 2, srid])
        if layer.code != nil {
            try database.execute(
                sql: "CREATE UNIQUE INDEX \(quoted("twin_code_\(layer.id)")) ON \(quoted(layer.id)) (code)")
        }
        try createTriggers(database)
    }

    /// The past of the layer, if it is to be kept.
    var history: LayerHistoryTable? { layer.keepsHistory ? LayerHistoryTable(table: self) : nil }

    /// Makes the triggers that keep the change log and the past, in place of those that are there.
    func createTriggers(_ database: Database) throws {
        let past = history
        let triggers = [
            ("insert", "INSERT", "NEW", past?.keepAbsence()),
            (
                "update", "UPDATE", "NEW",
                past.map { $0.keepOld(when: "OLD.id = NEW.id") + $0.keepAbsence(when: "OLD.id <> NEW.id") }
            ),
            ("delete", "DELETE", "OLD", past?.keepOld()),
            // A feature that gets another id is gone under the old one.
            ("rename", "UPDATE OF id", "OLD", past?.keepOld()),
        ]
        for (name, moment, row, keeping) in triggers {
            let kind = name == "rename" ? "delete" : name
            try database.execute(
                sql: """
                    DROP TRIGGER IF EXISTS \(quoted("twin_\(name)_\(layer.id)"));
                    CREATE TRIGGER \(quoted("twin_\(name)_\(layer.id)")) AFTER \(moment) ON \(quoted(layer.id))
                    \(name == "rename" ? "WHEN OLD.id <> NEW.id" : "")
                    BEGIN
                        INSERT INTO twin_changes (layer, feature_id, kind) VALUES ('\(layer.id)', \(row).id, '\(kind)');
                        \(keeping ?? "")
                    END
                    """)
        }
    }

    var insertSQL: String {
        let names = columns.map(quoted).joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        return "INSERT INTO \(quoted(layer.id)) (\(names)) VALUES (\(marks))"
    }

    var selectSQL: String {
        "SELECT \(columns.map(quoted).joined(separator: ", ")) FROM \(quoted(layer.id))"
    }
}

/// Registers a coordinate system in the store.
enum StoreReferenceSystem {
    /// The SRID of the city's system, inserted if it is not there yet. A system without a code gets 900001.
    static func register(_ system: CoordinateSystem, _ database: Database) throws -> Int32 {
        if let code = system.code, code.hasPrefix("EPSG:"), let srid = Int32(code.dropFirst(5)) {
            let known = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM spatial_ref_sys WHERE srid = ?", arguments: [srid])
            if known == 0 { _ = try Int.fetchOne(database, sql: "SELECT InsertEpsgSrid(?)", arguments: [srid]) }
            let inserted = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM spatial_ref_sys WHERE srid = ?", arguments: [srid])
            if inserted == 1 { return srid }
            try insert(system, srid: srid, authority: "epsg", code: srid, database)
            return srid
        }
        try insert(system, srid: 900_001, authority: "twin", code: 1, database)
        return 900_001
    }

    private static func insert(
        _ system: CoordinateSystem, srid: Int32, authority: String, code: Int32, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO spatial_ref_sys (srid, auth_name, auth_srid, ref_sys_name, proj4text, srtext)
                VALUES (?, ?, ?, ?, '', ?)
                """,
            arguments: [srid, authority, code, system.name, system.wkt])
    }
}
