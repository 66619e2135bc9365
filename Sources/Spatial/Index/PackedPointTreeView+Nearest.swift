// SPDX-License-Identifier: Apache-2.0

/// Memory of a nearest search that the caller owns and uses again.
public struct NearestScratch: Sendable {
    /// The answer of the last search, nearest first.
    public private(set) var items: [NearestItem] = []
    /// The nearest so far: sorted if they are few, else a heap with the worst first.
    private var heap: [Candidate] = []
    private(set) var limit = 0
    /// What an answer must not exceed: the worst so far once there are enough of them, the radius before.
    private(set) var bound = Candidate(square: 0, row: 0)

    struct Candidate: Sendable, BitwiseCopyable {
        /// Square millimetres, exact: without bit 64, which only opposite corners of the grid have.
        var square: UInt64
        /// Bit 64 of the square in the high word, the row in the low one.
        private var place: UInt64

        @inline(__always)
        init(square: UInt64, carry: Bool = false, row: UInt32) {
            self.square = square
            place = (carry ? 1 : 0) << 32 | UInt64(row)
        }

        var row: UInt32 { UInt32(truncatingIfNeeded: place) }
        var carry: UInt64 { place >> 32 }
        /// What a square in single precision does not exceed if the exact one does not exceed this.
        var limit: Float { carry == 0 ? CircleKernel.upper(square) : .infinity }
        var distanceSquared: Double { carry == 0 ? Double(square) : Double(UInt128(square) | 1 << 64) }

        @inline(__always)
        func exceeds(_ other: Candidate) -> Bool {
            if carry != other.carry { return carry > other.carry }
            return square > other.square || (square == other.square && place > other.place)
        }
    }

    public init() {}

    mutating func start(limit: Int, within radius: Int64) {
        let (high, low) = radius.magnitude.multipliedFullWidth(by: radius.magnitude)
        items.removeAll(keepingCapacity: true)
        heap.removeAll(keepingCapacity: true)
        self.limit = limit
        bound = Candidate(square: high > 1 ? .max : low, carry: high > 0, row: .max)
    }

    /// Up to this many answers are kept sorted, more in a heap.
    ///
    /// Tried and lost for ten answers: the heap alone (8-11 % slower, side by side).
    private static let sortedLimit = 32

    /// Takes a candidate that does not exceed the bound.
    @inline(__always)
    mutating func insert(_ candidate: Candidate) {
        if limit <= Self.sortedLimit { insertSorted(candidate) } else { insertInHeap(candidate) }
    }

    private mutating func insertSorted(_ candidate: Candidate) {
        if heap.count < limit { heap.append(candidate) }
        let isFull = heap.count == limit
        var sorted = heap.mutableSpan
        var place = sorted.count &- 1
        while place > 0 && sorted[place &- 1].exceeds(candidate) {
            sorted[place] = sorted[place &- 1]
            place &-= 1
        }
        sorted[place] = candidate
        let worst = sorted[sorted.count &- 1]
        if isFull { bound = worst }
    }

    private mutating func insertInHeap(_ candidate: Candidate) {
        if heap.count < limit {
            heap.append(candidate)
            var index = heap.count - 1
            while index > 0 {
                let parent = (index - 1) / 2
                guard candidate.exceeds(heap[parent]) else { break }
                heap[index] = heap[parent]
                index = parent
            }
            heap[index] = candidate
        } else {
            sink(candidate, count: heap.count)
        }
        if heap.count == limit { bound = heap[0] }
    }

    /// Puts a candidate in the place of the worst.
    private mutating func sink(_ candidate: Candidate, count: Int) {
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < count else { break }
            if child + 1 < count && heap[child + 1].exceeds(heap[child]) { child += 1 }
            guard heap[child].exceeds(candidate) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = candidate
    }

    /// Sorts the heap into the answer.
    mutating func finish() {
        var count = limit <= Self.sortedLimit ? 0 : heap.count
        while count > 1 {
            count -= 1
            let last = heap[count]
            heap[count] = heap[0]
            sink(last, count: count)
        }
        for candidate in heap {
            items.append(NearestItem(item: Int(candidate.row), distanceSquared: candidate.distanceSquared))
        }
    }
}

extension PackedPointTreeView {
    /// The points nearest to a position, nearest first; equal distances in row order. The answer is `scratch.items`.
    ///
    /// Depth first, the nearer child first, under the bound of the worst answer so far. O(log points + limit) for points
    /// that are spread evenly around the position.
    /// - Parameters:
    ///   - limit: at most this many; none for 0 or less.
    ///   - radius: millimetres, inclusive; none for a negative one.
    ///   - accept: whether a row may be an answer; asked only for rows that would be among the nearest so far.
    public func nearest(
        to point: GridPoint, limit: Int, within radius: Int64 = .max, scratch: inout NearestScratch,
        accept: (_ row: Int) -> Bool = { _ in true }
    ) {
        scratch.start(limit: limit, within: radius)
        guard limit > 0 && radius >= 0 && count > 0 else { return }
        let extent = leaves.boxes[leaves.boxes.count - 1]
        if leaves.boxes.count >= 16, let kernel = CircleKernel(GridCircle(center: point, radius: 0), extent: extent) {
            searchNearest(kernel, &scratch, accept)
        } else {
            searchNearestPlainly(point, &scratch, accept)
        }
        scratch.finish()
    }

