// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Property attributes, property textures and feature ids in textures: how they are written, and for attributes their values.
///
/// Source: EXT_structural_metadata, "Property Textures" and "Property Attributes"; EXT_mesh_features, "Feature ID by
/// Texture Coordinates".
extension Tiles3DChecker {
    /// Attributes of a vertex have 8 or 16 bits, or are Float32 (glTF 2.0, "Accessors").
    private static let attributeTypes: Set<String> = ["INT8", "UINT8", "INT16", "UINT16", "FLOAT32"]

    /// All of a model that is not in tables.
    mutating func checkProperties(_ model: GLTFModel, _ path: String) async throws {
        try await checkImages(model, path)
        let metadata = (model.json["extensions"] as? [String: Any])?["EXT_structural_metadata"] as? [String: Any]
        let schema = metadata?["schema"] as? [String: Any]
        let attributes = checkAttributes(metadata, schema, path)
        let textures = checkTextures(metadata, schema, model, path)
        var seen: [Int: [[String: Any]]] = [:]
        for mesh in model.list("meshes") {
            for primitive in mesh["primitives"] as? [[String: Any]] ?? [] {
                let given = primitive["attributes"] as? [String: Any] ?? [:]
                let extensions = primitive["extensions"] as? [String: Any] ?? [:]
                checkFeatureTextures(extensions["EXT_mesh_features"], given, model, path)
                guard let own = extensions["EXT_structural_metadata"] as? [String: Any] else { continue }
                guard metadata != nil else {
                    add("metadata", path, "a primitive has EXT_structural_metadata and the document has not")
                    continue
                }
                for index in numbers(own, "propertyTextures", below: textures.count, path) {
                    for place in textures[index].values where given["TEXCOORD_\(place)"] == nil {
                        add("metadata", path, "a property texture wants TEXCOORD_\(place), which a primitive has not")
                    }
                }
                for index in numbers(own, "propertyAttributes", below: attributes.count, path) {
                    seen[index, default: []].append(given)
                    for name in attributes[index].values where given[name] == nil {
                        add("metadata", path, "a property attribute wants \(name), which a primitive has not")
                    }
                }
            }
        }
        for (index, primitives) in seen {
            try checkValues(index, primitives, attributes[index], metadata, schema, model, path)
        }
        let values = (metadata?["propertyTextures"] as? [Any])?.count ?? 0
        if values > 0 { report.notCovered["values in the pixels of property textures", default: 0] += values }
    }

    /// A list of numbers in an extension of a primitive.
    private mutating func numbers(_ own: [String: Any], _ key: String, below count: Int, _ path: String) -> [Int] {
        guard let value = own[key] else { return [] }
        guard let list = value as? [Any], !list.isEmpty else {
            add("metadata", path, "\(key) of a primitive is no list of numbers")
            return []
        }
        return list.compactMap { entry in
            guard let number = entry as? Int, (0..<count).contains(number) else {
                add("metadata", path, "\(key) of a primitive names \(entry), there are \(count)")
                return nil
            }
            return number
        }
    }

    private mutating func properties(
        of entry: [String: Any], _ schema: [String: Any]?, _ path: String
    ) -> [(id: String, stored: [String: Any], property: [String: Any])] {
        let classes = schema?["classes"] as? [String: [String: Any]] ?? [:]
        guard let name = entry["class"] as? String, schema == nil || classes[name] != nil else {
            add("metadata", path, "no class \(entry["class"] ?? "")")
            return []
        }
        let known = classes[name]?["properties"] as? [String: [String: Any]] ?? [:]
        let given = entry["properties"] as? [String: [String: Any]] ?? [:]
        var found: [(id: String, stored: [String: Any], property: [String: Any])] = []
        for (id, stored) in given.sorted(by: { $0.key < $1.key }) {
            if let property = known[id] {
                found.append((id, stored, property))
            } else if schema != nil {
                add("metadata", path, "\(name) has no property \(id)")
            }
        }
        return found
    }

    /// The component type that a value is stored in: that of an enum is its values'.
    private static func componentType(_ property: [String: Any], _ schema: [String: Any]?) -> String? {
        guard property["type"] as? String == "ENUM" else { return property["componentType"] as? String }
        let enums = schema?["enums"] as? [String: [String: Any]] ?? [:]
        return enums[property["enumType"] as? String ?? ""]?["valueType"] as? String ?? "UINT16"
    }

    /// The attribute of each property, for each property attribute.
    private mutating func checkAttributes(
        _ metadata: [String: Any]?, _ schema: [String: Any]?, _ path: String
    ) -> [[String: String]] {
        (metadata?["propertyAttributes"] as? [[String: Any]] ?? []).map { entry in
            var found: [String: String] = [:]
            for (id, stored, property) in properties(of: entry, schema, path) {
                guard let name = stored["attribute"] as? String else {
                    add("metadata", path, "the property \(id) names no attribute")
                    continue
                }
                found[id] = name
                let type = Self.componentType(property, schema)
                if property["array"] as? Bool == true || type.map(Self.attributeTypes.contains) != true {
                    add("metadata", path, "\(id) of \(type ?? "no component type") cannot be an attribute of vertices")
                }
            }
            return found
        }
    }

