// SPDX-License-Identifier: Apache-2.0

extension FlatCoordinates {
    /// Area of the outer rings less that of the holes, in square units, whatever the directions. 0 unless a polygon.
    public var planarArea: Double {
        guard kind == .polygon else { return 0 }
        var total = 0.0
        var first = 0
        for end in ringEnds {
            let last = Int(end & ringEndMask)
            var doubled = 0.0
            for index in first..<last {
                let next = index + 1 < last ? index + 1 : first
                // About the first vertex, so that large eastings do not cancel.
                let x0 = xy[2 * index] - xy[2 * first]
                let y0 = xy[2 * index + 1] - xy[2 * first + 1]
                let x1 = xy[2 * next] - xy[2 * first]
                let y1 = xy[2 * next + 1] - xy[2 * first + 1]
                doubled += x0 * y1 - x1 * y0
            }
            total += end & ringStartsPart != 0 ? abs(doubled) / 2 : -abs(doubled) / 2
            first = last
        }
        return total
    }

    /// For every point the height of the nearest vertex of this geometry. O(points x vertices).
    func nearestHeights(for points: [Double]) -> [Double] {
        stride(from: 0, to: points.count, by: 2).map { point in
            var best = Double.infinity
            var height = 0.0
            for vertex in 0..<vertexCount {
                let x = xy[2 * vertex] - points[point]
                let y = xy[2 * vertex + 1] - points[point + 1]
                if x * x + y * y < best {
                    best = x * x + y * y
                    height = z[vertex]
                }
            }
            return height
        }
    }
}
