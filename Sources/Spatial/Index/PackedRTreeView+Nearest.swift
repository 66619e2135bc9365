// SPDX-License-Identifier: Apache-2.0

/// An item found by a nearest search, with the square of its distance in millimetres.
public struct NearestItem: Sendable, Hashable, BitwiseCopyable {
    public var item: Int
    public var distanceSquared: Double

    @inlinable
    public init(item: Int, distanceSquared: Double) {
        self.item = item
        self.distanceSquared = distanceSquared
    }
}

extension PackedRTreeView {
    /// The items nearest to a point, nearest first; equal distances in item order.
    ///
    /// Best first: nodes wait by the distance of their boxes, items by their exact distance, so `exactDistanceSquared`
    /// is called only for items that no settled answer beats.
    ///
    /// - Parameters:
    ///   - limit: at most this many.
    ///   - radius: millimetres, inclusive.
    ///   - exactDistanceSquared: square millimetres from the point to an item, at least that to the item's box;
    ///     infinity leaves an item out.
    @inlinable
    public func nearest(
        to point: GridPoint, limit: Int, within radius: Double = .infinity,
        exactDistanceSquared: (Int) -> Double
    ) -> [NearestItem] {
        guard count > 0 && limit > 0 && radius >= 0 else { return [] }
        let reach = radius * radius
        var found: [NearestItem] = []
        var queue = NearestQueue()
        let root = boxes[boxes.count - 1].distanceSquared(to: point)
        if root <= reach { queue.push(.init(distance: root, code: UInt64(layout.levels) << 56)) }
        while let next = queue.pop() {
            let level = Int(next.code >> 56)
            let node = Int(next.code & 0xFF_FFFF_FFFF_FFFF)
            if level == 0 {
                found.append(NearestItem(item: node, distanceSquared: next.distance))
                if found.count == limit { return found }
                continue
            }
            if level == 1 {
                // An item by its box: now by its exact distance, which is never less.
                let exact = exactDistanceSquared(node)
                if exact <= reach && exact.isFinite { queue.push(.init(distance: exact, code: UInt64(node))) }
                continue
            }
            let first = node * PackedRTree.nodeSize
            let start = layout.start(level - 2)
            for child in first..<min(first + PackedRTree.nodeSize, layout.count(level - 2)) {
                let distance = boxes[start + child].distanceSquared(to: point)
                if distance <= reach {
                    queue.push(.init(distance: distance, code: UInt64(level - 1) << 56 | UInt64(child)))
                }
            }
        }
        return found
    }
}

extension GridBox {
    /// Square millimetres from a point to the box; 0 inside. Infinity for the empty box.
    @inlinable
    public func distanceSquared(to point: GridPoint) -> Double {
        if isEmpty { return .infinity }
        let x = Double(max(Int64(minX) - Int64(point.x), 0, Int64(point.x) - Int64(maxX)))
        let y = Double(max(Int64(minY) - Int64(point.y), 0, Int64(point.y) - Int64(maxY)))
        return x * x + y * y
    }
}

/// A binary heap, smallest distance first; among equals nodes before items, then lower numbers.
@usableFromInline
struct NearestQueue {
    @usableFromInline
    struct Entry: BitwiseCopyable {
        /// Square millimetres.
        @usableFromInline var distance: Double
        /// Level in the top byte: 0 a settled item, 1 an item by its box, 2 and more a node. Number in the rest.
        @usableFromInline var code: UInt64

        @inlinable
        init(distance: Double, code: UInt64) {
            self.distance = distance
            self.code = code
        }

        @inlinable
        func comes(before other: Entry) -> Bool {
            if distance != other.distance { return distance < other.distance }
            let level = code >> 56
            let otherLevel = other.code >> 56
            return level == otherLevel ? code < other.code : level > otherLevel
        }
    }

    @usableFromInline var entries: [Entry] = []

    @inlinable
    init() { entries.reserveCapacity(128) }

    @inlinable
    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard entry.comes(before: entries[parent]) else { break }
            entries[index] = entries[parent]
            index = parent
        }
        entries[index] = entry
    }

    @inlinable
    mutating func pop() -> Entry? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if entries.isEmpty { return first }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count && entries[child + 1].comes(before: entries[child]) { child += 1 }
            guard entries[child].comes(before: last) else { break }
            entries[index] = entries[child]
            index = child
        }
        entries[index] = last
        return first
    }
}