    /// Least and greatest values of properties against those that the class and the property attribute declare.
    private mutating func checkValues(
        _ index: Int, _ primitives: [[String: Any]], _ names: [String: String], _ metadata: [String: Any]?,
        _ schema: [String: Any]?, _ model: GLTFModel, _ path: String
    ) throws {
        guard let entry = (metadata?["propertyAttributes"] as? [[String: Any]])?[index] else { return }
        for (id, stored, property) in properties(of: entry, schema, path) {
            guard let name = names[id], property["type"] as? String == "SCALAR" else { continue }
            var (low, high) = (Double.infinity, -Double.infinity)
            for attributes in primitives {
                guard let accessor = attributes[name] as? Int else { continue }
                for value in try model.numbers(accessor).values { (low, high) = (min(low, value), max(high, value)) }
            }
            guard low <= high, property["normalized"] as? Bool != true else { continue }
            let scale = (stored["scale"] ?? property["scale"]) as? Double ?? 1
            let offset = (stored["offset"] ?? property["offset"]) as? Double ?? 0
            let ends = [low * scale + offset, high * scale + offset].sorted()
            for (key, end, sign) in [("min", ends[0], 1.0), ("max", ends[1], -1.0)] {
                if let limit = property[key] as? Double, (end - limit) * sign < 0 {
                    add("metadata", path, "\(id) is \(end), beyond the \(key) \(limit) of its class")
                }
                if let told = stored[key] as? Double, Float(told) != Float(end) {
                    add("metadata", path, "the \(key) of \(id) is \(end), not \(told)")
                }
            }
        }
    }

    /// The texture coordinates of each property, for each property texture.
    private mutating func checkTextures(
        _ metadata: [String: Any]?, _ schema: [String: Any]?, _ model: GLTFModel, _ path: String
    ) -> [[String: Int]] {
        let sizes = ["INT8": 1, "UINT8": 1, "INT16": 2, "UINT16": 2, "INT32": 4, "UINT32": 4, "FLOAT32": 4]
        return (metadata?["propertyTextures"] as? [[String: Any]] ?? []).map { entry in
            var found: [String: Int] = [:]
            for (id, stored, property) in properties(of: entry, schema, path) {
                guard let place = texture(stored, model, "\(path) \(id)") else { continue }
                found[id] = place.coordinates
                let width = ["VEC2": 2, "VEC3": 3, "VEC4": 4][property["type"] as? String ?? ""] ?? 1
                let count = property["array"] as? Bool == true ? property["count"] as? Int : 1
                guard let type = Self.componentType(property, schema), let size = sizes[type], let count else {
                    add("metadata", path, "\(id) cannot be held in the channels of a texture")
                    continue
                }
                if size * width * count != place.channels {
                    add("metadata", path, "\(id) wants \(size * width * count) channels, not \(place.channels)")
                }
            }
            return found
        }
    }

    /// How many channels a reference to a texture takes, and by which coordinates; nil if it is broken.
    private mutating func texture(
        _ value: Any?, _ model: GLTFModel, _ place: String
    ) -> (channels: Int, coordinates: Int, texture: Int)? {
        guard let reference = value as? [String: Any], let index = reference["index"] as? Int,
            model.list("textures").indices.contains(index)
        else {
            add("texture", place, "names no texture of the document")
            return nil
        }
        guard let coordinates = (reference["texCoord"] ?? 0) as? Int, coordinates >= 0 else {
            add("texture", place, "texCoord is no number")
            return nil
        }
        guard let list = (reference["channels"] ?? [0]) as? [Any], !list.isEmpty, list.count <= 4,
            list.allSatisfy({ [0, 1, 2, 3].contains($0 as? Int) })
        else {
            add("texture", place, "channels are not one to four numbers of 0 to 3")
            return nil
        }
        return (list.count, coordinates, index)
    }

    private mutating func checkFeatureTextures(
        _ features: Any?, _ attributes: [String: Any], _ model: GLTFModel, _ path: String
    ) {
        for set in (features as? [String: Any])?["featureIds"] as? [[String: Any]] ?? [] {
            guard let value = set["texture"] else { continue }
            guard let place = texture(value, model, path) else { continue }
            if attributes["TEXCOORD_\(place.coordinates)"] == nil {
                add("features", path, "the primitive has no TEXCOORD_\(place.coordinates)")
            }
            let sampler = model.list("textures")[place.texture]["sampler"] as? Int
            let samplers = model.list("samplers")
            if let sampler, samplers.indices.contains(sampler) {
                for key in ["magFilter", "minFilter"] where (samplers[sampler][key] as? Int ?? 9728) != 9728 {
                    add("features", path, "\(key) of feature ids in a texture is not NEAREST")
                }
            }
        }
    }

    /// Images are there and begin as their formats do.
    private mutating func checkImages(_ model: GLTFModel, _ path: String) async throws {
        for (index, image) in model.list("images").enumerated() {
            var bytes: [UInt8]?
            if let view = image["bufferView"] as? Int {
                bytes = try model.view(view)
            } else if let uri = image["uri"] as? String {
                bytes = await model.bytes(of: uri, source, path)
            }
            guard let bytes else {
                add("image", path, "image \(index) is not there")
                continue
            }
            let isWebP = bytes.count > 12 && Array(bytes[8..<12]) == Array("WEBP".utf8)
            let isKTX = bytes.starts(with: [0xAB, 0x4B, 0x54, 0x58, 0x20, 0x32, 0x30, 0xBB])
            if !TextureFiles.isImage(bytes) && !isWebP && !isKTX {
                add("image", path, "image \(index) is neither JPEG, PNG, WebP nor KTX2")
            }
            report.images += 1
        }
    }
}
