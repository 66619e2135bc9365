// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Tiles3DChecker {
    /// Extensions that the checker judges; others are counted.
    private static let judged: Set<String> = [
        "EXT_mesh_features", "EXT_structural_metadata", "EXT_meshopt_compression", "KHR_mesh_quantization",
        "EXT_mesh_gpu_instancing", "EXT_instance_features",
    ]

    /// glTF content: buffers, accessors, features, tables, and every vertex against its volumes.
    mutating func check(model bytes: [UInt8], _ path: String, _ frame: Frame) async {
        do {
            var model = try GLTFModel(bytes)
            try await model.load(source, path)
            for name in model.json["extensionsUsed"] as? [String] ?? [] where !Self.judged.contains(name) {
                report.notCovered["glTF extension \(name)", default: 0] += 1
            }
            for mistake in model.mistakes { add("model", path, mistake) }
            var schema: MetadataSchema?
            if let metadata = model.metadata { schema = await self.schema(of: metadata, path) }
            let rows = checkTables(model, schema, path)
            try await checkProperties(model, schema, rows, path)
            let scene = model.json["scene"] as? Int ?? 0
            let scenes = model.list("scenes")
            let roots = scenes.indices.contains(scene) ? scenes[scene]["nodes"] as? [Int] ?? [] : []
            for node in roots { try check(node: node, .identity, model, rows, path, frame, depth: 0) }
            try checkErrors(model, path, frame)
        } catch let damage as GLTFModel.Damage {
            add(damage.code, path, damage.message)
        } catch let unread as GLTFModel.NotCovered {
            report.notCovered[unread.what, default: 0] += 1
        } catch {
            add("model", path, "\(error)")
        }
    }

    private mutating func check(
        node index: Int, _ outer: Matrix4, _ model: GLTFModel, _ rows: [Int], _ path: String, _ frame: Frame,
        depth: Int
    ) throws {
        let nodes = model.list("nodes")
        guard nodes.indices.contains(index), depth < 64 else { throw GLTFModel.Damage("there is no node \(index)") }
        let matrix = outer * Matrix4(node: nodes[index])
        let extensions = nodes[index]["extensions"] as? [String: Any] ?? [:]
        if extensions["EXT_mesh_gpu_instancing"] != nil {
            try checkInstances(nodes[index], extensions, matrix, model, rows, path, frame)
        } else if extensions["EXT_instance_features"] != nil {
            add("instances", path, "EXT_instance_features on a node without EXT_mesh_gpu_instancing")
        } else if let mesh = nodes[index]["mesh"] as? Int {
            let meshes = model.list("meshes")
            guard meshes.indices.contains(mesh) else { throw GLTFModel.Damage("there is no mesh \(mesh)") }
            for primitive in meshes[mesh]["primitives"] as? [[String: Any]] ?? [] {
                try check(primitive: primitive, matrix, model, rows, path, frame)
            }
        }
        for child in nodes[index]["children"] as? [Int] ?? [] {
            try check(node: child, matrix, model, rows, path, frame, depth: depth + 1)
        }
    }

    private mutating func check(
        primitive: [String: Any], _ matrix: Matrix4, _ model: GLTFModel, _ rows: [Int], _ path: String, _ frame: Frame
    ) throws {
        let attributes = primitive["attributes"] as? [String: Any] ?? [:]
        guard let index = attributes["POSITION"] as? Int else { throw GLTFModel.Damage("a primitive has no POSITION") }
        let (values, width, accessor) = try model.numbers(index)
        guard width == 3 else { throw GLTFModel.Damage("POSITION is not VEC3") }
        let count = values.count / 3
        if judged.path != path { judged = (path, []) }
        if judged.accessors.insert(index).inserted { try checkPositions(values, accessor, matrix, path, frame) }
        if let indices = primitive["indices"] as? Int {
            let largest = try model.numbers(indices).values.max() ?? 0
            if Int(largest) >= count { add("accessor", path, "index \(Int(largest)) of \(count) vertices") }
        }
        for (name, value) in attributes where name != "POSITION" {
            guard let value = value as? Int else { throw GLTFModel.Damage("\(name) names no accessor") }
            let told = model.list("accessors")[safe: value]?["count"] as? Int
            if told != count { add("accessor", path, "\(name) has other than \(count) elements") }
        }
        try checkFeatures(primitive, attributes, model, rows, path)
    }

    private mutating func checkPositions(
        _ values: [Double], _ accessor: [String: Any], _ matrix: Matrix4, _ path: String, _ frame: Frame
    ) throws {
        report.vertices += values.count / 3
        for axis in 0..<3 {
            var (low, high) = (Double.infinity, -Double.infinity)
            for i in stride(from: axis, to: values.count, by: 3) {
                (low, high) = (min(low, values[i]), max(high, values[i]))
            }
            let told = ((accessor["min"] as? [Double])?[safe: axis], (accessor["max"] as? [Double])?[safe: axis])
            if Float(told.0 ?? .nan) != Float(low) || Float(told.1 ?? .nan) != Float(high) {
                add("accessor", path, "POSITION's min or max is not that of its values")
                break
            }
        }
        try checkInside(values, matrix, path, frame)
    }

    private mutating func checkInside(
        _ values: [Double], _ matrix: Matrix4, _ path: String, _ frame: Frame
    ) throws {
        judge(outside: outside(values, matrix, frame), path)
        if frame.volumes.contains(where: { $0.toEarth.m != frame.toEarth.m }) {
            report.notCovered["volume of a parent with another transform", default: 0] += 1
        }
    }

    mutating func judge(outside worst: Double, _ path: String) {
        report.worstOutside = max(report.worstOutside, worst)
        if worst > Self.tolerance { add("outside", path, "a vertex is \(worst) m outside its bounding volume") }
    }

    /// Metres by which the worst of the points leaves a volume of its tile.
    func outside(_ values: [Double], _ matrix: Matrix4, _ frame: Frame) -> Double {
        // 3D Tiles turns glTF's y-up to z-up: x, -z, y.
        let turn = Matrix4(m: [1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1])
        let toTile = frame.placement * turn * matrix
        // Volumes of the same frame, as almost all are, need no way through the Earth's centre.
        var worst = -Double.infinity
        for (volume, toEarth) in frame.volumes where toEarth.m == frame.toEarth.m {
            for i in stride(from: 0, to: values.count - 2, by: 3) {
                let point = toTile.apply(SIMD3(values[i], values[i + 1], values[i + 2]))
                worst = max(worst, volume.outside(point, toEarth))
            }
        }
        return worst
    }

    private mutating func checkFeatures(
        _ primitive: [String: Any], _ attributes: [String: Any], _ model: GLTFModel, _ rows: [Int], _ path: String
    ) throws {
        guard let value = (primitive["extensions"] as? [String: Any])?["EXT_mesh_features"] else { return }
        try checkFeatureSets(value, attributes, model, rows, path)
    }

    /// The sets of feature ids of a primitive, or of a node's instances.
    mutating func checkFeatureSets(
        _ value: Any, _ attributes: [String: Any], _ model: GLTFModel, _ rows: [Int], _ path: String
    ) throws {
        guard let sets = (value as? [String: Any])?["featureIds"] as? [[String: Any]], !sets.isEmpty else {
            return add("features", path, "there are no featureIds")
        }
        for (setNumber, set) in sets.enumerated() {
            guard let count = set["featureCount"] as? Int, count > 0 else {
                add("features", path, "featureCount is missing or not 1 or more")
                continue
            }
            if let label = set["label"] {
                if !MetadataSchema.isIdentifier(label as? String ?? "") {
                    add("features", path, "the label is no identifier")
                }
            }
            let null = set["nullFeatureId"] as? Int
            if set["nullFeatureId"] != nil, null ?? -1 < 0 { add("features", path, "nullFeatureId is no number") }
            let table = set["propertyTable"] as? Int
            if set["propertyTable"] != nil, table.map(rows.indices.contains) != true {
                add("features", path, "propertyTable names no table")
            }
            guard let attribute = set["attribute"] else { continue }
            guard let number = attribute as? Int, let index = attributes["_FEATURE_ID_\(number)"] as? Int else {
                add("features", path, "attribute names no _FEATURE_ID")
                continue
            }
            let (values, width, accessor) = try model.numbers(index)
            if width != 1 || accessor["normalized"] as? Bool == true {
                add("features", path, "_FEATURE_ID_\(number) is not SCALAR, or normalized")
                continue
            }
            let ids = Set(values.map { Int($0) }.filter { $0 != null })
            // The first set names the features; primitives may share them.
            if setNumber == 0 {
                let known = counted.path == path ? counted.ids : []
                counted = (path, known.union(ids))
                report.features += counted.ids.count - known.count
            }
            if ids.count > count { add("features", path, "\(ids.count) features, featureCount says \(count)") }
            if let table, rows.indices.contains(table), let largest = ids.max(), largest >= rows[table] {
                add("features", path, "feature \(largest) has no row in its table of \(rows[table])")
            }
        }
    }

    /// The property tables' rows, after their values were judged.
    private mutating func checkTables(_ model: GLTFModel, _ schema: MetadataSchema?, _ path: String) -> [Int] {
        guard let metadata = model.metadata else { return [] }
        if metadata["schema"] == nil, metadata["schemaUri"] == nil {
            add("metadata", path, "EXT_structural_metadata wants either schema or schemaUri")
        }
        let views = model.list("bufferViews")
        return checkTables(
            metadata["propertyTables"], schema, path,
            start: { index in
                guard views.indices.contains(index), views[index]["extensions"] == nil else { return nil }
                return (views[index]["byteOffset"] ?? 0) as? Int
            }
        ) { try model.view($0) }
    }
}

extension Array {
    /// The element, or nil outside the array.
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
