// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Finds the vertices of a layer where borders meet or part.
enum SharedVertices {
    /// True for every vertex that is not passed between the same two neighbours wherever it occurs, and for line ends.
    ///
    /// One hash table of first occurrences; O(vertices) expected. `rings` holds the end vertex of each ring.
    static func nodes(isClosed: Bool, _ xy: borrowing Span<Int32>, _ rings: [UInt32]) -> [Bool] {
        let count = xy.count / 2
        var nodes = [Bool](repeating: false, count: count)
        guard count > 0 else { return nodes }
        // At most two thirds full, so that probes stay short.
        var capacity = 16
        while capacity < count + count / 2 { capacity <<= 1 }
        let mask = capacity - 1
        var table = [UInt32](repeating: .max, count: capacity)
        var repeats: [(vertex: UInt32, first: UInt32)] = []
        var neighbours = Neighbours(isClosed: isClosed, rings: rings)
        var start = 0
        for end in rings {
            let stop = Int(end)
            for vertex in start..<stop {
                if !isClosed, vertex == start || vertex == stop - 1 { nodes[vertex] = true }
                let key = position(xy, vertex)
                var slot = Int(truncatingIfNeeded: mix(key)) & mask
                while table[slot] != .max, position(xy, Int(table[slot])) != key { slot = (slot + 1) & mask }
                guard table[slot] != .max else {
                    table[slot] = UInt32(vertex)
                    continue
                }
                let first = Int(table[slot])
                repeats.append((UInt32(vertex), UInt32(first)))
                if nodes[vertex] || (!nodes[first] && neighbours.differ(xy, vertex, first, start, stop)) {
                    nodes[first] = true
                }
            }
            start = stop
        }
        for pair in repeats where nodes[Int(pair.first)] { nodes[Int(pair.vertex)] = true }
        return nodes
    }

    @inline(__always)
    static func position(_ xy: borrowing Span<Int32>, _ vertex: Int) -> UInt64 {
        UInt64(UInt32(bitPattern: xy[2 * vertex])) << 32 | UInt64(UInt32(bitPattern: xy[2 * vertex + 1]))
    }

    /// Source: Appleby, MurmurHash3's 64-bit finaliser, shortened to one multiplication.
    @inline(__always)
    private static func mix(_ key: UInt64) -> UInt64 {
        let mixed = (key ^ (key >> 29)) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ (mixed >> 32)
    }
}

/// Looks up what comes before and after a vertex in its ring.
private struct Neighbours {
    let isClosed: Bool
    let rings: [UInt32]

    /// Whether two occurrences of a position have other neighbours; order does not matter. The ring of the first is
    /// given, that of the second found by binary search.
    mutating func differ(_ xy: borrowing Span<Int32>, _ vertex: Int, _ other: Int, _ start: Int, _ stop: Int) -> Bool {
        let ring = ringOf(other)
        let mine = around(xy, vertex, start, stop)
        let theirs = around(xy, other, ring.start, ring.stop)
        return !(mine == theirs || (mine.0 == theirs.1 && mine.1 == theirs.0))
    }

    private func ringOf(_ vertex: Int) -> (start: Int, stop: Int) {
        var low = 0, high = rings.count - 1
        while low < high {
            let middle = (low + high) / 2
            if Int(rings[middle]) > vertex { high = middle } else { low = middle + 1 }
        }
        return (low == 0 ? 0 : Int(rings[low - 1]), Int(rings[low]))
    }

    private func around(_ xy: borrowing Span<Int32>, _ vertex: Int, _ start: Int, _ stop: Int) -> (UInt64, UInt64) {
        let before = vertex > start ? vertex - 1 : stop - 1
        let after = vertex < stop - 1 ? vertex + 1 : start
        return (SharedVertices.position(xy, before), SharedVertices.position(xy, after))
    }
}
