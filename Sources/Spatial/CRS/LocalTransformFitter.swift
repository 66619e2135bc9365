// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Fits and measures the polynomials of a ``LocalTransform`` against PROJ.
struct LocalTransformFitter: ~Copyable {
    let transformer: CoordinateTransformer
    let isWorld: Bool
    let box: CoordinateBox

    /// The four Chebyshev nodes cos((2 k + 1) π / 8).
    private static let nodes: [Double] = (0..<4).map { cos(Double(2 * $0 + 1) * .pi / 8) }

    /// Where the error is measured in each direction of a cell: the borders, where the Chebyshev error peaks, and
    /// between the nodes.
    private static let probes: [Double] = [-1, -0.71, -0.2, 0.37, 1]

    /// Rows of the matrix from values at the nodes to monomial coefficients: Chebyshev coefficients first, then
    /// T0 = 1, T1 = u, T2 = 2 u² - 1, T3 = 4 u³ - 3 u.
    private static let matrix: [[Double]] = {
        let chebyshev = (0..<4).map { degree in
            nodes.map { cos(Double(degree) * acos($0)) * (degree == 0 ? 0.25 : 0.5) }
        }
        return [
            (0..<4).map { chebyshev[0][$0] - chebyshev[2][$0] },
            (0..<4).map { chebyshev[1][$0] - 3 * chebyshev[3][$0] },
            (0..<4).map { 2 * chebyshev[2][$0] },
            (0..<4).map { 4 * chebyshev[3][$0] },
        ]
    }()

    func fit(_ columns: Int, _ rows: Int) throws(SpatialError) -> [SIMD2<Double>] {
        let samples = try sample(columns, rows, at: Self.nodes)
        var coefficients = [SIMD2<Double>](repeating: .zero, count: columns * rows * 16)
        let matrix = Self.matrix
        for cell in 0..<(columns * rows) {
            let first = cell * 16
            for i in 0..<4 {
                for j in 0..<4 {
                    var sum = SIMD2<Double>.zero
                    for k in 0..<4 {
                        for l in 0..<4 { sum += samples[first + 4 * k + l] * (matrix[i][k] * matrix[j][l]) }
                    }
                    coefficients[first + 4 * i + j] = sum
                }
            }
        }
        return coefficients
    }

    /// The largest distance from PROJ at the probes, in output units.
    func measure(_ coefficients: [SIMD2<Double>], _ columns: Int, _ rows: Int) throws(SpatialError) -> Double {
        let probes = Self.probes
        let samples = try sample(columns, rows, at: probes)
        var worst = 0.0
        let table = coefficients.span
        for cell in 0..<(columns * rows) {
            for (k, u) in probes.enumerated() {
                for (l, v) in probes.enumerated() {
                    let exact = samples[(cell * probes.count + k) * probes.count + l]
                    let miss = LocalTransform.polynomial(u, v, table, cell * 16) - exact
                    worst = max(worst, (miss * miss).sum().squareRoot())
                }
            }
        }
        return worst
    }

    /// PROJ's results at offsets² points of every cell, cell by cell, u outer and v inner.
    private func sample(_ columns: Int, _ rows: Int, at offsets: [Double]) throws(SpatialError) -> [SIMD2<Double>] {
        var xy: [Double] = []
        xy.reserveCapacity(columns * rows * offsets.count * offsets.count * 2)
        for row in 0..<rows {
            for column in 0..<columns {
                for u in offsets {
                    for v in offsets {
                        xy.append(box.minX + box.width * (Double(column) + (u + 1) / 2) / Double(columns))
                        xy.append(box.minY + box.height * (Double(row) + (v + 1) / 2) / Double(rows))
                    }
                }
            }
        }
        guard transformer.transform(&xy) == 0 else {
            throw SpatialError(
                .coordinates,
                "part of the box \(box.minX) \(box.minY) \(box.maxX) \(box.maxY) cannot be transformed: "
                    + "it reaches outside the domain of the coordinate system; use a smaller extent")
        }
        return stride(from: 0, to: xy.count, by: 2).map { index in
            guard isWorld else { return SIMD2(xy[index], xy[index + 1]) }
            let world = WebMercator.world(longitude: xy[index], latitude: xy[index + 1])
            return SIMD2(world.x, world.y)
        }
    }
}
