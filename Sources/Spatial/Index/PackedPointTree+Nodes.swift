// SPDX-License-Identifier: Apache-2.0

extension PackedPointTree {
    /// The boxes of the leaves and of every level above them.
    static func makeNodes(_ points: Span<GridPoint>, threads: Int) -> [GridBox] {
        if points.isEmpty { return [] }
        let leafCount = leafCount(points.count)
        let layout = PackedRTreeLayout(count: leafCount)
        // Safe: points have no padding.
        let rows = unsafe points.bytes
        return unsafe [GridBox](unsafeUninitializedCapacity: layout.boxCount) { boxes, count in
            let threads = max(1, min(threads, leafCount / 4096, 64))
            WorkerThreads.run(threads) { share in
                for leaf in WorkerThreads.part(share, of: threads, leafCount) {
                    let first = leaf &* leafSize
                    // Safe: a leaf's rows are in range, and shares write leaves of their own.
                    unsafe boxes.initializeElement(
                        at: leaf, to: leafBox(rows, first, min(leafSize, points.count &- first)))
                }
            }
            // Safe: every leaf is filled.
            unsafe PackedRTree.makeParents(boxes, layout)
            count = layout.boxCount
        }
    }

    /// The box of consecutive points.
    @unsafe
    @inline(__always)
    private static func leafBox(_ rows: RawSpan, _ first: Int, _ count: Int) -> GridBox {
        var low = SIMD4<Int32>(repeating: .max)
        var high = SIMD4<Int32>(repeating: .min)
        for pair in 0..<(count &>> 1) {
            // Safe: the caller vouches for the points; two are 16 bytes.
            let two = unsafe rows.unsafeLoadUnaligned(
                fromUncheckedByteOffset: (first &+ 2 &* pair) &* 8, as: SIMD4<Int32>.self)
            low.replace(with: two, where: two .< low)
            high.replace(with: two, where: two .> high)
        }
        var box = GridBox(
            minX: min(low[0], low[2]), minY: min(low[1], low[3]), maxX: max(high[0], high[2]),
            maxY: max(high[1], high[3]))
        if count & 1 != 0 {
            // Safe: as above.
            let last = unsafe rows.unsafeLoadUnaligned(
                fromUncheckedByteOffset: (first &+ count &- 1) &* 8, as: GridPoint.self)
            box.formUnion(x: last.x, y: last.y)
        }
        return box
    }
}
