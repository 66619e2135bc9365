// SPDX-License-Identifier: Apache-2.0

/// Nodes the edges of rings on the integer grid: afterwards edges meet only at their ends or coincide. Exact.
///
/// Every vertex and every crossing, rounded, makes its grid cell *hot*; each edge then goes through the centres of all
/// hot cells that it passes. Cells are half open, so that each place belongs to one.
///
/// Source: Hobby, "Practical segment intersection with finite precision output", 1999; Guibas and Marimont, "Rounding
/// arrangements dynamically", 1998.
struct SnapRounding {
    /// An edge of the arrangement, upward (or eastward where level), and how often rings run that way less the other.
    struct Edge {
        var from: TilePoint
        var to: TilePoint
        var count: Int
    }

    private var segments: [(a: TilePoint, b: TilePoint)] = []
    private var hot: [TilePoint] = []

    /// The arrangement of some rings, without edges that cancel out, in order of their lower ends.
    /// O(n log n + overlapping pairs + passed cells).
    static func edges(_ rings: borrowing RingSet) -> [Edge] {
        var rounding = SnapRounding()
        for ring in rings.ends.indices {
            var previous = rings.points[rings.ends[ring] - 1]
            for index in rings.start(ring)..<rings.ends[ring] {
                let point = rings.points[index]
                if point != previous { rounding.segments.append((previous, point)) }
                previous = point
            }
        }
        rounding.findHotCells()
        return rounding.passHotCells()
    }

    private mutating func findHotCells() {
        segments.sort { min($0.a.x, $0.b.x) < min($1.a.x, $1.b.x) }
        var cells = Set(segments.map(\.a))
        for (index, segment) in segments.enumerated() {
            let highX = max(segment.a.x, segment.b.x)
            let lowY = min(segment.a.y, segment.b.y), highY = max(segment.a.y, segment.b.y)
            for other in segments[(index + 1)...] {
                if min(other.a.x, other.b.x) > highX { break }
                if max(other.a.y, other.b.y) < lowY || min(other.a.y, other.b.y) > highY { continue }
                if let crossing = Self.crossing(segment, other) { cells.insert(crossing) }
            }
        }
        hot = cells.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    }

    /// Where two segments properly cross, rounded to the cell that holds the place. Touching needs no new cell.
    private static func crossing(
        _ one: (a: TilePoint, b: TilePoint), _ two: (a: TilePoint, b: TilePoint)
    ) -> TilePoint? {
        let abc = RingSet.turn(one.a, one.b, two.a), abd = RingSet.turn(one.a, one.b, two.b)
        guard abc.signum() * abd.signum() < 0 else { return nil }
        let cda = RingSet.turn(two.a, two.b, one.a), cdb = RingSet.turn(two.a, two.b, one.b)
        guard cda.signum() * cdb.signum() < 0 else { return nil }
        // At share cda / (cda - cdb) of a b; the denominator is not zero as the signs differ.
        let (part, whole) = cda > cdb ? (cda, cda - cdb) : (-cda, cdb - cda)
        func rounded(_ from: Int64, _ to: Int64) -> Int64 {
            let (double, divisor) = (2 * (to - from) * part + whole, 2 * whole)
            // Rounds down also below zero, as the half-open cells do.
            return from + (double >= 0 ? double / divisor : -((-double + divisor - 1) / divisor))
        }
        return TilePoint(x: rounded(one.a.x, one.b.x), y: rounded(one.a.y, one.b.y))
    }

    private func passHotCells() -> [Edge] {
        var edges: [Edge] = []
        var passed: [(along: Int64, cell: TilePoint)] = []
        for segment in segments {
            let (a, b) = (segment.a, segment.b)
            let lowY = min(a.y, b.y), highY = max(a.y, b.y), highX = max(a.x, b.x)
            var index = firstHot(min(a.x, b.x))
            passed.removeAll(keepingCapacity: true)
            while index < hot.count, hot[index].x <= highX {
                let cell = hot[index]
                index += 1
                guard cell.y >= lowY, cell.y <= highY, HotCell(cell).isPassed(a, b) else { continue }
                passed.append(((cell.x - a.x) * (b.x - a.x) + (cell.y - a.y) * (b.y - a.y), cell))
            }
            passed.sort { $0.along < $1.along }
            for (from, to) in zip(passed, passed.dropFirst()) {
                let isUp = (from.cell.y, from.cell.x) < (to.cell.y, to.cell.x)
                edges.append(
                    isUp ? Edge(from: from.cell, to: to.cell, count: 1) : Edge(from: to.cell, to: from.cell, count: -1))
            }
        }
        edges.sort { ($0.from.y, $0.from.x, $0.to.y, $0.to.x) < ($1.from.y, $1.from.x, $1.to.y, $1.to.x) }
        return Self.summed(edges)
    }

    private func firstHot(_ x: Int64) -> Int {
        var low = 0, high = hot.count
        while low < high {
            let middle = (low + high) / 2
            if hot[middle].x < x { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func summed(_ edges: [Edge]) -> [Edge] {
        var result: [Edge] = []
        for edge in edges {
            if let last = result.last, last.from == edge.from, last.to == edge.to {
                result[result.count - 1].count += edge.count
                continue
            }
            if let last = result.last, last.count == 0 { result.removeLast() }
            result.append(edge)
        }
        if let last = result.last, last.count == 0 { result.removeLast() }
        return result
    }
}

/// The cell of one grid position: half a unit to each side, its western and southern sides included.
private struct HotCell {
    private let west: Int64
    private let south: Int64

    /// In doubled coordinates, so that the sides are whole numbers.
    init(_ centre: TilePoint) {
        west = 2 * centre.x - 1
        south = 2 * centre.y - 1
    }

    /// The shares of a segment at which something holds, as fractions of a positive whole.
    private struct Range {
        var low: Int64
        var high: Int64
        var whole: Int64
        var hasLow: Bool
        var hasHigh: Bool

        /// Whether this begins before the other ends.
        func begins(before other: Range) -> Bool {
            let (mine, theirs) = (low * other.whole, other.high * whole)
            return mine < theirs || (mine == theirs && hasLow && other.hasHigh)
        }
    }

    /// The shares at which a coordinate going from `from` to `to` is in low ..< low + 2, or nil if never.
    private static func range(_ from: Int64, _ to: Int64, _ low: Int64) -> Range? {
        let delta = to - from
        if delta == 0 {
            guard from >= low, from < low + 2 else { return nil }
            return Range(low: 0, high: 1, whole: 1, hasLow: true, hasHigh: true)
        }
        if delta > 0 {
            return Range(low: low - from, high: low + 2 - from, whole: delta, hasLow: true, hasHigh: false)
        }
        return Range(low: from - low - 2, high: from - low, whole: -delta, hasLow: false, hasHigh: true)
    }

    func isPassed(_ a: TilePoint, _ b: TilePoint) -> Bool {
        guard let x = Self.range(2 * a.x, 2 * b.x, west), let y = Self.range(2 * a.y, 2 * b.y, south) else {
            return false
        }
        let segment = Range(low: 0, high: 1, whole: 1, hasLow: true, hasHigh: true)
        return x.begins(before: y) && y.begins(before: x) && x.begins(before: segment) && segment.begins(before: x)
            && y.begins(before: segment) && segment.begins(before: y)
    }
}
