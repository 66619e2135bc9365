// SPDX-License-Identifier: Apache-2.0

extension PackedRTreeView {
    /// Searches any region that can tell how it lies to a box: a polygon, a corridor, a ring.
    ///
    /// A subtree whose box is inside is handed over as one range of items without a test; items whose own box is on the
    /// rim come one by one, for the caller to test exactly.
    /// - Parameters:
    ///   - classify: how the region lies to a box. May answer `rim` when in doubt; `inside` and `outside` must be true.
    ///   - contained: items that lie in the region whole; false stops.
    ///   - rim: an item to be tested; false stops.
    /// - Returns: false if a callback stopped the search.
    @inlinable
    @discardableResult
    public func searchRegion(
        _ classify: (GridBox) -> RegionRelation, contained: (_ first: Int, _ end: Int) -> Bool,
        rim: (_ item: Int) -> Bool
    ) -> Bool {
        guard count > 0 else { return true }
        // Depth first: a node waits with its siblings, so 15 to a level and the node itself is the most that waits.
        var stack = InlineArray<160, UInt64>(repeating: 0)
        var depth = 1
        stack[0] = UInt64(layout.levels &- 1) << 56
        while depth > 0 {
            depth &-= 1
            let entry = stack[depth]
            let level = Int(entry >> 56)
            let node = Int(entry & 0xFF_FFFF_FFFF_FFFF)
            switch classify(boxes[layout.start(level) &+ node]) {
            case .outside: continue
            case .inside:
                let shift = 4 &* level
                if !contained(node &<< shift, min((node &+ 1) &<< shift, count)) { return false }
            case .rim:
                if level == 0 {
                    if !rim(node) { return false }
                    continue
                }
                let first = node &* PackedRTree.nodeSize
                // Backwards, so that nodes leave the stack in order.
                var child = min(first &+ PackedRTree.nodeSize, layout.count(level &- 1))
                while child > first {
                    child &-= 1
                    stack[depth] = UInt64(level &- 1) << 56 | UInt64(child)
                    depth &+= 1
                }
            }
        }
        return true
    }
}
