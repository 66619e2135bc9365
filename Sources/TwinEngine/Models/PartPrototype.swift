// SPDX-License-Identifier: Apache-2.0
import Tiles

/// A shape and colour of which a tile has copies.
struct PartPrototype: Hashable, Comparable {
    var shape: PartRule.Shape
    var color: String

    static func < (left: PartPrototype, right: PartPrototype) -> Bool {
        (left.shape.rawValue, left.color) < (right.shape.rawValue, right.color)
    }

    /// The mesh, 1 m across and 1 m high with its foot on the origin; wells (manhole, grate) hang below it.
    func mesh() -> TriangleMesh {
        var mesh = TriangleMesh()
        var tubes = TubeMesher()
        func rod(_ from: SIMD3<Double>, _ to: SIMD3<Double>, _ diameter: Double, _ sides: Int = 8) {
            tubes.tube([from, to], radius: diameter / 2, sides: sides, feature: 0, into: &mesh)
        }
        func block(_ low: Double, _ high: Double, _ width: Double, _ depth: Double) {
            tubes.duct(
                [SIMD3(0, 0, low), SIMD3(0, 0, high)], width: width, height: depth, feature: 0, into: &mesh)
        }
        switch shape {
        case .manhole:
            rod(SIMD3(0, 0, -1), SIMD3(0, 0, 0), 1, 12)
        case .grate:
            block(-1, 0, 1, 0.7)
        case .valve:
            rod(SIMD3(0, -0.5, 0), SIMD3(0, 0.5, 0), 0.6)
            rod(SIMD3(0, 0, 0), SIMD3(0, 0, 0.7), 0.25)
            rod(SIMD3(-0.4, 0, 0.75), SIMD3(0.4, 0, 0.75), 0.15)
        case .hydrant:
            rod(SIMD3(0, 0, 0), SIMD3(0, 0, 0.85), 0.7)
            rod(SIMD3(0, 0, 0.85), SIMD3(0, 0, 1), 0.45)
            rod(SIMD3(-0.5, 0, 0.6), SIMD3(0.5, 0, 0.6), 0.3)
        case .lamp:
            rod(SIMD3(0, 0, 0), SIMD3(0, 0, 1), 1, 6)
            tubes.duct(
                [SIMD3(0, 0, 0.985), SIMD3(0, 9, 0.985)], width: 1.4, height: 0.02, feature: 0, into: &mesh)
        case .pole:
            rod(SIMD3(0, 0, 0), SIMD3(0, 0, 1), 1)
        case .tree:
            rod(SIMD3(0, 0, 0), SIMD3(0, 0, 0.35), 0.09, 6)
            crown(&mesh)
        case .box:
            block(0, 1, 1, 0.6)
        case .marker:
            block(0, 1, 1, 1)
        }
        return mesh
    }

    /// Two cones, base to base.
    private func crown(_ mesh: inout TriangleMesh) {
        var tubes = TubeMesher()
        // Half a sphere at each end of a short drum, stretched by the copies' own scale.
        tubes.tube(
            [SIMD3(0, 0, 0.55), SIMD3(0, 0, 0.6)], radius: 0.32, sides: 8, from: .round, to: .round, feature: 0,
            into: &mesh)
    }
}
