// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Ranks the vertices of arcs by the tolerance at which they are first needed. Keeps its scratch space.
struct ArcRanker {
    /// A stretch of the current arc whose inner vertices are to be ranked.
    private struct Stretch {
        var first: Int
        var last: Int
        /// Levels never fall below that of the vertex whose choice made this stretch.
        var level: UInt8
        /// Splits left before stretches are halved, which bounds the work at O(n log n).
        var patience: UInt8
    }

    let squaredTolerances: [Double]
    /// The current arc, in its canonical direction: positions in Double, and their vertices.
    private var x: [Double] = []
    private var y: [Double] = []
    private var vertices: [Int] = []
    private var stack: [Stretch] = []

    init(squaredTolerances: [Double]) { self.squaredTolerances = squaredTolerances }

    mutating func rankLine(
        _ xy: borrowing Span<Int32>, _ start: Int, _ stop: Int, _ nodes: [Bool], _ levels: inout [UInt8]
    ) {
        guard stop > start else { return }
        levels[start] = 0
        var from = start
        for vertex in (start + 1)..<max(stop, start + 1) where nodes[vertex] {
            levels[vertex] = 0
            rankArc(xy, from, vertex, start, stop, &levels)
            from = vertex
        }
    }

    mutating func rankRing(
        _ xy: borrowing Span<Int32>, _ start: Int, _ stop: Int, _ nodes: [Bool], _ levels: inout [UInt8]
    ) {
        var first = -1, last = -1
        for vertex in start..<stop where nodes[vertex] {
            levels[vertex] = 0
            if last >= 0 { rankArc(xy, last, vertex, start, stop, &levels) }
            if first < 0 { first = vertex }
            last = vertex
        }
        if first < 0, stop > start {
            first = smallest(xy, start, stop)
            last = first
            levels[first] = 0
        }
        // The arc across the array's end, or all around.
        if first >= 0 { rankArc(xy, last, first, start, stop, &levels) }
    }

    private static func isBefore(_ xy: borrowing Span<Int32>, _ a: Int, _ b: Int) -> Bool {
        (xy[2 * a], xy[2 * a + 1]) < (xy[2 * b], xy[2 * b + 1])
    }

    private func smallest(_ xy: borrowing Span<Int32>, _ start: Int, _ stop: Int) -> Int {
        var best = start
        for vertex in start..<stop where Self.isBefore(xy, vertex, best) { best = vertex }
        return best
    }

    /// Ranks the inner vertices from one kept vertex to another, onward and across the end of the array if need be.
    private mutating func rankArc(
        _ xy: borrowing Span<Int32>, _ from: Int, _ to: Int, _ start: Int, _ stop: Int, _ levels: inout [UInt8]
    ) {
        let inner = to > from ? to - from - 1 : stop - from + to - start - 1
        guard inner > 0 else { return }
        vertices.removeAll(keepingCapacity: true)
        var vertex = from
        for _ in 0..<(inner + 2) {
            vertices.append(vertex)
            vertex = vertex + 1 == stop ? start : vertex + 1
        }
        let isLoop = SharedVertices.position(xy, from) == SharedVertices.position(xy, to)
        if isBackward(xy) { vertices.reverse() }
        if inner == 1, !isLoop { return rankOne(xy, &levels) }
        x.removeAll(keepingCapacity: true)
        y.removeAll(keepingCapacity: true)
        for vertex in vertices {
            x.append(Double(xy[2 * vertex]))
            y.append(Double(xy[2 * vertex + 1]))
        }
        stack.removeAll(keepingCapacity: true)
        let patience = UInt8(2 * (Int.bitWidth - vertices.count.leadingZeroBitCount))
        guard isLoop else {
            stack.append(Stretch(first: 0, last: vertices.count - 1, level: 0, patience: patience))
            return rank(&levels)
        }
        // An arc that comes back is held by its far end too, and by a third corner, so that a ring stays a ring.
        let far = farthestFromStart(xy)
        levels[vertices[far]] = 0
        stack.append(Stretch(first: 0, last: far, level: 0, patience: patience))
        stack.append(Stretch(first: far, last: vertices.count - 1, level: 0, patience: patience))
        rank(&levels)
        keepThird(xy, far, &levels)
    }

    /// The position in the arc that is farthest from its start; among equals the smallest.
    private func farthestFromStart(_ xy: borrowing Span<Int32>) -> Int {
        var best = 1, distance = -1.0
        for index in 1..<(vertices.count - 1) {
            let dx = x[index] - x[0], dy = y[index] - y[0]
            let square = dx * dx + dy * dy
            if square > distance || (square == distance && Self.isBefore(xy, vertices[index], vertices[best])) {
                distance = square
                best = index
            }
        }
        return best
    }

