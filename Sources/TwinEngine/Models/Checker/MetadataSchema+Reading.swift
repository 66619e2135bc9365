// SPDX-License-Identifier: Apache-2.0

extension MetadataSchema {
    typealias Report = (Mistake) -> Void

    /// Reads a schema and names everything in it that does not hold; what is left can be used.
    init(_ json: Any, _ report: Report) {
        guard let json = json as? [String: Any] else {
            report(Mistake("the schema is no object", "Schema"))
            return
        }
        if let id = json["id"] as? String {
            if !Self.isIdentifier(id) { report(Mistake("the schema's id '\(id)' is no identifier", "Identifiers")) }
        } else {
            report(Mistake("the schema has no id", "ID"))
        }
        Self.checkTexts(json, ["name", "description", "version"], "the schema", report)
        for (id, value) in Self.members(json["enums"], "enums", "Enums", report) {
            enums[id] = Self.enumeration(value, id, report)
        }
        for (id, value) in Self.members(json["classes"], "classes", "Classes", report) {
            classes[id] = Class(value, id, self, report)
        }
    }

    /// Objects by identifier; none where the member is missing.
    static func members(
        _ value: Any?, _ name: String, _ clause: String, _ report: Report
    ) -> [(key: String, value: [String: Any])] {
        guard let value else { return [] }
        guard let object = value as? [String: Any] else {
            report(Mistake("\(name) is no object", clause))
            return []
        }
        if object.isEmpty { report(Mistake("\(name) is empty", clause)) }
        var found: [(key: String, value: [String: Any])] = []
        for (id, item) in object.sorted(by: { $0.key < $1.key }) {
            if !isIdentifier(id) { report(Mistake("'\(id)' of \(name) is no identifier", "Identifiers")) }
            if let item = item as? [String: Any] {
                found.append((id, item))
            } else {
                report(Mistake("'\(id)' of \(name) is no object", clause))
            }
        }
        return found
    }

    static func checkTexts(_ json: [String: Any], _ keys: [String], _ place: String, _ report: Report) {
        for key in keys {
            guard let value = json[key] else { continue }
            if (value as? String ?? "").isEmpty { report(Mistake("the \(key) of \(place) is no text", "Name")) }
        }
    }

    private static func enumeration(_ json: [String: Any], _ id: String, _ report: Report) -> Enumeration {
        checkTexts(json, ["name", "description"], "the enum \(id)", report)
        var found = Enumeration()
        if let value = json["valueType"] {
            if let name = value as? String, components[name]?.isFloat == false {
                found.typeName = name
            } else {
                report(Mistake("the valueType of the enum \(id) is no type of whole numbers", "Values"))
            }
        }
        guard let list = json["values"] as? [Any], !list.isEmpty else {
            report(Mistake("the enum \(id) has no values", "Values"))
            return found
        }
        let range = components[found.typeName]
        var seen: Set<Double> = []
        for item in list {
            guard let item = item as? [String: Any], let name = item["name"] as? String, !name.isEmpty,
                let number = item["value"] as? Int
            else {
                report(Mistake("a value of the enum \(id) has no name or no whole number", "Values"))
                continue
            }
            checkTexts(item, ["description"], "the value \(name)", report)
            let value = Double(number)
            if let range, value < range.low || value > range.high {
                report(Mistake("\(number) of the enum \(id) is no \(found.typeName)", "Values"))
            }
            if found.values.updateValue(value, forKey: name) != nil {
                report(Mistake("the enum \(id) has \(name) twice", "Values"))
            }
            if !seen.insert(value).inserted { report(Mistake("the enum \(id) has \(number) twice", "Values")) }
        }
        return found
    }
}

extension MetadataSchema.Class {
    typealias Mistake = MetadataSchema.Mistake

