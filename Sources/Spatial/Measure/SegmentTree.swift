// SPDX-License-Identifier: Apache-2.0

/// The segments of one geometry under a tree of boxes, for many tests against it or for one against something large.
///
/// Segments keep their order along the rings, which is already coherent in space, so building is one pass: eight
/// consecutive segments to a leaf, eight nodes to a parent. Points are segments without length. The tree is walked
/// without a stack, leaf after leaf in ring order. Immutable: share it between threads.
@usableFromInline
struct SegmentTree: Sendable {
    /// Vertices of all rings and lines with closing vertices: segment i goes from vertex i to vertex i + 1.
    @usableFromInline let xy: [Int32]
    /// For every eight segments, which exist: the last vertex of a ring starts none.
    @usableFromInline let exists: [UInt8]
    /// Boxes of the leaves, then of their parents, and so on up to at most eight.
    @usableFromInline let boxes: [GridBox]
    /// For every box, whether its segments follow each other without a gap: a piece of one ring.
    private let isPiece: [Bool]
    /// Where each level starts in `boxes`, and their count at the end.
    @usableFromInline let levelStarts: [Int]
    /// The segment after the last of each part.
    @usableFromInline let partEnds: [Int]
    /// A vertex of every part.
    @usableFromInline let partPoints: [GridPoint]
    @usableFromInline let box: GridBox

    /// O(vertices).
    init(_ view: borrowing GeometryView) {
        var xy: [Int32] = []
        xy.reserveCapacity(view.xy.count + 2 * view.ringEnds.count)
        var exists: [UInt8] = []
        exists.reserveCapacity(view.vertexCount / 8 + view.ringEnds.count + 1)
        var partEnds: [Int] = []
        var partPoints: [GridPoint] = []
        /// Adds a vertex, and the segment to the next one if there is one.
        func add(_ point: GridPoint, _ startsSegment: Bool) {
            let index = xy.count / 2
            if index & 7 == 0 { exists.append(0) }
            if startsSegment { exists[exists.count - 1] |= 1 << UInt8(index & 7) }
            xy.append(point.x)
            xy.append(point.y)
        }
        for ring in 0..<view.ringEnds.count {
            let first = view.ringFirst(ring)
            let last = view.ringLast(ring)
            guard first < last else { continue }
            if view.startsPart(ring) || partPoints.isEmpty {
                if !partPoints.isEmpty { partEnds.append(xy.count / 2) }
                partPoints.append(view.vertex(first))
            }
            switch view.kind {
            case .point:
                for index in first..<last {
                    if index > first {
                        partEnds.append(xy.count / 2)
                        partPoints.append(view.vertex(index))
                    }
                    add(view.vertex(index), true)
                    add(view.vertex(index), false)
                }
            case .line:
                for index in first..<last { add(view.vertex(index), index + 1 < last || last == first + 1) }
                if last == first + 1 { add(view.vertex(first), false) }
            case .polygon:
                for index in first..<last { add(view.vertex(index), true) }
                add(view.vertex(first), false)
            }
        }
        if !partPoints.isEmpty { partEnds.append(xy.count / 2) }
        (boxes, isPiece, levelStarts) = Self.levels(xy, exists)
        var box = GridBox.empty
        for top in levelStarts[levelStarts.count - 2]..<boxes.count { box.formUnion(boxes[top]) }
        self.box = box
        self.xy = xy
        self.exists = exists
        self.partEnds = partEnds
        self.partPoints = partPoints
    }

    private static func levels(_ xy: [Int32], _ exists: [UInt8]) -> (boxes: [GridBox], isPiece: [Bool], starts: [Int]) {
        var boxes: [GridBox] = []
        var isPiece = exists.map { $0 == 0xFF }
        boxes.reserveCapacity(exists.count + exists.count / 7 + 2)
        for leaf in 0..<exists.count {
            var box = GridBox.empty
            let first = leaf * 8
            // Vertices that only end a segment of this leaf belong to it too; those of no segment do no harm.
            for vertex in first..<min(first + 9, xy.count / 2) where vertex < first + 8 || exists[leaf] & 0x80 != 0 {
                box.formUnion(x: xy[2 * vertex], y: xy[2 * vertex + 1])
            }
            boxes.append(box)
        }
        var starts = [0, boxes.count]
        while starts[starts.count - 1] - starts[starts.count - 2] > 8 {
            let from = starts[starts.count - 2]
            let to = starts[starts.count - 1]
            for first in stride(from: from, to: to, by: 8) {
                var box = GridBox.empty
                for child in first..<min(first + 8, to) { box.formUnion(boxes[child]) }
                boxes.append(box)
                isPiece.append(first + 8 <= to && isPiece[first..<first + 8].allSatisfy { $0 })
            }
            starts.append(boxes.count)
        }
        return (boxes, isPiece, starts)
    }

    @inlinable
    @inline(__always)
    func vertex(_ index: Int) -> GridPoint { GridPoint(x: xy[2 * index], y: xy[2 * index + 1]) }

    /// The segments under a node if they are a piece of one ring, each beginning where the one before it ends; else nil.
    func piece(level: Int, index: Int) -> Range<Int>? {
        let segments = 8 << (3 * level)
        return isPiece[levelStarts[level] + index] ? index * segments..<(index + 1) * segments : nil
    }

    /// Calls `body` with the index of every segment under nodes that `enters` accepts, in order, until it returns false.
    ///
    /// - Returns: false if it was stopped.
    @inlinable
    @inline(__always)
    func walk(_ enters: (GridBox) -> Bool, _ body: (Int) -> Bool) -> Bool {
        walk(nodes: { box, _, _ in enters(box) }, body)
    }

    /// The same for those who want to know the node: its box, its level and its number in that.
    @inlinable
    @inline(__always)
    func walk(nodes enters: (GridBox, _ level: Int, _ index: Int) -> Bool, _ body: (Int) -> Bool) -> Bool {
        if boxes.isEmpty { return true }
        let top = levelStarts.count - 2
        var level = top
        var index = 0
        while true {
            if enters(boxes[levelStarts[level] + index], level, index) {
                if level > 0 {
                    level -= 1
                    index *= 8
                    continue
                }
                var mask = exists[index]
                while mask != 0 {
                    if !body(index * 8 + mask.trailingZeroBitCount) { return false }
                    mask &= mask &- 1
                }
            }
            index += 1
            if levelStarts[level] + index == levelStarts[level + 1] { return true }
            while index & 7 == 0 && level < top {
                index >>= 3
                level += 1
            }
        }
    }
}
