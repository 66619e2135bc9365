// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Tiles3DChecker {
    /// The schema of a tileset or a model, given or behind its address; nil where there is none that can be used.
    mutating func schema(of json: [String: Any], _ path: String) async -> MetadataSchema? {
        if json["schema"] != nil, json["schemaUri"] != nil {
            add("schema", path, "both schema and schemaUri (3D Tiles, \"Metadata\")")
        }
        var place = path
        var value = json["schema"]
        if value == nil, let address = json["schemaUri"] {
            guard let uri = address as? String else {
                add("schema", path, "schemaUri is no text")
                return nil
            }
            place = Tiles3DSource.resolve(uri, from: path)
            guard let bytes = await source.read(place) else {
                add("schema", path, "there is no schema \(uri)")
                return nil
            }
            guard let object = Self.object(bytes) else {
                add("schema", place, "not a JSON object")
                return nil
            }
            value = object
        }
        guard let value else { return nil }
        return MetadataSchema(value) { add("schema", place, $0.message) }
    }

    /// What a tileset counts of its classes names classes and properties of the schema.
    mutating func checkStatistics(_ json: [String: Any], _ schema: MetadataSchema?, _ path: String) {
        guard let value = json["statistics"] else { return }
        let clause = "(3D Tiles, \"Metadata Statistics\")"
        guard let statistics = value as? [String: Any] else {
            return add("statistics", path, "statistics is no object \(clause)")
        }
        guard let schema else { return add("statistics", path, "statistics without a schema \(clause)") }
        let classes = MetadataSchema.members(statistics["classes"], "statistics.classes", "Statistics") {
            add("statistics", path, $0.message)
        }
        for (name, entry) in classes {
            guard let known = schema.classes[name] else {
                add("statistics", path, "the schema has no class \(name) \(clause)")
                continue
            }
            if let count = entry["count"], (count as? Int ?? -1) < 0 {
                add("statistics", path, "the count of \(name) is no whole number of 0 or more \(clause)")
            }
            let properties = MetadataSchema.members(entry["properties"], "properties of \(name)", "Statistics") {
                add("statistics", path, $0.message)
            }
            for (id, _) in properties where known.properties[id] == nil {
                add("statistics", path, "\(name) has no property \(id) \(clause)")
            }
        }
    }

    mutating func checkGroups(_ json: [String: Any], _ path: String, _ frame: Frame) -> Int {
        guard let value = json["groups"] else { return 0 }
        guard let groups = value as? [[String: Any]], !groups.isEmpty else {
            add("group", path, "groups is no list of objects")
            return 0
        }
        for group in groups { checkMetadata(group, path, frame) }
        return groups.count
    }

    /// A metadata entity names a class, gives its required properties, and values that fit them.
    mutating func checkMetadata(_ value: Any?, _ place: String, _ frame: Frame) {
        guard let value else { return }
        guard let entity = value as? [String: Any], let name = entity["class"] as? String else {
            return add("metadata", place, "metadata names no class (3D Tiles, \"Metadata\")")
        }
        guard let known = frame.schema?.classes[name] else {
            return add("metadata", place, "the schema has no class \(name) (3D Tiles, \"Metadata\")")
        }
        let given = entity["properties"] as? [String: Any] ?? [:]
        for (id, property) in known.properties.sorted(by: { $0.key < $1.key }) where property.isRequired {
            if given[id] == nil || given[id] is NSNull {
                add("metadata", place, "\(name).\(id) is required (3D Metadata, \"Required Properties\")")
            }
        }
        for (id, value) in given.sorted(by: { $0.key < $1.key }) where !(value is NSNull) {
            guard let property = known.properties[id] else {
                add("metadata", place, "\(name) has no property \(id) (3D Metadata, \"Property\")")
                continue
            }
            if let error = value as? Double, property.semantic == "TILE_GEOMETRIC_ERROR",
                Float(error) != Float(frame.error)
            {
                add("metadata", place, "TILE_GEOMETRIC_ERROR \(error) is not the tile's geometricError")
            }
            do throws(MetadataSchema.Mistake) {
                var range = MetadataRange(property)
                try range.take(try property.numbers(value, isStored: true))
                try range.judge([:])
            } catch {
                add("metadata", "\(place) \(name).\(id)", error.message)
            }
        }
    }
}