    init(_ json: [String: Any], _ id: String, _ schema: MetadataSchema, _ report: MetadataSchema.Report) {
        MetadataSchema.checkTexts(json, ["name", "description"], "the class \(id)", report)
        var semantics: [String: String] = [:]
        let given = MetadataSchema.members(json["properties"], "the properties of \(id)", "Properties", report)
        for (key, value) in given {
            let name = "\(id).\(key)"
            guard let property = MetadataSchema.Property(value, name, schema, report) else { continue }
            properties[key] = property
            guard let semantic = property.semantic else { continue }
            if let other = semantics.updateValue(key, forKey: semantic) {
                report(Mistake("\(name) and \(other) have the semantic \(semantic)", "Semantic"))
            }
        }
    }
}

extension MetadataSchema.Property {
    typealias Mistake = MetadataSchema.Mistake
    typealias Report = MetadataSchema.Report

    /// Reads a property of a class; nil where it has no type.
    init?(_ json: [String: Any], _ name: String, _ schema: MetadataSchema, _ report: Report) {
        guard let type = json["type"] as? String, let width = MetadataSchema.widths[type] else {
            report(Mistake("\(name) has no type, or one that is not known", "Type"))
            return nil
        }
        self.init(type: type, width: width, json: json)
        MetadataSchema.checkTexts(json, ["name", "description", "semantic"], name, report)
        semantic = json["semantic"] as? String
        readKind(name, schema, report)
        readArray(name, report)
        for key in ["normalized", "required"] where json[key] != nil && !(json[key] is Bool) {
            report(Mistake("\(key) of \(name) is not true or false", "Property"))
        }
        isNormalized = json["normalized"] as? Bool ?? false
        isRequired = json["required"] as? Bool ?? false
        if isNormalized, !isNumeric || component?.isFloat != false {
            report(Mistake("\(name) is normalized, and not of whole numbers", "Normalized Values"))
        }
        checkValues(json, name, report)
        if isRequired {
            for key in ["noData", "default"] where json[key] != nil {
                report(
                    Mistake(
                        "\(name) is required and has \(key)",
                        "Required Properties, No Data Values, and Default Values"))
            }
        }
        if let value = json["noData"] {
            if type == "BOOLEAN" {
                report(
                    Mistake(
                        "\(name) is BOOLEAN and has noData", "Required Properties, No Data Values, and Default Values"))
            } else {
                judge(value, "noData of \(name)", isStored: true, report)
            }
        }
        if let value = json["default"] { judge(value, "default of \(name)", isStored: true, report) }
        if let semantic { checkSemantic(semantic, name, report) }
    }

    private mutating func readKind(_ name: String, _ schema: MetadataSchema, _ report: Report) {
        if let value = json["componentType"] {
            componentName = (value as? String).flatMap { MetadataSchema.components[$0] == nil ? nil : $0 }
            if componentName == nil { report(Mistake("\(name) has no known componentType", "Component Type")) }
            if !isNumeric { report(Mistake("\(name) is \(type) and has a componentType", "Component Type")) }
        } else if isNumeric {
            report(Mistake("\(name) has no componentType", "Component Type"))
        }
        guard type == "ENUM" else {
            if json["enumType"] != nil { report(Mistake("\(name) is \(type) and has an enumType", "Enum Type")) }
            return
        }
        guard let id = json["enumType"] as? String else {
            return report(Mistake("\(name) names no enumType", "Enum Type"))
        }
        guard let found = schema.enums[id] else {
            return report(Mistake("\(name): the schema has no enum \(id)", "Enum Type"))
        }
        (componentName, values) = (found.typeName, found.values)
    }

    private mutating func readArray(_ name: String, _ report: Report) {
        if let value = json["array"] {
            if !(value is Bool) { report(Mistake("array of \(name) is not true or false", "Arrays")) }
            isArray = value as? Bool ?? false
        }
        guard let value = json["count"] else { return }
        guard let number = value as? Int, number >= 2 else {
            return report(Mistake("count of \(name) is no whole number of 2 or more", "Arrays"))
        }
        if !isArray { report(Mistake("\(name) has a count and is no array", "Arrays")) }
        count = number
    }

