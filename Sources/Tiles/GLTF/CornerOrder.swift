// SPDX-License-Identifier: Apache-2.0

/// Puts the vertices of a feature into an order that compresses well: first those of its lower half in the order in which
/// their places on the ground plan were met, then those of its upper half, so that a block's ground plan is written twice
/// and its corners' repetitions cost nothing. Thread use: one value per thread; it keeps its memory.
struct CornerOrder {
    struct Entry {
        var vertex: Int
        /// Half, place on the ground plan, height, then what the caller adds: equal without it means equal points.
        var key: UInt64
    }

    /// Numbers of the ground plan by hash, and the vertex that each was met at; -1 is free.
    private var table: [Int32] = []
    private var places: [Int] = []
    private(set) var entries: [Entry] = []

    /// The entries of a feature's vertices in their order. O(n log n).
    ///
    /// - Parameters:
    ///   - snapped: All vertices in glTF's axes; heights have 24 bits and a sign, as ``QuantizedMesh`` makes them.
    ///   - rank: 0 or 1, to order vertices of one point.
    mutating func sort(_ snapped: [SIMD3<Int32>], _ range: Range<Int>, rank: (Int) -> UInt64) {
        var (low, high) = (Int32.max, Int32.min)
        for vertex in range {
            low = min(low, snapped[vertex].y)
            high = max(high, snapped[vertex].y)
        }
        let middle = (Int64(low) + Int64(high)) / 2
        var size = 16
        while size < 2 * range.count { size *= 2 }
        table.removeAll(keepingCapacity: true)
        table.append(contentsOf: repeatElement(-1, count: size))
        places.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        for vertex in range {
            let point = snapped[vertex]
            let number = UInt64(place(snapped, vertex, mask: size - 1))
            let height = UInt64(UInt32(bitPattern: point.y &+ 1 << 24)) & 0x3FF_FFFF
            let half: UInt64 = Int64(point.y) > middle ? 1 << 63 : 0
            entries.append(Entry(vertex: vertex, key: half | number << 27 | height << 1 | rank(vertex)))
        }
        entries.sort { ($0.key, $0.vertex) < ($1.key, $1.vertex) }
    }

    /// The number of a vertex's place on the ground plan.
    private mutating func place(_ snapped: [SIMD3<Int32>], _ vertex: Int, mask: Int) -> Int {
        let point = snapped[vertex]
        var hash = UInt64(UInt32(bitPattern: point.x)) << 32 | UInt64(UInt32(bitPattern: point.z))
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
        hash = (hash ^ hash >> 29) &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(truncatingIfNeeded: hash >> 32) & mask
        while table[slot] >= 0 {
            let known = snapped[places[Int(table[slot])]]
            if known.x == point.x, known.z == point.z { return Int(table[slot]) }
            slot = (slot + 1) & mask
        }
        table[slot] = Int32(truncatingIfNeeded: places.count)
        places.append(vertex)
        return places.count - 1
    }
}
