// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

/// A condition on numbers (arithmetic, functions, columns against columns) that is worked out for a block of rows at a
/// time, one operation after the other, instead of one row after the other. Immutable; any thread.
///
/// The answer is that of ``CQLBound/holds(_:)``: whole numbers stay whole, what is not finite is null. Where a block holds
/// what the columns' types do not tell (a result that overflows), the block is left to that.
struct NumberProgram: Sendable {
    private indirect enum Node: Sendable {
        case integers(Int)
        case reals(Int)
        case id
        case integer(Int64)
        case real(Double)
        case area, length
        case arithmetic(String, Node, Node)
        case function(String, Node)
        case least([Node], isGreatest: Bool)
    }

    private enum Test: Sendable {
        case compare(FilterComparison, Node, Node)
        case between(Node, Node, Node)
        case isIn(Node, [Node])
        case isNull(Node)
    }

    private let test: Test
    /// The same condition, row by row.
    private let bound: CQLBound
    /// Operations for each row, for the planner.
    let size: Int

    /// Nil for a condition that has anything but numbers.
    init?(_ bound: CQLBound, _ snapshot: Snapshot) {
        func node(_ part: CQLBound) -> Node? { Self.node(part, snapshot) }
        self.bound = bound
        switch bound {
        case .compare(let comparison, let left, let right):
            guard let left = node(left), let right = node(right) else { return nil }
            test = .compare(comparison, left, right)
        case .between(let part, let lower, let upper):
            guard let part = node(part), let lower = node(lower), let upper = node(upper) else { return nil }
            test = .between(part, lower, upper)
        case .isIn(let part, let list):
            let values = list.compactMap(node)
            guard let part = node(part), values.count == list.count, !list.isEmpty else { return nil }
            test = .isIn(part, values)
        case .isNull(let part):
            guard let part = node(part) else { return nil }
            test = .isNull(part)
        default: return nil
        }
        size = Self.size(bound)
    }

    private static func size(_ bound: CQLBound) -> Int {
        if case .function(let name, _) = bound, name == "area" || name == "length" { return 20 }
        return bound.children.reduce(1) { $0 + size($1) }
    }

    private static func node(_ part: CQLBound, _ snapshot: Snapshot) -> Node? {
        switch part {
        case .constant(.integer(let number)): return .integer(number)
        case .constant(.real(let number)): return .real(number)
        case .id: return .id
        case .column(let column, isTime: false):
            switch snapshot.metadata.columns[column].type {
            case .integer: return .integers(column)
            case .real: return .reals(column)
            default: return nil
            }
        case .arithmetic(let name, let left, let right):
            guard let left = node(left, snapshot), let right = node(right, snapshot) else { return nil }
            return .arithmetic(name, left, right)
        case .function("area", _): return .area
        case .function("length", _): return .length
        case .function(let name, let parts):
            let nodes = parts.compactMap { node($0, snapshot) }
            guard nodes.count == parts.count, let first = nodes.first else { return nil }
            switch name {
            case "min", "max":
                // A mixture keeps the kind of each row's winner.
                let kinds = Set(nodes.map { isWhole($0) })
                return kinds.count == 1 ? .least(nodes, isGreatest: name == "max") : nil
            case "abs", "ceil", "floor", "round", "sqrt": return .function(name, first)
            default: return nil
            }
        default: return nil
        }
    }

    /// Whether a node's values are whole numbers.
    private static func isWhole(_ node: Node) -> Bool {
        switch node {
        case .integers, .integer, .id: true
        case .reals, .real, .area, .length: false
        case .arithmetic(let name, let left, let right):
            name != "/" && name != "^" && isWhole(left) && isWhole(right)
        case .function(let name, let part): name != "sqrt" && isWhole(part)
        case .least(let nodes, _): nodes.allSatisfy { isWhole($0) }
        }
    }

    // MARK: Values

    /// The values of some rows: whole or real, and which of them there are.
    private struct Lanes {
        var whole: [Int64] = []
        var real: [Double] = []
        var isWhole: Bool
        /// False is null.
        var isThere: [Bool]

        init(_ whole: [Int64], _ isThere: [Bool]) {
            self.whole = whole
            self.isThere = isThere
            isWhole = true
        }

        /// What is not finite is null.
        init(_ real: [Double], _ isThere: [Bool]) {
            self.real = real
            self.isThere = isThere
            isWhole = false
            for lane in real.indices { self.isThere[lane] = isThere[lane] && real[lane].isFinite }
        }