    /// Ends and factors, of the class or of what stores its values.
    func checkValues(_ json: [String: Any], _ name: String, _ report: Report) {
        for key in ["offset", "scale"] {
            guard let value = json[key] else { continue }
            if isScalable {
                judge(value, "\(key) of \(name)", isStored: false, report)
            } else {
                report(
                    Mistake("\(name) has \(key), and no fixed number of fractions", "Offset and Scale"))
            }
        }
        for key in ["min", "max"] {
            guard let value = json[key] else { continue }
            if isNumeric, !isVariable {
                judge(value, "\(key) of \(name)", isStored: false, report)
            } else {
                report(
                    Mistake("\(name) has \(key), and no fixed number of numbers", "Minimum and Maximum Values"))
            }
        }
    }

    private func judge(_ value: Any, _ name: String, isStored: Bool, _ report: Report) {
        do throws(Mistake) {
            _ = try numbers(value, isStored: isStored)
        } catch {
            report(Mistake("\(name): \(error.message)", "Property Values Structure"))
        }
    }

    /// What a semantic wants of the property that has it: type, component types, and for arrays their length.
    private static let semantics: [String: (type: String, components: Set<String>, array: Bool, count: Int?)] = {
        let floats: Set<String> = ["FLOAT32", "FLOAT64"]
        let whole: Set<String> = ["UINT8", "UINT16", "UINT32", "UINT64"]
        var table: [String: (type: String, components: Set<String>, array: Bool, count: Int?)] = [
            "ID": ("STRING", [], false, nil), "NAME": ("STRING", [], false, nil),
            "DESCRIPTION": ("STRING", [], false, nil), "ATTRIBUTION_IDS": ("SCALAR", whole, true, nil),
            "ATTRIBUTION_STRINGS": ("STRING", [], true, nil),
            "TILESET_FEATURE_ID_LABELS": ("STRING", [], true, nil),
            "TILESET_CRS_GEOCENTRIC": ("STRING", [], false, nil),
            "TILESET_CRS_COORDINATE_EPOCH": ("STRING", [], false, nil),
            "TILESET_TILE_COUNT": ("SCALAR", ["UINT64"], false, nil),
            "TILE_GEOMETRIC_ERROR": ("SCALAR", floats, false, nil), "TILE_REFINE": ("SCALAR", ["UINT8"], false, nil),
            "TILE_TRANSFORM": ("MAT4", floats, false, nil), "CONTENT_URI": ("STRING", [], false, nil),
            "CONTENT_GROUP_ID": ("SCALAR", whole, false, nil),
        ]
        for prefix in ["TILE", "CONTENT"] {
            table["\(prefix)_BOUNDING_BOX"] = ("SCALAR", floats, true, 12)
            table["\(prefix)_BOUNDING_REGION"] = ("SCALAR", ["FLOAT64"], true, 6)
            table["\(prefix)_BOUNDING_SPHERE"] = ("SCALAR", floats, true, 4)
            table["\(prefix)_BOUNDING_S2_CELL"] = ("SCALAR", ["UINT64"], false, nil)
            table["\(prefix)_MINIMUM_HEIGHT"] = ("SCALAR", floats, false, nil)
            table["\(prefix)_MAXIMUM_HEIGHT"] = ("SCALAR", floats, false, nil)
            table["\(prefix)_HORIZON_OCCLUSION_POINT"] = ("VEC3", floats, false, nil)
        }
        return table
    }()

    private func checkSemantic(_ semantic: String, _ name: String, _ report: Report) {
        guard let wanted = Self.semantics[semantic] else { return }
        let fits =
            type == wanted.type && isArray == wanted.array && (!isArray || count == wanted.count) && !isNormalized
            && (wanted.components.isEmpty || componentName.map(wanted.components.contains) == true)
        if !fits { report(Mistake("\(name) does not have the form that \(semantic) wants", "Semantic Reference")) }
    }
}
