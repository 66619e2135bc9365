// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Fits the quadratics of a ``GridToWorld`` and measures how far they are from the transformation.
struct QuadraticFitter {
    let columns: Int
    let rows: Int
    private(set) var table: [SIMD2<Double>] = []
    /// World units.
    private(set) var worst = 0.0
    private var lowest = SIMD2<Double>(repeating: .infinity)
    private var highest = SIMD2<Double>(repeating: -.infinity)
    private let transform: LocalTransform
    private let frame: GridFrame
    private let box: GridBox
    private let shift: Int32

    var cellCount: Int { columns * rows }

    /// Whether every result is far enough from the edge of the world that rounding needs no clamp.
    var fitsWorld: Bool {
        lowest.min() > 4096 && highest.max() < WebMercator.worldSize - 4096
    }

    init(_ transform: LocalTransform, _ frame: GridFrame, _ box: GridBox, _ shift: Int32) {
        self.transform = transform
        self.frame = frame
        self.box = box
        self.shift = shift
        columns = Int((Int64(box.maxX) - Int64(box.minX)) >> Int64(shift)) + 1
        rows = Int((Int64(box.maxY) - Int64(box.minY)) >> Int64(shift)) + 1
    }

    /// Fits all cells; false as soon as a cell differs by more than `limit` world units.
    mutating func error(under limit: Double) -> Bool {
        table.reserveCapacity(cellCount * 6)
        for row in 0..<rows {
            for column in 0..<columns {
                let first = table.count
                fit(column, row)
                measure(column, row, first)
                if !(worst <= limit) { return false }
            }
        }
        return true
    }

    private var half: Double { Double(Int64(1) << Int64(shift - 1)) }

    /// The transformation at a place of a cell, u and v in -1...1. Cells at the far sides reach beyond the box, where
    /// the transformation's own polynomials go on smoothly.
    private func sample(_ column: Int, _ row: Int, _ u: Double, _ v: Double) -> SIMD2<Double> {
        let x = Double(box.minX) + (Double(column) * 2 + 1 + u) * half
        let y = Double(box.minY) + (Double(row) * 2 + 1 + v) * half
        return transform.extrapolated(x: frame.originX + x / 1000, y: frame.originY + y / 1000)
    }

    private static let nodes: [Double] = (0..<4).map { cos(Double(2 * $0 + 1) * .pi / 8) }
    private static let probes: [Double] = [-1, -0.71, -0.2, 0.37, 1]

    /// The Chebyshev series up to total degree 2: T0 = 1, T1 = u, T2 = 2 u² - 1.
    private mutating func fit(_ column: Int, _ row: Int) {
        var series = [SIMD2<Double>](repeating: .zero, count: 9)
        for u in Self.nodes {
            for v in Self.nodes {
                let value = sample(column, row, u, v)
                let alongU = [0.25, u / 2, (2 * u * u - 1) / 2]
                let alongV = [0.25, v / 2, (2 * v * v - 1) / 2]
                for i in 0..<3 {
                    for j in 0..<(3 - i) { series[3 * i + j] += value * (alongU[i] * alongV[j]) }
                }
            }
        }
        let scale = 1 / half
        table.append(series[0] - series[6] - series[2])
        table.append(series[3] * scale)
        table.append(series[1] * scale)
        table.append(series[6] * (2 * scale * scale))
        table.append(series[4] * (scale * scale))
        table.append(series[2] * (2 * scale * scale))
    }

    private mutating func measure(_ column: Int, _ row: Int, _ first: Int) {
        for u in Self.probes {
            for v in Self.probes {
                let across = SIMD2(repeating: u * half)
                let up = SIMD2(repeating: v * half)
                // Safe: fit has just appended the cell's six coefficients.
                let value = unsafe GridToWorld.quadratic(table.span, first, across, up)
                let miss = value - sample(column, row, u, v)
                let distance = (miss * miss).sum().squareRoot()
                worst = distance.isNaN ? .infinity : max(worst, distance)
                lowest = lowest.replacing(with: value, where: value .< lowest)
                highest = highest.replacing(with: value, where: value .> highest)
            }
        }
    }
}
