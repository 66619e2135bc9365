// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Tiles3DChecker {
    /// The classes of the tileset's schema, by id.
    mutating func checkSchema(_ json: [String: Any], _ path: String) -> [String: [String: Any]] {
        if json["schema"] != nil, json["schemaUri"] != nil { add("schema", path, "both schema and schemaUri") }
        if let value = json["schemaUri"] {
            if value is String {
                report.notCovered["schemaUri", default: 0] += 1
            } else {
                add("schema", path, "schemaUri is no text")
            }
        }
        guard let value = json["schema"] else {
            if json["statistics"] != nil, json["schemaUri"] == nil {
                add("schema", path, "statistics without a schema")
            }
            return [:]
        }
        guard let schema = value as? [String: Any] else {
            add("schema", path, "the schema is no object")
            return [:]
        }
        return (schema["classes"] as? [String: Any] ?? [:]).compactMapValues { $0 as? [String: Any] }
    }

    mutating func checkGroups(_ json: [String: Any], _ path: String, _ frame: Frame) -> Int {
        guard let value = json["groups"] else { return 0 }
        guard let groups = value as? [[String: Any]], !groups.isEmpty else {
            add("group", path, "groups is no list of objects")
            return 0
        }
        for group in groups { checkMetadata(group, path, frame, hasSchemaElsewhere: json["schemaUri"] != nil) }
        return groups.count
    }

    /// A metadata entity names a class and gives its required properties.
    mutating func checkMetadata(_ value: Any?, _ place: String, _ frame: Frame, hasSchemaElsewhere: Bool = false) {
        guard let value else { return }
        guard let entity = value as? [String: Any], let name = entity["class"] as? String else {
            return add("metadata", place, "metadata names no class")
        }
        guard let properties = frame.classes[name]?["properties"] as? [String: [String: Any]] else {
            if frame.classes[name] == nil, !hasSchemaElsewhere {
                add("metadata", place, "the schema has no class \(name)")
            }
            return
        }
        let given = entity["properties"] as? [String: Any] ?? [:]
        for (id, property) in properties where property["required"] as? Bool == true {
            if given[id] == nil || given[id] is NSNull { add("metadata", place, "\(name).\(id) is required") }
        }
        for (id, value) in given {
            guard let property = properties[id] else {
                add("metadata", place, "\(name) has no property \(id)")
                continue
            }
            if let error = value as? Double, property["semantic"] as? String == "TILE_GEOMETRIC_ERROR",
                error != frame.error
            {
                add("metadata", place, "TILE_GEOMETRIC_ERROR \(error) is not the tile's geometricError")
            }
            checkRange(value, property, "\(place) \(name).\(id)")
        }
    }

    private mutating func checkRange(_ value: Any, _ property: [String: Any], _ place: String) {
        func numbers(_ value: Any?) -> [Double] {
            if let number = value as? Double { return [number] }
            return (value as? [Any] ?? []).flatMap(numbers)
        }
        let values = numbers(value)
        for (bound, isLow) in [(numbers(property["min"]), true), (numbers(property["max"]), false)] {
            for (index, number) in values.enumerated() where !bound.isEmpty {
                let limit = bound[index % bound.count]
                if isLow ? number < limit : number > limit {
                    add("metadata", place, "\(number) is beyond the property's \(isLow ? "min" : "max") \(limit)")
                }
            }
        }
    }
}
