// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Finds the sections of a snapshot by its table and checks that they fit together. Touches only the description.
struct SnapshotSections {
    let header: SnapshotHeader
    let path: String

    func damaged(_ what: String) -> TwinError {
        TwinError(.snapshot, "\(path): \(what); it will be rebuilt from the store")
    }

    func range(_ section: SnapshotFormat.Section, _ column: UInt32 = .max) -> Range<Int>? {
        header.entries.first { $0.section == section.rawValue && $0.column == column }?.range
    }

    private func required(_ section: SnapshotFormat.Section, bytes: Int?) throws -> Range<Int> {
        guard let range = range(section), bytes == nil || range.count == bytes else {
            throw damaged("the section \(section) is missing or of the wrong length")
        }
        return range
    }

    private func optional(_ section: SnapshotFormat.Section, bytes: Int) throws -> Range<Int>? {
        let range = range(section)
        guard range == nil || range?.count == bytes else {
            throw damaged("the section \(section) is of the wrong length")
        }
        return range
    }

    func metadata(_ bytes: RawSpan) throws -> SnapshotMetadata {
        guard let entry = header.entries.first(where: { $0.section == SnapshotFormat.Section.metadata.rawValue }) else {
            throw damaged("it has no description")
        }
        let json = bytes.extracting(entry.range)
        // Safe: offsets below the span's count.
        let text = (0..<json.byteCount).map { unsafe json.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
        guard Checksum.crc32(json) == entry.checksum, let metadata = SnapshotMetadata(json: text) else {
            throw damaged("the description is not readable")
        }
        return metadata
    }

    func geometry(isPointLayer: Bool) throws -> Snapshot.GeometrySections {
        var sections = Snapshot.GeometrySections()
        let rows = header.count
        sections.ids = try required(.ids, bytes: nil)
        guard sections.ids.count == rows * 8 || sections.ids.count == rows * 4 else {
            throw damaged("the section ids is of the wrong length")
        }
        sections.hasWideIDs = sections.ids.count == rows * 8
        sections.idOrder = try optional(.idOrder, bytes: rows * 4)
        sections.grid = try required(.grid, bytes: isPointLayer ? rows * 8 : nil)
        guard sections.grid.count % 8 == 0 else { throw damaged("the section grid is of the wrong length") }
        let vertices = sections.grid.count / 8
        sections.heights = try optional(.heights, bytes: vertices * 4)
        guard !isPointLayer else {
            sections.boxes = try required(.boxes, bytes: PackedPointTree.nodeCount(points: rows) * 16)
            return sections
        }
        sections.boxes = try required(.boxes, bytes: PackedRTreeLayout(count: rows).boxCount * 16)
        sections.vertexStarts = try required(.vertexStarts, bytes: (rows + 1) * 4)
        sections.ringStarts = try optional(.ringStarts, bytes: (rows + 1) * 4)
        sections.ringEnds = try required(.ringEnds, bytes: sections.ringStarts == nil ? rows * 4 : nil)
        sections.vertexZoom = try optional(.vertexZoom, bytes: vertices)
        return sections
    }

    func columns(_ columns: [SnapshotFormat.Column]) throws -> [Snapshot.ColumnSections] {
        let rows = header.count
        return try columns.enumerated().map { index, column in
            let index = UInt32(index)
            var sections = Snapshot.ColumnSections()
            let width = [.integer: 8, .real: 8, .boolean: 1, .text: 4][column.type] ?? 8
            guard let values = range(.values, index),
                values.count == (column.type == .binary ? (rows + 1) * 8 : rows * width)
            else { throw damaged("the column \(column.name) is missing or of the wrong length") }
            sections.values = values
            sections.validity = range(.validity, index)
            sections.zones = range(.zones, index)
            let zones = (rows + SnapshotFormat.zoneRows - 1) / SnapshotFormat.zoneRows
            guard sections.validity.map({ $0.count == (rows + 7) / 8 }) ?? true,
                sections.zones.map({ $0.count == zones * MemoryLayout<SnapshotZone>.stride }) ?? true
            else { throw damaged("the column \(column.name) is of the wrong length") }
            if column.type == .text || column.type == .binary {
                guard let bytes = range(.bytes, index) else { throw damaged("the column \(column.name) has no bytes") }
                sections.bytes = bytes
            }
            if column.type == .text {
                guard let offsets = range(.dictionaryOffsets, index), offsets.count >= 4 else {
                    throw damaged("the column \(column.name) has no dictionary")
                }
                sections.dictionaryOffsets = offsets
            }
            return sections
        }
    }
}
