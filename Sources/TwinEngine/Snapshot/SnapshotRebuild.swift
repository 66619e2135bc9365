// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
import Foundation
import GRDB
import Spatial
import Synchronization

/// Builds snapshots from the record, which is the only truth.
enum SnapshotRebuild {
    /// Where a layer's snapshot of a version lies.
    static func path(_ directory: String, layer: String, version: Int64) -> String {
        "\(directory)/snapshots/\(layer).\(version).snapshot"
    }

    /// Snapshot files of a layer, newest version first.
    static func files(_ directory: String, layer: String) -> [(path: String, version: Int64)] {
        let folder = "\(directory)/snapshots"
        // safe: no folder, no snapshots
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name -> (String, Int64)? in
            guard name.hasPrefix("\(layer)."), name.hasSuffix(".snapshot"),
                let version = Int64(name.dropFirst(layer.count + 1).dropLast(9))
            else { return nil }
            return ("\(folder)/\(name)", version)
        }.sorted { $0.1 > $1.1 }
    }

    /// Removes snapshots older than the one in use, and what killed writers left. A process that has one mapped keeps it.
    static func removeOld(_ directory: String, layer: String, keeping version: Int64) {
        for file in files(directory, layer: layer) where file.version < version { unsafe unlink(file.path) }
        let folder = "\(directory)/snapshots"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []  // safe: nothing to clean
        for name in names where name.hasPrefix("\(layer).") && name.hasSuffix(".tmp") {
            let parts = name.split(separator: ".")
            guard let process = parts.dropLast().last.flatMap({ Int32($0) }), kill(process, 0) != 0, errno == ESRCH
            else { continue }
            unsafe unlink("\(folder)/\(name)")
        }
    }

    /// Reads a layer's table and writes its snapshot. O(n log n), memory about 32 bytes a vertex plus the columns
    /// that are not bytes.
    ///
    /// - Returns: the version that the snapshot shows: the newest change of the layer when the read began.
    static func build(
        _ store: CityStore, layer: LayerDefinition, coordinates: CityCoordinates
    ) throws -> Int64 {
        let folder = "\(store.directory)/snapshots"
        do {
            // A store that was restored from a copy of its database has no such folder.
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw TwinError(.system, "cannot make the folder \(folder)", cause: error.localizedDescription)
        }
        let (builder, version) = try store.queue.read { database in
            let version =
                try Int64.fetchOne(
                    database, sql: "SELECT max(version) FROM twin_changes WHERE layer = ?", arguments: [layer.id]) ?? 0
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT has_solid FROM twin_layers WHERE id = ?", arguments: [layer.id])
            else {
                throw TwinError(.notFound, "the store has no layer '\(layer.id)'; import it first")
            }
            return (try read(layer, hasSolid: row[0], coordinates, database, folder), version)
        }
        try SnapshotWriter.write(
            builder, version: version, frame: coordinates.grid,
            latitude: coordinates.lonLat(GridPoint(x: 0, y: 0)).latitude,
            to: path(store.directory, layer: layer.id, version: version))
        return version
    }

    /// Builds the snapshots of several layers, on as many threads as there are cores; each reads through a connection of
    /// its own. Memory: that of the largest layers, one to a thread.
    ///
    /// - Returns: the version of each, in order.
    static func buildAll(
        _ layers: [LayerDefinition], _ store: CityStore, _ coordinates: CityCoordinates
    ) throws -> [Int64] {
        let workers = min(layers.count, ProcessInfo.processInfo.activeProcessorCount)
        guard workers > 1 else { return try layers.map { try build(store, layer: $0, coordinates: coordinates) } }
        let next = Atomic<Int>(0)
        let results = Mutex<[Int: Result<Int64, any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            let own = Result { worker == 0 ? store : try CityStore.open(store.directory) }
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < layers.count else { return }
                let result = Result { try build(own.get(), layer: layers[index], coordinates: coordinates) }
                results.withLock { $0[index] = result }
            }
        }
        let all = results.withLock { $0 }
        return try layers.indices.compactMap { try all[$0]?.get() }
    }

    private static func read(
        _ layer: LayerDefinition, hasSolid: Bool, _ coordinates: CityCoordinates, _ database: Database,
        _ folder: String
    ) throws -> SnapshotBuilder {
        let table = LayerTable(layer: layer, srid: 0, hasZ: false, hasSolid: hasSolid)
        let metadata = SnapshotMetadata(
            layer: layer.id, crs: coordinates.system.definition, kind: layer.geometry,
            columns: SnapshotFormat.columns(layer, hasSolid: hasSolid))
        var builder = SnapshotBuilder(metadata: metadata, folder: folder)
        let rows = try RawStatement(database, table.selectSQL)
        var row = RecordRow(layer: layer, hasSolid: hasSolid)
        while try rows.step() {
            guard row.readGeometry(rows, coordinates) else { continue }
            guard !builder.isFull(adding: row.geometry.vertexCount) else {
                throw TwinError(
                    .snapshot, "layer '\(layer.id)' has more than 4,294,967,294 vertices; split it into several layers")
            }
            builder.append(id: rows.int64(0), geometry: row.geometry)
            row.appendValues(rows, to: &builder.columns)
        }
        return builder
    }
}

