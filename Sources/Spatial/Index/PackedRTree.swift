// SPDX-License-Identifier: Apache-2.0

/// A static R-tree over grid boxes, packed in Hilbert order with 16 children to a node.
///
/// ```
/// boxes   item 0 … item n-1 | parents of 16 items each | parents of those | … | root
/// ```
///
/// Items must already be in the order of ``hilbertOrder(_:)``, so a leaf needs no indirection: the item of box i is i.
/// Node positions follow from the count alone, so ``boxes`` can be written to a file as it is and searched through a
/// ``PackedRTreeView`` over the mapped bytes without parsing. Immutable: share it between threads.
///
/// ```swift
/// let order = PackedRTree.hilbertOrder(boxes)
/// let tree = PackedRTree(boxesInOrder: order.map { boxes[Int($0)] })
/// tree.search(window) { item in …; return true }
/// ```
///
/// Source: flatbush (Agafonkin); Kamel and Faloutsos, "Hilbert R-tree", VLDB 1994.
public struct PackedRTree: Sendable {
    /// Children of a node.
    @inlinable public static var nodeSize: Int { 16 }

    /// The number of items.
    public let count: Int
    /// Items first, then the levels of parents, the root last. This is the file format: 16 bytes a box, little-endian.
    public let boxes: [GridBox]

    /// The order in which items must be stored: element k is the number of the item to put at place k.
    ///
    /// Stable, so equal boxes keep their order and a build is repeatable. O(items), radix sort.
    /// - Parameter threads: workers, at least 1; the order is the same for any number.
    public static func hilbertOrder(_ boxes: [GridBox], threads: Int = 1) -> [UInt32] {
        let centres = boxes.map { box in
            // The sum of two Int32 halved is an Int32.
            GridPoint(
                x: Int32(truncatingIfNeeded: (Int64(box.minX) + Int64(box.maxX)) >> 1),
                y: Int32(truncatingIfNeeded: (Int64(box.minY) + Int64(box.maxY)) >> 1))
        }
        return PackedPointTree.sort(centres, threads: threads).order
    }

    /// Builds the parents over items in Hilbert order. O(items).
    ///
    /// Boxes must not be empty: an empty one is counted with the subtree that it is stored in.
    public init(boxesInOrder items: [GridBox]) {
        count = items.count
        let layout = PackedRTreeLayout(count: items.count)
        guard layout.boxCount > 0 else {
            boxes = []
            return
        }
        boxes = unsafe [GridBox](unsafeUninitializedCapacity: layout.boxCount) { boxes, count in
            // Safe: the items fill the lowest level, the parents the rest.
            _ = unsafe boxes.initialize(fromContentsOf: items)
            unsafe Self.makeParents(boxes, layout)
            count = layout.boxCount
        }
    }

    /// Fills every level above the lowest.
    static func makeParents(_ boxes: UnsafeMutableBufferPointer<GridBox>, _ layout: PackedRTreeLayout) {
        var level = 1
        while level < layout.levels {
            let below = layout.start(level - 1)
            let belowCount = layout.count(level - 1)
            for node in 0..<layout.count(level) {
                var box = GridBox.empty
                for child in (node &* nodeSize)..<min((node &+ 1) &* nodeSize, belowCount) {
                    // Safe: below + child is a box of the level below, which is filled.
                    unsafe box.formUnion(boxes[below &+ child])
                }
                // Safe: the layout counts every node.
                unsafe boxes.initializeElement(at: layout.start(level) &+ node, to: box)
            }
            level += 1
        }
    }

    /// The smallest box around all items; empty if there are none.
    public var box: GridBox { boxes.last ?? .empty }

    /// The searchable form over this tree's memory.
    @inlinable
    public var view: PackedRTreeView {
        @_lifetime(borrow self)
        get { PackedRTreeView(unchecked: boxes.span, count: count) }
    }

    /// Calls `visit` for every item whose box intersects `box`, in item order within a node; false stops.
    ///
    /// O(log items + hits) for boxes of similar size.
    @inlinable
    public func search(_ box: GridBox, _ visit: (Int) -> Bool) {
        view.search(box, visit)
    }

    /// The number of items whose box intersects `box`; whole subtrees are counted at once.
    public func count(in box: GridBox) -> Int { view.count(in: box) }

    /// The nearest items; see ``PackedRTreeView/nearest(to:limit:within:exactDistanceSquared:)``.
    @inlinable
    public func nearest(
        to point: GridPoint, limit: Int, within radius: Double = .infinity,
        exactDistanceSquared: (Int) -> Double
    ) -> [NearestItem] {
        view.nearest(to: point, limit: limit, within: radius, exactDistanceSquared: exactDistanceSquared)
    }

    /// The first broken invariant in words, or nil. O(items).
    public func checkInvariants() -> String? { view.checkInvariants() }
}

/// Where the levels of a packed tree lie, computed from the number of items.
public struct PackedRTreeLayout: Sendable, BitwiseCopyable {
    /// First box of each level; the entry after the last level is the number of boxes.
    @usableFromInline var starts: InlineArray<11, Int>
    @usableFromInline var levels: Int

    @inlinable
    public init(count: Int) {
        starts = InlineArray(repeating: 0)
        levels = 0
        var levelCount = count
        var total = 0
        while levelCount > 0 && levels < 10 {
            starts[levels] = total
            total += levelCount
            levels += 1
            if levelCount == 1 { break }
            levelCount = (levelCount + PackedRTree.nodeSize - 1) / PackedRTree.nodeSize
        }
        starts[levels] = total
    }

    /// Items and parents together; times 16 is the number of bytes.
    @inlinable public var boxCount: Int { starts[levels] }

    @inlinable
    func start(_ level: Int) -> Int { starts[level] }

    @inlinable
    func count(_ level: Int) -> Int { starts[level + 1] - starts[level] }
}
