// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Spatial

/// Verifies a store: what `twin check` does.
public struct StoreCheck {
    /// One thing that was looked at.
    public struct Finding: Sendable {
        public var what: String
        public var isGood: Bool
        public var detail: String
        /// Bytes by section, of a layer's snapshot that was read.
        var sizes: SnapshotSizes?
    }
    public private(set) var findings: [Finding] = []

    public var isGood: Bool { findings.allSatisfy(\.isGood) }

    /// Checks the database, then each layer's snapshot against the record. O(store).
    ///
    /// - Parameter mends: replaces damaged snapshots from the record, which is never changed here; what was wrong is
    ///   reported all the same.
    /// - Throws: `TwinError.store` where there is no store to check.
    public static func run(_ directory: String, mends: Bool = false) throws -> StoreCheck {
        let store = try CityStore.open(directory)
        var check = StoreCheck()
        let integrity = try store.queue.read { database in
            try String.fetchAll(database, sql: "PRAGMA integrity_check(5)").joined(separator: "; ")
        }
        check.add("city.sqlite", integrity == "ok", integrity)
        guard let yaml = try store.metadata("project"), let folder = try store.metadata("folder") else {
            check.add("project", false, "the store has no project; import again")
            return check
        }
        let project = try CityProject.parse(yaml, file: "city.yaml", folder: folder, resolvesPaths: false)
        let coordinates = try CityCoordinates(crs: project.crs, extent: project.extent)
        let stored = Set(try store.layers().map(\.id))
        for layer in project.layers {
            guard stored.contains(layer.id) else {
                check.add(
                    "layer \(layer.id)", false,
                    "the record has no such layer: it was not imported yet, or its sources failed each time")
                continue
            }
            do {
                try check.checkLayer(layer, store, coordinates)
            } catch {
                check.add("layer \(layer.id)", false, "\(error)")
            }
        }
        if mends, !check.isGood {
            for damage in try City.open(store: directory).verifySnapshots() {
                check.add("mended", true, "replaced from the record: \(damage)")
            }
        }
        return check
    }

    private mutating func add(_ what: String, _ isGood: Bool, _ detail: String, _ sizes: SnapshotSizes? = nil) {
        findings.append(Finding(what: what, isGood: isGood, detail: detail, sizes: sizes))
    }

    private mutating func checkLayer(
        _ layer: LayerDefinition, _ store: CityStore, _ coordinates: CityCoordinates
    ) throws {
        let name = "layer \(layer.id)"
        guard let file = SnapshotRebuild.files(store.directory, layer: layer.id).first else {
            add(name, false, "it has no snapshot; `twin serve` or `twin info` builds it from the record")
            return
        }
        let snapshot = try Snapshot(path: file.path)
        if let damage = snapshot.verify() {
            add(name, false, damage)
            return
        }
        if let broken = snapshot.checkInvariants() {
            add(name, false, "\(file.path): \(broken)")
            return
        }
        guard let delta = try LayerDelta.load(store, layer: layer, snapshot: snapshot, coordinates: coordinates) else {
            add(name, true, "the snapshot is older than the layer's last replacement; it is rebuilt on opening")
            return
        }
        let view = LayerView(definition: layer, snapshot: snapshot, delta: delta, coordinates: coordinates)
        let rows = try store.queue.read { database in
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM \(quoted(layer.id)) WHERE geom IS NOT NULL") ?? 0
        }
        guard rows == view.count else {
            add(name, false, "the record has \(rows) features, the snapshot with its changes \(view.count)")
            return
        }
        let differing = try compareWithRecord(view, store)
        if let differing {
            add(name, false, differing)
            return
        }
        let sizes = SnapshotSizes(snapshot)
        add(
            name, true,
            "\(rows) features, \(delta.changeCount) changes since the snapshot, checksums, order and index good; "
                + sizes.line, sizes)
    }

    /// Every feature of the record has the same geometry in the view; the first difference, or nil.
    private func compareWithRecord(_ view: LayerView, _ store: CityStore) throws -> String? {
        let layer = view.definition
        let table = LayerTable(layer: layer, srid: 0, hasZ: false, hasSolid: view.hasSolids)
        return try store.queue.read { database in
            let rows = try RawStatement(database, table.selectSQL)
            var row = RecordRow(layer: layer, hasSolid: view.hasSolids)
            while try rows.step() {
                guard row.readGeometry(rows, view.coordinates) else { continue }
                let id = rows.int64(0)
                guard let feature = view.feature(id: id) else {
                    return "feature \(id) of the record is not in the snapshot"
                }
                let isSame = feature.withGeometry { geometry in
                    guard geometry.xy.count == row.geometry.xy.count else { return false }
                    for index in 0..<geometry.xy.count where geometry.xy[index] != row.geometry.xy[index] {
                        return false
                    }
                    return true
                }
                if !isSame { return "feature \(id) has another geometry in the record than in the snapshot" }
            }
            return nil
        }
    }

    public func json() throws -> String {
        try encodeJSON([
            "good": isGood,
            "findings": findings.map { finding in
                var object: [String: Any] = ["what": finding.what, "good": finding.isGood, "detail": finding.detail]
                if let sizes = finding.sizes { object["bytes"] = sizes.object }
                return object
            },
        ])
    }

    public func table() -> String {
        textTable([["", "what", "finding"]] + findings.map { [$0.isGood ? "ok" : "BAD", $0.what, $0.detail] })
            + "\n"
            + (isGood ? "the store is good" : "\(findings.count { !$0.isGood }) of \(findings.count) checks failed")
    }
}
