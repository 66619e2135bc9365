// SPDX-License-Identifier: Apache-2.0

/// Bytes of a snapshot by section: what a layer takes in memory when all of it is in use.
struct SnapshotSizes: Sendable {
    /// Of geometry, index and ids, in the order of the file.
    let layer: [(name: String, bytes: Int)]
    /// Of each column, all its sections together.
    let columns: [(name: String, bytes: Int)]
    let vertices: Int

    init(_ snapshot: Snapshot) {
        layer = snapshot.entries.filter { $0.column == .max && $0.section != SnapshotFormat.Section.metadata.rawValue }
            .map { ($0.name, $0.length) }
        columns = snapshot.metadata.columns.enumerated().map { index, column in
            (column.name, snapshot.entries.filter { $0.column == UInt32(index) }.reduce(0) { $0 + $1.length })
        }
        vertices = snapshot.vertexCount
    }

    /// Geometry, index and ids without attributes.
    var layerBytes: Int { layer.reduce(0) { $0 + $1.bytes } }
    var columnBytes: Int { columns.reduce(0) { $0 + $1.bytes } }
    /// ``layerBytes`` over what the bare coordinates take, 8 bytes a vertex.
    var ratio: Double { vertices == 0 ? 0 : Double(layerBytes) / Double(vertices * 8) }

    var object: [String: Any] {
        [
            "layer": Dictionary(layer.map { ($0.name, $0.bytes) }, uniquingKeysWith: { $0 + $1 }),
            "columns": Dictionary(columns.map { ($0.name, $0.bytes) }, uniquingKeysWith: { $0 + $1 }),
            "layerBytes": layerBytes, "columnBytes": columnBytes, "vertices": vertices,
        ]
    }

    /// One line: `130.1 MB, 1.83 x its coordinates (grid 71.0, boxes 21.3, …); attributes 45.0 MB`.
    var line: String {
        func megabytes(_ bytes: Int) -> String { "\((Double(bytes) / 100_000).rounded() / 10)" }
        let parts = layer.filter { $0.bytes > 0 }.sorted { $0.bytes > $1.bytes }
            .map { "\($0.name) \(megabytes($0.bytes))" }.joined(separator: ", ")
        return "\(megabytes(layerBytes)) MB, \((ratio * 100).rounded() / 100) x its coordinates"
            + (parts.isEmpty ? "" : " (\(parts))") + "; attributes \(megabytes(columnBytes)) MB"
    }
}
