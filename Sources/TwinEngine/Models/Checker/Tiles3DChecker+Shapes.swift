// SPDX-License-Identifier: Apache-2.0
import Tiles

extension Tiles3DChecker {
    /// Metres by which a measured error may be more than the one declared: the grids of two contents.
    private static let errorTolerance = 0.06

    /// The triangles of each feature of a content, in the tile's frame.
    struct Shapes {
        typealias Triangle = (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>)
        var triangles: [Int: [Triangle]] = [:]

        /// Highest above lowest corner, metres; the ground falls away from the plane that touches it at the frame's origin.
        func height(_ feature: Int) -> Double {
            func height(_ p: SIMD3<Double>) -> Double { p.z + (p.x * p.x + p.y * p.y) / (2 * 6_371_000) }
            let heights = (triangles[feature] ?? []).flatMap { [height($0.0), height($0.1), height($0.2)] }
            return (heights.max() ?? 0) - (heights.min() ?? 0)
        }

        /// The one-sided Hausdorff distance from a feature's corners to another form of it; infinite if there is none.
        func distance(_ feature: Int, to other: Shapes) -> Double {
            let targets = other.triangles[feature] ?? []
            var worst = 0.0
            for triangle in triangles[feature] ?? [] {
                for point in [triangle.0, triangle.1, triangle.2] {
                    var nearest = Double.infinity
                    for target in targets where nearest > worst {
                        nearest = min(nearest, TriangleMesh.squaredDistance(point, target))
                    }
                    worst = max(worst, nearest)
                }
            }
            return worst.squareRoot()
        }
    }

    /// Judges the geometric errors around a content of our own by what the content shows: a feature stands out of the
    /// ground no more than the error of the tile that does without it, and is no farther from its coarser form than the
    /// error of the tile that shows that.
    mutating func checkErrors(_ model: GLTFModel, _ path: String, _ frame: Frame) throws {
        guard frame.isOwn, model.list("materials").contains(where: { $0["doubleSided"] == nil }) else { return }
        let shapes = try Self.shapes(model)
        lastShapes = shapes
        var (worst, feature) = (0.0, 0)
        for number in shapes.triangles.keys {
            let excess =
                if let coarse = frame.coarse {
                    shapes.distance(number, to: coarse) - frame.parentError
                } else {
                    shapes.height(number) - frame.parentError
                }
            if excess > worst { (worst, feature) = (excess, number) }
        }
        report.errorsJudged += shapes.triangles.count
        if worst > Self.errorTolerance {
            add("geometricError", path, "feature \(feature) is \(worst) m more than the error of the tile above")
        }
    }

    private static func shapes(_ model: GLTFModel) throws -> Shapes {
        var shapes = Shapes()
        // 3D Tiles turns glTF's y-up to z-up: x, -z, y.
        let turn = Matrix4(m: [1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1])
        for node in model.list("nodes") {
            guard let mesh = node["mesh"] as? Int, model.list("meshes").indices.contains(mesh),
                node["extensions"] == nil
            else { continue }
            let matrix = turn * Matrix4(node: node)
            for primitive in model.list("meshes")[mesh]["primitives"] as? [[String: Any]] ?? [] {
                let attributes = primitive["attributes"] as? [String: Any] ?? [:]
                guard let position = attributes["POSITION"] as? Int, let ids = attributes["_FEATURE_ID_0"] as? Int,
                    let indices = primitive["indices"] as? Int
                else { continue }
                let values = try model.numbers(position).values
                let features = try model.numbers(ids).values
                let corners = try model.numbers(indices).values.map { Int($0) }
                func point(_ at: Int) -> SIMD3<Double> {
                    matrix.apply(SIMD3(values[3 * at], values[3 * at + 1], values[3 * at + 2]))
                }
                for at in stride(from: 0, to: corners.count - 2, by: 3) {
                    let (a, b, c) = (corners[at], corners[at + 1], corners[at + 2])
                    guard max(a, b, c) < features.count, 3 * max(a, b, c) + 2 < values.count else { continue }
                    shapes.triangles[Int(features[a]), default: []].append((point(a), point(b), point(c)))
                }
            }
        }
        return shapes
    }
}
