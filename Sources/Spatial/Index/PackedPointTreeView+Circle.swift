// SPDX-License-Identifier: Apache-2.0

extension PackedPointTreeView {
    /// Calls `visit` with ranges of rows whose points are all in the disc; false stops, and is returned. Exact.
    ///
    /// O(log points + hits); a subtree inside the disc is one range and costs nothing per point.
    @inlinable
    @discardableResult
    public func searchCircle(_ circle: GridCircle, _ visit: (_ first: Int, _ end: Int) -> Bool) -> Bool {
        searchLeaves(circle, contained: visit) { first, hits in
            var open = hits
            while open != 0 {
                let row = first &+ open.trailingZeroBitCount
                if !visit(row, row &+ 1) { return false }
                open &= open &- 1
            }
            return true
        }
    }

    /// The number of points in the disc. Exact; touches only the leaves on the rim.
    public func count(in circle: GridCircle) -> Int {
        var total = 0
        searchLeaves(circle) { first, end in
            total &+= end &- first
            return true
        } rim: { _, hits in
            total &+= hits.nonzeroBitCount
            return true
        }
        return total
    }

    /// Appends the rows in the disc to a buffer of the caller's. Exact; in row order.
    public func collect(_ circle: GridCircle, into buffer: inout RowBuffer) {
        searchLeaves(circle) { first, end in
            buffer.append(first..<end)
            return true
        } rim: { first, hits in
            buffer.append(first, hits)
            return true
        }
    }

    /// Appends `payload[row]` of the rows in the disc to a buffer of the caller's. Exact; in row order.
    ///
    /// - Parameter payload: one value for each row, for example ``PackedPointTree/order`` or identifiers.
    public func collect(_ circle: GridCircle, payload: Span<UInt32>, into buffer: inout RowBuffer) {
        precondition(payload.count == points.count, "a payload has one value for each point of the tree")
        // Safe: points and numbers have no padding.
        let (rows, values) = unsafe (points.bytes, payload.bytes)
        searchLeaves(circle) { first, isHeld in
            // Safe: the sixteen rows from first on are in range of both.
            unsafe CircleKernel.prefetch(values, first &* 4, bytes: 64)
            if !isHeld { unsafe CircleKernel.prefetch(rows, first &* 8, bytes: 128) }
        } contained: { first, end in
            buffer.append(first..<end, of: payload)
            return true
        } rim: { first, hits in
            buffer.append(first, hits, of: payload)
            return true
        }
    }

    /// Searches a disc leaf by leaf.
    ///
    /// - Parameters:
    ///   - contained: rows that are all in the disc; false stops.
    ///   - rim: a leaf on the rim by its first row, and the hits in it: bit i for row `first + i`; false stops.
    @inlinable
    @inline(__always)
    @discardableResult
    func searchLeaves(
        _ circle: GridCircle, approach: (_ first: Int, _ isHeld: Bool) -> Void = { _, _ in },
        contained: (_ first: Int, _ end: Int) -> Bool, rim: (_ first: Int, _ hits: UInt32) -> Bool
    ) -> Bool {
        let size = PackedPointTree.leafSize
        let count = points.count
        guard leaves.boxes.count >= 16, let kernel = CircleKernel(circle, extent: leaves.boxes[leaves.boxes.count - 1])
        else {
            return leaves.searchRegion({ circle.relation(to: $0) }) { first, end in
                contained(first &* size, min(end &* size, count))
            } rim: { leaf in
                let first = leaf &* size
                var hits: UInt32 = 0
                for row in first..<min(first &+ size, count) where circle.contains(points[row]) {
                    hits |= 1 << UInt32(row &- first)
                }
                return hits == 0 || rim(first, hits)
            }
        }
        // Safe: points have no padding.
        let rows = unsafe points.bytes
        return leaves.searchKernel(kernel) { leaf, met, held in
            var open = met
            while open != 0 {
                let bit = open.trailingZeroBitCount
                open &= open &- 1
                approach(min((leaf &+ bit) &* size, count &- size), held &>> UInt32(bit) & 1 != 0)
            }
        } contained: { first, end in
            contained(first &* size, min(end &* size, count))
        } rim: { leaf in
            // The last leaf is read with the rows before it, so that sixteen are there to be read.
            let first = leaf &* size
            let start = min(first, count &- size)
            // Safe: a tree of sixteen boxes has more than sixteen points, and start + 16 is at most their number.
            let hits = unsafe kernel.test(rows, start &* 8) &>> UInt32(first &- start)
            return hits == 0 || rim(first, hits)
        }
    }
}
