// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The box of some world coordinates, sides included.
struct WorldBox {
    var minX: UInt32
    var minY: UInt32
    var maxX: UInt32
    var maxY: UInt32

    /// Nil without a vertex. O(vertices).
    init?(_ xy: borrowing Span<UInt32>) {
        guard xy.count >= 2 else { return nil }
        var low = SIMD2(xy[0], xy[1])
        var high = low
        var index = 2
        while index + 1 < xy.count {
            let point = SIMD2(xy[index], xy[index + 1])
            low = pointwiseMin(low, point)
            high = pointwiseMax(high, point)
            index += 2
        }
        (minX, minY, maxX, maxY) = (low.x, low.y, high.x, high.y)
    }

    var area: Double { Double(maxX - minX) * Double(maxY - minY) }
    /// The middle, half units left out.
    var centre: SIMD2<UInt32> { SIMD2(minX + (maxX - minX) / 2, minY + (maxY - minY) / 2) }
}

/// Measures of whole features in world coordinates: the same for every tile that they touch.
enum WorldShape {
    /// Area in square world units, holes taken off, whatever the directions of the rings.
    static func area(_ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>) -> Double {
        var start = 0
        var area = 0.0
        for index in ringEnds.indices {
            let end = min(Int(ringEnds[index] & ringEndMask), xy.count / 2)
            defer { start = max(start, end) }
            let doubled = abs(doubledArea(xy, start, end))
            area += ringEnds[index] & ringStartsPart != 0 || index == 0 ? doubled : -doubled
        }
        return max(area, 0) / 2
    }

    /// Twice the signed area of one ring, relative to its first vertex so that small rings are exact.
    static func doubledArea(_ xy: borrowing Span<UInt32>, _ start: Int, _ end: Int) -> Double {
        guard end - start > 2 else { return 0 }
        let originX = Double(xy[2 * start]), originY = Double(xy[2 * start + 1])
        var doubled = 0.0, lastX = 0.0, lastY = 0.0
        for vertex in (start + 1)..<end {
            let x = Double(xy[2 * vertex]) - originX, y = Double(xy[2 * vertex + 1]) - originY
            doubled += lastX * y - x * lastY
            (lastX, lastY) = (x, y)
        }
        return doubled
    }

    /// Length of all parts in world units.
    static func length(_ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>) -> Double {
        var start = 0
        var length = 0.0
        for index in ringEnds.indices {
            let end = min(Int(ringEnds[index] & ringEndMask), xy.count / 2)
            var vertex = start + 1
            while vertex < end {
                let dx = Double(xy[2 * vertex]) - Double(xy[2 * vertex - 2])
                let dy = Double(xy[2 * vertex + 1]) - Double(xy[2 * vertex - 1])
                length += (dx * dx + dy * dy).squareRoot()
                vertex += 1
            }
            start = max(start, end)
        }
        return length
    }

    /// A place inside the largest part, in world units: its centroid if that is inside, else the middle of the widest
    /// stretch at half its height. Nil without area. O(vertices).
    static func labelPoint(
        _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>
    ) -> (x: Double, y: Double)? {
        var best = (area: 0.0, shell: 0..<0, part: 0..<0)
        var start = 0
        for index in ringEnds.indices {
            let end = max(start, min(Int(ringEnds[index] & ringEndMask), xy.count / 2))
            let isShell = ringEnds[index] & ringStartsPart != 0 || index == 0
            let area = abs(doubledArea(xy, start, end))
            if isShell, area > best.area {
                best = (area, start..<end, index..<(index + 1))
            } else if !isShell, best.part.upperBound == index {
                best.part = best.part.lowerBound..<(index + 1)
            }
            start = end
        }
        guard best.area > 0 else { return nil }
        let centre = centroid(xy, best.shell)
        let inside = stretches(xy, ringEnds, best.part, centre.y)
        if inside.contains(where: { $0.0 < centre.x && centre.x < $0.1 }) { return centre }
        var low = UInt32.max, high = UInt32.min
        for vertex in best.shell {
            low = min(low, xy[2 * vertex + 1])
            high = max(high, xy[2 * vertex + 1])
        }
        let middle = (Double(low) + Double(high)) / 2
        guard let widest = stretches(xy, ringEnds, best.part, middle).max(by: { $0.1 - $0.0 < $1.1 - $1.0 }) else {
            return nil
        }
        return ((widest.0 + widest.1) / 2, middle)
    }

    private static func centroid(_ xy: borrowing Span<UInt32>, _ ring: Range<Int>) -> (x: Double, y: Double) {
        let originX = Double(xy[2 * ring.lowerBound]), originY = Double(xy[2 * ring.lowerBound + 1])
        var sumX = 0.0, sumY = 0.0, doubled = 0.0, lastX = 0.0, lastY = 0.0
        for vertex in ring {
            let x = Double(xy[2 * vertex]) - originX, y = Double(xy[2 * vertex + 1]) - originY
            let cross = lastX * y - x * lastY
            doubled += cross
            sumX += cross * (lastX + x)
            sumY += cross * (lastY + y)
            (lastX, lastY) = (x, y)
        }
        return (originX + sumX / (3 * doubled), originY + sumY / (3 * doubled))
    }

    /// The stretches inside a part at one height, from west to east.
    private static func stretches(
        _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>, _ part: Range<Int>, _ y: Double
    ) -> [(Double, Double)] {
        var crossings: [Double] = []
        for ring in part {
            let start = ring == 0 ? 0 : Int(ringEnds[ring - 1] & ringEndMask)
            let end = min(Int(ringEnds[ring] & ringEndMask), xy.count / 2)
            guard end > start else { continue }
            var fromX = Double(xy[2 * end - 2]), fromY = Double(xy[2 * end - 1])
            for vertex in start..<end {
                let toX = Double(xy[2 * vertex]), toY = Double(xy[2 * vertex + 1])
                if (fromY > y) != (toY > y) { crossings.append(fromX + (toX - fromX) * (y - fromY) / (toY - fromY)) }
                (fromX, fromY) = (toX, toY)
            }
        }
        crossings.sort()
        return stride(from: 0, to: crossings.count - 1, by: 2).map { (crossings[$0], crossings[$0 + 1]) }
    }
}
