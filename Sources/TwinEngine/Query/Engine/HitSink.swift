// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A row that was found; rows below zero are of the delta.
struct FoundRow: Sendable {
    /// Square millimetres; 0 where order is by id.
    var distanceSquared: Double
    var id: Int64
    var row: Int

    /// The order of pages.
    @inline(__always)
    func comes(before other: FoundRow) -> Bool {
        distanceSquared != other.distanceSquared ? distanceSquared < other.distanceSquared : id < other.id
    }
}

/// The first rows of an order behind a cursor: keeps at most twice the limit and cuts back when that is full.
struct TopRows {
    private let limit: Int
    private let after: FoundRow?
    private var found: [FoundRow] = []
    /// Once the limit is reached: what does not come before this one is not needed.
    private(set) var bound: FoundRow?
    private let capacity: Int
    /// Whether rows behind the limit were left out.
    private(set) var isCut = false

    init(limit: Int, after: FoundRow?) {
        self.limit = limit
        self.after = after
        capacity = max(1024, limit * 2)
        found.reserveCapacity(min(capacity, 4096))
    }

    @inline(__always)
    mutating func add(_ row: FoundRow) {
        if let bound, !row.comes(before: bound) {
            isCut = true
            return
        }
        if let after, !after.comes(before: row) { return }
        found.append(row)
        if found.count >= capacity { cut() }
    }

    private mutating func cut() {
        found.sort { $0.comes(before: $1) }
        guard found.count > limit else { return }
        isCut = true
        found.removeSubrange(limit...)
        bound = found.last
    }

    /// The rows in order.
    mutating func finish() -> [FoundRow] {
        cut()
        return found
    }
}

/// Counts all rows and keeps the first of them, with distances.
struct HitSink: RowSink {
    var count = 0
    var top: TopRows
    private let region: GridRegion
    let wantsDistances: Bool
    private let view: LayerView
    private let snapshot: Snapshot

    init(_ view: LayerView, region: GridRegion, order: SpatialQuery.Order, top: TopRows) {
        self.view = view
        snapshot = view.snapshot
        self.region = region
        wantsDistances = order == .distance
        self.top = top
    }

    mutating func add(row: Int, distanceSquared: Double) {
        count += 1
        top.add(
            FoundRow(
                distanceSquared: wantsDistances ? distanceSquared : 0, id: view.id(row: row), row: row))
    }

    mutating func add(rows: Range<Int>) {
        count += rows.count
        guard wantsDistances else {
            let snapshot = snapshot
            let ids = snapshot.ids
            for row in rows { top.add(FoundRow(distanceSquared: 0, id: ids[row], row: row)) }
            return
        }
        measure(rows, bits: .max)
    }

    mutating func add(first: Int, bits: UInt64) {
        count += bits.nonzeroBitCount
        if wantsDistances { return measure(first..<min(first + 64, snapshot.count), bits: bits) }
        var left = bits
        while left != 0 {
            let row = first + left.trailingZeroBitCount
            left &= left - 1
            top.add(FoundRow(distanceSquared: 0, id: view.id(row: row), row: row))
        }
    }

    /// Adds rows with their distances. `bits` of more than 64 rows must be all ones.
    private mutating func measure(_ rows: Range<Int>, bits: UInt64) {
        let snapshot = snapshot
        let ids = snapshot.ids
        let isAll = bits == .max
        for row in rows {
            if !isAll, bits >> UInt64(row - rows.lowerBound) & 1 == 0 { continue }
            // A row of a contained run is inside whatever the rounding of its distance says.
            let distance = region.distanceSquared(snapshot.geometry(row)) ?? region.radiusSquared
            top.add(FoundRow(distanceSquared: distance, id: ids[row], row: row))
        }
    }
}
