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
    /// Version of its newest change; 0 in a past state.
    var changed: Int64 = 0
}

/// What happened to a layer since its snapshot: changed features, and snapshot rows that no longer count. Immutable.
///
/// It is small: compaction folds it into a new snapshot from ``compactionThreshold`` changes on, so a scan of its boxes
/// costs a microsecond per thousand.
final class LayerDelta: Sendable {
    /// Changes above which the snapshot is rebuilt in the background.
    static let compactionThreshold = 2000
    /// Changes above which nothing goes on before the snapshot is rebuilt: reads that look at each would be slow.
    static let mostChanges = 20_000

    let features: [DeltaFeature]
    /// Rows of the snapshot that were changed or deleted.
    let hiddenRows: Set<Int>
    let index: [Int64: Int]
    /// Places in ``features`` by ``DeltaFeature/changed``, in which tiles draw them: what is new comes last.
    let drawn: [Int]
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
        drawn = features.indices.sorted { (features[$0].changed, $0) < (features[$1].changed, $1) }
    }

    static func none(version: Int64) -> LayerDelta { LayerDelta(features: [], hiddenRows: [], version: version) }

    var changeCount: Int { features.count + hiddenRows.count }

    /// Reads the present state of every feature that changed after the snapshot. O(changes).
    ///
    /// - Parameter known: an earlier delta of the same snapshot, of which only what changed since is read.
    /// - Returns: nil if the whole layer was replaced since, so that a new snapshot is needed.
    static func load(
        _ store: CityStore, layer: LayerDefinition, snapshot: Snapshot, coordinates: CityCoordinates,
        known: LayerDelta? = nil
    ) throws -> LayerDelta? {
        try store.read { reader in
            try load(reader, layer: layer, snapshot: snapshot, coordinates: coordinates, known: known)
        }
    }

    private static func load(
        _ reader: StoreReader, layer: LayerDefinition, snapshot: Snapshot, coordinates: CityCoordinates,
        known: LayerDelta?
    ) throws -> LayerDelta? {
        let known = known ?? .none(version: snapshot.version)
        let changes = try reader.changes(layer: layer.id, after: known.version)
        guard let newest = changes.last?.version else { return known }
        if changes.contains(where: { $0.kind == .replace }) { return nil }
        let versions = Dictionary(
            changes.compactMap { change in change.featureID.map { ($0, change.version) } }, uniquingKeysWith: max)
        let hasSolid = snapshot.metadata.columns.contains { $0.name == "solid" }
        let table = LayerTable(layer: layer, srid: 0, hasZ: false, hasSolid: hasSolid)
        var features: [DeltaFeature] = []
        var row = RecordRow(layer: layer, hasSolid: hasSolid)
        let rows = try RawStatement(cachedOn: reader.database, table.selectSQL + " WHERE id = ?")
        for (id, version) in versions.sorted(by: { $0.key < $1.key }) {
            rows.reset()
            rows.bind(1, id)
            guard try rows.step(), row.readGeometry(rows, coordinates) else { continue }
            features.append(
                DeltaFeature(
                    id: id, geometry: row.geometry, values: row.values(rows), box: row.geometry.box, changed: version))
        }
        let unchanged = known.features.filter { versions[$0.id] == nil }
        return LayerDelta(
            features: unchanged.isEmpty ? features : merged(unchanged, features),
            hiddenRows: known.hiddenRows.union(versions.keys.compactMap { snapshot.row(id: $0) }), version: newest)
    }

    /// Features of two lists in the order of their ids.
    private static func merged(_ first: [DeltaFeature], _ second: [DeltaFeature]) -> [DeltaFeature] {
        var all: [DeltaFeature] = []
        all.reserveCapacity(first.count + second.count)
        var rest = second[...]
        for feature in first {
            while let next = rest.first, next.id < feature.id { all.append(rest.removeFirst()) }
            all.append(feature)
        }
        return all + rest
    }
}
