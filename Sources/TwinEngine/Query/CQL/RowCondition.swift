// SPDX-License-Identifier: Apache-2.0

/// A condition of CQL2 that is evaluated on values: arithmetic, functions, spatial, temporal and array predicates.
public struct RowCondition: Sendable, Hashable, CustomStringConvertible {
    let expression: CQLExpression
    /// Of the geometries in it; nil is CRS84.
    let crs: FeatureCRS?
    /// Ready for one layer, once it was looked up.
    var bound: CQLBound?

    init(_ expression: CQLExpression, crs: FeatureCRS?) {
        self.expression = expression
        self.crs = crs
    }

    public static func == (left: RowCondition, right: RowCondition) -> Bool {
        left.expression == right.expression && left.crs == right.crs
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(expression)
        hasher.combine(crs)
    }

    public var description: String { expression.text + (crs.map { " in \($0.uri)" } ?? "") }
}

extension ColumnFilter {
    /// A filter of CQL2 text or JSON as conditions on columns; what columns cannot say stays an expression.
    ///
    /// - Parameter crs: of the geometries in the filter; CRS84 if nil.
    /// - Throws: `TwinError.argument` for an expression that is no condition.
    public init(_ expression: CQLExpression, crs: FeatureCRS? = nil) throws {
        try expression.checkSize()
        self = try Self.lowered(expression, crs)
        try checkSize()
    }

    /// Reads the `filter` member of a JSON request: CQL2 text in a string, or CQL2 JSON.
    ///
    /// - Throws: `TwinError.argument`.
    init(value: JSONValue) throws {
        if case .text(let text) = value {
            try self.init(text: text)
        } else {
            try self.init(CQLExpression(value))
        }
    }

    /// Reads a filter in CQL2 text.
    public init(text: String, crs: FeatureCRS? = nil) throws {
        try self.init(CQLExpression(text: text), crs: crs)
    }

    /// Reads a filter in CQL2 JSON.
    ///
    /// - Throws: `TwinError.argument`.
    public init(json: [UInt8], crs: FeatureCRS? = nil) throws {
        try self.init(CQLExpression(json: json), crs: crs)
    }

    /// Reads a filter of a URL: CQL2 JSON where it begins with a brace, CQL2 text otherwise.
    ///
    /// - Throws: `TwinError.argument`.
    public init(parameter text: String, crs: FeatureCRS? = nil) throws {
        if text.first(where: { !$0.isWhitespace }) == "{" {
            try self.init(json: Array(text.utf8), crs: crs)
        } else {
            try self.init(text: text, crs: crs)
        }
    }

    private static func lowered(_ expression: CQLExpression, _ crs: FeatureCRS?) throws -> ColumnFilter {
        guard case .call(let name, let args) = expression else {
            switch expression {
            case .boolean(let truth): return .constant(truth)
            case .property(let field) where field != "id" && !CQLBinder.isGeometry(field):
                return .compare(field, .equal, .boolean(true))
            case .property: return .condition(RowCondition(expression, crs: crs))
            default:
                throw TwinError(
                    .argument,
                    "filter: \(expression.text.prefix(80)) is a value, not a condition; \(CQLExpression.example)")
            }
        }
        switch name {
        case "and": return .and(try args.map { try lowered($0, crs) })
        case "or": return .or(try args.map { try lowered($0, crs) })
        case "not": return .not(try lowered(args[0], crs))
        default: return leaf(name, args) ?? .condition(RowCondition(expression, crs: crs))
        }
    }

    /// A condition that columns can answer by themselves.
    private static func leaf(_ name: String, _ args: [CQLExpression]) -> ColumnFilter? {
        if let comparison = FilterComparison(rawValue: name) {
            switch (field(args[0]), field(args[1])) {
            case (let left?, let right?): return .compareFields(left, comparison, right)
            case (let left?, nil): return literal(args[1]).map { .compare(left, comparison, $0) }
            case (nil, let right?): return literal(args[0]).map { .compare(right, comparison.mirrored, $0) }
            case (nil, nil): return nil
            }
        }
        switch name {
        case "isNull": return field(args[0]).map { .isNull($0) }
        case "between":
            guard let field = field(args[0]), let lower = literal(args[1]), let upper = literal(args[2]) else {
                return nil
            }
            return .between(field, lower, upper)
        case "in":
            guard let field = field(args[0]), case .array(let list) = args[1] else { return nil }
            let values = list.compactMap(literal)
            return values.count == list.count ? .isIn(field, values) : nil
        case "like":
            if let field = field(args[0]), case .text(let pattern) = args[1] {
                return .like(field, LikePattern(pattern))
            }
            guard case .call("casei", let folded) = args[0], let field = field(folded[0]),
                case .call("casei", let pattern) = args[1], case .text(let text) = pattern[0]
            else { return nil }
            return .like(field, LikePattern(text, ignoresCase: true))
        default: return nil
        }
    }

    private static func field(_ expression: CQLExpression) -> String? {
        guard case .property(let name) = expression, name != "id", !CQLBinder.isGeometry(name) else { return nil }
        return name
    }

    private static func literal(_ expression: CQLExpression) -> FilterValue? {
        switch expression {
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .text(let text): .text(text)
        case .boolean(let truth): .boolean(truth)
        default: nil
        }
    }

    /// The filter with its expressions made ready for a view.
    ///
    /// - Throws: `TwinError.argument`, naming the part that does not fit the layer.
    func resolved(_ view: LayerView, masked: Set<String>) throws -> ColumnFilter {
        switch self {
        case .and(let parts): return .and(try parts.map { try $0.resolved(view, masked: masked) })
        case .or(let parts): return .or(try parts.map { try $0.resolved(view, masked: masked) })
        case .not(let part): return .not(try part.resolved(view, masked: masked))
        case .condition(var condition):
            condition.bound = try CQLBinder.bind(condition.expression, condition.crs, view, masked: masked)
            return .condition(condition)
        case .compare, .compareFields, .between, .isIn, .isNull, .like, .constant: return self
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
    /// Whether a text is a date or an RFC 3339 time.
    public static func isTime(_ text: String) -> Bool { CQLInstant(text) != nil }

    /// Whether an interval does not end before it starts; nil is an open end.
    public static func isOrdered(_ start: String?, _ end: String?) -> Bool {
        guard let start = start.flatMap({ CQLInstant($0) }), let end = end.flatMap({ CQLInstant($0) }) else {
            return true
        }
        return start.order(end) <= 0
    }

    /// Features whose date or time lies in a period, and those without one (OGC 17-069r4 §7.15.4).
    public init(field: String, isIn period: (start: String?, end: String?)) throws {
        func end(_ text: String?) -> CQLExpression { text.flatMap(CQLExpression.intervalEnd) ?? .text("..") }
        try self.init(
            .call(
                "or",
                [
                    .call("isNull", [.property(field)]),
                    .call("t_intersects", [.property(field), .interval(end(period.start), end(period.end))]),
                ]))
    }
}
