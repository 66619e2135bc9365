// SPDX-License-Identifier: Apache-2.0

/// Counts and sums by class over ranges of rows, for classes numbered from 0.
///
/// Running counts (and totals) of every class are kept at every 256th row, so a contained subtree of any size costs one
/// subtraction per class, and the rim costs what it holds. Memory: classes × rows / 256 × 4 bytes, and 8 or 16 more with
/// sums. Classes of more than some hundreds are better counted row by row.
///
/// ```swift
/// var totals = ClassTotals<Int64>(classes: 12)
/// view.searchCircle(circle) { first, end in
///     sums.add(first..<end, codes: codes.span, values: areas.span, to: &totals)
///     return true
/// }
/// ```
public struct PackedClassSums<Value: PackedSummable>: Sendable {
    /// Rows between two running totals.
    @inlinable public static var blockSize: Int { 256 }
    public let classes: Int
    public let count: Int
    @usableFromInline let counts: [UInt32]
    @usableFromInline let totals: [Value.Total]

    /// O(rows + classes × rows / 256).
    ///
    /// - Parameters:
    ///   - codes: the class of each row, below `classes`; a row with another code is in no class.
    ///   - values: what to sum, a value for each row; an empty span where only counts are wanted.
    @inlinable
    public init(classes: Int, codes: Span<UInt16>, values: Span<Value>) {
        precondition(values.isEmpty || values.count == codes.count, "there is one value for each code")
        self.classes = classes
        count = codes.count
        var running = [UInt32](repeating: 0, count: classes)
        var runningTotals = [Value.Total](repeating: Value.emptyTotal, count: values.isEmpty ? 0 : classes)
        var counts = running
        var totals = runningTotals
        for row in 0..<codes.count {
            let code = Int(codes[row])
            if code < classes {
                running[code] &+= 1
                if !values.isEmpty { runningTotals[code] = Value.add(runningTotals[code], values[row]) }
            }
            if row % Self.blockSize == Self.blockSize - 1 {
                counts.append(contentsOf: running)
                totals.append(contentsOf: runningTotals)
            }
        }
        self.counts = counts
        self.totals = totals
    }

    /// Adds a range of rows to totals by class. The columns are those that the sums were made of.
    @inlinable
    public func add(_ rows: Range<Int>, codes: Span<UInt16>, values: Span<Value>, to result: inout ClassTotals<Value>) {
        precondition(codes.count == count && result.counts.count == classes, "class sums belong to one column")
        let firstBlock = (rows.lowerBound + Self.blockSize - 1) / Self.blockSize
        let lastBlock = rows.upperBound / Self.blockSize
        guard firstBlock < lastBlock else {
            addRows(rows, codes, values, &result)
            return
        }
        addRows(rows.lowerBound..<(firstBlock * Self.blockSize), codes, values, &result)
        addRows((lastBlock * Self.blockSize)..<rows.upperBound, codes, values, &result)
        for code in 0..<classes {
            let (upper, lower) = (lastBlock * classes + code, firstBlock * classes + code)
            result.counts[code] += Int(counts[upper] &- counts[lower])
            if totals.isEmpty { continue }
            let part = Value.subtract(totals[upper], totals[lower])
            result.totals[code] = Value.add(result.totals[code], part)
        }
    }

    @inlinable
    func addRows(
        _ rows: Range<Int>, _ codes: Span<UInt16>, _ values: Span<Value>, _ result: inout ClassTotals<Value>
    ) {
        for row in rows {
            let code = Int(codes[row])
            guard code < classes else { continue }
            result.counts[code] += 1
            if !totals.isEmpty { result.totals[code] = Value.add(result.totals[code], values[row]) }
        }
    }
}

/// Counts and sums by class, filled by ``PackedClassSums``.
public struct ClassTotals<Value: PackedSummable>: Sendable {
    public var counts: [Int]
    @usableFromInline var totals: [Value.Total]

    @inlinable
    public init(classes: Int) {
        counts = [Int](repeating: 0, count: classes)
        totals = [Value.Total](repeating: Value.emptyTotal, count: classes)
    }

    /// The sum of a class; 0 where only counts were asked for.
    @inlinable
    public func sum(_ code: Int) -> Value { Value.value(of: totals[code]) }
}
