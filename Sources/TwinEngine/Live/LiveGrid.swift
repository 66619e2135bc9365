// SPDX-License-Identifier: Apache-2.0
import Spatial

/// An immutable cell index over points: slots sorted by cell, cell starts in one array (CSR).
///
/// Rebuilt as a whole whenever positions changed. For points that all move, this lost to nothing that was measured:
/// a million points build in about 10 ms, and a 500 m query visits 2-4 times fewer bytes than a packed R-tree, which
/// pays for boxes that a point does not have. Queries are O(cells touched + candidates).
struct LiveGrid: Sendable {
    private let minX: Int64
    private let minY: Int64
    private let cell: Int64
    private let columns: Int
    private let rows: Int
    private let starts: [UInt32]
    private let slots: [UInt32]

    /// - Parameters:
    ///   - points: positions by slot.
    ///   - isPresent: whether a slot has a position; others are not indexed.
    init(points: [GridPoint], isPresent: [Bool]) {
        var box = GridBox.empty
        var count = 0
        for (slot, point) in points.enumerated() where isPresent[slot] {
            box.formUnion(x: point.x, y: point.y)
            count += 1
        }
        guard count > 0 else {
            (minX, minY, cell, columns, rows, starts, slots) = (0, 0, 1, 0, 0, [0], [])
            return
        }
        let width = Int64(box.maxX) - Int64(box.minX) + 1
        let height = Int64(box.maxY) - Int64(box.minY) + 1
        var side: Int64 = 250_000
        let limit = Int64(max(1024, count))
        while (width / side + 1) * (height / side + 1) > limit { side *= 2 }
        minX = Int64(box.minX)
        minY = Int64(box.minY)
        cell = side
        columns = Int(width / side) + 1
        rows = Int(height / side) + 1
        var counts = [UInt32](repeating: 0, count: columns * rows + 1)
        var cells = [UInt32](repeating: 0, count: points.count)
        for (slot, point) in points.enumerated() where isPresent[slot] {
            let index = Int((Int64(point.y) - minY) / side) * columns + Int((Int64(point.x) - minX) / side)
            cells[slot] = UInt32(index)
            counts[index + 1] += 1
        }
        for index in 1..<counts.count { counts[index] += counts[index - 1] }
        starts = counts
        var next = counts
        var sorted = [UInt32](repeating: 0, count: count)
        for slot in points.indices where isPresent[slot] {
            let index = Int(cells[slot])
            sorted[Int(next[index])] = UInt32(slot)
            next[index] += 1
        }
        slots = sorted
    }

    /// Visits every slot whose cell meets the box: candidates, to be tested against their positions.
    @inline(__always)
    func search(_ box: GridBox, _ visit: (Int) -> Void) {
        guard columns > 0, !box.isEmpty else { return }
        let firstColumn = max(0, (Int64(box.minX) - minX) / cell)
        let lastColumn = min(Int64(columns - 1), floorDivide(Int64(box.maxX) - minX, cell))
        let firstRow = max(0, (Int64(box.minY) - minY) / cell)
        let lastRow = min(Int64(rows - 1), floorDivide(Int64(box.maxY) - minY, cell))
        guard firstColumn <= lastColumn, firstRow <= lastRow else { return }
        for row in firstRow...lastRow {
            let base = Int(row) * columns
            let from = Int(starts[base + Int(firstColumn)])
            let to = Int(starts[base + Int(lastColumn) + 1])
            for index in from..<to { visit(Int(slots[index])) }
        }
    }

    private func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        value >= 0 ? value / by : -((-value + by - 1) / by)
    }
}
