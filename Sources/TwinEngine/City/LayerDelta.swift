// SPDX-License-Identifier: Apache-2.0
import GRDB
import Spatial

/// A feature that changed after its layer's snapshot was built.
struct DeltaFeature: Sendable {
    var id: Int64
    var geometry: FlatGeometry
    /// In the order of the snapshot's columns.
    var values: [FieldValue]
    var box: GridBox
}

/// What happened to a layer since its snapshot: changed features, and snapshot rows that no longer count. Immutable.
///
/// It is small: compaction folds it into a new snapshot from ``compactionThreshold`` changes on, so a scan of its boxes
/// costs a microsecond per thousand.
final class LayerDelta: Sendable {
    /// Changes above which the snapshot is rebuilt in the background.
    static let compactionThreshold = 2000

    let features: [DeltaFeature]
    /// Rows of the snapshot that were changed or deleted.
    let hiddenRows: Set<Int>
    let index: [Int64: Int]
    /// Version of the newest change in it; of a past state, the version that was asked for.
    let version: Int64
    /// Whether it leads back from the snapshot to an earlier version.
    let isPast: Bool

    init(features: [DeltaFeature], hiddenRows: Set<Int>, version: Int64, isPast: Bool = false) {
        self.features = features
        self.hiddenRows = hiddenRows
        self.version = version
        self.isPast = isPast
        index = Dictionary(features.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
    }

    static func none(version: Int64) -> LayerDelta { LayerDelta(features: [], hiddenRows: [], version: version) }

    var changeCount: Int { features.count + hiddenRows.count }

    /// Reads the present state of every feature that changed after the snapshot. O(changes).
    ///
    /// - Returns: nil if the whole layer was replaced since, so that a new snapshot is needed.
    static func load(
        _ store: CityStore, layer: LayerDefinition, snapshot: Snapshot, coordinates: CityCoordinates
    ) throws -> LayerDelta? {
        let changes = try store.changes(layer: layer.id, after: snapshot.version)
        guard let newest = changes.last?.version else { return .none(version: snapshot.version) }
        if changes.contains(where: { $0.kind == .replace }) { return nil }
        let ids = Set(changes.compactMap(\.featureID))
        let hasSolid = snapshot.metadata.columns.contains { $0.name == "solid" }
        let table = LayerTable(layer: layer, srid: 0, hasZ: false, hasSolid: hasSolid)
        let features = try store.queue.read { database in
            var features: [DeltaFeature] = []
            var row = RecordRow(layer: layer, hasSolid: hasSolid)
            let rows = try RawStatement(database, table.selectSQL + " WHERE id = ?")
            for id in ids.sorted() {
                rows.reset()
                rows.bind(1, id)
                guard try rows.step(), row.readGeometry(rows, coordinates) else { continue }
                features.append(
                    DeltaFeature(
                        id: id, geometry: row.geometry, values: row.values(rows), box: row.geometry.box))
            }
            return features
        }
        return LayerDelta(
            features: features, hiddenRows: Set(ids.compactMap { snapshot.row(id: $0) }), version: newest)
    }
}
