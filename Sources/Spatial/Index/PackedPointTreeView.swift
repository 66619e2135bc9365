// SPDX-License-Identifier: Apache-2.0

/// A packed point tree over memory that somebody else owns: arrays, or a mapped snapshot. See ``PackedPointTree``.
///
/// Damaged points or nodes give wrong answers but never an access outside the spans; ``checkInvariants()`` finds them.
public struct PackedPointTreeView: ~Escapable {
    /// In row order.
    public let points: Span<GridPoint>
    /// The R-tree over the leaves: its item i is the leaf of rows 16 i ..< 16 i + 16.
    public let leaves: PackedRTreeView

    @inlinable
    @_lifetime(copy points, copy nodes)
    init(unchecked points: Span<GridPoint>, nodes: Span<GridBox>) {
        self.points = points
        leaves = PackedRTreeView(unchecked: nodes, count: PackedPointTree.leafCount(points.count))
    }

    /// A view over points in row order and the nodes that ``PackedPointTree`` built over them.
    ///
    /// - Throws: `corrupted` if the number of nodes is not that of a tree of these points.
    @_lifetime(copy points, copy nodes)
    public init(points: Span<GridPoint>, nodes: Span<GridBox>) throws(SpatialError) {
        leaves = try PackedRTreeView(nodes, count: PackedPointTree.leafCount(points.count))
        self.points = points
    }

    public var count: Int { points.count }

    /// Calls `visit` with ranges of rows whose points are all in `box`; false stops, and is returned.
    @inlinable
    @discardableResult
    public func searchRanges(_ box: GridBox, _ visit: (_ first: Int, _ end: Int) -> Bool) -> Bool {
        searchRegion(
            { $0.intersects(box) ? (box.contains($0) ? .inside : .rim) : .outside }, contained: visit,
            rim: { row in box.contains(points[row]) ? visit(row, row &+ 1) : true })
    }

    /// Calls `visit` for every row whose point is in `box`; false stops.
    @inlinable
    public func search(_ box: GridBox, _ visit: (_ row: Int) -> Bool) {
        searchRanges(box) { first, end in
            var row = first
            while row < end {
                if !visit(row) { return false }
                row &+= 1
            }
            return true
        }
    }

    /// The number of points in `box`; whole subtrees are counted at once.
    public func count(in box: GridBox) -> Int {
        var total = 0
        searchRanges(box) { first, end in
            total &+= end &- first
            return true
        }
        return total
    }

    /// Searches any region that can tell how it lies to a box: a polygon, a corridor, a ring.
    ///
    /// A subtree whose box is inside is handed over as one range of rows without a test of its points; the points of a
    /// leaf on the rim come one by one, for the caller to test.
    /// - Parameters:
    ///   - classify: how the region lies to a box. May answer `rim` when in doubt; `inside` and `outside` must be true.
    ///   - contained: rows that are all in the region; false stops.
    ///   - rim: a row to be tested; false stops.
    /// - Returns: false if a callback stopped the search.
    @inlinable
    @discardableResult
    public func searchRegion(
        _ classify: (GridBox) -> RegionRelation, contained: (_ first: Int, _ end: Int) -> Bool,
        rim: (_ row: Int) -> Bool
    ) -> Bool {
        leaves.searchRegion(classify) { first, end in
            contained(first &* PackedPointTree.leafSize, min(end &* PackedPointTree.leafSize, points.count))
        } rim: { leaf in
            let first = leaf &* PackedPointTree.leafSize
            for row in first..<min(first &+ PackedPointTree.leafSize, points.count) where !rim(row) { return false }
            return true
        }
    }

    /// The first broken invariant in words, or nil: every node is the tight box around its children. O(points).
    public func checkInvariants() -> String? {
        if let violation = leaves.checkInvariants() { return violation }
        for leaf in 0..<leaves.count {
            var box = GridBox.empty
            let first = leaf * PackedPointTree.leafSize
            for row in first..<min(first + PackedPointTree.leafSize, points.count) {
                box.formUnion(x: points[row].x, y: points[row].y)
            }
            if box != leaves.boxes[leaf] { return "leaf \(leaf) is not the tight box around its points" }
        }
        return nil
    }
}
