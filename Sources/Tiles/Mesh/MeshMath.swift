// SPDX-License-Identifier: Apache-2.0

extension SIMD3<Double> {
    @inline(__always)
    func dot(_ other: Self) -> Double { x * other.x + y * other.y + z * other.z }

    @inline(__always)
    func cross(_ other: Self) -> Self {
        SIMD3(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
    }

    var length: Double { dot(self).squareRoot() }

    /// The vector of length one; nil if it has no direction.
    var unit: Self? {
        let length = length
        return length > 0 && length.isFinite ? self / length : nil
    }

    var isFinite: Bool { x.isFinite && y.isFinite && z.isFinite }
}

/// How many shapes a mesher drew, and how many it could not draw because nothing is left of them.
public struct MeshCounts: Sendable, Equatable {
    public var drawn = 0
    public var degenerate = 0
}
