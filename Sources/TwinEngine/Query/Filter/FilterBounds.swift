// SPDX-License-Identifier: Apache-2.0

/// A comparison of an integer column with a number as a closed range; `<>` is the range of `=`, taken outside.
struct IntegerBounds {
    /// Nil where no integer satisfies the comparison.
    var range: ClosedRange<Int64>?

    /// - Throws: `TwinError.argument` for a number that is not finite.
    init(_ comparison: FilterComparison, _ value: FilterValue, _ field: String) throws {
        // The greatest integer not above the number, and the least not below it, saturated.
        let below: Int64
        let above: Int64
        switch value {
        case .integer(let number): (below, above) = (number, number)
        case .real(let number):
            guard number.isFinite else { throw FilterValue.notFinite(field) }
            below = Self.saturated(number.rounded(.down))
            above = Self.saturated(number.rounded(.up))
            if number >= 0x1p63 || number < -0x1p63 {
                range = Self.beyond(comparison, isAbove: number > 0)
                return
            }
        case .text, .boolean: throw FilterValue.notFinite(field)
        }
        switch comparison {
        case .equal, .notEqual: range = below == above ? below...below : nil
        case .less: range = above > .min ? .min...(above - 1) : nil
        case .lessOrEqual: range = .min...below
        case .greater: range = below < .max ? (below + 1)...Int64.max : nil
        case .greaterOrEqual: range = above...Int64.max
        }
    }

    private static func saturated(_ value: Double) -> Int64 {
        value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int64(value)
    }

    /// Against a number beyond all integers.
    private static func beyond(_ comparison: FilterComparison, isAbove: Bool) -> ClosedRange<Int64>? {
        switch comparison {
        case .equal, .notEqual: nil
        case .less, .lessOrEqual: isAbove ? Int64.min...Int64.max : nil
        case .greater, .greaterOrEqual: isAbove ? nil : Int64.min...Int64.max
        }
    }
}

/// A comparison of a real column with a number as a closed range; `<>` is the range of `=`, taken outside.
struct RealBounds {
    var lower: Double
    var upper: Double

    /// - Throws: `TwinError.argument` for a number that is not finite.
    init(_ comparison: FilterComparison, _ value: FilterValue, _ field: String) throws {
        let number: Double
        switch value {
        case .integer(let integer): number = Double(integer)
        case .real(let real): number = real
        case .text, .boolean: throw FilterValue.notFinite(field)
        }
        guard number.isFinite else { throw FilterValue.notFinite(field) }
        switch comparison {
        case .equal, .notEqual: (lower, upper) = (number, number)
        case .less: (lower, upper) = (-.infinity, number.nextDown)
        case .lessOrEqual: (lower, upper) = (-.infinity, number)
        case .greater: (lower, upper) = (number.nextUp, .infinity)
        case .greaterOrEqual: (lower, upper) = (number, .infinity)
        }
    }
}

extension FilterValue {
    static func notFinite(_ field: String) -> TwinError {
        TwinError(.argument, "filter: \(field) is compared with something that is no finite number; write a number")
    }

    var isNumber: Bool {
        switch self {
        case .integer, .real: true
        case .text, .boolean: false
        }
    }

    /// For messages.
    var described: String {
        switch self {
        case .integer(let number): "the number \(number)"
        case .real(let number): "the number \(number)"
        case .text(let text): "the text '\(text.prefix(80))'"
        case .boolean(let truth): "\(truth)"
        }
    }
}

extension TextTest {
    /// The test of a comparison; `<>` is that of `=`, negated by the caller.
    init(_ comparison: FilterComparison, _ text: [UInt8]) {
        switch comparison {
        case .equal, .notEqual: self.init(.anyOf([text]))
        case .less: self.init(.range(lower: nil, upper: Bound(text: text, isIncluded: false)))
        case .lessOrEqual: self.init(.range(lower: nil, upper: Bound(text: text, isIncluded: true)))
        case .greater: self.init(.range(lower: Bound(text: text, isIncluded: false), upper: nil))
        case .greaterOrEqual: self.init(.range(lower: Bound(text: text, isIncluded: true), upper: nil))
        }
    }
}

extension LayerDefinition {
    /// The snapshot column of a field, or of the permanent code under the name `code`.
    ///
    /// - Throws: `TwinError.argument` for a name that the layer does not have, or that is masked: filtering or summing
    ///   on a hidden field would tell its values.
    func queryColumn(_ field: String, masked: Set<String>, parameter: String) throws -> Int {
        let isKnown = fieldIndex(field) != nil || (field == "code" && code != nil)
        guard isKnown, !masked.contains(field) else {
            let visible = fields.map(\.name).filter { !masked.contains($0) } + (code != nil ? ["code"] : [])
            let hint = nearest(to: field, in: visible).map { "; did you mean '\($0)'?" } ?? ""
            throw TwinError(
                .argument,
                "\(parameter): layer \(id) has no field '\(field.prefix(80))'\(hint) It has: "
                    + visible.prefix(40).joined(separator: ", "))
        }
        return fieldIndex(field) ?? fields.count
    }

    func typeMismatch(_ field: String, _ why: String, parameter: String = "filter") -> TwinError {
        let type = fieldIndex(field).map { fields[$0].type } ?? .string
        let (comparison, value) =
            switch type {
            case .integer: (">=", "5")
            case .real: ("<", "0.5")
            case .boolean: ("=", "true")
            case .string: ("=", "text")
            case .date: (">=", "2026-01-31")
            case .datetime: (">=", "2026-01-31T08:00:00Z")
            }
        let isText = ![.integer, .real, .boolean].contains(type)
        let example =
            switch parameter {
            case "filter":
                #"{"op":"\#(comparison)","args":[{"property":"\#(field)"},\#(isText ? "\"\(value)\"" : value)]}"#
            case "where": "\(field)\(comparison)\(value)"
            default: "\(field)=\(value)"
            }
        return TwinError(
            .argument,
            "\(parameter): \(field) of layer \(id) is of type \(type.rawValue), and \(why); for example \(example)"
        )
    }
}

extension FilterComparison {
    /// Whether two values compare so; nil where one is null or they are of kinds that do not compare.
    func holds(_ left: FieldValue, _ right: FieldValue) -> Bool? {
        switch (left, right) {
        case (.integer(let first), .integer(let second)): return holds(first, second)
        case (.string(let first), .string(let second)):
            return holds(compareBytes(Array(first.utf8).span, Array(second.utf8).span), 0)
        case (.boolean(let first), .boolean(let second)): return holds(first ? 1 : 0, second ? 1 : 0)
        case (.integer, .real), (.real, .integer), (.real, .real):
            guard let first = left.number, let second = right.number else { return nil }
            return holds(first, second)
        default: return nil
        }
    }

    func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}
