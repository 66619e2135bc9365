// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A bounding volume of 3D Tiles, and how far points lie outside it.
enum Tiles3DVolume: Sendable {
    /// Centre and half axes, in the tile's frame.
    case box(SIMD3<Double>, [SIMD3<Double>])
    /// West, south, east, north in radians, lowest and highest ellipsoidal height; not moved by transforms.
    case region([Double])
    case sphere(SIMD3<Double>, Double)

    init?(box n: [Double]) {
        guard n.count == 12, n.allSatisfy(\.isFinite) else { return nil }
        self = .box(SIMD3(n[0], n[1], n[2]), (1...3).map { SIMD3(n[3 * $0], n[3 * $0 + 1], n[3 * $0 + 2]) })
    }

    /// Metres by which a point leaves the volume, negative inside.
    ///
    /// - Parameters:
    ///   - point: In the tile's frame.
    ///   - toEarth: From the tile's frame to Earth-centred coordinates; regions need it.
    func outside(_ point: SIMD3<Double>, _ toEarth: Matrix4) -> Double {
        switch self {
        case .box(let center, let axes):
            let offset = point - center
            return axes.reduce(-Double.infinity) { worst, axis in
                let half = (axis * axis).sum().squareRoot()
                guard half > 0 else { return worst }
                return max(worst, abs((offset * axis).sum() / half) - half)
            }
        case .sphere(let center, let radius):
            let offset = point - center
            return (offset * offset).sum().squareRoot() - radius
        case .region(let region):
            let earth = toEarth.apply(point)
            let (longitude, latitude, height) = Self.geodetic(earth)
            let metre = 1 / 6_371_000.0
            // Across the antimeridian west is greater than east.
            var beyond = max(region[0] - longitude, longitude - region[2])
            if region[0] > region[2] { beyond = min(region[0] - longitude, longitude - region[2]) }
            return max(
                beyond * cos(latitude) / metre, (region[1] - latitude) / metre, (latitude - region[3]) / metre,
                region[4] - height, height - region[5])
        }
    }

    /// Metres by which the volume's corners leave another; no more than 0 where the kinds cannot be compared.
    func leaves(_ outer: Tiles3DVolume, _ toEarth: Matrix4) -> Double {
        switch (self, outer) {
        case (.box(let center, let axes), _):
            return (0..<8).reduce(-Double.infinity) { worst, corner in
                let point = (0..<3).reduce(center) { $0 + axes[$1] * (corner >> $1 & 1 == 0 ? -1 : 1) }
                return max(worst, outer.outside(point, toEarth))
            }
        case (.region(let inner), .region(let outer)):
            let metres = 6_371_000.0
            return max(
                (outer[0] - inner[0]) * metres, (outer[1] - inner[1]) * metres, (inner[2] - outer[2]) * metres,
                (inner[3] - outer[3]) * metres, outer[4] - inner[4], inner[5] - outer[5])
        case (.sphere(let center, let radius), .sphere):
            return outer.outside(center, toEarth) + radius
        default: return 0
        }
    }

    /// Longitude, latitude (radians) and height on WGS 84. Bowring's first step, twice: exact to a micrometre.
    private static func geodetic(_ p: SIMD3<Double>) -> (Double, Double, Double) {
        let (a, f) = (6_378_137.0, 1 / 298.257223563)
        let (b, e2) = (a * (1 - f), f * (2 - f))
        let flat = (p.x * p.x + p.y * p.y).squareRoot()
        var beta = atan2(p.z, flat * (1 - f))
        var latitude = 0.0
        for _ in 0..<3 {
            let (s, c) = (sin(beta), cos(beta))
            latitude = atan2(p.z + e2 / (1 - e2) * b * s * s * s, flat - e2 * a * c * c * c)
            beta = atan2((1 - f) * sin(latitude), cos(latitude))
        }
        let s = sin(latitude)
        let normal = a / (1 - e2 * s * s).squareRoot()
        let height = flat * cos(latitude) + p.z * s - a * a / normal
        return (atan2(p.y, p.x), latitude, height)
    }
}

/// A column-major 4 x 4 matrix.
struct Matrix4: Sendable {
    var m: [Double]

    static let identity = Matrix4(m: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])

    func apply(_ p: SIMD3<Double>) -> SIMD3<Double> {
        SIMD3(
            m[0] * p.x + m[4] * p.y + m[8] * p.z + m[12], m[1] * p.x + m[5] * p.y + m[9] * p.z + m[13],
            m[2] * p.x + m[6] * p.y + m[10] * p.z + m[14])
    }

    static func * (a: Matrix4, b: Matrix4) -> Matrix4 {
        var m = [Double](repeating: 0, count: 16)
        for column in 0..<4 {
            for row in 0..<4 {
                for k in 0..<4 { m[4 * column + row] += a.m[4 * k + row] * b.m[4 * column + k] }
            }
        }
        return Matrix4(m: m)
    }

    /// Of the upper left 3 x 3.
    var determinant: Double {
        m[0] * (m[5] * m[10] - m[9] * m[6]) - m[4] * (m[1] * m[10] - m[9] * m[2]) + m[8] * (m[1] * m[6] - m[5] * m[2])
    }

    /// Of a glTF node: `matrix`, or translation, rotation and scale.
    init(node: [String: Any]) {
        if let matrix = node["matrix"] as? [Double], matrix.count == 16 {
            m = matrix
            return
        }
        let t = node["translation"] as? [Double] ?? [0, 0, 0]
        let q = node["rotation"] as? [Double] ?? [0, 0, 0, 1]
        let s = node["scale"] as? [Double] ?? [1, 1, 1]
        guard t.count == 3, q.count == 4, s.count == 3 else {
            self = .identity
            return
        }
        let (x, y, z, w) = (q[0], q[1], q[2], q[3])
        m = [
            (1 - 2 * (y * y + z * z)) * s[0], 2 * (x * y + z * w) * s[0], 2 * (x * z - y * w) * s[0], 0,
            2 * (x * y - z * w) * s[1], (1 - 2 * (x * x + z * z)) * s[1], 2 * (y * z + x * w) * s[1], 0,
            2 * (x * z + y * w) * s[2], 2 * (y * z - x * w) * s[2], (1 - 2 * (x * x + y * y)) * s[2], 0,
            t[0], t[1], t[2], 1,
        ]
    }

    init(m: [Double]) { self.m = m }
}
