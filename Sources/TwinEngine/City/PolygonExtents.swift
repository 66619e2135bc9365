// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Tiles

/// What decides over the polygons of a snapshot in tiles of low zooms, so that those that are not drawn there need not
/// be looked at. Made when such a tile is first asked for and kept with the snapshot: 16 bytes a row.
final class PolygonExtents: Sendable {
    /// Rows of a block.
    static let block = 64

    let rows: [TinyPolygons.Extent]
    /// The middle of the row's box in world units, half units left out: the tile that holds it decides.
    let centres: [SIMD2<UInt32>]
    /// The largest reach of each block.
    let reaches: [Float]

    init(rows: [TinyPolygons.Extent], centres: [SIMD2<UInt32>]) {
        self.rows = rows
        self.centres = centres
        reaches = stride(from: 0, to: rows.count, by: Self.block).map { first in
            rows[first..<min(first + Self.block, rows.count)].reduce(0) { max($0, $1.reach) }
        }
    }

    /// One place for the extents of a snapshot. Whoever comes while they are made waits.
    final class Place: Sendable {
        private let extents = Mutex<PolygonExtents?>(nil)

        func extents(make: () throws -> PolygonExtents) rethrows -> PolygonExtents {
            try extents.withLock { known in
                if let known { return known }
                let made = try make()
                known = made
                return made
            }
        }
    }

    /// Calls `visit` with the rows of a range that reach a limit, in order; false stops and is returned.
    func forEachRow(in range: Range<Int>, reaching limit: Float, _ visit: (Int) -> Bool) -> Bool {
        var row = range.lowerBound
        while row < range.upperBound {
            if row & (Self.block - 1) == 0, row + Self.block <= range.upperBound, reaches[row / Self.block] < limit {
                row += Self.block
                continue
            }
            if rows[row].reach >= limit, !visit(row) { return false }
            row += 1
        }
        return true
    }
}

extension LayerView {
    /// The extents of the snapshot's polygons. O(vertices) at the first call.
    func polygonExtents() -> PolygonExtents {
        snapshot.polygonExtents.extents {
            var rows: [TinyPolygons.Extent] = [], centres: [SIMD2<UInt32>] = [], scratch: [UInt32] = []
            rows.reserveCapacity(snapshot.count)
            centres.reserveCapacity(snapshot.count)
            for row in 0..<snapshot.count {
                let (extent, centre) = polygonExtent(row: row, on: .webMercator, scratch: &scratch)
                rows.append(extent)
                centres.append(centre)
            }
            return PolygonExtents(rows: rows, centres: centres)
        }
    }

    /// The extent of one polygon and the middle of its box; one without vertices reaches everything, since what becomes
    /// of it is the encoder's to say.
    func polygonExtent(
        row: Int, on plane: TileGrid.Plane, scratch: inout [UInt32]
    ) -> (TinyPolygons.Extent, centre: SIMD2<UInt32>) {
        let id = UInt64(bitPattern: id(row: row))
        return withWorld(row: row, on: plane, scratch: &scratch) { xy, ends in
            TinyPolygons.extent(id: id, xy: xy, ringEnds: ends)
                ?? (TinyPolygons.Extent(id: id, area: .infinity, box: 0), .zero)
        }
    }
}
