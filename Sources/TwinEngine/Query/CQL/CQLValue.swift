// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a part of an expression is worth for one feature.
enum CQLValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case period(CQLPeriod)
    case array([CQLValue])

    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        default: nil
        }
    }

    /// True, false, or nil for unknown.
    var truth: Bool? {
        if case .boolean(let truth) = self { truth } else { nil }
    }

    init(_ truth: Bool?) { self = truth.map(CQLValue.boolean) ?? .null }

    /// A number that is not finite is null.
    init(finite number: Double) { self = number.isFinite ? .real(number) : .null }

    /// Whether two values compare so; nil where one is null or they do not compare.
    func compares(_ comparison: FilterComparison, _ other: CQLValue) -> Bool? {
        switch (self, other) {
        case (.integer(let left), .integer(let right)): return comparison.holds(left, right)
        case (.integer, .real), (.real, .integer), (.real, .real):
            guard let left = number, let right = other.number else { return nil }
            return comparison.holds(left, right)
        case (.text(let left), .text(let right)):
            return comparison.holds(FieldValue.string(left), FieldValue.string(right))
        case (.boolean(let left), .boolean(let right)): return comparison.holds(left ? 1 : 0, right ? 1 : 0)
        case (.period(let left), .period(let right)):
            // Instants; an interval is compared by its start, then its end.
            guard let from = left.start, let to = right.start else { return nil }
            return comparison.holds(from.order(to), 0)
        case (.array(let left), .array(let right)):
            guard comparison == .equal || comparison == .notEqual else { return nil }
            return (left == right) == (comparison == .equal)
        default: return nil
        }
    }
}

/// Upper and lower case, and accents, taken away for comparison.
enum CQLFold {
    /// Full case folding by way of upper case: ß as ss, final sigma as sigma.
    static func lowercase(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        return text.uppercased().lowercased()
    }

    /// The text without marks on its letters: decomposed, the marks dropped, and composed again.
    static func withoutAccents(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var kept = String.UnicodeScalarView()
        for scalar in text.decomposedStringWithCanonicalMapping.unicodeScalars
        where scalar.properties.generalCategory != .nonspacingMark {
            kept.append(scalar)
        }
        return String(kept).precomposedStringWithCanonicalMapping
    }
}

/// The functions that filters may call besides CQL2's own.
struct CQLFunction: Sendable {
    enum Kind: String, Sendable { case text = "string", number, boolean, time = "datetime", geometry, any }

    var name: String
    var summary: String
    var arguments: [(title: String, kind: Kind)]
    /// The last argument may be repeated.
    var repeats = false
    var result: Kind

    static let all: [CQLFunction] = [
        CQLFunction(name: "abs", summary: "The number without its sign", arguments: [("x", .number)], result: .number),
        CQLFunction(name: "ceil", summary: "The next whole number above", arguments: [("x", .number)], result: .number),
        CQLFunction(
            name: "floor", summary: "The next whole number below", arguments: [("x", .number)], result: .number),
        CQLFunction(
            name: "round", summary: "The nearest whole number, halves away from zero", arguments: [("x", .number)],
            result: .number),
        CQLFunction(
            name: "sqrt", summary: "The square root; null below zero", arguments: [("x", .number)], result: .number),
        CQLFunction(
            name: "min", summary: "The least of the numbers", arguments: [("x", .number), ("y", .number)],
            repeats: true,
            result: .number),
        CQLFunction(
            name: "max", summary: "The greatest of the numbers", arguments: [("x", .number), ("y", .number)],
            repeats: true, result: .number),
        CQLFunction(name: "lower", summary: "In small letters", arguments: [("text", .text)], result: .text),
        CQLFunction(name: "upper", summary: "In capital letters", arguments: [("text", .text)], result: .text),
        CQLFunction(
            name: "char_length", summary: "The number of characters", arguments: [("text", .text)], result: .number),
        CQLFunction(
            name: "concat", summary: "Texts joined", arguments: [("text", .text), ("other", .text)], repeats: true,
            result: .text),
        CQLFunction(
            name: "year", summary: "The year of a date or time, in UTC", arguments: [("time", .time)], result: .number),
        CQLFunction(
            name: "month", summary: "The month, 1 to 12, in UTC", arguments: [("time", .time)], result: .number),
        CQLFunction(name: "day", summary: "The day, 1 to 31, in UTC", arguments: [("time", .time)], result: .number),
        CQLFunction(
            name: "area", summary: "Square metres in the city's coordinate system; 0 for lines and points",
            arguments: [("geometry", .geometry)], result: .number),
        CQLFunction(
            name: "length", summary: "Metres of a line or of a polygon's boundary in the city's coordinate system",
            arguments: [("geometry", .geometry)], result: .number),
    ]

    static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

/// A function of filters, as the interface lists it.
public struct FilterFunction: Sendable {
    public var name: String
    public var summary: String
    public var arguments: [(title: String, type: String)]
    public var result: String

    /// All functions.
    public static let all = CQLFunction.all.map { function in
        FilterFunction(
            name: function.name, summary: function.summary,
            arguments: function.arguments.map { ($0.title, $0.kind.rawValue) }, result: function.result.rawValue)
    }
}
