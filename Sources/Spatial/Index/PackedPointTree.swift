// SPDX-License-Identifier: Apache-2.0

/// A static R-tree over grid points: the points in Hilbert order, and above every sixteen of them a packed R-tree.
///
/// ```
/// points  row 0 … row n-1, 8 bytes each            a leaf is 16 rows and has no other payload
/// nodes   box of leaf 0 … leaf m-1 | parents of 16 leaves each | … | root      as in PackedRTree, over the leaves
/// order   row → number of the point in the input
/// ```
///
/// A point takes 8 bytes and its share of the nodes 1.07, against 17.07 for a box in ``PackedRTree``. Searches answer with
/// **rows**: places in ``points``. A caller whose columns are stored in another order maps a row by ``order``, or hands
/// a column in row order to ``PackedPointTreeView/collect(_:payload:into:)``. Immutable: share it between threads.
///
/// ```swift
/// let tree = PackedPointTree(points, threads: 2)
/// tree.view.searchCircle(GridCircle(center: here, radius: 500_000)) { first, end in
///     for row in first..<end { use(tree.order[row]) }
///     return true
/// }
/// ```
///
/// Source: Kamel and Faloutsos, "Hilbert R-tree", VLDB 1994; flatbush (Agafonkin) for the flat levels.
public struct PackedPointTree: Sendable {
    /// Points to a leaf.
    @inlinable public static var leafSize: Int { 16 }

    /// In row order.
    public let points: [GridPoint]
    /// Leaves first, the root last; 16 bytes a box.
    public let nodes: [GridBox]
    /// Row → number of the point in the input. Empty where the tree was made of points in order.
    public let order: [UInt32]

    /// Sorts points along the Hilbert curve and builds the nodes over them. O(points).
    ///
    /// The result is the same for any number of threads. Points that fall into one cell of the curve keep the order of
    /// the input unless they are more than a leaf holds.
    /// - Parameter threads: workers, at least 1; they are started and joined here.
    public init(_ points: [GridPoint], threads: Int = 1) {
        let (sorted, order) = Self.sort(points, threads: threads)
        self.init(pointsInOrder: sorted, order: order, threads: threads)
    }

    static func sort(_ points: [GridPoint], threads: Int) -> (points: [GridPoint], order: [UInt32]) {
        precondition(points.count <= Int(UInt32.max), "a packed tree holds at most 2^32 - 1 points")
        // An array of no capacity is shared by all threads, and filling it would write its count.
        if points.isEmpty { return ([], []) }
        var order: [UInt32] = []
        let sorted = unsafe [GridPoint](unsafeUninitializedCapacity: points.count) { sorted, sortedCount in
            order = unsafe [UInt32](unsafeUninitializedCapacity: points.count) { order, orderCount in
                unsafe points.withUnsafeBufferPointer { source in
                    // Safe: both have room for as many as there are points, and all are written.
                    guard let target = sorted.baseAddress, let numbers = order.baseAddress else { return }
                    unsafe HugePages.advise(target, count: source.count)
                    unsafe HugePages.advise(numbers, count: source.count)
                    unsafe PointSorter.sort(source, into: target, order: numbers, threads: threads)
                }
                orderCount = points.count
            }
            sortedCount = points.count
        }
        return (sorted, order)
    }

    /// Builds the nodes over points that are in a spatial order already, for example of a snapshot. O(points).
    ///
    /// Any order gives right answers; only one that keeps neighbours together gives fast ones.
    public init(pointsInOrder points: [GridPoint], threads: Int = 1) {
        self.init(pointsInOrder: points, order: [], threads: threads)
    }

    init(pointsInOrder points: [GridPoint], order: [UInt32], threads: Int) {
        self.points = points
        self.order = order
        nodes = Self.makeNodes(points.span, threads: threads)
    }

    public var count: Int { points.count }
    /// The smallest box around all points; empty if there are none.
    public var box: GridBox { nodes.last ?? .empty }

    /// The searchable form over this tree's memory.
    @inlinable
    public var view: PackedPointTreeView {
        @_lifetime(borrow self)
        get { PackedPointTreeView(unchecked: points.span, nodes: nodes.span) }
    }

    /// Leaves of a tree of this many points.
    @inlinable
    static func leafCount(_ count: Int) -> Int { (count + leafSize - 1) / leafSize }

    /// Boxes in ``nodes`` of a tree of this many points; times 16 is the number of bytes.
    public static func nodeCount(points count: Int) -> Int { PackedRTreeLayout(count: leafCount(count)).boxCount }
}
