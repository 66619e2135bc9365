// SPDX-License-Identifier: Apache-2.0

/// A literal of a filter.
public enum FilterValue: Sendable, Hashable {
    case integer(Int64)
    case real(Double)
    case text(String)
    case boolean(Bool)
}

/// How two values are compared.
public enum FilterComparison: String, Sendable, Hashable, CaseIterable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="

    /// The comparison that is true where this one is false and neither side is null.
    var negated: FilterComparison {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }
}

/// A condition on a feature's attributes: what a CQL2 filter, a URL or the command line is translated into.
///
/// Three-valued as in SQL and CQL2 (OGC 21-065r2 §6.3): a comparison with null is unknown, `not` of unknown is unknown,
/// and only features for which the whole is true match. A real that is not a number counts as null. Texts are compared
/// by their UTF-8 bytes, so ISO dates and times, which are texts, are in the order of time.
///
/// What columns cannot answer by themselves (arithmetic, functions, spatial, temporal and array predicates) is a
/// ``RowCondition``, evaluated on values.
///
/// ```swift
/// let filter = ColumnFilter.and([
///     .compare("floors", .greaterOrEqual, .integer(6)), .isIn("class", [.text("residential"), .text("mixed")]),
/// ])
/// ```
public indirect enum ColumnFilter: Sendable, Hashable {
    /// True if all are; true for none.
    case and([ColumnFilter])
    /// True if one is; false for none.
    case or([ColumnFilter])
    case not(ColumnFilter)
    case compare(String, FilterComparison, FilterValue)
    /// One field against another of a comparable type.
    case compareFields(String, FilterComparison, String)
    /// Both ends included.
    case between(String, FilterValue, FilterValue)
    case isIn(String, [FilterValue])
    case isNull(String)
    /// `%` stands for any text, `_` for one character, `\` takes the next character as it is.
    case like(String, LikePattern)
    case constant(Bool)
    case condition(RowCondition)

    /// Deepest nesting that is accepted.
    public static let depthLimit = 100
    /// Most terms that are accepted: conditions and the values of lists together.
    public static let termLimit = 10_000

    /// The names of the fields that the filter looks at.
    public var fields: Set<String> {
        var names: Set<String> = []
        var open = [self]
        while let filter = open.popLast() {
            switch filter {
            case .and(let parts), .or(let parts): open += parts
            case .not(let part): open.append(part)
            case .compare(let field, _, _), .between(let field, _, _), .isIn(let field, _), .isNull(let field),
                .like(let field, _):
                names.insert(field)
            case .compareFields(let left, _, let right): names.formUnion([left, right])
            case .condition(let condition): names.formUnion(condition.expression.properties)
            case .constant: break
            }
        }
        return names
    }

    /// Refuses filters that are too deep or too long, without recursion.
    ///
    /// - Throws: `TwinError.argument`.
    func checkSize() throws {
        var open = [(self, 1)]
        var terms = 0
        while let (filter, depth) = open.popLast() {
            guard depth <= Self.depthLimit else {
                throw TwinError(
                    .argument,
                    "filter: it is nested deeper than \(Self.depthLimit) levels; write long chains as one list, for "
                        + #"example {"op":"or","args":[…]} or {"op":"in","args":[{"property":"class"},["a","b"]]}"#)
            }
            terms += 1
            switch filter {
            case .and(let parts), .or(let parts): open += parts.map { ($0, depth + 1) }
            case .not(let part): open.append((part, depth + 1))
            case .isIn(_, let values): terms += values.count
            default: break
            }
            guard terms <= Self.termLimit, open.count <= Self.termLimit else {
                throw TwinError(
                    .argument, "filter: it has more than \(Self.termLimit) terms; split the question into several")
            }
        }
    }
}

/// A pattern of `like`.
public struct LikePattern: Sendable, Hashable {
    public var pattern: String
    /// Compares without regard to upper and lower case.
    public var ignoresCase: Bool

    public init(_ pattern: String, ignoresCase: Bool = false) {
        self.pattern = pattern
        self.ignoresCase = ignoresCase
    }
}
