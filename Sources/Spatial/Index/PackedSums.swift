// SPDX-License-Identifier: Apache-2.0

/// A value that packed sums can add up, and take apart again, without loss that grows with the number of rows.
public protocol PackedSummable: BitwiseCopyable, Sendable {
    /// A running total.
    associatedtype Total: BitwiseCopyable, Sendable
    static var emptyTotal: Total { get }
    static func add(_ total: Total, _ value: Self) -> Total
    static func add(_ total: Total, _ other: Total) -> Total
    static func subtract(_ total: Total, _ other: Total) -> Total
    static func value(of total: Total) -> Self
}

/// Arithmetic modulo 2⁶⁴: a sum is exact if it fits, whatever the running totals did.
extension Int64: PackedSummable {
    @inlinable public static var emptyTotal: Int64 { 0 }
    @inlinable public static func add(_ total: Int64, _ value: Int64) -> Int64 { total &+ value }
    @inlinable public static func subtract(_ total: Int64, _ other: Int64) -> Int64 { total &- other }
    @inlinable public static func value(of total: Int64) -> Int64 { total }
}

/// Running totals of two doubles each (about 106 bits), so that the difference of two large totals keeps its digits.
///
/// Not for infinities and NaN, which spoil every sum behind them.
extension Double: PackedSummable {
    @inlinable public static var emptyTotal: DoubleTotal { DoubleTotal(high: 0, low: 0) }
    @inlinable public static func add(_ total: DoubleTotal, _ value: Double) -> DoubleTotal {
        add(total, DoubleTotal(high: value, low: 0))
    }
    @inlinable public static func add(_ total: DoubleTotal, _ other: DoubleTotal) -> DoubleTotal {
        // Knuth's two-sum of the high parts; the low parts join its error.
        let high = total.high + other.high
        let part = high - total.high
        let low = (total.high - (high - part)) + (other.high - part) + total.low + other.low
        let sum = high + low
        return DoubleTotal(high: sum, low: low - (sum - high))
    }
    @inlinable public static func subtract(_ total: DoubleTotal, _ other: DoubleTotal) -> DoubleTotal {
        add(total, DoubleTotal(high: -other.high, low: -other.low))
    }
    @inlinable public static func value(of total: DoubleTotal) -> Double { total.high + total.low }
}

/// The unevaluated sum of two doubles.
public struct DoubleTotal: BitwiseCopyable, Sendable {
    public var high: Double
    public var low: Double

    @inlinable
    public init(high: Double, low: Double) {
        self.high = high
        self.low = low
    }
}

/// Sums of a column over ranges of rows in O(1): what a contained subtree adds to an aggregate.
///
/// The running total is kept at every sixteenth row (8 or 16 bytes each); the ends of a range are added from the column.
/// With the ranges of a search this answers "how many people in this disc" with work for the rim only.
///
/// ```swift
/// let people = PackedSums(column.span)
/// var total: Int64 = 0
/// view.searchCircle(circle) { first, end in
///     total += people.sum(first..<end, of: column.span)
///     return true
/// }
/// ```
///
/// Source: prefix sums (Ladner and Fischer, JACM 1980) in the place of totals per node: a range needs two of them
/// instead of a walk, and leaves the nodes as they are.
public struct PackedSums<Value: PackedSummable>: Sendable {
    /// Rows between two running totals.
    @inlinable public static var blockSize: Int { 16 }
    @usableFromInline let totals: [Value.Total]
    public let count: Int

    /// O(rows).
    @inlinable
    public init(_ column: Span<Value>) {
        count = column.count
        var totals = [Value.emptyTotal]
        totals.reserveCapacity(column.count / Self.blockSize + 1)
        var total = Value.emptyTotal
        for row in 0..<column.count {
            total = Value.add(total, column[row])
            if row % Self.blockSize == Self.blockSize - 1 { totals.append(total) }
        }
        self.totals = totals
    }

    /// The sum of a range of rows of the column that the totals were made of.
    @inlinable
    public func sum(_ rows: Range<Int>, of column: Span<Value>) -> Value {
        precondition(column.count == count, "packed sums belong to one column")
        var total = Value.emptyTotal
        let firstBlock = (rows.lowerBound + Self.blockSize - 1) / Self.blockSize
        let lastBlock = rows.upperBound / Self.blockSize
        guard firstBlock < lastBlock else {
            for row in rows { total = Value.add(total, column[row]) }
            return Value.value(of: total)
        }
        total = Value.subtract(totals[lastBlock], totals[firstBlock])
        for row in rows.lowerBound..<(firstBlock * Self.blockSize) { total = Value.add(total, column[row]) }
        for row in (lastBlock * Self.blockSize)..<rows.upperBound { total = Value.add(total, column[row]) }
        return Value.value(of: total)
    }
}