    /// For few points, and for extents in which differences do not fit `Int32`: row order, exact bounds.
    private func searchNearestPlainly(_ point: GridPoint, _ scratch: inout NearestScratch, _ accept: (Int) -> Bool) {
        leaves.searchRegion(
            { box in
                let x = max(Int64(box.minX) - Int64(point.x), 0, Int64(point.x) - Int64(box.maxX)).magnitude
                let y = max(Int64(box.minY) - Int64(point.y), 0, Int64(point.y) - Int64(box.maxY)).magnitude
                return Self.candidate(x, y, row: 0).exceeds(scratch.bound) ? .outside : .rim
            }, contained: { _, _ in true }
        ) { leaf in
            let first = leaf * PackedPointTree.leafSize
            for row in first..<min(first + PackedPointTree.leafSize, count) {
                let x = (Int64(points[row].x) - Int64(point.x)).magnitude
                let y = (Int64(points[row].y) - Int64(point.y)).magnitude
                let candidate = Self.candidate(x, y, row: row)
                if !candidate.exceeds(scratch.bound) && accept(row) { scratch.insert(candidate) }
            }
            return true
        }
    }

    private static func candidate(_ x: UInt64, _ y: UInt64, row: Int) -> NearestScratch.Candidate {
        let (sum, carry) = (x &* x).addingReportingOverflow(y &* y)
        return NearestScratch.Candidate(square: sum, carry: carry, row: UInt32(truncatingIfNeeded: row))
    }

    private func searchNearest(_ kernel: CircleKernel, _ scratch: inout NearestScratch, _ accept: (Int) -> Bool) {
        // Safe: boxes have no padding.
        let boxes = unsafe leaves.boxes.bytes
        // Safe: points have no padding.
        let rows = unsafe points.bytes
        let seeds = unsafe seedLeaves(boxes, kernel, scratch.limit)
        for leaf in seeds { unsafe scan(rows, leaf: leaf, kernel, scratch.bound.limit, &scratch, accept) }
        // Squared distance (a Float's bits) in the high word, then four bits of level, then the node.
        var stack = InlineArray<160, UInt64>(repeating: 0)
        var depth = 1
        stack[0] = UInt64(leaves.layout.levels &- 1) << 28
        while depth > 0 {
            depth &-= 1
            let entry = stack[depth]
            let limit = scratch.bound.limit
            if Float(bitPattern: UInt32(truncatingIfNeeded: entry >> 32)) > limit { continue }
            let level = Int(entry >> 28 & 0xF)
            let node = Int(entry & 0xFFF_FFFF)
            if level == 0 {
                if seeds.contains(node) { continue }
                unsafe scan(rows, leaf: node, kernel, limit, &scratch, accept)
                continue
            }
            let first = node &* PackedRTree.nodeSize
            let children = min(PackedRTree.nodeSize, leaves.layout.count(level &- 1) &- first)
            let position = leaves.layout.start(level &- 1) &+ first
            let start = min(position, leaves.boxes.count &- 16)
            // Safe: start + 16 is at most the number of boxes.
            let near = unsafe kernel.distances(boxes, start &* 16)
            let shift = position &- start
            var met = (near.bits(upTo: limit) &>> UInt32(shift)) & (0xFFFF &>> UInt32(16 &- children))
            let patterns = near.bitPatterns
            let base = depth
            while met != 0 {
                let bit = met.trailingZeroBitCount
                met &= met &- 1
                let new =
                    UInt64(patterns[bit &+ shift]) << 32 | UInt64(level &- 1) << 28 | UInt64(first &+ bit)
                // The nearest leaves the stack first.
                var place = depth
                while place > base && stack[place &- 1] < new {
                    stack[place] = stack[place &- 1]
                    place &-= 1
                }
                stack[place] = new
                depth &+= 1
            }
        }
    }

    /// The leaves to scan first, around the one that is reached by the nearest child of each level: as many as it takes
    /// to find `limit` points, so that the search itself starts with a bound.
    ///
    /// Tried and lost: the same search without (9-11 % slower, side by side).
    @unsafe
    private func seedLeaves(_ boxes: RawSpan, _ kernel: CircleKernel, _ limit: Int) -> Range<Int> {
        var node = 0
        var level = leaves.layout.levels &- 1
        while level > 0 {
            level &-= 1
            let first = node &* PackedRTree.nodeSize
            let children = min(PackedRTree.nodeSize, leaves.layout.count(level) &- first)
            let position = leaves.layout.start(level) &+ first
            let start = min(position, leaves.boxes.count &- 16)
            // Safe: start + 16 is at most the number of boxes.
            let near = unsafe kernel.distances(boxes, start &* 16)
            // With fewer than sixteen any child will do: these are seeds only.
            node = first &+ (children == PackedRTree.nodeSize ? near.leastLane : 0)
        }
        let wanted = min(limit / PackedPointTree.leafSize, leaves.count)
        let first = max(0, min(node &- wanted / 2, leaves.count &- wanted &- 1))
        return first..<(first &+ wanted &+ 1)
    }

    /// Offers the points of a leaf.
    @unsafe
    @inline(__always)
    private func scan(
        _ rows: RawSpan, leaf: Int, _ kernel: CircleKernel, _ limit: Float, _ scratch: inout NearestScratch,
        _ accept: (Int) -> Bool
    ) {
        let first = leaf &* PackedPointTree.leafSize
        let start = min(first, points.count &- PackedPointTree.leafSize)
        let shift = UInt32(first &- start)
        // Safe: start + 16 is at most the number of points.
        var near = unsafe kernel.sixteenSquares(rows, start &* 8).bits(upTo: limit) &>> shift
        while near != 0 {
            let row = first &+ near.trailingZeroBitCount
            near &= near &- 1
            let x = Int64(points[row].x) &- Int64(kernel.circle.center.x)
            let y = Int64(points[row].y) &- Int64(kernel.circle.center.y)
            let candidate = NearestScratch.Candidate(
                square: (x &* x &+ y &* y).magnitude, row: UInt32(truncatingIfNeeded: row))
            if !candidate.exceeds(scratch.bound) && accept(row) { scratch.insert(candidate) }
        }
    }
}
