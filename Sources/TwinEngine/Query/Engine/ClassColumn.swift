// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A column as class numbers, with what is summed and running sums: what a sum by class reads. Immutable; kept in memory
/// with the snapshot, 2 bytes a row and 8 with values.
final class ClassColumn: Sendable {
    /// By class number; a single nil where there is no class.
    let values: [ClassValue?]
    let codes: [UInt16]
    /// Empty where only counts are wanted; rows without a value have 0.
    let amounts: [Double]
    /// Running sums; nil where there are so many classes that rows are cheaper one by one.
    let sums: PackedClassSums<Double>?

    /// Above this, running sums would need more memory than the column.
    private static let summedClasses = 256

    /// - Throws: `TwinError.argument` for a column of too many values.
    init(_ key: SnapshotCache.ClassSumKey, _ view: LayerView, _ cache: SnapshotCache) throws {
        let snapshot = view.snapshot
        let amounts: [Double]
        switch key.value {
        case .none: amounts = []
        case .area: amounts = cache.areas(snapshot).values
        case .column(let column): amounts = Self.numbers(column, snapshot)
        }
        let (values, codes) = try Self.classes(key.column, view)
        self.amounts = amounts
        self.values = values
        self.codes = codes
        sums = values.count <= Self.summedClasses ? Self.running(values.count, codes, amounts) : nil
    }

    private static func running(_ classes: Int, _ codes: [UInt16], _ amounts: [Double]) -> PackedClassSums<Double> {
        PackedClassSums(classes: classes, codes: codes.span, values: amounts.span)
    }

    private static func numbers(_ column: Int, _ snapshot: Snapshot) -> [Double] {
        let isReal = snapshot.metadata.columns[column].type == .real
        return (0..<snapshot.count).map { row in
            guard snapshot.isValid(row, column: column) else { return 0 }
            let value = isReal ? snapshot.reals(column)[row] : Double(snapshot.integers(column)[row])
            return value.isFinite ? value : 0
        }
    }

    private static func classes(_ column: Int?, _ view: LayerView) throws -> ([ClassValue?], [UInt16]) {
        let snapshot = view.snapshot
        guard let column else { return ([nil], [UInt16](repeating: 0, count: snapshot.count)) }
        let tooMany = TwinError(
            .argument,
            "sum: \(snapshot.metadata.columns[column].name) of layer \(view.definition.id) has more than "
                + "\(SpatialQuery.classLimit) values; group by a field with fewer")
        switch snapshot.metadata.columns[column].type {
        case .text:
            let count = snapshot.dictionaryCount(column)
            guard count <= SpatialQuery.classLimit else { throw tooMany }
            let codes = snapshot.textCodes(column)
            let values = [ClassValue.null] + (0..<count).map { .text(snapshot.text(column, code: $0 + 1)) }
            return (values, (0..<snapshot.count).map { Int(codes[$0]) <= count ? UInt16(codes[$0]) : 0 })
        case .boolean:
            let truths = snapshot.booleans(column)
            let codes = (0..<snapshot.count).map { row -> UInt16 in
                snapshot.isValid(row, column: column) ? (truths[row] != 0 ? 2 : 1) : 0
            }
            return ([.null, .boolean(false), .boolean(true)], codes)
        case .integer:
            let numbers = snapshot.integers(column)
            var known: [Int64: UInt16] = [:]
            var values: [ClassValue?] = [.null]
            var codes = [UInt16](repeating: 0, count: snapshot.count)
            for row in 0..<snapshot.count where snapshot.isValid(row, column: column) {
                if let code = known[numbers[row]] {
                    codes[row] = code
                    continue
                }
                guard values.count <= SpatialQuery.classLimit else { throw tooMany }
                known[numbers[row]] = UInt16(values.count)
                codes[row] = UInt16(values.count)
                values.append(.integer(numbers[row]))
            }
            return (values, codes)
        case .real, .binary:
            throw TwinError(
                .argument,
                "sum: \(snapshot.metadata.columns[column].name) cannot group features; use a text, integer or boolean "
                    + "field")
        }
    }
}

