// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Measures of geometry cut to a square, by other methods than the encoder's: nothing is clipped, integrals are.
enum MVTReference {
    /// Area of the rings (outer one way, holes the other) inside the square low...high, by Green's theorem:
    /// the sum over all edges of the integral of y, held inside the square, over the x inside the square.
    static func clippedArea(_ rings: [[(x: Double, y: Double)]], low: Double, high: Double) -> Double {
        var sum = 0.0
        for ring in rings {
            for (index, from) in ring.enumerated() {
                sum += integral(from, ring[(index + 1) % ring.count], low, high)
            }
        }
        return abs(sum)
    }

    private static func integral(
        _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), _ low: Double, _ high: Double
    ) -> Double {
        if from.x == to.x { return 0 }
        if from.x > to.x { return -integral(to, from, low, high) }
        let slope = (to.y - from.y) / (to.x - from.x)
        let left = max(from.x, low), right = min(to.x, high)
        guard left < right else { return 0 }
        func height(_ x: Double) -> Double { from.y + (x - from.x) * slope }
        // The held height is linear between the places where the edge crosses y = low and y = high.
        var cuts = [left, right]
        if slope != 0 {
            for level in [low, high] {
                let x = from.x + (level - from.y) / slope
                if x > left, x < right { cuts.append(x) }
            }
        }
        cuts.sort()
        var sum = 0.0
        for (a, b) in zip(cuts, cuts.dropFirst()) {
            sum += (b - a) * (min(max(height((a + b) / 2), low), high) - low)
        }
        return sum
    }

    /// Length of a line inside the square, by sampling.
    static func clippedLength(_ line: [(x: Double, y: Double)], low: Double, high: Double, steps: Int) -> Double {
        var sum = 0.0
        for (from, to) in zip(line, line.dropFirst()) {
            let dx = to.x - from.x, dy = to.y - from.y
            var inside = 0
            for step in 0..<steps {
                let share = (Double(step) + 0.5) / Double(steps)
                let x = from.x + dx * share, y = from.y + dy * share
                if x >= low, x <= high, y >= low, y <= high { inside += 1 }
            }
            sum += (dx * dx + dy * dy).squareRoot() * Double(inside) / Double(steps)
        }
        return sum
    }

    static func length(_ line: [(x: Double, y: Double)]) -> Double {
        zip(line, line.dropFirst()).reduce(0) { sum, pair in
            let dx = pair.1.x - pair.0.x, dy = pair.1.y - pair.0.y
            return sum + (dx * dx + dy * dy).squareRoot()
        }
    }
}

extension DecodedFeature {
    /// The rings as points, with whether each begins a part.
    var rings: [(startsPart: Bool, points: [(x: Double, y: Double)])] {
        var start = 0
        return ringEnds.map { end in
            let stop = Int(end & ringEndMask)
            defer { start = stop }
            return (
                end & ringStartsPart != 0,
                (start..<stop).map { (x: Double(xy[2 * $0]), y: Double(xy[2 * $0 + 1])) }
            )
        }
    }

    /// Signed area in square tile units; exterior rings count positive (spec 4.3.4.4).
    var area: Double {
        rings.reduce(0) { sum, ring in
            let points = ring.points
            var doubled = 0.0
            for (index, from) in points.enumerated() {
                let to = points[(index + 1) % points.count]
                doubled += from.x * to.y - to.x * from.y
            }
            return sum + doubled / 2
        }
    }
}
