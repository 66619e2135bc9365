// SPDX-License-Identifier: Apache-2.0

/// Positions along the Hilbert curve of order 16.
enum HilbertOrder {
    /// The index of cells (x, y), each 0..<65536, along the curve, four at a time. Branch-free.
    ///
    /// Source: rawrunprotected, "2D Hilbert curves in O(1)" (public domain), as used by flatbush.
    @inline(__always)
    static func index(x: SIMD4<UInt32>, y: SIMD4<UInt32>) -> SIMD4<UInt32> {
        let ones = SIMD4<UInt32>(repeating: 0xFFFF)
        var a1 = x ^ y
        var b1 = ones ^ a1
        var c1 = ones ^ (x | y)
        var d1 = x & (y ^ ones)
        var a2 = a1 | (b1 &>> 1)
        var b2 = (a1 &>> 1) ^ a1
        var c2 = ((c1 &>> 1) ^ (b1 & (d1 &>> 1))) ^ c1
        var d2 = ((a1 & (c1 &>> 1)) ^ (d1 &>> 1)) ^ d1

        a1 = a2
        b1 = b2
        c1 = c2
        d1 = d2
        a2 = (a1 & (a1 &>> 2)) ^ (b1 & (b1 &>> 2))
        b2 = (a1 & (b1 &>> 2)) ^ (b1 & ((a1 ^ b1) &>> 2))
        c2 ^= (a1 & (c1 &>> 2)) ^ (b1 & (d1 &>> 2))
        d2 ^= (b1 & (c1 &>> 2)) ^ ((a1 ^ b1) & (d1 &>> 2))

        a1 = a2
        b1 = b2
        c1 = c2
        d1 = d2
        a2 = (a1 & (a1 &>> 4)) ^ (b1 & (b1 &>> 4))
        b2 = (a1 & (b1 &>> 4)) ^ (b1 & ((a1 ^ b1) &>> 4))
        c2 ^= (a1 & (c1 &>> 4)) ^ (b1 & (d1 &>> 4))
        d2 ^= (b1 & (c1 &>> 4)) ^ ((a1 ^ b1) & (d1 &>> 4))

        a1 = a2
        b1 = b2
        c1 = c2
        d1 = d2
        c2 ^= (a1 & (c1 &>> 8)) ^ (b1 & (d1 &>> 8))
        d2 ^= (b1 & (c1 &>> 8)) ^ ((a1 ^ b1) & (d1 &>> 8))

        a1 = c2 ^ (c2 &>> 1)
        b1 = d2 ^ (d2 &>> 1)
        let i0 = x ^ y
        let i1 = b1 | (ones ^ (i0 | a1))
        return (spread(i1) &<< 1) | spread(i0)
    }

    /// Puts a zero bit before each of the low 16 bits.
    @inline(__always)
    private static func spread(_ value: SIMD4<UInt32>) -> SIMD4<UInt32> {
        var bits = (value | (value &<< 8)) & SIMD4(repeating: 0x00FF_00FF)
        bits = (bits | (bits &<< 4)) & SIMD4(repeating: 0x0F0F_0F0F)
        bits = (bits | (bits &<< 2)) & SIMD4(repeating: 0x3333_3333)
        return (bits | (bits &<< 1)) & SIMD4(repeating: 0x5555_5555)
    }
}

/// The square cells that a curve runs through: the shift that makes 16 bits of the longer side of an extent.
struct HilbertCells: BitwiseCopyable {
    let minX: Int32
    let minY: Int32
    let shift: UInt32

    init(_ extent: GridBox) {
        minX = extent.minX
        minY = extent.minY
        // Differences of Int32 fit UInt32.
        let longest = UInt32(bitPattern: extent.maxX &- extent.minX) | UInt32(bitPattern: extent.maxY &- extent.minY)
        shift = UInt32(max(0, 16 - longest.leadingZeroBitCount))
    }

    /// The place of four points along the curve.
    @inline(__always)
    func keys(x: SIMD4<Int32>, y: SIMD4<Int32>) -> SIMD4<UInt32> {
        let east = SIMD4<UInt32>(truncatingIfNeeded: x &- SIMD4(repeating: minX))
        let north = SIMD4<UInt32>(truncatingIfNeeded: y &- SIMD4(repeating: minY))
        let cellShift = SIMD4<UInt32>(repeating: shift)
        return HilbertOrder.index(x: east &>> cellShift, y: north &>> cellShift)
    }
}
