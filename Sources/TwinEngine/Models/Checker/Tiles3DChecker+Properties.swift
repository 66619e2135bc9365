// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Property attributes and what primitives name of metadata: how they are written, and the attributes' values.
///
/// Source: EXT_structural_metadata, "Property Attributes".
extension Tiles3DChecker {
    /// Attributes of a vertex have 8 or 16 bits, or are Float32 (glTF 2.0, "Accessors").
    private static let attributeTypes: Set<String> = ["INT8", "UINT8", "INT16", "UINT16", "FLOAT32"]

    /// All of a model that is not in tables.
    ///
    /// - Parameter rows: Those of each property table.
    mutating func checkProperties(
        _ model: GLTFModel, _ schema: MetadataSchema?, _ rows: [Int], _ path: String
    ) async throws {
        let images = try await checkImages(model, path)
        let attributes = checkAttributes(model.metadata, schema, path)
        let textures = checkTextures(schema, model, images, path)
        var seen: [Int: [[String: Any]]] = [:]
        for mesh in model.list("meshes") {
            for primitive in mesh["primitives"] as? [[String: Any]] ?? [] {
                let given = primitive["attributes"] as? [String: Any] ?? [:]
                let extensions = primitive["extensions"] as? [String: Any] ?? [:]
                checkFeatureTextures(extensions["EXT_mesh_features"], given, model, images, rows, path)
                guard let own = extensions["EXT_structural_metadata"] as? [String: Any] else { continue }
                guard model.metadata != nil else {
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
            try checkValues(index, primitives, attributes[index], schema, model, path)
        }
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

    /// What a property attribute or texture says of each property of its class.
    mutating func properties(
        of entry: [String: Any], _ schema: MetadataSchema?, _ path: String
    ) -> [(id: String, stored: [String: Any], property: MetadataSchema.Property)] {
        guard let name = entry["class"] as? String, let known = schema?.classes[name] else {
            add("metadata", path, "the schema has no class \(entry["class"] ?? "")")
            return []
        }
        var found: [(id: String, stored: [String: Any], property: MetadataSchema.Property)] = []
        let given = MetadataSchema.members(entry["properties"], "properties of \(name)", "Properties") {
            add("metadata", path, $0.message)
        }
        for (id, stored) in given {
            guard let property = known.properties[id] else {
                add("metadata", path, "\(name) has no property \(id) (3D Metadata, \"Property\")")
                continue
            }
            property.checkValues(stored, id) { add("metadata", path, $0.message) }
            found.append((id, stored, property))
        }
        return found
    }

    /// The attribute of each property, for each property attribute.
    private mutating func checkAttributes(
        _ metadata: [String: Any]?, _ schema: MetadataSchema?, _ path: String
    ) -> [[String: String]] {
        (metadata?["propertyAttributes"] as? [[String: Any]] ?? []).map { entry in
            var found: [String: String] = [:]
            for (id, stored, property) in properties(of: entry, schema, path) {
                guard let name = stored["attribute"] as? String else {
                    add("metadata", path, "the property \(id) names no attribute")
                    continue
                }
                found[id] = name
                let type = property.componentName
                if property.isArray || type.map(Self.attributeTypes.contains) != true {
                    add("metadata", path, "\(id) of \(type ?? "no component type") cannot be an attribute of vertices")
                }
            }
            return found
        }
    }

    /// The values of attributes against the class and the property attribute.
    private mutating func checkValues(
        _ index: Int, _ primitives: [[String: Any]], _ names: [String: String], _ schema: MetadataSchema?,
        _ model: GLTFModel, _ path: String
    ) throws {
        guard let entry = (model.metadata?["propertyAttributes"] as? [[String: Any]])?[index],
            let known = (entry["class"] as? String).flatMap({ schema?.classes[$0] })
        else { return }
        for (id, name) in names.sorted(by: { $0.key < $1.key }) {
            guard let property = known.properties[id], !property.isArray,
                let stored = (entry["properties"] as? [String: Any])?[id] as? [String: Any]
            else { continue }
            var range = MetadataRange(property, stored)
            do {
                for attributes in primitives {
                    guard let accessor = attributes[name] as? Int else { continue }
                    let (values, width, _) = try model.numbers(accessor)
                    guard width == property.width else {
                        add("metadata", path, "\(name) has \(width) components, \(id) has \(property.width)")
                        continue
                    }
                    for at in stride(from: 0, to: values.count, by: width) { try range.take(values[at..<at + width]) }
                }
                try range.judge(stored)
            } catch let mistake as MetadataSchema.Mistake {
                add("metadata", "\(path) \(id)", mistake.message)
            }
        }
    }
}