        /// The values of a column, whose infinities are values.
        init(column real: [Double], _ isThere: [Bool]) {
            self.real = real
            self.isThere = isThere
            isWhole = false
        }

        var reals: [Double] { isWhole ? whole.map(Double.init) : real }
    }

    /// Where a block holds what only row by row can be told.
    private struct Unusual: Error {}

    private func lanes(_ node: Node, _ rows: Range<Int>, _ snapshot: Snapshot) throws(Unusual) -> Lanes {
        let all = [Bool](repeating: true, count: rows.count)
        switch node {
        case .integer(let number): return Lanes([Int64](repeating: number, count: rows.count), all)
        case .real(let number): return Lanes(column: [Double](repeating: number, count: rows.count), all)
        case .id:
            let ids = snapshot.ids
            return Lanes(rows.map { ids[$0] }, all)
        case .integers(let column):
            let values = snapshot.integers(column)
            return Lanes(rows.map { values[$0] }, Self.validity(column, rows, snapshot))
        case .reals(let column):
            let values = snapshot.reals(column)
            var isThere = Self.validity(column, rows, snapshot)
            let reals = rows.map { values[$0] }
            for lane in reals.indices { isThere[lane] = isThere[lane] && !reals[lane].isNaN }
            return Lanes(column: reals, isThere)
        case .area:
            return Lanes(column: rows.map { snapshot.metadata.kind == .polygon ? snapshot.geometry($0).area : 0 }, all)
        case .length: return Lanes(column: rows.map { snapshot.geometry($0).length }, all)
        case .arithmetic(let name, let left, let right):
            return try computed(name, lanes(left, rows, snapshot), lanes(right, rows, snapshot))
        case .function(let name, let part): return try called(name, lanes(part, rows, snapshot))
        case .least(let nodes, let isGreatest):
            var best = try lanes(nodes[0], rows, snapshot)
            for node in nodes.dropFirst() {
                let next = try lanes(node, rows, snapshot)
                for lane in best.isThere.indices {
                    best.isThere[lane] = best.isThere[lane] && next.isThere[lane]
                    if best.isWhole {
                        let (old, new) = (Double(best.whole[lane]), Double(next.whole[lane]))
                        if isGreatest ? new > old : new < old { best.whole[lane] = next.whole[lane] }
                    } else if isGreatest ? next.real[lane] > best.real[lane] : next.real[lane] < best.real[lane] {
                        best.real[lane] = next.real[lane]
                    }
                }
            }
            return best
        }
    }

    private static func validity(_ column: Int, _ rows: Range<Int>, _ snapshot: Snapshot) -> [Bool] {
        guard let bits = snapshot.validity(column) else { return [Bool](repeating: true, count: rows.count) }
        return rows.map { bits[$0 >> 3] & (1 << UInt8($0 & 7)) != 0 }
    }

    private func computed(_ name: String, _ left: Lanes, _ right: Lanes) throws(Unusual) -> Lanes {
        var isThere = left.isThere
        for lane in isThere.indices { isThere[lane] = isThere[lane] && right.isThere[lane] }
        if left.isWhole, right.isWhole, name != "/", name != "^" {
            switch name {
            case "+": return try whole(left, right, isThere) { $0.addingReportingOverflow($1) }
            case "-": return try whole(left, right, isThere) { $0.subtractingReportingOverflow($1) }
            case "*": return try whole(left, right, isThere) { $0.multipliedReportingOverflow(by: $1) }
            default:
                for lane in isThere.indices { isThere[lane] = isThere[lane] && right.whole[lane] != 0 }
                return name == "%"
                    ? try whole(left, right, isThere) { $0.remainderReportingOverflow(dividingBy: $1) }
                    : try whole(left, right, isThere) { $0.dividedReportingOverflow(by: $1) }
            }
        }
        let (first, second) = (left.reals, right.reals)
        switch name {
        case "+": return Lanes(zip(first, second).map { $0 + $1 }, isThere)
        case "-": return Lanes(zip(first, second).map { $0 - $1 }, isThere)
        case "*": return Lanes(zip(first, second).map { $0 * $1 }, isThere)
        case "/": return Lanes(zip(first, second).map { $0 / $1 }, isThere)
        case "%": return Lanes(zip(first, second).map { $0.truncatingRemainder(dividingBy: $1) }, isThere)
        case "div": return Lanes(zip(first, second).map { ($0 / $1).rounded(.towardZero) }, isThere)
        default: return Lanes(zip(first, second).map { pow($0, $1) }, isThere)
        }
    }

