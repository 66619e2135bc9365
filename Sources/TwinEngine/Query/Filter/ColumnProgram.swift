// SPDX-License-Identifier: Apache-2.0

/// A filter compiled for one layer's snapshot: operations on columns, evaluated 1,024 rows at a time into bit masks.
///
/// `not` is gone: it was pushed down to the conditions, so that every operation yields the rows for which it is *true*,
/// and unknown needs no mask of its own (De Morgan's laws hold in Kleene's logic). Immutable; any thread.
struct ColumnProgram: Sendable {
    /// Rows of a block: sixteen words of a mask.
    static let blockRows = 1024
    static let blockWords = 16

    enum Code: UInt8 {
        case all, none, and, or
        /// Int64 in a...b.
        case integerRange
        /// Int64 outside a...b, not null.
        case integerOutside
        /// Int64 in a sorted list.
        case integerSet, integerNotSet
        /// Double in a...b, both as bit patterns.
        case realRange, realOutside
        case realSet, realNotSet
        /// UInt8 equal to a.
        case boolean
        /// Text code in a...b; or outside and not null.
        case codeRange, codeOutside
        /// Text code whose bit is set; or not set, and not null.
        case codeBits, codeNotBits
        /// Text tested row by row: for dictionaries that are larger than what is asked about.
        case textTest, textNotTest
        case isNull, isNotNull
        /// Column against column; `a` is the raw value of a `FieldComparison`.
        case fields
        /// A condition asked row by row; `other` is 1 where it must be true and 0 where it must be false.
        case condition
        /// A condition on numbers, worked out for blocks of rows; `other` as above. `a` is the place in `numberPrograms`.
        case arithmetic
        /// A spatial predicate; `other` as above. `a` is the place in `spatials`.
        case spatial
    }

    struct Operation: BitwiseCopyable {
        var code: Code
        var column: Int32 = 0
        /// Of `fields`: the other column.
        var other: Int32 = 0
        /// Bounds, or the first child, or the place in `words`, `numbers` or `tests`.
        var a: Int64 = 0
        /// Bounds, or the number of children or values.
        var b: Int64 = 0

        var first: Int { Int(a) }
        var count: Int { Int(b) }
        var lowerReal: Double { Double(bitPattern: UInt64(bitPattern: a)) }
        var upperReal: Double { Double(bitPattern: UInt64(bitPattern: b)) }
    }

    /// Children of an operation are next to each other; the root is the last.
    var operations: [Operation] = []
    /// Bits of text codes.
    var words: [UInt64] = []
    /// Sorted lists: Int64 or the bit patterns of Doubles.
    var numbers: [Int64] = []
    var tests: [TextTest] = []
    var conditions: [CQLBound] = []
    var numberPrograms: [NumberProgram] = []
    var spatials: [SpatialCandidates] = []
    /// Levels of `and` and `or`: masks that an evaluation needs.
    var depth = 1
    let snapshot: Snapshot
    /// What is known of the columns that are used, by column.
    var columns: [ColumnFacts?]

    var root: Operation { operations.last ?? Operation(code: .all) }

    /// Whether no row can match.
    var isNever: Bool { root.code == .none }
    /// Whether every row matches.
    var isAlways: Bool { root.code == .all }

    /// A buffer for ``evaluate(block:words:into:)``: its first sixteen words are the answer.
    var scratch: [UInt64] { [UInt64](repeating: 0, count: (depth + 1) * Self.blockWords) }

    /// Evaluates some words (of 64 rows) of a block; bits of rows beyond the last are 0.
    ///
    /// - Parameter scratch: from ``scratch``; only the asked words of the answer are written.
    func evaluate(block: Int, words: Range<Int>, into scratch: inout [UInt64]) {
        guard let last = operations.indices.last else {
            for word in words { scratch[word] = allRows(block, word) }
            return
        }
        evaluate(last, block, words, slot: 0, &scratch)
    }

    /// A mask of the rows that exist.
    private func allRows(_ block: Int, _ word: Int) -> UInt64 {
        let left = snapshot.count - block * Self.blockRows - word * 64
        return left >= 64 ? .max : left <= 0 ? 0 : (1 << UInt64(left)) - 1
    }

    private func evaluate(_ index: Int, _ block: Int, _ words: Range<Int>, slot: Int, _ scratch: inout [UInt64]) {
        let operation = operations[index]
        let out = slot * Self.blockWords
        switch operation.code {
        case .all: for word in words { scratch[out + word] = allRows(block, word) }
        case .none: for word in words { scratch[out + word] = 0 }
        case .and, .or:
            let isAnd = operation.code == .and
            evaluate(operation.first, block, words, slot: slot, &scratch)
            let next = out + Self.blockWords
            for child in operation.first + 1..<operation.first + operation.count {
                var decided = true
                for word in words where scratch[out + word] != (isAnd ? 0 : allRows(block, word)) { decided = false }
                if decided { return }
                evaluate(child, block, words, slot: slot + 1, &scratch)
                for word in words {
                    if isAnd {
                        scratch[out + word] &= scratch[next + word]
                    } else {
                        scratch[out + word] |= scratch[next + word]
                    }
                }
            }
        default:
            if let verdict = zoneVerdict(operation, block) {
                for word in words { scratch[out + word] = verdict ? allRows(block, word) : 0 }
            } else {
                leaf(operation, block, words, out, &scratch)
            }
        }
    }

    /// What a block's least and greatest values already decide: none or all of its rows; nil where they do not.
    func zoneVerdict(_ operation: Operation, _ block: Int) -> Bool? {
        let snapshot = snapshot
        if operation.code == .condition || operation.code == .arithmetic { return nil }
        if operation.code == .spatial { return spatials[operation.first].verdict(operation, block) }
        guard let zones = snapshot.zoneMap(Int(operation.column)), block < zones.count else { return nil }
        let zone = zones[block]
        let hasNulls = zone.nulls > 0 || zone.notNumbers > 0
        switch operation.code {
        case .integerRange, .codeRange:
            let (least, greatest) = zone.integers
            if least > operation.b || greatest < operation.a { return false }
            return hasNulls || least < operation.a || greatest > operation.b ? nil : true
        case .realRange:
            let (least, greatest) = zone.reals
            if least > operation.upperReal || greatest < operation.lowerReal { return false }
            return hasNulls || least < operation.lowerReal || greatest > operation.upperReal ? nil : true
        default: return nil
        }
    }
}
