// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

/// One feature, as conditions that are asked row by row see it.
protocol FilterRow {
    var id: Int64 { get }
    /// A value; `column` counts the fields, then `code`.
    func value(_ column: Int) -> FieldValue
    func withGeometry<R>(_ body: (borrowing GeometryView) -> R) -> R
}

/// A row of a snapshot.
struct SnapshotRow: FilterRow {
    let snapshot: Snapshot
    let row: Int

    var id: Int64 {
        let snapshot = snapshot
        return snapshot.ids[row]
    }
    func value(_ column: Int) -> FieldValue { snapshot.value(row: row, column: column) }
    func withGeometry<R>(_ body: (borrowing GeometryView) -> R) -> R {
        let snapshot = snapshot
        return body(snapshot.geometry(row))
    }
}

extension DeltaFeature: FilterRow {
    func value(_ column: Int) -> FieldValue { values[column] }
    func withGeometry<R>(_ body: (borrowing GeometryView) -> R) -> R {
        let geometry = geometry
        return body(geometry.view)
    }
}

/// A text of a dictionary in place of a row: for conditions that look at nothing but that column.
struct DictionaryRow: FilterRow {
    let text: FieldValue
    var id: Int64 { 0 }
    func value(_ column: Int) -> FieldValue { text }
    func withGeometry<R>(_ body: (borrowing GeometryView) -> R) -> R {
        let empty = FlatGeometry(kind: .point)
        return body(empty.view)
    }
}