    @inline(__always)
    private func whole(
        _ left: Lanes, _ right: Lanes, _ isThere: [Bool],
        _ body: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
    ) throws(Unusual) -> Lanes {
        var result = left.whole
        for lane in result.indices {
            let (value, isOver) = body(result[lane], right.whole[lane])
            if isOver, isThere[lane] { throw Unusual() }
            result[lane] = value
        }
        return Lanes(result, isThere)
    }

    private func called(_ name: String, _ part: Lanes) throws(Unusual) -> Lanes {
        if name == "sqrt" { return Lanes(part.reals.map { $0.squareRoot() }, part.isThere) }
        if part.isWhole {
            guard name == "abs" else { return part }
            if part.whole.contains(.min) { throw Unusual() }
            return Lanes(part.whole.map { abs($0) }, part.isThere)
        }
        switch name {
        case "abs": return Lanes(column: part.real.map { abs($0) }, part.isThere)
        case "ceil": return Lanes(column: part.real.map { $0.rounded(.up) }, part.isThere)
        case "floor": return Lanes(column: part.real.map { $0.rounded(.down) }, part.isThere)
        default: return Lanes(column: part.real.map { $0.rounded() }, part.isThere)
        }
    }

    // MARK: Tests

    /// Which rows, at most 1,024, satisfy the condition, or make it false: one bit each, 64 to a word.
    func words(_ rows: Range<Int>, wanted: Bool, _ snapshot: Snapshot) -> [UInt64] {
        do {
            return Self.packed(try held(rows, wanted, snapshot))
        } catch {
            return Self.packed(rows.map { bound.holds(SnapshotRow(snapshot: snapshot, row: $0)) == wanted })
        }
    }

    private static func packed(_ held: [Bool]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (held.count + 63) / 64)
        for lane in held.indices { words[lane >> 6] |= (held[lane] ? 1 : 0) << UInt64(lane & 63) }
        return words
    }

    private func held(_ rows: Range<Int>, _ wanted: Bool, _ snapshot: Snapshot) throws(Unusual) -> [Bool] {
        switch test {
        case .compare(let comparison, let left, let right):
            return compared(
                wanted ? comparison : comparison.negated, try lanes(left, rows, snapshot),
                try lanes(right, rows, snapshot))
        case .isNull(let part): return try lanes(part, rows, snapshot).isThere.map { $0 != wanted }
        case .between(let part, let lower, let upper):
            let value = try lanes(part, rows, snapshot)
            let above = compared(wanted ? .greaterOrEqual : .less, value, try lanes(lower, rows, snapshot))
            let below = compared(wanted ? .lessOrEqual : .greater, value, try lanes(upper, rows, snapshot))
            return zip(above, below).map { wanted ? $0 && $1 : $0 || $1 }
        case .isIn(let part, let list):
            let value = try lanes(part, rows, snapshot)
            var held = [Bool](repeating: !wanted, count: rows.count)
            for element in list {
                let same = compared(wanted ? .equal : .notEqual, value, try lanes(element, rows, snapshot))
                for lane in held.indices { held[lane] = wanted ? held[lane] || same[lane] : held[lane] && same[lane] }
            }
            return held
        }
    }

    /// Where both values are there and compare so.
    private func compared(_ comparison: FilterComparison, _ left: Lanes, _ right: Lanes) -> [Bool] {
        var held = left.isThere
        for lane in held.indices { held[lane] = held[lane] && right.isThere[lane] }
        if left.isWhole, right.isWhole {
            Self.compare(comparison, left.whole, right.whole, &held)
        } else {
            Self.compare(comparison, left.reals, right.reals, &held)
        }
        return held
    }

    @inline(__always)
    private static func compare<Number: Comparable>(
        _ comparison: FilterComparison, _ left: [Number], _ right: [Number], _ held: inout [Bool]
    ) {
        func each(_ test: (Number, Number) -> Bool) {
            for lane in held.indices { held[lane] = held[lane] && test(left[lane], right[lane]) }
        }
        switch comparison {
        case .equal: each { $0 == $1 }
        case .notEqual: each { $0 != $1 }
        case .less: each { $0 < $1 }
        case .lessOrEqual: each { $0 <= $1 }
        case .greater: each { $0 > $1 }
        case .greaterOrEqual: each { $0 >= $1 }
        }
    }
}
