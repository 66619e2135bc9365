// SPDX-License-Identifier: Apache-2.0
import GRDB
import Spatial

/// How the features that changed after a version were at it.
struct PastStates {
    /// Those that existed, by id.
    var features: [DeltaFeature] = []
    /// All that changed since, whether they existed or not.
    var changed: Set<Int64> = []
}

extension CityStore {
    /// The first version of a layer whose state is known; nil where no past is kept.
    func historyStart(layer: String) throws -> Int64? {
        try explaining { try queue.read { try LayerHistoryTable.since(layer, $0) } }
    }

    /// The newest version at a moment (`2026-11-21T08:00:00.000Z`), 0 before the first.
    func version(at moment: String) throws -> Int64 {
        try explaining {
            try queue.read { database in
                try Int64.fetchOne(
                    database, sql: "SELECT version FROM twin_changes WHERE at <= ? ORDER BY version DESC LIMIT 1",
                    arguments: [moment]) ?? 0
            }
        }
    }

    /// When a version was written, or nil for one that the store does not have.
    func moment(of version: Int64) throws -> String? {
        try explaining {
            try queue.read {
                try String.fetchOne($0, sql: "SELECT at FROM twin_changes WHERE version = ?", arguments: [version])
            }
        }
    }

    /// Reads the states of a layer's features at a version, for those that changed after it. O(changes since).
    func pastStates(
        _ layer: LayerDefinition, hasSolid: Bool, at version: Int64, _ coordinates: CityCoordinates
    ) throws -> PastStates {
        let history = LayerHistoryTable(table: LayerTable(layer: layer, srid: 0, hasZ: false, hasSolid: hasSolid))
        return try explaining {
            try queue.read { database in
                var states = PastStates()
                var row = RecordRow(layer: layer, hasSolid: hasSolid)
                let rows = try RawStatement(database, history.statesSQL)
                rows.bind(1, version)
                let existed = history.table.columns.count
                while try rows.step() {
                    let id = rows.int64(0)
                    states.changed.insert(id)
                    guard rows.int64(existed) != 0, row.readGeometry(rows, coordinates) else { continue }
                    states.features.append(
                        DeltaFeature(id: id, geometry: row.geometry, values: row.values(rows), box: row.geometry.box))
                }
                return states
            }
        }
    }
}
