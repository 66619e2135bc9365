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

extension FlatCoordinates {
    /// Length of lines, or of the boundary of polygons with their holes, in units; 0 for points. O(vertices).
    public var planarLength: Double {
        guard kind != .point else { return 0 }
        var total = 0.0
        var first = 0
        for end in ringEnds {
            let last = Int(end & ringEndMask)
            for index in first..<last {
                var next = index + 1
                if next == last {
                    if kind == .line { break }
                    next = first
                }
                let x = xy[2 * next] - xy[2 * index]
                let y = xy[2 * next + 1] - xy[2 * index + 1]
                total += (x * x + y * y).squareRoot()
            }
            first = last
        }
        return total
    }

    /// The parts as geometries of their own: each polygon with its holes, each line, each point. O(vertices).
    public var parts: [FlatCoordinates] {
        if kind == .point {
            return (0..<vertexCount).map {
                FlatCoordinates(kind: .point, xy: [xy[2 * $0], xy[2 * $0 + 1]], ringEnds: [1 | ringStartsPart])
            }
        }
        var result: [FlatCoordinates] = []
        var first = 0
        for end in ringEnds {
            let last = Int(end & ringEndMask)
            if end & ringStartsPart != 0 || result.isEmpty { result.append(FlatCoordinates(kind: kind)) }
            let part = result.count - 1
            result[part].xy.append(contentsOf: xy[2 * first..<2 * last])
            result[part].ringEnds.append(UInt32(result[part].xy.count / 2) | (end & ringStartsPart))
            first = last
        }
        return result
    }
}