/// Counts and sums by class.
struct SumSink: RowSink {
    private let classes: ClassColumn
    private var totals: ClassTotals<Double>
    /// Of single rows.
    private var counts: [Int]
    private var amounts: [DoubleTotal]
    /// Of features that are not in the snapshot.
    private var others: [ClassValue?: (count: Int, sum: DoubleTotal)] = [:]
    private let view: LayerView
    private let key: SnapshotCache.ClassSumKey
    var wantsDistances: Bool { false }

    init(_ classes: ClassColumn, _ key: SnapshotCache.ClassSumKey, _ view: LayerView) {
        self.classes = classes
        self.key = key
        self.view = view
        totals = ClassTotals(classes: classes.values.count)
        counts = [Int](repeating: 0, count: classes.values.count)
        amounts = [DoubleTotal](repeating: Double.emptyTotal, count: classes.values.count)
    }

    mutating func add(rows: Range<Int>) {
        if let sums = classes.sums {
            let codes = classes.codes
            let amounts = classes.amounts
            sums.add(rows, codes: codes.span, values: amounts.span, to: &totals)
        } else {
            for row in rows { addRow(row) }
        }
    }

    mutating func add(first: Int, bits: UInt64) {
        var left = bits
        while left != 0 {
            addRow(first + left.trailingZeroBitCount)
            left &= left - 1
        }
    }

    mutating func add(row: Int, distanceSquared: Double) {
        if row >= 0 { addRow(row) } else { add(view.delta.features[-1 - row]) }
    }

    private mutating func addRow(_ row: Int) {
        let code = Int(classes.codes[row])
        counts[code] &+= 1
        if !classes.amounts.isEmpty { amounts[code] = Double.add(amounts[code], classes.amounts[row]) }
    }

    private mutating func add(_ feature: DeltaFeature) {
        let value = key.column.map { ClassValue(feature.values[$0]) }
        let amount: Double =
            switch key.value {
            case .none: 0
            case .area: feature.geometry.area
            case .column(let column): feature.values[column].amount
            }
        let before = others[value] ?? (0, Double.emptyTotal)
        others[value] = (before.count + 1, Double.add(before.sum, amount))
    }

    /// Classes that have features, the greatest count first.
    func finish() -> [ClassSum] {
        var result: [ClassValue?: (count: Int, sum: DoubleTotal)] = others
        for (code, value) in classes.values.enumerated() {
            let count = counts[code] + totals.counts[code]
            if count == 0 { continue }
            let before = result[value] ?? (0, Double.emptyTotal)
            let sum = Double.add(Double.add(amounts[code], DoubleTotal(high: totals.sum(code), low: 0)), before.sum)
            result[value] = (before.count + count, sum)
        }
        let isSummed = key.value != .none
        return result.map { value, total in
            ClassSum(value: value, count: total.count, sum: isSummed ? Double.value(of: total.sum) : nil)
        }.sorted { $0.count != $1.count ? $0.count > $1.count : $0.sortKey < $1.sortKey }
    }
}

extension ClassValue {
    init(_ value: FieldValue) {
        switch value {
        case .string(let text): self = .text(text)
        case .integer(let number): self = .integer(number)
        case .boolean(let truth): self = .boolean(truth)
        case .null, .real, .binary: self = .null
        }
    }
}

extension ClassSum {
    /// No value goes before the empty text.
    fileprivate var sortKey: (Int, String) {
        switch value {
        case nil, .null?: (0, "")
        case .text(let text)?: (1, text)
        case .integer(let number)?: (1, String(number))
        case .boolean(let truth)?: (1, String(truth))
        }
    }
}

extension FieldValue {
    /// What a value adds to a sum.
    fileprivate var amount: Double {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number.isFinite ? number : 0
        case .null, .string, .boolean, .binary: 0
        }
    }
}