/// Decodes rows of a layer's table with reused memory.
struct RecordRow {
    let layer: LayerDefinition
    let hasSolid: Bool
    private(set) var geometry = FlatGeometry(kind: .point)
    private var coordinatesBuffer = FlatCoordinates()

    init(layer: LayerDefinition, hasSolid: Bool) {
        self.layer = layer
        self.hasSolid = hasSolid
    }

    /// Column of the geometry in ``LayerTable/columns``.
    private var geometryColumn: Int { layer.fields.count + 2 }

    /// Reads the geometry of the current row. False for a row that cannot be shown, which other programs can write: one
    /// without a geometry, of another kind, out of the grid, or not in SpatiaLite's format. `twin check` counts them.
    mutating func readGeometry(_ rows: borrowing RawStatement, _ coordinates: CityCoordinates) -> Bool {
        guard !rows.isNull(geometryColumn) else { return false }
        var buffer = coordinatesBuffer
        coordinatesBuffer = FlatCoordinates()
        defer { coordinatesBuffer = buffer }
        do {
            try rows.withBytes(geometryColumn) { try SpatiaLiteBlob.decode($0, into: &buffer) }
            guard !buffer.isEmpty, buffer.kind == layer.geometry else { return false }
            geometry = try coordinates.grid.snap(buffer)
        } catch {
            return false
        }
        return true
    }

    /// Appends the current row's values, one to each column.
    func appendValues(_ rows: borrowing RawStatement, to columns: inout [SnapshotColumn]) {
        for index in layer.fields.indices { append(rows, index + 2, &columns[index]) }
        append(rows, 1, &columns[layer.fields.count])
        if hasSolid { append(rows, geometryColumn + 1, &columns[layer.fields.count + 1]) }
    }

    private func append(_ rows: borrowing RawStatement, _ column: Int, _ target: inout SnapshotColumn) {
        let isNull = rows.isNull(column)
        switch consume target {
        case .integer(var values, var validity):
            values.append(isNull ? 0 : rows.int64(column))
            validity.append(!isNull)
            target = .integer(values, validity)
        case .real(var values, var validity):
            values.append(isNull ? 0 : rows.double(column))
            validity.append(!isNull)
            target = .real(values, validity)
        case .boolean(var values, var validity):
            values.append(!isNull && rows.int64(column) != 0 ? 1 : 0)
            validity.append(!isNull)
            target = .boolean(values, validity)
        case .text(var dictionary):
            if isNull {
                dictionary.appendNull()
            } else {
                rows.withBytes(column) { dictionary.append($0) }
            }
            target = .text(dictionary)
        case .binary(let bytes):
            if isNull { bytes.appendEmpty() } else { rows.withBytes(column) { bytes.append($0) } }
            target = .binary(bytes)
        }
    }

    /// The current row's values as single values, in column order.
    func values(_ rows: borrowing RawStatement) -> [FieldValue] {
        func value(_ column: Int, _ type: SnapshotFormat.ColumnType) -> FieldValue {
            if rows.isNull(column) { return .null }
            return switch type {
            case .integer: .integer(rows.int64(column))
            case .real: .real(rows.double(column))
            case .boolean: .boolean(rows.int64(column) != 0)
            case .text: .string(rows.string(column))
            case .binary:
                .binary(
                    rows.withBytes(column) { span in
                        unsafe span.withUnsafeBytes { unsafe Array($0) }
                    })
            }
        }
        var values = layer.fields.enumerated().map { value($0 + 2, SnapshotFormat.ColumnType($1.type)) }
        values.append(value(1, .text))
        if hasSolid { values.append(value(geometryColumn + 1, .binary)) }
        return values
    }
}
