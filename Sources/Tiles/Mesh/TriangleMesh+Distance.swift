// SPDX-License-Identifier: Apache-2.0

extension TriangleMesh {
    /// The one-sided Hausdorff distance from this surface to another, metres, over this one's corners, the middles of its
    /// edges and the centres of its triangles; infinite if the other is empty, 0 if this one is. O(triangles²).
    public func distance(to other: TriangleMesh) -> Double {
        func corner(_ mesh: TriangleMesh, _ at: Int) -> SIMD3<Double> {
            let i = 3 * Int(mesh.indices[at])
            return SIMD3(mesh.positions[i], mesh.positions[i + 1], mesh.positions[i + 2])
        }
        let targets = stride(from: 0, to: other.indices.count - 2, by: 3).map {
            (corner(other, $0), corner(other, $0 + 1), corner(other, $0 + 2))
        }
        var worst = 0.0
        for at in stride(from: 0, to: indices.count - 2, by: 3) {
            let (a, b, c) = (corner(self, at), corner(self, at + 1), corner(self, at + 2))
            for point in [a, b, c, (a + b) * 0.5, (b + c) * 0.5, (c + a) * 0.5, (a + b + c) / 3] {
                var nearest = Double.infinity
                for target in targets {
                    nearest = min(nearest, Self.squaredDistance(point, target))
                    if nearest <= worst { break }
                }
                worst = max(worst, nearest)
            }
        }
        return worst.squareRoot()
    }

    /// Square metres from a point to a triangle. Source: C. Ericson, Real-Time Collision Detection (2005), 5.1.5.
    package static func squaredDistance(
        _ p: SIMD3<Double>, _ triangle: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)
    ) -> Double {
        let (a, b, c) = triangle
        let (ab, ac, ap) = (b - a, c - a, p - a)
        func squared(_ v: SIMD3<Double>) -> Double { v.dot(v) }
        let (d1, d2) = (ab.dot(ap), ac.dot(ap))
        if d1 <= 0, d2 <= 0 { return squared(ap) }
        let bp = p - b
        let (d3, d4) = (ab.dot(bp), ac.dot(bp))
        if d3 >= 0, d4 <= d3 { return squared(bp) }
        let vc = d1 * d4 - d3 * d2
        if vc <= 0, d1 >= 0, d3 <= 0, d1 > d3 { return squared(ap - ab * (d1 / (d1 - d3))) }
        let cp = p - c
        let (d5, d6) = (ab.dot(cp), ac.dot(cp))
        if d6 >= 0, d5 <= d6 { return squared(cp) }
        let vb = d5 * d2 - d1 * d6
        if vb <= 0, d2 >= 0, d6 <= 0, d2 > d6 { return squared(ap - ac * (d2 / (d2 - d6))) }
        let va = d3 * d6 - d5 * d4
        if va <= 0, d4 - d3 >= 0, d5 - d6 >= 0, d4 - d3 + d5 - d6 > 0 {
            return squared(bp - (c - b) * ((d4 - d3) / ((d4 - d3) + (d5 - d6))))
        }
        let sum = va + vb + vc
        guard sum > 0 else { return min(squared(ap), squared(bp), squared(cp)) }
        return squared(ap - ab * (vb / sum) - ac * (vc / sum))
    }
}
