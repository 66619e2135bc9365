// SPDX-License-Identifier: Apache-2.0
import Spatial

extension PipeCheck {
    /// Distances between pipes: every pair that comes nearer than the largest clearance, once, with its worst place.
    mutating func checkPairs() {
        struct Pair: Hashable {
            var first: UInt64
            var second: UInt64
            var isCrossing: Bool
        }
        struct Worst {
            var lack: Double
            var numbers: (Int, Int)
            var measure: Measure
        }
        func key(_ segment: PipeSegments.Segment) -> UInt64 {
            UInt64(UInt32(bitPattern: segment.layer)) << 32 | UInt64(UInt32(bitPattern: segment.row))
        }
        let segments = pipes.segments
        let reach = max(profile.largestCrossing, profile.largestParallel)
        let widest = segments.reduce(0) { max($0, $1.section.radius) }
        var worst: [Pair: Worst] = [:]
        for (number, segment) in segments.enumerated() where segment.classIndex >= 0 {
            let box = PipeSegments.box(segment.a, segment.b, margin: reach + segment.section.radius + widest)
            pipes.tree.search(box) { other in
                guard other > number, segments[other].classIndex >= 0 else { return true }
                let (a, b) = (key(segment), key(segments[other]))
                guard a != b, let measure = measure(segment, segments[other]) else { return true }
                let pair = Pair(first: min(a, b), second: max(a, b), isCrossing: measure.isCrossing)
                let lack = measure.required - measure.distance
                if lack > worst[pair]?.lack ?? Self.distanceTolerance {
                    worst[pair] = Worst(lack: lack, numbers: (number, other), measure: measure)
                }
                return true
            }
        }
        for entry in worst.values { report(segments[entry.numbers.0], segments[entry.numbers.1], entry.measure) }
    }

    /// What was measured between two stretches.
    private struct Measure {
        var isCrossing: Bool
        var distance: Double
        var required: Double
        var place: SIMD3<Double>
        var heights: (Double, Double)
    }

    private func measure(_ one: PipeSegments.Segment, _ two: PipeSegments.Segment) -> Measure? {
        let (a, b) = (Int(one.classIndex), Int(two.classIndex))
        if let (s, t) = Approach.crossing(one.a, one.b, two.a, two.b) {
            // Pipes of one class that cross where one of them ends are joined there.
            let isJoint =
                a == b
                && (s * one.length < 0.01 || (1 - s) * one.length < 0.01 || t * two.length < 0.01
                    || (1 - t) * two.length < 0.01)
            guard let required = profile.crossingClearance(a, b), !isJoint else { return nil }
            let (p, q) = (one.a + (one.b - one.a) * s, two.a + (two.b - two.a) * t)
            return Measure(
                isCrossing: true, distance: PipeClearance.between(one, two), required: required, place: p,
                heights: (p.z, q.z))
        }
        guard let required = profile.parallelClearance(a, b) else { return nil }
        let (u, v) = (one.b - one.a, two.b - two.a)
        let dot = u.x * v.x + u.y * v.y
        let squares = (u.x * u.x + u.y * u.y) * (v.x * v.x + v.y * v.y)
        // Side by side: within 26° of each other.
        guard dot * dot > 0.81 * squares else { return nil }
        func flat(_ p: SIMD3<Double>) -> SIMD3<Double> { SIMD3(p.x, p.y, 0) }
        let approach = Approach(flat(one.a), flat(one.b), flat(two.a), flat(two.b))
        let (p, q) = (one.a + u * approach.s, two.a + v * approach.t)
        let distance = approach.distance - one.section.width / 2 - two.section.width / 2
        return Measure(isCrossing: false, distance: distance, required: required, place: p, heights: (p.z, q.z))
    }

    private mutating func report(_ one: PipeSegments.Segment, _ two: PipeSegments.Segment, _ measure: Measure) {
        let rows = pipes.rows(one)
        let names = [one, two].map { className(Int($0.classIndex)) ?? "" }
        var values = [
            (name: "clearance", value: measure.distance), (name: "required", value: measure.required),
            (name: "axis", value: measure.heights.0), (name: "other_axis", value: measure.heights.1),
        ]
        if measure.isCrossing { values.append(("vertical", abs(measure.heights.0 - measure.heights.1))) }
        let touches = measure.distance < 0 ? "run into each other" : "have too little space between them"
        add(
            measure.isCrossing ? .crossingClearance : .parallelClearance, rows.layer, Int(one.row),
            Int(one.classIndex), at: measure.place.x, measure.place.y, measure.place.z,
            "\(names[0]) and \(names[1]) \(measure.isCrossing ? "cross and" : "side by side") \(touches)", values,
            other: two)
    }
}

/// Free space between pipes.
enum PipeClearance {
    /// Metres between the outer faces of two straight stretches; negative where they run into each other.
    ///
    /// Exact between round pipes. A duct's face is taken square to the shortest line between the axes.
    static func between(_ one: PipeSegments.Segment, _ two: PipeSegments.Segment) -> Double {
        let approach = Approach(one.a, one.b, two.a, two.b)
        let (p, q) = (one.a + (one.b - one.a) * approach.s, two.a + (two.b - two.a) * approach.t)
        guard approach.distance > 1e-9 else {
            return -max(one.section.radius, two.section.radius)
        }
        let normal = (q - p) / approach.distance
        return approach.distance - reach(one, normal) - reach(two, normal)
    }

    /// How far a section reaches from its axis in a direction.
    private static func reach(_ segment: PipeSegments.Segment, _ normal: SIMD3<Double>) -> Double {
        guard !segment.section.isRound, segment.length > 0 else { return segment.section.radius }
        let along = (segment.b - segment.a) / segment.length
        let horizontal = (along.x * along.x + along.y * along.y).squareRoot()
        guard horizontal > 1e-6 else { return segment.section.radius }
        let side = SIMD3(-along.y / horizontal, along.x / horizontal, 0)
        let top = SIMD3(-along.z * along.x / horizontal, -along.z * along.y / horizontal, horizontal)
        return abs((normal * side).sum()) * segment.section.width / 2
            + abs((normal * top).sum()) * segment.section.height / 2
    }
}
