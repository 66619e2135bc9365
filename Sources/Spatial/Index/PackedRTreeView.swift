// SPDX-License-Identifier: Apache-2.0

/// A packed R-tree over memory that somebody else owns: an array, or a mapped snapshot. See ``PackedRTree``.
public struct PackedRTreeView: ~Escapable {
    /// Items first, then parents; the root last.
    public let boxes: Span<GridBox>
    public let count: Int
    @usableFromInline let layout: PackedRTreeLayout

    /// A view over boxes that are known to have the right number.
    @inlinable
    @_lifetime(copy boxes)
    init(unchecked boxes: Span<GridBox>, count: Int) {
        self.boxes = boxes
        self.count = count
        layout = PackedRTreeLayout(count: count)
    }

    /// A view over boxes, for example of a mapped file.
    ///
    /// Damaged boxes give wrong answers but never an access outside the span; ``checkInvariants()`` finds them.
    /// - Throws: `corrupted` if the number of boxes is not that of a tree of `count` items.
    @_lifetime(copy boxes)
    public init(_ boxes: Span<GridBox>, count: Int) throws(SpatialError) {
        let layout = PackedRTreeLayout(count: max(0, count))
        guard count >= 0 && layout.boxCount == boxes.count else {
            throw SpatialError(
                .corrupted,
                "the spatial index has \(boxes.count) boxes, a tree of \(count) items has \(layout.boxCount)")
        }
        self.boxes = boxes
        self.count = count
        self.layout = layout
    }

    /// A view over raw bytes, 16 to a box, little-endian, aligned to 4.
    ///
    /// - Throws: `corrupted` if their number or alignment is wrong.
    @_lifetime(copy bytes)
    public init(bytes: RawSpan, count: Int) throws(SpatialError) {
        let size = MemoryLayout<GridBox>.stride
        guard count >= 0, bytes.byteCount == PackedRTreeLayout(count: count).boxCount * size else {
            throw SpatialError(
                .corrupted, "the spatial index of \(count) items has \(bytes.byteCount) bytes, not the number it needs")
        }
        let isAligned = unsafe bytes.withUnsafeBytes { buffer in
            UInt(bitPattern: buffer.baseAddress) % UInt(MemoryLayout<GridBox>.alignment) == 0
        }
        guard isAligned else { throw SpatialError(.corrupted, "the spatial index is not aligned to 4 bytes") }
        // Safe: size and alignment are checked, and every bit pattern is a GridBox.
        let boxes = Span<GridBox>(_bytes: bytes)
        try self.init(boxes, count: count)
    }

    /// Calls `visit` for every item whose box intersects `box`; false stops the search.
    @inlinable
    public func search(_ box: GridBox, _ visit: (Int) -> Bool) {
        _ = searchRanges(box) { first, end in
            var item = first
            while item < end {
                if !visit(item) { return false }
                item &+= 1
            }
            return true
        }
    }

    /// The number of items whose box intersects `box`.
    public func count(in box: GridBox) -> Int {
        var total = 0
        _ = searchRanges(box) { first, end in
            total += end - first
            return true
        }
        return total
    }

    /// Calls `visit` with ranges of consecutive items that intersect `box`: a whole subtree where the box contains it,
    /// single items elsewhere. False from `visit` stops, and is returned.
    ///
    /// Tried and lost: collecting the hits of a leaf in a bit mask before visiting them (5-15 % slower at 7 to 2,600
    /// hits; the time goes into fetching leaves).
    @inlinable
    public func searchRanges(_ box: GridBox, _ visit: (_ first: Int, _ end: Int) -> Bool) -> Bool {
        guard count > 0, boxes[boxes.count - 1].intersects(box) else { return true }
        if box.contains(boxes[boxes.count - 1]) { return visit(0, count) }
        if count == 1 { return visit(0, 1) }
        let window = BoxWindow(box)
        // Depth first: a node waits with its siblings, so 15 to a level and the node itself is the most that waits.
        var stack = InlineArray<160, UInt64>(repeating: 0)
        var depth = 1
        stack[0] = UInt64(layout.levels - 1) << 56
        while depth > 0 {
            depth &-= 1
            let entry = stack[depth]
            let level = Int(entry >> 56) - 1
            let first = Int(entry & 0xFF_FFFF_FFFF_FFFF) &* PackedRTree.nodeSize
            let end = min(first &+ PackedRTree.nodeSize, layout.count(level))
            let start = layout.start(level)
            if level == 0 {
                for item in first..<end where window.meets(boxes[item]) {
                    if !visit(item, item &+ 1) { return false }
                }
                continue
            }
            // Backwards, so that nodes leave the stack in order.
            var node = end
            while node > first {
                node &-= 1
                let nodeBox = boxes[start &+ node]
                guard window.meets(nodeBox) else { continue }
                if box.contains(nodeBox) {
                    let shift = 4 &* level
                    if !visit(node &<< shift, min((node &+ 1) &<< shift, count)) { return false }
                } else {
                    stack[depth] = UInt64(level) << 56 | UInt64(node)
                    depth &+= 1
                }
            }
        }
        return true
    }

    /// The first broken invariant in words, or nil: every parent is the tight box around its children. O(items).
    public func checkInvariants() -> String? {
        guard boxes.count == layout.boxCount else {
            return "\(boxes.count) boxes where a tree of \(count) items has \(layout.boxCount)"
        }
        guard layout.levels > 1 else { return nil }
        for level in 1..<layout.levels {
            for node in 0..<layout.count(level) {
                var box = GridBox.empty
                let first = node * PackedRTree.nodeSize
                for child in first..<min(first + PackedRTree.nodeSize, layout.count(level - 1)) {
                    box.formUnion(boxes[layout.start(level - 1) + child])
                }
                if box != boxes[layout.start(level) + node] {
                    return "node \(node) of level \(level) is not the tight box around its children"
                }
            }
        }
        return nil
    }
}

/// A query box in the form that tests another box with one vector comparison.
///
/// Two boxes meet if `minX <= maxX'`, `minY <= maxY'`, `maxX >= minX'` and `maxY >= minY'`. Inverting the bits of an
/// integer reverses its order, so with the last two inverted on both sides all four are the same comparison.
@usableFromInline
struct BoxWindow: BitwiseCopyable {
    @usableFromInline let limits: SIMD4<Int32>

    @inlinable
    init(_ box: GridBox) { limits = SIMD4(box.maxX, box.maxY, ~box.minX, ~box.minY) }

    @inlinable
    @inline(__always)
    func meets(_ box: GridBox) -> Bool {
        let sides = SIMD4(box.minX, box.minY, box.maxX, box.maxY) ^ SIMD4(0, 0, -1, -1)
        return all(sides .<= limits)
    }
}
