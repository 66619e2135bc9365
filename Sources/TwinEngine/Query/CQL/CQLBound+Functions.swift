// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

extension CQLBound {
    /// The value of a function; null where an argument is.
    func called<Row: FilterRow>(_ name: String, _ parts: [CQLBound], _ row: Row) -> CQLValue {
        switch name {
        case "area": return row.withGeometry { .real($0.kind == .polygon ? $0.area : 0) }
        case "length": return row.withGeometry { .real($0.length) }
        default: break
        }
        let values = parts.map { $0.value(row) }
        guard let first = values.first, !values.contains(.null) else { return .null }
        switch first {
        case .text: return Self.text(name, values)
        case .period(let period): return period.start.map { Self.part(name, $0) } ?? .null
        default: return Self.number(name, first, values)
        }
    }

    private static func text(_ name: String, _ values: [CQLValue]) -> CQLValue {
        let texts = values.compactMap { value in
            if case .text(let text) = value { text } else { nil }
        }
        guard texts.count == values.count, let first = texts.first else { return .null }
        switch name {
        case "lower": return .text(first.lowercased())
        case "upper": return .text(first.uppercased())
        case "char_length": return .integer(Int64(first.unicodeScalars.count))
        default: return .text(texts.joined())
        }
    }

    private static func part(_ name: String, _ instant: CQLInstant) -> CQLValue {
        let date = CivilDate(dayNumber: instant.day)
        return .integer(name == "year" ? date.year : name == "month" ? date.month : date.day)
    }

    private static func number(_ name: String, _ first: CQLValue, _ values: [CQLValue]) -> CQLValue {
        let numbers = values.compactMap(\.number)
        guard numbers.count == values.count, let number = numbers.first else { return .null }
        switch name {
        case "min", "max":
            let best = numbers.indices.reduce(0) { best, next in
                (name == "min" ? numbers[next] < numbers[best] : numbers[next] > numbers[best]) ? next : best
            }
            return values[best]
        case "sqrt": return CQLValue(finite: number.squareRoot())
        default: break
        }
        if case .integer(let whole) = first {
            return name == "abs" && whole != .min ? .integer(abs(whole)) : name == "abs" ? .real(-Double(whole)) : first
        }
        switch name {
        case "abs": return .real(abs(number))
        case "ceil": return .real(number.rounded(.up))
        case "floor": return .real(number.rounded(.down))
        default: return .real(number.rounded())
        }
    }
}
