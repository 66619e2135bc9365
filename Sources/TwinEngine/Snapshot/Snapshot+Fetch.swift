// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Asks for memory before it is read: rows in the order of ids lie anywhere in the columns, and one after the other would
/// wait for each. Rows must be rows of the snapshot.
extension Snapshot {
    /// Where a row's vertices and rings are.
    func fetchPlaces(_ row: Int) {
        if isPointLayer { return points.fetch(row) }
        span(geometrySections.vertexStarts, of: UInt32.self).fetch(row)
        if let range = geometrySections.ringStarts { span(range, of: UInt32.self).fetch(row) }
    }

    /// A row's vertices and ring ends.
    func fetchVertices(_ row: Int) {
        if isPointLayer { return }
        let vertices = vertices(row)
        let grid = grid
        // Eight vertices are a line of the cache.
        for vertex in stride(from: vertices.lowerBound, to: min(vertices.upperBound, vertices.lowerBound + 32), by: 8) {
            grid.fetch(vertex * 2)
        }
        ringEnds.fetch(rings(row).lowerBound)
        if let heights { heights.fetch(vertices.lowerBound) }
    }

    /// A row's value.
    func fetch(_ row: Int, _ column: Int, _ type: SnapshotFormat.ColumnType) {
        switch type {
        case .text: textCodes(column).fetch(row)
        case .integer: integers(column).fetch(row)
        case .real: reals(column).fetch(row)
        case .boolean: booleans(column).fetch(row)
        case .binary: return
        }
        if let bits = validity(column) { bits.fetch(row >> 3) }
    }

    /// Where the text of a row is.
    func fetchOffset(_ row: Int, _ column: Int) {
        let code = textCodes(column)[row]
        if code > 0 { span(columnSections[column].dictionaryOffsets, of: UInt32.self).fetch(Int(code) - 1) }
    }

    /// The text of a row.
    func fetchText(_ row: Int, _ column: Int) {
        text(code: textCodes(column)[row], column: column).fetch(0)
    }
}
