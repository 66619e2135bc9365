// SPDX-License-Identifier: Apache-2.0

/// What a metadata schema declares: classes with their properties, and enums.
///
/// Source: OGC 3D Tiles 1.1, "3D Metadata Specification"; EXT_structural_metadata has the same schemas.
struct MetadataSchema {
    /// What does not hold, with the clause that says so.
    struct Mistake: Error {
        var message: String
        init(_ message: String, _ clause: String) { self.message = "\(message) (3D Metadata, \"\(clause)\")" }
    }

    /// A type of stored numbers ("Component Type").
    struct Component: Sendable {
        var size: Int
        var isFloat = false
        var low: Double
        var high: Double
    }

    /// The ends of 64 bits are those that a double can hold.
    static let components: [String: Component] = [
        "INT8": Component(size: 1, low: -128, high: 127), "UINT8": Component(size: 1, low: 0, high: 255),
        "INT16": Component(size: 2, low: -32768, high: 32767), "UINT16": Component(size: 2, low: 0, high: 65535),
        "INT32": Component(size: 4, low: -2_147_483_648, high: 2_147_483_647),
        "UINT32": Component(size: 4, low: 0, high: 4_294_967_295),
        "INT64": Component(size: 8, low: -9_223_372_036_854_775_808, high: 9_223_372_036_854_775_808),
        "UINT64": Component(size: 8, low: 0, high: 18_446_744_073_709_551_616),
        "FLOAT32": Component(
            size: 4, isFloat: true, low: -Double(Float.greatestFiniteMagnitude),
            high: Double(Float.greatestFiniteMagnitude)),
        "FLOAT64": Component(
            size: 8, isFloat: true, low: -Double.greatestFiniteMagnitude, high: Double.greatestFiniteMagnitude),
    ]

    /// Components of one value by type; STRING, BOOLEAN and ENUM have one of another kind.
    static let widths = [
        "SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16, "STRING": 1, "BOOLEAN": 1,
        "ENUM": 1,
    ]

    struct Enumeration {
        var typeName = "UINT16"
        var values: [String: Double] = [:]
    }

    struct Property {
        var type: String
        var width: Int
        /// Of numbers; of an enum that of its values; nil for texts and booleans.
        var componentName: String?
        var values: [String: Double] = [:]
        var isArray = false
        var count: Int?
        var isNormalized = false
        var isRequired = false
        var semantic: String?
        /// As the schema writes it: `min`, `max`, `offset`, `scale`, `noData`.
        var json: [String: Any]

        var component: Component? { componentName.flatMap { MetadataSchema.components[$0] } }
        var isNumeric: Bool { type == "SCALAR" || type.hasPrefix("VEC") || type.hasPrefix("MAT") }
        var isVariable: Bool { isArray && count == nil }
        /// Whether `offset` and `scale` make sense ("Offset and Scale").
        var isScalable: Bool { isNumeric && !isVariable && (component?.isFloat == true || isNormalized) }
    }

    struct Class {
        var properties: [String: Property] = [:]
    }

    var classes: [String: Class] = [:]
    var enums: [String: Enumeration] = [:]

    /// "Identifiers": a letter or underscore, then letters, digits and underscores.
    static func isIdentifier(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isLetter(_ byte: UInt8) -> Bool { byte == 0x5F || (0x61...0x7A).contains(byte | 0x20) }
        guard let first = bytes.first, isLetter(first) else { return false }
        return bytes.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }

    /// The number in a stored value as it is used: `offset + scale * normalize(value)` without the offset and scale.
    static func normalize(_ raw: Double, _ property: Property) -> Double {
        guard property.isNormalized, let component = property.component, !component.isFloat else { return raw }
        return max(raw / component.high, component.low < 0 ? -1 : 0)
    }
}

extension MetadataSchema.Property {
    /// The numbers of a value in JSON, after its structure was judged; texts and booleans give none.
    ///
    /// - Parameter isStored: The value is one of those that are stored: whole numbers within the component's range.
    ///   Ends and factors of normalized properties are not.
    func numbers(_ value: Any, isStored: Bool) throws(MetadataSchema.Mistake) -> [Double] {
        guard isArray else { return try element(value, isStored) }
        guard let list = value as? [Any] else { throw MetadataSchema.Mistake("\(value) is no array", "Arrays") }
        if let count, list.count != count {
            throw MetadataSchema.Mistake("an array of \(list.count) values, \(count) are declared", "Arrays")
        }
        var numbers: [Double] = []
        for item in list { numbers += try element(item, isStored) }
        return numbers
    }

    private func element(_ value: Any, _ isStored: Bool) throws(MetadataSchema.Mistake) -> [Double] {
        switch type {
        case "STRING":
            guard value is String else { throw MetadataSchema.Mistake("\(value) is no text", "Strings") }
            return []
        case "BOOLEAN":
            guard value is Bool else { throw MetadataSchema.Mistake("\(value) is not true or false", "Booleans") }
            return []
        case "ENUM":
            guard let name = value as? String, let number = values[name] else {
                throw MetadataSchema.Mistake("\(value) is no name of the enum", "Enums")
            }
            return [number]
        default:
            guard width > 1 else { return [try number(value, isStored)] }
            guard let list = value as? [Any], list.count == width else {
                throw MetadataSchema.Mistake("\(value) is not \(width) numbers", "Property Values Structure")
            }
            var numbers: [Double] = []
            for item in list { numbers.append(try number(item, isStored)) }
            return numbers
        }
    }

    private func number(_ value: Any, _ isStored: Bool) throws(MetadataSchema.Mistake) -> Double {
        // Whole numbers of 64 bits need not be doubles.
        let read = value as? Double ?? (value as? Int).map { Double($0) } ?? (value as? UInt64).map { Double($0) }
        guard let number = read, number.isFinite else {
            throw MetadataSchema.Mistake("\(value) is no number", "Property Values Structure")
        }
        guard let component, isStored || !isNormalized else { return number }
        guard number >= component.low, number <= component.high, component.isFloat || number == number.rounded() else {
            throw MetadataSchema.Mistake("\(number) is no \(componentName ?? "number")", "Component Type")
        }
        return number
    }
}
