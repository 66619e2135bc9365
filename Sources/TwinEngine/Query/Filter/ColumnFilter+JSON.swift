// SPDX-License-Identifier: Apache-2.0

extension ColumnFilter {
    static let example =
        #"write for example {"op":"and","args":[{"op":">=","args":[{"property":"floors"},6]},"#
        + #"{"op":"in","args":[{"property":"class"},["house","hotel"]]}]}"#

    /// Reads a filter in CQL2 JSON (OGC 21-065r2): `and`, `or`, `not`, the six comparisons, `between`, `in`, `like`,
    /// `isNull`, and `casei` around a property and a pattern of `like`. Other operators are refused by name.
    ///
    /// - Throws: `TwinError.argument`.
    public init(json: [UInt8]) throws {
        self = try Self.read(JSONValue(parsing: json, name: "filter"), depth: 1)
    }

    static func read(_ value: JSONValue, depth: Int) throws -> ColumnFilter {
        guard depth <= depthLimit else {
            throw TwinError(.argument, "filter: it is nested deeper than \(depthLimit) levels; \(example)")
        }
        if case .boolean(let truth) = value { return .constant(truth) }
        guard case .object(let object) = value, let name = object["op"]?.text, let args = object["args"]?.list else {
            throw TwinError(.argument, "filter: a condition is an object with \"op\" and \"args\"; \(example)")
        }
        if let unknown = object.keys.first(where: { $0 != "op" && $0 != "args" }) {
            throw TwinError(.argument, "filter: a condition has no member '\(unknown.prefix(80))'; \(example)")
        }
        switch name {
        case "and": return .and(try args.map { try read($0, depth: depth + 1) })
        case "or": return .or(try args.map { try read($0, depth: depth + 1) })
        case "not":
            try count(args, 1, name)
            return .not(try read(args[0], depth: depth + 1))
        case "isNull":
            try count(args, 1, name)
            return .isNull(try property(args[0], name))
        case "between":
            try count(args, 3, name)
            return .between(try property(args[0], name), try literal(args[1], name), try literal(args[2], name))
        case "in":
            try count(args, 2, name)
            guard let list = args[1].list else {
                throw TwinError(.argument, "filter: the second argument of in is a list of values; \(example)")
            }
            return .isIn(try property(args[0], name), try list.map { try literal($0, name) })
        case "like":
            try count(args, 2, name)
            let (field, fieldFolded) = try folded(args[0])
            let (pattern, patternFolded) = try folded(args[1])
            guard fieldFolded == patternFolded, let text = pattern.text else {
                throw TwinError(
                    .argument,
                    #"filter: like takes a property and a pattern, both or none in casei; write for example "#
                        + #"{"op":"like","args":[{"property":"name"},"%路%"]}"#)
            }
            return .like(try property(field, name), LikePattern(text, ignoresCase: fieldFolded))
        default:
            guard let comparison = FilterComparison(rawValue: name) else {
                throw TwinError(
                    .argument,
                    "filter: there is no operator '\(name.prefix(40))' here; there are and, or, not, =, <>, <, <=, >, >=, "
                        + "between, in, like, isNull")
            }
            try count(args, 2, name)
            return try compared(args, comparison, name)
        }
    }

    /// A property against a literal, a literal against a property, or two properties.
    private static func compared(
        _ args: [JSONValue], _ comparison: FilterComparison, _ name: String
    ) throws -> ColumnFilter {
        if case .object(let object) = args[1], object["property"] != nil {
            let right = try property(args[1], name)
            if case .object(let other) = args[0], other["property"] != nil {
                return .compareFields(try property(args[0], name), comparison, right)
            }
            return .compare(right, comparison.mirrored, try literal(args[0], name))
        }
        return .compare(try property(args[0], name), comparison, try literal(args[1], name))
    }

    private static func count(_ args: [JSONValue], _ wanted: Int, _ name: String) throws {
        guard args.count == wanted else {
            throw TwinError(.argument, "filter: \(name) takes \(wanted) arguments, not \(args.count); \(example)")
        }
    }

    private static func property(_ value: JSONValue, _ name: String) throws -> String {
        guard case .object(let object) = value, object.count == 1, let field = object["property"]?.text else {
            throw TwinError(.argument, #"filter: \#(name) needs a field as {"property":"NAME"}; \#(example)"#)
        }
        return field
    }

    /// What is inside `casei`, and whether it was there.
    private static func folded(_ value: JSONValue) throws -> (JSONValue, Bool) {
        guard case .object(let object) = value, object["op"]?.text == "casei", let args = object["args"]?.list,
            args.count == 1
        else { return (value, false) }
        return (args[0], true)
    }

    private static func literal(_ value: JSONValue, _ name: String) throws -> FilterValue {
        switch value {
        case .integer(let number): return .integer(number)
        case .real(let number): return .real(number)
        case .text(let text): return .text(text)
        case .boolean(let truth): return .boolean(truth)
        case .object(let object):
            // CQL2 dates and instants; texts here, in the order of time.
            if object.count == 1, let text = (object["date"] ?? object["timestamp"])?.text { return .text(text) }
            fallthrough
        case .null, .list:
            throw TwinError(
                .argument, "filter: \(name) needs a number, a text, true or false; for nulls write isNull; \(example)")
        }
    }
}

extension FilterComparison {
    /// The comparison with its sides exchanged.
    var mirrored: FilterComparison {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}

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
