// SPDX-License-Identifier: Apache-2.0

extension ColumnFilter {
    /// Reads a short condition: `floors>=6`, `class=house`, `name~%路%` (like), `year=null`, `year<>null`.
    ///
    /// The value is taken as the type of the layer's field. Several conditions are joined by `and`.
    /// - Parameter masked: fields that the caller may not see: nothing is told of them, not even the type.
    /// - Throws: `TwinError.argument`, naming the field.
    public static func condition(
        _ text: String, layer: LayerDefinition, masked: Set<String> = []
    ) throws -> ColumnFilter {
        let operators = ["<>", "<=", ">=", "!=", "=", "<", ">", "~"]
        let places = text.indices.lazy.compactMap { place in
            operators.first { text[place...].hasPrefix($0) }.map { (place, $0) }
        }
        guard let (place, name) = places.first, place > text.startIndex else {
            throw TwinError(
                .argument, "where: '\(text.prefix(80))' is no condition; write for example floors>=6 or class=house")
        }
        let field = String(text[..<place]).trimmingWhitespace()
        let value = String(text[text.index(place, offsetBy: name.count)...]).trimmingWhitespace()
        return try condition(field, name, value, layer: layer, masked: masked, parameter: "where")
    }

    /// Reads `field=value` of a URL: the value is taken as the type of the field; `null` asks for features without one.
    ///
    /// - Throws: `TwinError.argument`, naming the field.
    public static func condition(
        field: String, equals value: String, layer: LayerDefinition, masked: Set<String>
    ) throws -> ColumnFilter {
        try condition(field, "=", value, layer: layer, masked: masked, parameter: field)
    }

    /// A condition whose value is text, taken as the type of the field.
    static func condition(
        _ field: String, _ name: String, _ value: String, layer: LayerDefinition, masked: Set<String>, parameter: String
    ) throws -> ColumnFilter {
        _ = try layer.queryColumn(field, masked: masked, parameter: parameter)
        if name == "~" { return .like(field, LikePattern(value)) }
        let comparison = FilterComparison(rawValue: name == "!=" ? "<>" : name) ?? .equal
        if value == "null", comparison == .equal { return .isNull(field) }
        if value == "null", comparison == .notEqual { return .not(.isNull(field)) }
        let type = layer.fieldIndex(field).map { layer.fields[$0].type } ?? .string
        switch type {
        case .integer, .real:
            if let number = Int64(value) { return .compare(field, comparison, .integer(number)) }
            if let number = Double(value), number.isFinite { return .compare(field, comparison, .real(number)) }
        case .boolean:
            if let truth = Bool(value) { return .compare(field, comparison, .boolean(truth)) }
        case .string, .date, .datetime: return .compare(field, comparison, .text(value))
        }
        throw layer.typeMismatch(
            field, "it is compared with the text '\(value.prefix(80))'", parameter: parameter)
    }
}
