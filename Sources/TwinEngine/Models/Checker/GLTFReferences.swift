// SPDX-License-Identifier: Apache-2.0

extension GLTFModel {
    /// References of the document that lead nowhere, lists that are empty, and forms that glTF does not allow, whether a
    /// scene shows them or not.
    ///
    /// Animations, skins, cameras and morph targets are not judged: tiles of a city have none.
    /// Source: glTF 2.0, "Properties Reference" and "Meshes".
    var mistakes: [String] {
        var found: [String] = []
        for (name, value) in json.sorted(by: { $0.key < $1.key }) {
            guard name != "extras", name != "extensions", let list = value as? [Any] else { continue }
            if list.isEmpty { found.append("\(name) is empty") }
            let isText = name.hasPrefix("extensions")
            if !list.allSatisfy({ isText ? $0 is String : $0 is [String: Any] }) {
                found.append("\(name) has an entry of another type")
            }
        }
        func refer(_ value: Any?, _ target: String, _ place: String) {
            guard let value else { return }
            guard let index = value as? Int, list(target).indices.contains(index) else {
                return found.append("\(place): \(target) has no entry \(value)")
            }
        }
        if let scene = json["scene"] { refer(scene, "scenes", "scene") }
        for (number, scene) in list("scenes").enumerated() {
            references(scene["nodes"], "nodes", "scene \(number)", &found)
        }
        for (number, node) in list("nodes").enumerated() {
            refer(node["mesh"], "meshes", "node \(number)")
            references(node["children"], "nodes", "node \(number)", &found)
            if node["matrix"] != nil, ["translation", "rotation", "scale"].contains(where: { node[$0] != nil }) {
                found.append("node \(number) has both a matrix and its parts")
            }
        }
        for (number, accessor) in list("accessors").enumerated() {
            refer(accessor["bufferView"], "bufferViews", "accessor \(number)")
            if accessor["bufferView"] == nil, accessor["byteOffset"] != nil {
                found.append("accessor \(number) has a byteOffset and no bufferView")
            }
            if accessor["normalized"] as? Bool == true, [5125, 5126].contains(accessor["componentType"] as? Int) {
                found.append("accessor \(number) of 32 bits is normalized")
            }
        }
        for (number, view) in list("bufferViews").enumerated() {
            refer(view["buffer"], "buffers", "bufferView \(number)")
            if view["buffer"] == nil || (view["byteLength"] as? Int ?? 0) < 1 {
                found.append("bufferView \(number) has no buffer or byteLength")
            }
            if let stride = view["byteStride"], case let number = stride as? Int ?? 0,
                !(4...252).contains(number) || number % 4 != 0
            {
                found.append("the byteStride \(stride) of bufferView \(number) is no multiple of 4 from 4 to 252")
            }
        }
        for (number, texture) in list("textures").enumerated() {
            refer(texture["sampler"], "samplers", "texture \(number)")
            refer(texture["source"], "images", "texture \(number)")
        }
        for (number, material) in list("materials").enumerated() {
            let metal = material["pbrMetallicRoughness"] as? [String: Any] ?? [:]
            for value in [
                metal["baseColorTexture"], metal["metallicRoughnessTexture"], material["normalTexture"],
                material["occlusionTexture"], material["emissiveTexture"],
            ] {
                refer((value as? [String: Any])?["index"], "textures", "material \(number)")
            }
        }
        for (number, mesh) in list("meshes").enumerated() {
            guard let primitives = mesh["primitives"] as? [[String: Any]], !primitives.isEmpty else {
                found.append("mesh \(number) has no primitives")
                continue
            }
            for primitive in primitives { found += mistakes(primitive, "mesh \(number)") }
        }
        return found
    }

    private func references(_ value: Any?, _ target: String, _ place: String, _ found: inout [String]) {
        guard let value else { return }
        guard let numbers = value as? [Int], !numbers.isEmpty, Set(numbers).count == numbers.count,
            numbers.allSatisfy(list(target).indices.contains)
        else { return found.append("\(place): not a list of different \(target)") }
    }

    /// Component types and shapes by attribute (glTF 2.0, "Meshes"; KHR_mesh_quantization adds to them).
    private func mistakes(_ primitive: [String: Any], _ place: String) -> [String] {
        var found: [String] = []
        let accessors = list("accessors")
        if let material = primitive["material"], (material as? Int).map(list("materials").indices.contains) != true {
            found.append("\(place): there is no material \(material)")
        }
        if let indices = primitive["indices"] {
            if let index = indices as? Int, accessors.indices.contains(index) {
                let type = accessors[index]["componentType"] as? Int ?? 0
                if accessors[index]["type"] as? String != "SCALAR" || ![5121, 5123, 5125].contains(type)
                    || accessors[index]["normalized"] as? Bool == true
                {
                    found.append("\(place): indices are not SCALAR of an unsigned type")
                }
            } else {
                found.append("\(place): there is no accessor \(indices) of indices")
            }
        }
        let isQuantized = (json["extensionsUsed"] as? [String] ?? []).contains("KHR_mesh_quantization")
        var counts: Set<Int> = []
        for (name, value) in primitive["attributes"] as? [String: Any] ?? [:] {
            guard let index = value as? Int, accessors.indices.contains(index) else {
                found.append("\(place): there is no accessor of \(name)")
                continue
            }
            let accessor = accessors[index]
            counts.insert(accessor["count"] as? Int ?? 0)
            let (shape, type) = (accessor["type"] as? String ?? "", accessor["componentType"] as? Int ?? 0)
            if type == 5125 { found.append("\(place): \(name) is of 32-bit whole numbers") }
            let isFloat = type == 5126
            let wanted = ["POSITION": "VEC3", "NORMAL": "VEC3", "TANGENT": "VEC4"][name]
            if let wanted, shape != wanted || !(isFloat || isQuantized) {
                found.append("\(place): \(name) is not \(wanted) of fractions")
            }
            if name == "POSITION", accessor["min"] == nil || accessor["max"] == nil {
                found.append("\(place): POSITION has no min and max")
            }
            if name.hasPrefix("TEXCOORD_"), shape != "VEC2" { found.append("\(place): \(name) is not VEC2") }
        }
        if counts.count > 1 { found.append("\(place): attributes have different counts") }
        return found
    }
}
