// SPDX-License-Identifier: Apache-2.0

/// An R-tree that changes: identifiers with boxes, inserted and removed one at a time.
///
/// A value with copy-on-write nodes: a copy is O(1) and keeps its contents while the original goes on, and a mutation
/// copies only the path that it touches. Meant for deltas and geofences of up to some hundred thousand entries;
/// ``PackedRTree`` is faster for what does not change. Reading is safe from any thread; mutate one value on one thread.
///
/// ```swift
/// var delta = DynamicRTree()
/// delta.insert(id: 7, box: box)
/// let snapshot = delta                     // unaffected by what follows
/// delta.remove(id: 7, box: box)
/// ```
///
/// Source: Guttman, "R-trees", SIGMOD 1984, with splits along the longer axis at the middle of the centres.
public struct DynamicRTree: Sendable {
    static let nodeSize = 16
    static let minimumFill = 6

    /// The number of entries.
    public private(set) var count = 0
    private var root = DynamicNode(height: 0)

    public init() {}

    public var isEmpty: Bool { count == 0 }
    /// The smallest box around all entries.
    public var box: GridBox { root.box }

    /// Adds an entry. The same id may be stored several times, with equal or different boxes. O(log entries).
    public mutating func insert(id: UInt64, box: GridBox) {
        makeRootUnique()
        if let sibling = root.insert(id: id, box: box) {
            let old = root
            root = DynamicNode(height: old.height + 1)
            root.append(old)
            root.append(sibling)
        }
        count += 1
    }

    /// Removes one entry with this id and box.
    ///
    /// - Returns: false if there is none. O(log entries) for boxes that overlap little.
    @discardableResult
    public mutating func remove(id: UInt64, box: GridBox) -> Bool {
        guard root.holds(id: id, box: box) else { return false }
        makeRootUnique()
        var orphans: [(id: UInt64, box: GridBox)] = []
        _ = root.remove(id: id, box: box, &orphans)
        while root.height > 0 && root.children.count <= 1 {
            root = root.children.first ?? DynamicNode(height: 0)
        }
        count -= 1 + orphans.count
        for orphan in orphans { insert(id: orphan.id, box: orphan.box) }
        return true
    }

    public mutating func removeAll() { self = DynamicRTree() }

    /// Calls `visit` for every entry whose box intersects `box`; false stops.
    public func search(_ box: GridBox, _ visit: (_ id: UInt64, _ box: GridBox) -> Bool) {
        _ = root.search(box, visit)
    }

    /// The first broken invariant in words, or nil. O(entries).
    public func checkInvariants() -> String? {
        var entries = 0
        if let violation = root.checkInvariants(isRoot: true, &entries) { return violation }
        return entries == count ? nil : "count is \(count), but the nodes hold \(entries) entries"
    }

    private mutating func makeRootUnique() {
        if !isKnownUniquelyReferenced(&root) { root = DynamicNode(copying: root) }
    }
}

/// `@unchecked Sendable` because a node is changed only while its single owner is a tree that is being mutated
/// (`isKnownUniquelyReferenced`); every node that two values can reach is immutable.
private final class DynamicNode: @unchecked Sendable {
    /// 0 for a leaf.
    let height: Int
    var box: GridBox
    /// Boxes of the entries or of the children.
    var boxes: [GridBox]
    /// Of a leaf.
    var ids: [UInt64]
    /// Of an inner node.
    var children: [DynamicNode]

    init(height: Int) {
        self.height = height
        box = .empty
        boxes = []
        ids = []
        children = []
    }

    init(copying other: DynamicNode) {
        height = other.height
        box = other.box
        boxes = other.boxes
        ids = other.ids
        children = other.children
    }

    func append(_ child: DynamicNode) {
        children.append(child)
        boxes.append(child.box)
        box.formUnion(child.box)
    }

    private func makeChildUnique(_ index: Int) {
        if !isKnownUniquelyReferenced(&children[index]) { children[index] = DynamicNode(copying: children[index]) }
    }

    private func refit() {
        box = .empty
        for entry in boxes { box.formUnion(entry) }
    }

    /// Adds an entry below; a full node splits and returns its new sibling.
    func insert(id: UInt64, box entry: GridBox) -> DynamicNode? {
        box.formUnion(entry)
        if height == 0 {
            ids.append(id)
            boxes.append(entry)
        } else {
            let index = bestChild(for: entry)
            makeChildUnique(index)
            let sibling = children[index].insert(id: id, box: entry)
            boxes[index] = children[index].box
            if let sibling { append(sibling) }
        }
        return boxes.count > DynamicRTree.nodeSize ? split() : nil
    }

