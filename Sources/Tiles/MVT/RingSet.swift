// SPDX-License-Identifier: Apache-2.0

/// The rings of one polygon feature on the tile's grid: positions one ring after the other, without closing vertex.
///
/// A ring of positive area (clockwise where y grows south) is exterior; the rings of negative area after it are its
/// holes (spec 4.3.4.4).
struct RingSet {
    var points: [TilePoint] = []
    /// End of each ring in `points`, exclusive.
    var ends: [Int] = []
    var isShell: [Bool] = []

    mutating func removeAll() {
        points.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        isShell.removeAll(keepingCapacity: true)
    }

    /// Ends a ring at the points so far.
    mutating func endRing(isShell: Bool) {
        ends.append(points.count)
        self.isShell.append(isShell)
    }

    func start(_ ring: Int) -> Int { ring == 0 ? 0 : ends[ring - 1] }

    /// Twice the area of the points from `first` on; positive for exterior rings.
    func doubledArea(_ first: Int, _ end: Int) -> Int64 {
        guard end > first else { return 0 }
        var sum: Int64 = 0
        var previous = points[end - 1]
        for index in first..<end {
            let point = points[index]
            sum &+= previous.x &* point.y &- point.x &* previous.y
            previous = point
        }
        return sum
    }

    /// Removes points that lie on the line between their neighbours, and spikes, from the ring that begins at `first`
    /// and is the last one.
    mutating func straighten(from first: Int) {
        var write = first
        for read in first..<points.count {
            let point = points[read]
            while write - first >= 2, Self.turn(points[write - 2], points[write - 1], point) == 0 { write -= 1 }
            if write > first, points[write - 1] == point { continue }
            points[write] = point
            write += 1
        }
        // Across the seam, from both sides until nothing changes.
        var start = first
        while write - start >= 3 {
            if points[write - 1] == points[start]
                || Self.turn(points[write - 2], points[write - 1], points[start]) == 0
            {
                write -= 1
            } else if Self.turn(points[write - 1], points[start], points[start + 1]) == 0 {
                start += 1
            } else {
                break
            }
        }
        if start > first {
            for index in start..<write { points[index - (start - first)] = points[index] }
            write -= start - first
        }
        points.removeLast(points.count - write)
    }

    /// Positive where the way a, b, c turns towards positive area.
    @inline(__always)
    static func turn(_ a: TilePoint, _ b: TilePoint, _ c: TilePoint) -> Int64 {
        (b.x &- a.x) &* (c.y &- b.y) &- (b.y &- a.y) &* (c.x &- b.x)
    }

    /// Whether b lies between a and c on a straight way.
    @inline(__always)
    static func goesStraight(_ a: TilePoint, _ b: TilePoint, _ c: TilePoint) -> Bool {
        turn(a, b, c) == 0 && (b.x &- a.x) &* (c.x &- b.x) &+ (b.y &- a.y) &* (c.y &- b.y) > 0
    }
}
