// SPDX-License-Identifier: Apache-2.0

/// A position in a tile.
struct TilePoint: Hashable, BitwiseCopyable {
    var x: Int64
    var y: Int64

    @inline(__always)
    func isInside(_ low: Int64, _ high: Int64) -> Bool { x >= low && x <= high && y >= low && y <= high }
}

/// Line simplification on snapped coordinates. Keeps its scratch space between calls.
///
/// Source: Douglas and Peucker, "Algorithms for the reduction of the number of points", Cartographica 1973; with a
/// stack instead of recursion.
struct TileSimplifier {
    private var keep: [Bool] = []
    private var stack: [(Int, Int)] = []

    /// Both ends stay. O(n log n) expected, O(n²) at worst.
    mutating func simplifyLine(_ points: inout [TilePoint], tolerance: Double) {
        guard points.count > 2 else { return }
        mark(points, anchor: 0, tolerance)
        compact(&points)
    }

    /// A ring without closing vertex: its first vertex and the one farthest from it stay.
    mutating func simplifyRing(_ points: inout [TilePoint], tolerance: Double) {
        guard points.count > 3 else { return }
        var far = 0, farthest = Int64(-1)
        for index in points.indices {
            let dx = points[index].x - points[0].x, dy = points[index].y - points[0].y
            if dx * dx + dy * dy > farthest {
                farthest = dx * dx + dy * dy
                far = index
            }
        }
        guard far > 0 else { return }
        points.append(points[0])
        mark(points, anchor: far, tolerance)
        compact(&points)
        points.removeLast()
    }

    private mutating func mark(_ points: [TilePoint], anchor: Int, _ tolerance: Double) {
        keep.removeAll(keepingCapacity: true)
        keep.append(contentsOf: repeatElement(false, count: points.count))
        stack.removeAll(keepingCapacity: true)
        let end = points.count - 1
        keep[0] = true
        keep[anchor] = true
        keep[end] = true
        stack.append((anchor, end))
        if anchor > 0 { stack.append((0, anchor)) }
        let limit = tolerance * tolerance
        while let (first, last) = stack.popLast() {
            var worst = limit, split = -1
            var index = first + 1
            while index < last {
                let distance = Self.squaredDistance(points[index], points[first], points[last])
                if distance > worst {
                    worst = distance
                    split = index
                }
                index += 1
            }
            if split > 0 {
                keep[split] = true
                stack.append((first, split))
                stack.append((split, last))
            }
        }
    }

    private mutating func compact(_ points: inout [TilePoint]) {
        var write = 0
        for read in points.indices where keep[read] {
            points[write] = points[read]
            write += 1
        }
        points.removeLast(points.count - write)
    }

    private static func squaredDistance(_ point: TilePoint, _ from: TilePoint, _ to: TilePoint) -> Double {
        let dx = Double(to.x - from.x), dy = Double(to.y - from.y)
        var px = Double(point.x - from.x), py = Double(point.y - from.y)
        let length = dx * dx + dy * dy
        if length > 0 {
            let share = min(max((px * dx + py * dy) / length, 0), 1)
            // Exact zero for points on the line, which the projection would miss by rounding.
            if share > 0, share < 1 {
                let cross = px * dy - py * dx
                return cross * cross / length
            }
            px -= dx * share
            py -= dy * share
        }
        return px * px + py * py
    }
}