    /// The child that grows least by area, then the smaller one.
    private func bestChild(for entry: GridBox) -> Int {
        var best = 0
        var bestGrowth = Double.infinity
        var bestArea = Double.infinity
        for (index, box) in boxes.enumerated() {
            var grown = box
            grown.formUnion(entry)
            let area = box.area
            let growth = grown.area - area
            if growth < bestGrowth || (growth == bestGrowth && area < bestArea) {
                best = index
                bestGrowth = growth
                bestArea = area
            }
        }
        return best
    }

    /// Moves the upper half along the longer axis of the centres into a new node.
    private func split() -> DynamicNode {
        var centres = GridBox.empty
        for box in boxes { centres.formUnion(x: box.centre.x, y: box.centre.y) }
        let isWide = Int64(centres.maxX) - Int64(centres.minX) >= Int64(centres.maxY) - Int64(centres.minY)
        let order = boxes.indices.sorted { left, right in
            let (a, b) = (boxes[left].centre, boxes[right].centre)
            return isWide ? (a.x, a.y, left) < (b.x, b.y, right) : (a.y, a.x, left) < (b.y, b.x, right)
        }
        let lower = order.prefix(order.count / 2)
        let upper = order.suffix(from: order.count / 2)
        let sibling = DynamicNode(height: height)
        sibling.boxes = upper.map { boxes[$0] }
        if height == 0 {
            sibling.ids = upper.map { ids[$0] }
            ids = lower.map { ids[$0] }
        } else {
            sibling.children = upper.map { children[$0] }
            children = lower.map { children[$0] }
        }
        boxes = lower.map { boxes[$0] }
        sibling.refit()
        refit()
        return sibling
    }

    func holds(id: UInt64, box entry: GridBox) -> Bool {
        for index in boxes.indices {
            if height == 0 {
                if ids[index] == id && boxes[index] == entry { return true }
            } else if boxes[index].contains(entry) && children[index].holds(id: id, box: entry) {
                return true
            }
        }
        return false
    }

    /// Removes one entry; the entries of a node that falls below the minimum are handed up for reinsertion.
    func remove(id: UInt64, box entry: GridBox, _ orphans: inout [(id: UInt64, box: GridBox)]) -> Bool {
        defer { refit() }
        if height == 0 {
            guard let index = boxes.indices.first(where: { ids[$0] == id && boxes[$0] == entry }) else { return false }
            ids.remove(at: index)
            boxes.remove(at: index)
            return true
        }
        for index in boxes.indices where boxes[index].contains(entry) && children[index].holds(id: id, box: entry) {
            makeChildUnique(index)
            let child = children[index]
            guard child.remove(id: id, box: entry, &orphans) else { return false }
            boxes[index] = child.box
            if child.boxes.count < DynamicRTree.minimumFill {
                child.collect(&orphans)
                children.remove(at: index)
                boxes.remove(at: index)
            }
            return true
        }
        return false
    }

    private func collect(_ entries: inout [(id: UInt64, box: GridBox)]) {
        for index in ids.indices { entries.append((ids[index], boxes[index])) }
        for child in children { child.collect(&entries) }
    }

    func search(_ window: GridBox, _ visit: (UInt64, GridBox) -> Bool) -> Bool {
        for index in boxes.indices where boxes[index].intersects(window) {
            let goesOn = height == 0 ? visit(ids[index], boxes[index]) : children[index].search(window, visit)
            if !goesOn { return false }
        }
        return true
    }

    func checkInvariants(isRoot: Bool, _ entries: inout Int) -> String? {
        var tight = GridBox.empty
        for entry in boxes { tight.formUnion(entry) }
        if tight != box { return "a node of height \(height) has a box that is not tight" }
        if boxes.count > DynamicRTree.nodeSize { return "a node of height \(height) holds \(boxes.count) entries" }
        if !isRoot && boxes.count < DynamicRTree.minimumFill {
            return "a node of height \(height) holds only \(boxes.count) entries"
        }
        if height == 0 {
            entries += ids.count
            return ids.count == boxes.count && children.isEmpty
                ? nil : "a leaf has \(ids.count) ids, \(boxes.count) boxes"
        }
        guard children.count == boxes.count && ids.isEmpty else { return "an inner node has boxes without children" }
        for (index, child) in children.enumerated() {
            if child.height != height - 1 { return "leaves are not all at one depth" }
            if child.box != boxes[index] { return "a parent's copy of a child's box differs" }
            if let violation = child.checkInvariants(isRoot: false, &entries) { return violation }
        }
        return nil
    }
}

extension GridBox {
    /// Square millimetres, approximate.
    fileprivate var area: Double {
        isEmpty ? 0 : (Double(maxX) - Double(minX)) * (Double(maxY) - Double(minY))
    }

    fileprivate var centre: GridPoint {
        GridPoint(x: Int32((Int64(minX) + Int64(maxX)) / 2), y: Int32((Int64(minY) + Int64(maxY)) / 2))
    }
}