    /// Keeps the vertex that is needed first after the far end of a loop; among equals the smallest.
    private func keepThird(_ xy: borrowing Span<Int32>, _ far: Int, _ levels: inout [UInt8]) {
        var third = -1
        for index in 1..<(vertices.count - 1) where index != far {
            let vertex = vertices[index]
            if third >= 0, levels[vertex] > levels[third] { continue }
            if third < 0 || levels[vertex] < levels[third] || Self.isBefore(xy, vertex, third) { third = vertex }
        }
        if third >= 0 { levels[third] = 0 }
    }

    /// The most common arc, one vertex between two kept ones, as between the corners of a building.
    private func rankOne(_ xy: borrowing Span<Int32>, _ levels: inout [UInt8]) {
        let (a, b, c) = (vertices[0], vertices[1], vertices[2])
        let line = ArcLine(
            fromX: Double(xy[2 * a]), fromY: Double(xy[2 * a + 1]), toX: Double(xy[2 * c]), toY: Double(xy[2 * c + 1]))
        let scaled = line.scaledDistance(Double(xy[2 * b]), Double(xy[2 * b + 1]))
        levels[b] = level(scaled / line.scale, atLeast: 0)
    }

    /// Whether the arc reads smaller from its other end; compares inwards until the two directions differ.
    private func isBackward(_ xy: borrowing Span<Int32>) -> Bool {
        var low = 0, high = vertices.count - 1
        while low < high {
            let (a, b) = (vertices[low], vertices[high])
            if xy[2 * a] != xy[2 * b] { return xy[2 * b] < xy[2 * a] }
            if xy[2 * a + 1] != xy[2 * b + 1] { return xy[2 * b + 1] < xy[2 * a + 1] }
            low += 1
            high -= 1
        }
        return false
    }

    private mutating func rank(_ levels: inout [UInt8]) {
        while let stretch = stack.popLast() {
            guard stretch.last - stretch.first > 1 else { continue }
            let worst = farthest(stretch.first, stretch.last)
            let level = level(worst.distance, atLeast: stretch.level)
            // Nothing here is needed at any zoom: the levels stay at never.
            guard level != TopologySimplifier.never else { continue }
            // A curve that keeps splitting at its end is halved instead: a vertex more, the same tolerance.
            let split = stretch.patience == 0 ? (stretch.first + stretch.last) / 2 : worst.position
            levels[vertices[split]] = level
            let left = stretch.patience == 0 ? 0 : stretch.patience - 1
            stack.append(Stretch(first: stretch.first, last: split, level: level, patience: left))
            stack.append(Stretch(first: split, last: stretch.last, level: level, patience: left))
        }
    }

    /// The inner vertex farthest from the straight line between two, and the square of its distance.
    private func farthest(_ first: Int, _ last: Int) -> (position: Int, distance: Double) {
        let line = ArcLine(fromX: x[first], fromY: y[first], toX: x[last], toY: y[last])
        var best = first + 1, worst = -1.0
        for index in (first + 1)..<last {
            let scaled = line.scaledDistance(x[index], y[index])
            if scaled > worst {
                worst = scaled
                best = index
            }
        }
        return (best, worst / line.scale)
    }

    /// The lowest zoom whose tolerance is below a distance.
    @inline(__always)
    private func level(_ squaredDistance: Double, atLeast: UInt8) -> UInt8 {
        var zoom = squaredTolerances.count
        while zoom > Int(atLeast), squaredDistance > squaredTolerances[zoom - 1] { zoom -= 1 }
        return zoom == squaredTolerances.count ? TopologySimplifier.never : UInt8(zoom)
    }
}

/// A straight line from one kept vertex to another, and squared distances from it times the square of its length, so
/// that a scan needs no division.
private struct ArcLine {
    private let originX: Double
    private let originY: Double
    private let dx: Double
    private let dy: Double
    private let length: Double
    let scale: Double

    @inline(__always)
    init(fromX: Double, fromY: Double, toX: Double, toY: Double) {
        originX = fromX
        originY = fromY
        dx = toX - fromX
        dy = toY - fromY
        length = dx * dx + dy * dy
        scale = length > 0 ? length : 1
    }

    @inline(__always)
    func scaledDistance(_ x: Double, _ y: Double) -> Double {
        let px = x - originX, py = y - originY
        let along = px * dx + py * dy
        let qx = px - dx, qy = py - dy
        let cross = px * dy - py * dx
        let beside = cross * cross
        let before = (px * px + py * py) * scale
        let behind = (qx * qx + qy * qy) * scale
        return along <= 0 ? before : along >= length ? behind : beside
    }
}
