// SPDX-License-Identifier: Apache-2.0

extension PackedRTreeView {
    /// Searches a disc: subtrees whose box is inside come as ranges, items whose box meets the rim one by one.
    ///
    /// An item of a contained range lies in the disc whatever its shape; one on the rim has a box that meets the disc, or
    /// passes it by less than a millionth of the radius, and the caller decides with the exact distance.
    /// - Parameters:
    ///   - contained: items that lie in the disc whole; false stops.
    ///   - rim: an item to be tested; false stops.
    /// - Returns: false if a callback stopped the search.
    @inlinable
    @discardableResult
    public func searchCircle(
        _ circle: GridCircle, contained: (_ first: Int, _ end: Int) -> Bool, rim: (_ item: Int) -> Bool
    ) -> Bool {
        guard boxes.count >= 16, let kernel = CircleKernel(circle, extent: boxes[boxes.count - 1]) else {
            return searchRegion({ circle.relation(to: $0) }, contained: contained, rim: rim)
        }
        return searchKernel(kernel, approach: { _, _, _ in }, contained: contained, rim: rim)
    }

    /// The search for trees of at least sixteen boxes.
    ///
    /// - Parameter approach: told which of sixteen items from `first` on are met and held before they are handed over.
    @inlinable
    @inline(__always)
    func searchKernel(
        _ kernel: CircleKernel, approach: (_ first: Int, _ met: UInt32, _ held: UInt32) -> Void,
        contained: (_ first: Int, _ end: Int) -> Bool, rim: (_ item: Int) -> Bool
    ) -> Bool {
        // Safe: boxes have no padding.
        let bytes = unsafe self.boxes.bytes
        let lastStart = boxes.count &- 16
        var stack = InlineArray<160, UInt64>(repeating: 0)
        var depth = 1
        stack[0] = UInt64(layout.levels &- 1) << 56
        while depth > 0 {
            depth &-= 1
            let entry = stack[depth]
            let level = Int(entry >> 56 & 0xF) &- 1
            let parent = Int(entry & 0xFF_FFFF_FFFF_FFFF)
            if entry >> 63 != 0 {
                let span = 4 &* (level &+ 1)
                if !contained(parent &<< span, min((parent &+ 1) &<< span, count)) { return false }
                continue
            }
            let first = parent &* PackedRTree.nodeSize
            let children = min(PackedRTree.nodeSize, layout.count(level) &- first)
            let position = layout.start(level) &+ first
            // Children at the end of the memory are read with the boxes before them.
            let start = min(position, lastStart)
            // Safe: start + 16 is at most the number of boxes.
            let classes = unsafe kernel.classify(bytes, start &* 16)
            let shift = UInt32(position &- start)
            var met = (classes.met &>> shift) & (0xFFFF &>> UInt32(16 &- children))
            let held = classes.held &>> shift
            if level == 0 {
                approach(first, met, held)
                while met != 0 {
                    let bit = met.trailingZeroBitCount
                    let item = first &+ bit
                    let goesOn = held >> UInt32(bit) & 1 != 0 ? contained(item, item &+ 1) : rim(item)
                    if !goesOn { return false }
                    met &= met &- 1
                }
                continue
            }
            // Backwards, so that nodes leave the stack in order.
            let below = layout.start(level &- 1)
            while met != 0 {
                let bit = 31 &- met.leadingZeroBitCount
                met ^= 1 &<< UInt32(bit)
                if held &>> UInt32(bit) & 1 == 0 {
                    let place = below &+ (first &+ bit) &* PackedRTree.nodeSize
                    // Safe: nothing is read.
                    unsafe CircleKernel.prefetch(bytes, place &* 16, bytes: 256)
                }
                stack[depth] =
                    UInt64(held &>> UInt32(bit) & 1) << 63 | UInt64(level) << 56 | UInt64(first &+ bit)
                depth &+= 1
            }
        }
        return true
    }
}
