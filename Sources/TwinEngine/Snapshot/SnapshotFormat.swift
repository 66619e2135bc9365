// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

/// The file format of snapshots; docs/snapshot-format.md describes it for readers in other languages.
enum SnapshotFormat {
    static let magic: [UInt8] = Array("TWINSNAP".utf8)
    static let version: UInt32 = 2
    static let headerSize = 64
    static let entrySize = 32
    static let alignment = 64
    /// Rows to an entry of a zone map.
    static let zoneRows = 1024

    enum Section: UInt32, CaseIterable {
        /// JSON: layer, coordinate system, columns.
        case metadata = 1
        /// Feature ids in storage order: UInt32 where all fit, else Int64.
        case ids = 2
        /// UInt32 rows in ascending order of their ids; absent where the ids ascend.
        case idOrder = 3
        /// Packed R-tree: boxes of the rows (absent in a layer of single points), then of the nodes.
        case boxes = 4
        /// UInt32 first vertex of each row, and the end; absent in a layer of single points.
        case vertexStarts = 5
        /// UInt32 first ring of each row, and the end; absent where every row has one ring.
        case ringStarts = 6
        /// UInt32 ring ends relative to the row's first vertex; bit 31 starts a part. Absent in a layer of single points.
        case ringEnds = 7
        /// Int32 pairs, millimetres from the origin.
        case grid = 8
        // 9 held world coordinates in version 1.
        /// Int32 heights in millimetres, or absent.
        case heights = 10
        /// UInt8 zoom from which on a vertex is needed, or absent: all vertices always.
        case vertexZoom = 11
        /// Of a column: Int64, Double, UInt8, UInt32 dictionary codes, or UInt64 offsets of binary values.
        case values = 20
        /// Of a column: one bit per row, set where there is a value; absent where all have one.
        case validity = 21
        /// Of a text column: UInt32 offsets of the dictionary's texts, which ascend. Code 0 is null.
        case dictionaryOffsets = 22
        /// Of a text or binary column.
        case bytes = 23
        /// Of a column that is not binary: least and greatest value of every 1024 rows; see ``SnapshotZone``.
        case zones = 24
    }

    enum ColumnType: String, Sendable {
        case integer, real, boolean, text, binary

        init(_ type: FieldType) {
            switch type {
            case .integer: self = .integer
            case .real: self = .real
            case .boolean: self = .boolean
            case .string, .date, .datetime: self = .text
            }
        }
    }

    struct Column: Sendable, Equatable {
        var name: String
        var type: ColumnType
    }

    /// The columns of a layer's snapshot: its fields, then `code`, then `solid` where there are surfaces.
    static func columns(_ layer: LayerDefinition, hasSolid: Bool) -> [Column] {
        layer.fields.map { Column(name: $0.name, type: ColumnType($0.type)) }
            + [Column(name: "code", type: .text)]
            + (hasSolid ? [Column(name: "solid", type: .binary)] : [])
    }
}

/// What a snapshot says about itself.
struct SnapshotMetadata: Equatable {
    var layer: String
    var crs: String
    var kind: GeometryKind
    var columns: [SnapshotFormat.Column]

    func json() throws -> [UInt8] {
        let object: [String: Any] = [
            "layer": layer, "crs": crs, "kind": Int(kind.rawValue),
            "columns": columns.map { ["name": $0.name, "type": $0.type.rawValue] },
        ]
        let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
        return [UInt8](data)
    }

    init(layer: String, crs: String, kind: GeometryKind, columns: [SnapshotFormat.Column]) {
        self.layer = layer
        self.crs = crs
        self.kind = kind
        self.columns = columns
    }

    /// Nil for bytes that are not such metadata.
    init?(json: [UInt8]) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any],  // safe: nil says so
            let layer = object["layer"] as? String, let crs = object["crs"] as? String,
            let number = object["kind"] as? Int,
            let kind = UInt8(exactly: number).flatMap(GeometryKind.init(rawValue:)),
            let list = object["columns"] as? [[String: String]]
        else { return nil }
        var columns: [SnapshotFormat.Column] = []
        for entry in list {
            guard let name = entry["name"], let type = entry["type"].flatMap(SnapshotFormat.ColumnType.init(rawValue:))
            else { return nil }
            columns.append(SnapshotFormat.Column(name: name, type: type))
        }
        self.init(layer: layer, crs: crs, kind: kind, columns: columns)
    }
}
