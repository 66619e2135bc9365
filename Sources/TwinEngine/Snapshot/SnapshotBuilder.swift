// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Gathers the features of a layer and writes them as a snapshot in Hilbert order.
///
/// Memory: about 16 bytes a vertex plus the columns; of a column of bytes 8 bytes a row, the rest goes to a file.
/// Not thread-safe.
struct SnapshotBuilder {
    let metadata: SnapshotMetadata
    private(set) var ids: [Int64] = []
    private(set) var boxes: [GridBox] = []
    private(set) var vertexStarts: [UInt32] = [0]
    private(set) var ringStarts: [UInt32] = [0]
    private(set) var ringEnds: [UInt32] = []
    private(set) var grid: [Int32] = []
    private(set) var heights: [Int32] = []
    var columns: [SnapshotColumn]

    /// - Parameter folder: where columns of bytes may put a file while the snapshot is built.
    init(metadata: SnapshotMetadata, folder: String) {
        self.metadata = metadata
        columns = metadata.columns.map { SnapshotColumn($0.type, folder: folder) }
    }

    var count: Int { ids.count }

    /// Adds a feature's geometry; the caller then appends one value to each column.
    ///
    /// - Parameter geometry: on the grid, not empty.
    mutating func append(id: Int64, geometry: borrowing FlatGeometry) {
        ids.append(id)
        boxes.append(geometry.box)
        grid.append(contentsOf: geometry.xy)
        // Heights are there for all vertices or for none; a feature without gets 0.
        if !geometry.z.isEmpty || !heights.isEmpty {
            heights.append(contentsOf: repeatElement(0, count: grid.count / 2 - geometry.vertexCount - heights.count))
            heights.append(contentsOf: geometry.z)
            heights.append(contentsOf: repeatElement(0, count: grid.count / 2 - heights.count))
        }
        ringEnds.append(contentsOf: geometry.ringEnds)
        vertexStarts.append(UInt32(grid.count / 2))
        ringStarts.append(UInt32(ringEnds.count))
    }

    /// Whether every feature is one point, so that neither boxes nor offsets are needed.
    var isPointLayer: Bool { metadata.kind == .point && grid.count == 2 * count && ringEnds.count == count }

    /// Whether one more feature would overflow the 32-bit offsets.
    func isFull(adding vertices: Int) -> Bool { grid.count / 2 + vertices > Int(UInt32.max) - 1 }
}