/// An expression with its names looked up in a layer and its literals made ready. Immutable; any thread.
indirect enum CQLBound: Sendable {
    case constant(CQLValue)
    case column(Int, isTime: Bool)
    case id
    case geometry
    case interval(CQLBound, CQLBound)
    case array([CQLBound])
    case and([CQLBound])
    case or([CQLBound])
    case not(CQLBound)
    case compare(FilterComparison, CQLBound, CQLBound)
    case arithmetic(String, CQLBound, CQLBound)
    case like(CQLBound, TextTest)
    case between(CQLBound, CQLBound, CQLBound)
    case isIn(CQLBound, [CQLBound])
    case isNull(CQLBound)
    case casei(CQLBound)
    case accenti(CQLBound)
    case spatial(CQLSpatialTest)
    case temporal(String, CQLBound, CQLBound)
    case arrays(String, CQLBound, CQLBound)
    case function(String, [CQLBound])

    var children: [CQLBound] {
        switch self {
        case .constant, .column, .id, .geometry, .spatial: []
        case .array(let parts), .and(let parts), .or(let parts), .function(_, let parts): parts
        case .not(let part), .like(let part, _), .isNull(let part), .casei(let part), .accenti(let part): [part]
        case .interval(let left, let right), .compare(_, let left, let right), .arithmetic(_, let left, let right),
            .temporal(_, let left, let right), .arrays(_, let left, let right):
            [left, right]
        case .between(let value, let lower, let upper): [value, lower, upper]
        case .isIn(let value, let list): [value] + list
        }
    }

    /// The columns that it looks at; nil where it also looks at the id or the geometry.
    var columns: Set<Int>? {
        switch self {
        case .column(let column, _): return [column]
        case .id, .geometry, .spatial: return nil
        default:
            var all: Set<Int> = []
            for child in children {
                guard let columns = child.columns else { return nil }
                all.formUnion(columns)
            }
            return all
        }
    }

    /// The value for a feature. Unknown is `.null`.
    func value<Row: FilterRow>(_ row: Row) -> CQLValue {
        switch self {
        case .constant(let value): return value
        case .column(let column, let isTime): return Self.value(row.value(column), isTime)
        case .id: return .integer(row.id)
        case .geometry: return .boolean(true)
        case .interval(let start, let end):
            guard case .period(let from) = start.value(row), case .period(let until) = end.value(row) else {
                return .null
            }
            return .period(CQLPeriod(start: from.start, end: until.end))
        case .array(let parts):
            let values = parts.map { $0.value(row) }
            return values.contains(.null) ? .null : .array(values.map(\.normal))
        case .arithmetic(let name, let left, let right): return Self.computed(name, left.value(row), right.value(row))
        case .casei(let part): return part.value(row).mapText(CQLFold.lowercase)
        case .accenti(let part): return part.value(row).mapText(CQLFold.withoutAccents)
        case .function(let name, let parts): return called(name, parts, row)
        case .and, .or, .not, .compare, .like, .between, .isIn, .isNull, .spatial, .temporal, .arrays:
            return CQLValue(holds(row))
        }
    }

    /// Whether a condition holds; nil for unknown.
    func holds<Row: FilterRow>(_ row: Row) -> Bool? {
        switch self {
        case .and(let parts):
            var result: Bool? = true
            for part in parts {
                guard let truth = part.holds(row) else {
                    result = nil
                    continue
                }
                if !truth { return false }
            }
            return result
        case .or(let parts):
            var result: Bool? = false
            for part in parts {
                guard let truth = part.holds(row) else {
                    result = nil
                    continue
                }
                if truth { return true }
            }
            return result
        case .not(let part): return part.holds(row).map { !$0 }
        case .compare(let comparison, let left, let right):
            return left.value(row).compares(comparison, right.value(row))
        case .like(let part, let test):
            guard case .text(let text) = part.value(row) else { return nil }
            return test.matches(text)
        case .between(let part, let lower, let upper):
            let value = part.value(row)
            let above = value.compares(.greaterOrEqual, lower.value(row))
            let below = value.compares(.lessOrEqual, upper.value(row))
            if above == false || below == false { return false }
            return above == nil || below == nil ? nil : true
        case .isIn(let part, let list):
            if list.isEmpty { return false }
            let value = part.value(row)
            if value == .null { return nil }
            var isUnknown = false
            for element in list {
                switch value.compares(.equal, element.value(row)) {
                case true?: return true
                case nil: isUnknown = true
                case false?: continue
                }
            }
            return isUnknown ? nil : false
        case .isNull(let part): return part.value(row) == .null
        case .spatial(let test): return row.withGeometry { test.holds($0) }
        case .temporal(let name, let left, let right):
            guard case .period(let first) = left.value(row), case .period(let second) = right.value(row) else {
                return nil
            }
            return first.holds(name, second)
        case .arrays(let name, let left, let right):
            guard case .array(let first) = left.value(row), case .array(let second) = right.value(row) else {
                return nil
            }
            return Self.related(name, Set(first), Set(second))
        case .constant, .column, .id, .geometry, .interval, .array, .arithmetic, .casei, .accenti, .function:
            return value(row).truth
        }
    }

    private static func value(_ value: FieldValue, _ isTime: Bool) -> CQLValue {
        switch value {
        case .null, .binary: return .null
        case .string(let text):
            guard isTime else { return .text(text) }
            guard let instant = CQLInstant(text) else { return .null }
            return .period(CQLPeriod(start: instant, end: instant))
        case .integer(let number): return .integer(number)
        case .real(let number): return number.isNaN ? .null : .real(number)
        case .boolean(let truth): return .boolean(truth)
        }
    }

    private static func related(_ name: String, _ first: Set<CQLValue>, _ second: Set<CQLValue>) -> Bool {
        switch name {
        case "a_contains": first.isSuperset(of: second)
        case "a_containedBy": first.isSubset(of: second)
        case "a_overlaps": !first.isDisjoint(with: second)
        default: first == second
        }
    }

    /// Whole numbers stay whole where the result fits; division by zero is null.
    private static func computed(_ name: String, _ left: CQLValue, _ right: CQLValue) -> CQLValue {
        if case .integer(let first) = left, case .integer(let second) = right {
            let result: (partialValue: Int64, overflow: Bool)? =
                switch name {
                case "+": first.addingReportingOverflow(second)
                case "-": first.subtractingReportingOverflow(second)
                case "*": first.multipliedReportingOverflow(by: second)
                case "%": first.remainderReportingOverflow(dividingBy: second)
                case "div": first.dividedReportingOverflow(by: second)
                default: nil
                }
            if let result, !result.overflow { return .integer(result.partialValue) }
            if second == 0, name == "%" || name == "div" { return .null }
        }
        guard let first = left.number, let second = right.number else { return .null }
        switch name {
        case "+": return CQLValue(finite: first + second)
        case "-": return CQLValue(finite: first - second)
        case "*": return CQLValue(finite: first * second)
        case "/": return CQLValue(finite: first / second)
        case "%": return CQLValue(finite: first.truncatingRemainder(dividingBy: second))
        case "div": return CQLValue(finite: (first / second).rounded(.towardZero))
        default: return CQLValue(finite: pow(first, second))
        }
    }
}

extension CQLValue {
    /// Equal numbers as equal values.
    fileprivate var normal: CQLValue {
        if case .real(let number) = self, let whole = Int64(exactly: number) { return .integer(whole) }
        return self
    }

    fileprivate func mapText(_ change: (String) -> String) -> CQLValue {
        if case .text(let text) = self { return .text(change(text)) }
        return self
    }
}
