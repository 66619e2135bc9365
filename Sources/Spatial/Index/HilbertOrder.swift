// SPDX-License-Identifier: Apache-2.0

/// Positions along the Hilbert curve of order 16, and the sort that a packed tree is built from.
enum HilbertOrder {
    /// The index of cell (x, y), each 0..<65536, along the curve. Branch-free.
    ///
    /// Source: rawrunprotected, "2D Hilbert curves in O(1)" (public domain), as used by flatbush.
    @inline(__always)
    static func index(x: UInt32, y: UInt32) -> UInt32 {
        var a1 = x ^ y
        var b1 = 0xFFFF ^ a1
        var c1 = 0xFFFF ^ (x | y)
        var d1 = x & (y ^ 0xFFFF)
        var a2 = a1 | (b1 >> 1)
        var b2 = (a1 >> 1) ^ a1
        var c2 = ((c1 >> 1) ^ (b1 & (d1 >> 1))) ^ c1
        var d2 = ((a1 & (c1 >> 1)) ^ (d1 >> 1)) ^ d1

        a1 = a2
        b1 = b2
        c1 = c2
        d1 = d2
        a2 = (a1 & (a1 >> 2)) ^ (b1 & (b1 >> 2))
        b2 = (a1 & (b1 >> 2)) ^ (b1 & ((a1 ^ b1) >> 2))
        c2 ^= (a1 & (c1 >> 2)) ^ (b1 & (d1 >> 2))
        d2 ^= (b1 & (c1 >> 2)) ^ ((a1 ^ b1) & (d1 >> 2))

        a1 = a2
        b1 = b2
        c1 = c2
        d1 = d2
        a2 = (a1 & (a1 >> 4)) ^ (b1 & (b1 >> 4))
        b2 = (a1 & (b1 >> 4)) ^ (b1 & ((a1 ^ b1) >> 4))
        c2 ^= (a1 & (c1 >> 4)) ^ (b1 & (d1 >> 4))
        d2 ^= (b1 & (c1 >> 4)) ^ ((a1 ^ b1) & (d1 >> 4))

        a1 = a2
        b1 = b2
        c1 = c2
        d1 = d2
        c2 ^= (a1 & (c1 >> 8)) ^ (b1 & (d1 >> 8))
        d2 ^= (b1 & (c1 >> 8)) ^ ((a1 ^ b1) & (d1 >> 8))

        a1 = c2 ^ (c2 >> 1)
        b1 = d2 ^ (d2 >> 1)
        var i0 = x ^ y
        var i1 = b1 | (0xFFFF ^ (i0 | a1))
        i0 = spread(i0)
        i1 = spread(i1)
        return (i1 << 1) | i0
    }

    /// Puts a zero bit before each of the low 16 bits.
    @inline(__always)
    private static func spread(_ value: UInt32) -> UInt32 {
        var bits = (value | (value << 8)) & 0x00FF_00FF
        bits = (bits | (bits << 4)) & 0x0F0F_0F0F
        bits = (bits | (bits << 2)) & 0x3333_3333
        return (bits | (bits << 1)) & 0x5555_5555
    }

    /// Hilbert index in the high word and item number in the low word, for the centre of every box.
    static func keys(_ boxes: Span<GridBox>) -> [UInt64] {
        var extent = GridBox.empty
        for index in 0..<boxes.count { extent.formUnion(boxes[index]) }
        let minX = Int64(extent.minX)
        let minY = Int64(extent.minY)
        // Centres are doubled to stay whole; a width of 0 would divide by 0.
        let scaleX = 65535.0 / Double(max(1, 2 * (Int64(extent.maxX) - minX)))
        let scaleY = 65535.0 / Double(max(1, 2 * (Int64(extent.maxY) - minY)))
        return unsafe [UInt64](unsafeUninitializedCapacity: boxes.count) { buffer, count in
            for index in 0..<boxes.count {
                let box = boxes[index]
                // An inverted (empty) box is clamped; it sorts anywhere and matches nothing.
                let doubledX = Double(Int64(box.minX) + Int64(box.maxX) - 2 * minX) * scaleX
                let doubledY = Double(Int64(box.minY) + Int64(box.maxY) - 2 * minY) * scaleY
                let cellX = UInt32(min(max(doubledX, 0), 65535))
                let cellY = UInt32(min(max(doubledY, 0), 65535))
                let key = UInt64(Self.index(x: cellX, y: cellY)) << 32 | UInt64(index)
                // Safe: the capacity is the number of boxes, and index is below it.
                unsafe buffer.initializeElement(at: index, to: key)
            }
            count = boxes.count
        }
    }

    /// Sorts by the high word, stable, least significant digit first, eleven bits at a time. O(keys).
    static func sort(_ keys: inout [UInt64]) {
        let digits = 2048
        var histogram = [UInt32](repeating: 0, count: 3 * digits)
        for key in keys {
            histogram[Int(key >> 32 & 0x7FF)] &+= 1
            histogram[digits + Int(key >> 43 & 0x7FF)] &+= 1
            histogram[2 * digits + Int(key >> 54)] &+= 1
        }
        var scratch = [UInt64](repeating: 0, count: keys.count)
        for pass in 0..<3 {
            var offsets = [UInt32](repeating: 0, count: digits)
            var total: UInt32 = 0
            var isSorted = false
            for digit in 0..<digits {
                let count = histogram[pass * digits + digit]
                if Int(count) == keys.count { isSorted = true }
                offsets[digit] = total
                total &+= count
            }
            if isSorted { continue }
            let shift = UInt64(32 + 11 * pass)
            scatter(keys.span, shift: shift, into: &scratch, &offsets)
            swap(&keys, &scratch)
        }
    }

    private static func scatter(
        _ keys: Span<UInt64>, shift: UInt64, into sorted: inout [UInt64], _ offsets: inout [UInt32]
    ) {
        var target = sorted.mutableSpan
        var next = offsets.mutableSpan
        for index in 0..<keys.count {
            let key = keys[index]
            let digit = Int(key >> shift & 0x7FF)
            target[Int(next[digit])] = key
            next[digit] &+= 1
        }
    }
}
