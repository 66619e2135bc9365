// SPDX-License-Identifier: Apache-2.0
import Spatial

/// All straight stretches of a model's pipes under one index, with what the analyses ask of them. Built once for a
/// version of the layers, O(n log n); immutable: any thread.
struct PipeSegments: Sendable {
    struct Segment: Sendable {
        /// Axis, metres from the grid's origin, heights above the datum.
        var a: SIMD3<Double>
        var b: SIMD3<Double>
        var section: PipeSection
        var classIndex: Int32
        var layer: Int32
        var row: Int32
        /// Metres along the pipe at `a`.
        var station: Double

        var length: Double { (b - a).norm }
    }

    /// A pipe that has no place, and why.
    struct Failure: Sendable {
        var layer: Int
        var row: Int
        var problem: PipeRows.Problem
    }

    let layers: [PipeRows]
    let segments: [Segment]
    let failures: [Failure]
    let tree: PackedRTree

    init(_ layers: [PipeRows]) {
        self.layers = layers
        var segments: [Segment] = []
        var failures: [Failure] = []
        for (index, rows) in layers.enumerated() {
            rows.layer.forEachRow { row in
                do throws(PipeRows.Problem) {
                    let axis = try rows.axis(row, isFlat: false)
                    Self.append(axis, Int32(index), Int32(row), &segments)
                } catch {
                    failures.append(Failure(layer: index, row: row, problem: error))
                }
            }
        }
        self.failures = failures
        let boxes = segments.map { Self.box($0.a, $0.b) }
        let order = PackedRTree.hilbertOrder(boxes)
        self.segments = order.map { segments[Int($0)] }
        tree = PackedRTree(boxesInOrder: order.map { boxes[Int($0)] })
    }

    private static func append(_ axis: PipeRows.Axis, _ layer: Int32, _ row: Int32, _ out: inout [Segment]) {
        var start = 0
        for end in axis.ends {
            var station = 0.0
            for index in start..<max(start, end - 1) {
                let (a, b) = (axis.point(index), axis.point(index + 1))
                guard a != b else { continue }
                out.append(
                    Segment(
                        a: a, b: b, section: axis.section, classIndex: Int32(axis.classIndex ?? -1), layer: layer,
                        row: row, station: station))
                station += (b - a).norm
            }
            start = end
        }
    }

    /// The box in grid millimetres around a stretch and a margin in metres.
    static func box(_ a: SIMD3<Double>, _ b: SIMD3<Double>, margin: Double = 0) -> GridBox {
        func low(_ value: Double) -> Int32 { Int32(clamping: Int64((value * 1000).rounded(.down))) }
        func high(_ value: Double) -> Int32 { Int32(clamping: Int64((value * 1000).rounded(.up))) }
        return GridBox(
            minX: low(min(a.x, b.x) - margin), minY: low(min(a.y, b.y) - margin), maxX: high(max(a.x, b.x) + margin),
            maxY: high(max(a.y, b.y) + margin))
    }

    func rows(_ segment: Segment) -> PipeRows { layers[Int(segment.layer)] }
    func id(_ segment: Segment) -> Int64 { rows(segment).layer.id(row: Int(segment.row)) }
}

extension SIMD3<Double> {
    var norm: Double { (self * self).sum().squareRoot() }
}

/// How near two straight stretches come.
struct Approach {
    var distance: Double
    /// Shares along the first and the second at the nearest points, 0 to 1.
    var s: Double
    var t: Double

    /// The least distance between two segments in space. Source: C. Ericson, "Real-Time Collision Detection" (2005), 5.1.9.
    init(_ p1: SIMD3<Double>, _ q1: SIMD3<Double>, _ p2: SIMD3<Double>, _ q2: SIMD3<Double>) {
        let (d1, d2, r) = (q1 - p1, q2 - p2, p1 - p2)
        func clamp(_ value: Double) -> Double { min(1, max(0, value)) }
        let (a, e, f) = ((d1 * d1).sum(), (d2 * d2).sum(), (d2 * r).sum())
        let c = (d1 * r).sum()
        if a <= 0 || e <= 0 {
            s = a <= 0 ? 0 : clamp(-c / a)
            t = e <= 0 ? 0 : clamp(f / e)
        } else {
            let b = (d1 * d2).sum()
            let denominator = a * e - b * b
            s = denominator > 1e-12 * a * e ? clamp((b * f - c * e) / denominator) : 0
            t = (b * s + f) / e
            if t < 0 {
                (t, s) = (0, clamp(-c / a))
            } else if t > 1 {
                (t, s) = (1, clamp((b - c) / a))
            }
        }
        distance = (p1 + d1 * s - p2 - d2 * t).norm
    }

    /// Shares along two stretches at which they cross in plan; nil where they do not, or are parallel.
    static func crossing(
        _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ c: SIMD3<Double>, _ d: SIMD3<Double>
    ) -> (s: Double, t: Double)? {
        let (ux, uy) = (b.x - a.x, b.y - a.y)
        let (vx, vy) = (d.x - c.x, d.y - c.y)
        let cross = ux * vy - uy * vx
        let scale = (ux * ux + uy * uy) * (vx * vx + vy * vy)
        guard cross * cross > 1e-12 * scale, scale > 0 else { return nil }
        let (wx, wy) = (c.x - a.x, c.y - a.y)
        let s = (wx * vy - wy * vx) / cross
        let t = (wx * uy - wy * ux) / cross
        return s >= 0 && s <= 1 && t >= 0 && t <= 1 ? (s, t) : nil
    }
}
