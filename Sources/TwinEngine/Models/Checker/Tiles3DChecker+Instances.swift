// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Tiles3DChecker {
    /// Copies of a mesh: their attributes, their feature ids, and that every copy is inside the tile's volumes.
    ///
    /// Source: EXT_mesh_gpu_instancing; EXT_instance_features.
    mutating func checkInstances(
        _ node: [String: Any], _ extensions: [String: Any], _ matrix: Matrix4, _ model: GLTFModel, _ rows: [Int],
        _ path: String, _ frame: Frame
    ) throws {
        let instancing = extensions["EXT_mesh_gpu_instancing"] as? [String: Any]
        guard let attributes = instancing?["attributes"] as? [String: Any], !attributes.isEmpty else {
            return add("instances", path, "EXT_mesh_gpu_instancing has no attributes")
        }
        var columns: [String: [Double]] = [:]
        var counts: Set<Int> = []
        for (name, value) in attributes {
            guard let index = value as? Int else { throw GLTFModel.Damage("\(name) names no accessor") }
            let (values, width, accessor) = try model.numbers(index)
            counts.insert(values.count / width)
            guard let wanted = ["TRANSLATION": 3, "ROTATION": 4, "SCALE": 3][name] else { continue }
            let isFloat = accessor["componentType"] as? Int == 5126
            if width != wanted || !isFloat && (name != "ROTATION" || accessor["normalized"] as? Bool != true) {
                return add("instances", path, "\(name) is not VEC\(wanted) of Float32 or, for rotations, normalized")
            }
            columns[name] = values
        }
        guard counts.count == 1, let count = counts.first else {
            return add("instances", path, "the attributes of the instances have unequal lengths")
        }
        if let features = extensions["EXT_instance_features"] {
            try checkFeatureSets(features, attributes, model, rows, path)
        }
        report.instances += count
        let shapes = try prototype(node["mesh"] as? Int, model)
        var worst = -Double.infinity
        for copy in 0..<count {
            var place: [String: Any] = [:]
            if let t = columns["TRANSLATION"] { place["translation"] = Array(t[3 * copy..<3 * copy + 3]) }
            if let s = columns["SCALE"] { place["scale"] = Array(s[3 * copy..<3 * copy + 3]) }
            if let r = columns["ROTATION"] {
                let q = Array(r[4 * copy..<4 * copy + 4])
                let length = q.reduce(0) { $0 + $1 * $1 }.squareRoot()
                guard length > 0 else { return add("instances", path, "the rotation of instance \(copy) is zero") }
                place["rotation"] = q.map { $0 / length }
            }
            let own = matrix * Matrix4(node: place)
            // Corners of the prototype's box inside mean all of it inside.
            var beyond = outside(shapes.corners, own, frame)
            if beyond > Self.tolerance { beyond = outside(shapes.points, own, frame) }
            worst = max(worst, beyond)
        }
        report.worstOutside = max(report.worstOutside, worst)
        if worst > Self.tolerance { add("outside", path, "an instance is \(worst) m outside its bounding volume") }
    }

    /// All positions of a mesh, and the corners of their box.
    private func prototype(_ mesh: Int?, _ model: GLTFModel) throws -> (points: [Double], corners: [Double]) {
        let meshes = model.list("meshes")
        guard let mesh, meshes.indices.contains(mesh) else { throw GLTFModel.Damage("instances have no mesh") }
        var points: [Double] = []
        for primitive in meshes[mesh]["primitives"] as? [[String: Any]] ?? [] {
            guard let index = (primitive["attributes"] as? [String: Any])?["POSITION"] as? Int else {
                throw GLTFModel.Damage("a primitive has no POSITION")
            }
            points += try model.numbers(index).values
        }
        let bounds = (0..<3).map { axis in
            let values = stride(from: axis, to: points.count, by: 3).map { points[$0] }
            return [values.min() ?? 0, values.max() ?? 0]
        }
        let corners = (0..<8).flatMap { corner in (0..<3).map { bounds[$0][corner >> $0 & 1] } }
        return (points, corners)
    }
}
