// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Which pipes of a layer end in one place: survey tables give one feature for each stretch, so that bends lie between
/// features. Built once for a layer, O(n log n); immutable.
struct PipeJoints: Sendable {
    struct End: Sendable, Equatable {
        var row: Int
        var isStart: Bool
    }

    private let keys: [UInt64]
    private let entries: [Int64]

    /// The first and last vertex of the first part of every row.
    init(_ layer: LayerView) {
        var pairs: [(key: UInt64, entry: Int64)] = []
        pairs.reserveCapacity(2 * layer.count)
        layer.forEachRow { row in
            guard let ends = Self.ends(layer, row) else { return }
            pairs.append((Self.key(ends.from), Int64(row) << 1 | 1))
            pairs.append((Self.key(ends.to), Int64(row) << 1))
        }
        pairs.sort { ($0.key, $0.entry) < ($1.key, $1.entry) }
        keys = pairs.map(\.key)
        entries = pairs.map(\.entry)
    }

    /// Both ends of a row's line.
    static func ends(_ layer: LayerView, _ row: Int) -> (from: GridPoint, to: GridPoint)? {
        layer.withGeometry(row: row) { geometry in
            guard geometry.kind == .line, geometry.vertexCount > 1, geometry.ringEnds.count > 0 else { return nil }
            let last = Int(geometry.ringEnds[0] & ringEndMask)
            guard last > 1 else { return nil }
            return (geometry.vertex(0), geometry.vertex(last - 1))
        }
    }

    static func key(_ point: GridPoint) -> UInt64 {
        UInt64(UInt32(bitPattern: point.x)) << 32 | UInt64(UInt32(bitPattern: point.y))
    }

    /// All ends at a point.
    func ends(at point: GridPoint) -> [End] {
        let key = Self.key(point)
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        var found: [End] = []
        while low < keys.count, keys[low] == key {
            found.append(End(row: Int(entries[low] >> 1), isStart: entries[low] & 1 == 1))
            low += 1
        }
        return found
    }

    /// Calls `body` with every point at which something ends, and what ends there.
    func forEachPoint(_ body: (GridPoint, [End]) -> Void) {
        var first = 0
        while first < keys.count {
            var next = first
            var ends: [End] = []
            while next < keys.count, keys[next] == keys[first] {
                ends.append(End(row: Int(entries[next] >> 1), isStart: entries[next] & 1 == 1))
                next += 1
            }
            let x = Int32(bitPattern: UInt32(truncatingIfNeeded: keys[first] >> 32))
            let y = Int32(bitPattern: UInt32(truncatingIfNeeded: keys[first]))
            body(GridPoint(x: x, y: y), ends)
            first = next
        }
    }
}
