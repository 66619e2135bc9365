// SPDX-License-Identifier: Apache-2.0
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
    /// The rows, ascending, that reach some limits, the lowest first: where few rows are drawn, the others are not even
    /// looked at. At most a sixteenth of all rows, and each a quarter of the limit of the next.
    private let selections: [(limit: Float, rows: [UInt32])]

    init(rows: [TinyPolygons.Extent], centres: [SIMD2<UInt32>]) {
        self.rows = rows
        self.centres = centres
        reaches = stride(from: 0, to: rows.count, by: Self.block).map { first in
            rows[first..<min(first + Self.block, rows.count)].reduce(0) { max($0, $1.reach) }
        }
        selections = Self.selections(rows)
    }

    private static func selections(_ rows: [TinyPolygons.Extent]) -> [(limit: Float, rows: [UInt32])] {
        // How many rows reach each power of two.
        var counts = [Int](repeating: 0, count: 66)
        for row in rows where row.reach >= 1 { counts[row.reach < 0x1p64 ? Int(row.reach.exponent) : 64] += 1 }
        for power in (0..<65).reversed() { counts[power] += counts[power + 1] }
        guard var power = (0..<65).first(where: { counts[$0] <= rows.count / 16 }) else { return [] }
        var selections: [(limit: Float, rows: [UInt32])] = []
        var known = rows.indices.filter { rows[$0].reach >= Float(sign: .plus, exponent: power, significand: 1) }
            .map { UInt32($0) }
        while !known.isEmpty, power < 64 {
            selections.append((Float(sign: .plus, exponent: power, significand: 1), known))
            power += 2
            let limit = Float(sign: .plus, exponent: power, significand: 1)
            known = known.filter { rows[Int($0)].reach >= limit }
        }
        return selections
    }

    /// Calls `visit` with the rows of a range that reach a limit, in order; false stops and is returned.
    func forEachRow(in range: Range<Int>, reaching limit: Float, _ visit: (Int) -> Bool) -> Bool {
        if let selection = selections.last(where: { $0.limit <= limit }) {
            return Self.forEach(selection.rows, in: range) { rows[$0].reach < limit || visit($0) }
        }
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

    private static func forEach(_ rows: [UInt32], in range: Range<Int>, _ visit: (Int) -> Bool) -> Bool {
        var low = 0, high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if Int(rows[middle]) < range.lowerBound { low = middle + 1 } else { high = middle }
        }
        while low < rows.count, Int(rows[low]) < range.upperBound {
            guard visit(Int(rows[low])) else { return false }
            low += 1
        }
        return true
    }
}

extension LayerView {
    /// The extents of the snapshot's polygons. O(vertices) at the first call.
    func polygonExtents() -> PolygonExtents {
        snapshot.polygonExtents.extents(count: snapshot.count) { range in
            var part = PolygonExtentsPlace.Part(), scratch: [UInt32] = []
            part.rows.reserveCapacity(range.count)
            part.centres.reserveCapacity(range.count)
            for row in range {
                let (extent, centre) = polygonExtent(row: row, on: .webMercator, scratch: &scratch)
                part.rows.append(extent)
                part.centres.append(centre)
            }
            return part
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
