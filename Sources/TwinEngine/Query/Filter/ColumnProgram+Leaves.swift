// SPDX-License-Identifier: Apache-2.0

/// One more bit for each row: the loops that a filter spends its time in.
extension ColumnProgram {
    /// Fills words of the mask with a test of row numbers.
    @inline(__always)
    private func fill(
        _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64], _ test: (Int) -> Bool
    ) {
        let rows = snapshot.count
        for word in words {
            let first = block * Self.blockRows + word * 64
            let count = min(64, rows - first)
            var bits: UInt64 = 0
            if count == 64 {
                var bit: UInt64 = 0
                while bit < 64 {
                    bits |= (test(first &+ Int(bit)) ? 1 : 0) &<< bit
                    bit &+= 1
                }
            } else if count > 0 {
                for bit in 0..<count where test(first + bit) { bits |= 1 << UInt64(bit) }
            }
            scratch[out + word] = bits
        }
    }

    /// Clears the bits of rows without a value.
    @inline(__always)
    private func clearNulls(_ column: Int, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]) {
        guard let valid = columns[column]?.validity else { return }
        let first = block * Self.blockWords
        for word in words { scratch[out + word] &= valid[first + word] }
    }

    func leaf(_ operation: Operation, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]) {
        switch operation.code {
        case .integerRange, .integerOutside, .integerSet, .integerNotSet:
            integerLeaf(operation, block, words, out, &scratch)
        case .realRange, .realOutside, .realSet, .realNotSet: realLeaf(operation, block, words, out, &scratch)
        case .codeRange, .codeOutside, .codeBits, .codeNotBits, .textTest, .textNotTest:
            textLeaf(operation, block, words, out, &scratch)
        case .boolean:
            let snapshot = snapshot
            let values = snapshot.booleans(Int(operation.column))
            let wanted = UInt8(operation.a)
            fill(block, words, out, &scratch) { values[$0] == wanted }
            clearNulls(Int(operation.column), block, words, out, &scratch)
        case .isNull, .isNotNull: nullLeaf(operation, block, words, out, &scratch)
        case .fields: fieldsLeaf(operation, block, words, out, &scratch)
        case .condition:
            let condition = conditions[operation.first]
            let wanted = operation.other == 1
            let snapshot = snapshot
            fill(block, words, out, &scratch) { condition.holds(SnapshotRow(snapshot: snapshot, row: $0)) == wanted }
        case .arithmetic:
            let first = block * Self.blockRows + words.lowerBound * 64
            let rows = first..<max(first, min(snapshot.count, block * Self.blockRows + words.upperBound * 64))
            let found = numberPrograms[operation.first].words(rows, wanted: operation.other == 1, snapshot)
            for word in words {
                let place = word - words.lowerBound
                scratch[out + word] = place < found.count ? found[place] : 0
            }
        case .spatial: spatialLeaf(operation, block, words, out, &scratch)
        case .all, .none, .and, .or: break
        }
    }

    private func integerLeaf(
        _ operation: Operation, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]
    ) {
        let snapshot = snapshot
        let column = Int(operation.column)
        let values = snapshot.integers(column)
        let lower = operation.a
        let span = UInt64(bitPattern: operation.b &- operation.a)
        let isSet = operation.code == .integerSet || operation.code == .integerNotSet
        let range = isSet ? operation.first..<operation.first + operation.count : 0..<0
        switch operation.code {
        case .integerRange:
            // Safe: `fill` asks for rows of the snapshot only, and the column has one value for each.
            fill(block, words, out, &scratch) { UInt64(bitPattern: unsafe values[unchecked: $0] &- lower) <= span }
        case .integerOutside:
            // Safe: as above.
            fill(block, words, out, &scratch) { UInt64(bitPattern: unsafe values[unchecked: $0] &- lower) > span }
        case .integerSet: fill(block, words, out, &scratch) { contains(values[$0], range) }
        default: fill(block, words, out, &scratch) { !contains(values[$0], range) }
        }
        clearNulls(column, block, words, out, &scratch)
    }

    private func realLeaf(
        _ operation: Operation, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]
    ) {
        let snapshot = snapshot
        let column = Int(operation.column)
        let values = snapshot.reals(column)
        let lower = operation.lowerReal
        let upper = operation.upperReal
        let isSet = operation.code == .realSet || operation.code == .realNotSet
        let range = isSet ? operation.first..<operation.first + operation.count : 0..<0
        switch operation.code {
        case .realRange:
            fill(block, words, out, &scratch) { row in
                // Safe: `fill` asks for rows of the snapshot only, and the column has one value for each.
                let value = unsafe values[unchecked: row]
                return value >= lower && value <= upper
            }
        case .realOutside:
            fill(block, words, out, &scratch) { row in
                let value = values[row]
                return value < lower || value > upper
            }
        case .realSet:
            fill(block, words, out, &scratch) { contains(Self.key(values[$0]), range) && values[$0] == values[$0] }
        default:
            fill(block, words, out, &scratch) { !contains(Self.key(values[$0]), range) && values[$0] == values[$0] }
        }
        clearNulls(column, block, words, out, &scratch)
    }

    /// Equal for equal numbers, -0 and 0 too.
    static func key(_ value: Double) -> Int64 { Int64(bitPattern: (value + 0).bitPattern) }

    /// Whether a value is in a sorted part of `numbers`.
    private func contains(_ value: Int64, _ range: Range<Int>) -> Bool {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < range.upperBound && numbers[low] == value
    }

    private func textLeaf(
        _ operation: Operation, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]
    ) {
        let snapshot = snapshot
        let column = Int(operation.column)
        let codes = snapshot.textCodes(column)
        switch operation.code {
        case .codeRange:
            let lower = UInt32(operation.a)
            let span = UInt32(operation.b) &- lower
            // Safe: `fill` asks for rows of the snapshot only, and the column has one code for each.
            fill(block, words, out, &scratch) { unsafe codes[unchecked: $0] &- lower <= span }
        case .codeOutside:
            let lower = UInt32(operation.a)
            let span = UInt32(operation.b) &- lower
            fill(block, words, out, &scratch) { codes[$0] != 0 && codes[$0] &- lower > span }
        case .codeBits, .codeNotBits:
            let table = self.words.span.extracting(operation.first..<operation.first + operation.count)
            let flip: UInt64 = operation.code == .codeBits ? 0 : 1
            fill(block, words, out, &scratch) { row in
                let code = Int(codes[row])
                // A code beyond the dictionary is damage: it is null.
                guard code != 0, code >> 6 < table.count else { return false }
                return (table[code >> 6] >> UInt64(code & 63)) & 1 != flip
            }
        default:
            let test = tests[operation.first]
            let wanted = operation.code == .textTest
            fill(block, words, out, &scratch) { row in
                codes[row] != 0 && test.matches(snapshot.text(code: codes[row], column: column)) == wanted
            }
        }
    }

    private func nullLeaf(
        _ operation: Operation, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]
    ) {
        let snapshot = snapshot
        let column = Int(operation.column)
        let wantsNull = operation.code == .isNull
        switch snapshot.metadata.columns[column].type {
        case .text:
            let codes = snapshot.textCodes(column)
            fill(block, words, out, &scratch) { (codes[$0] == 0) == wantsNull }
        case .binary:
            fill(block, words, out, &scratch) { snapshot.binary($0, column: column).isEmpty == wantsNull }
        case .real:
            let values = snapshot.reals(column)
            let valid = columns[column]?.validity
            fill(block, words, out, &scratch) { row in
                let isSet = valid.map { $0[row >> 6] >> UInt64(row & 63) & 1 == 1 } ?? true
                return (isSet && values[row] == values[row]) != wantsNull
            }
        case .integer, .boolean:
            let valid = columns[column]?.validity
            fill(block, words, out, &scratch) { row in
                (valid.map { $0[row >> 6] >> UInt64(row & 63) & 1 == 1 } ?? true) != wantsNull
            }
        }
    }

    private func spatialLeaf(
        _ operation: Operation, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]
    ) {
        let candidates = spatials[operation.first]
        let snapshot = snapshot
        let wanted = operation.other == 1
        // Features that are no candidates do not touch the literal.
        let elsewhere = wanted != candidates.test.needsContact
        for word in words {
            let first = block * Self.blockRows + word * 64
            let count = min(64, snapshot.count - first)
            let all: UInt64 = count >= 64 ? .max : count <= 0 ? 0 : (1 << UInt64(count)) - 1
            var left = candidates.words[block * Self.blockWords + word] & all
            var bits = elsewhere ? all & ~left : 0
            while left != 0 {
                let bit = left.trailingZeroBitCount
                left &= left - 1
                let row = first + bit
                let truth =
                    candidates.test.verdict(snapshot.box(row: row)) ?? candidates.test.holds(snapshot.geometry(row))
                if truth == wanted { bits |= 1 << UInt64(bit) }
            }
            scratch[out + word] = bits
        }
    }

    private func fieldsLeaf(
        _ operation: Operation, _ block: Int, _ words: Range<Int>, _ out: Int, _ scratch: inout [UInt64]
    ) {
        let comparison = FilterComparison.allCases[operation.first]
        let (left, right) = (Int(operation.column), Int(operation.other))
        let snapshot = snapshot
        if snapshot.metadata.columns[left].type == .text {
            let (codes, others) = (snapshot.textCodes(left), snapshot.textCodes(right))
            return fill(block, words, out, &scratch) { row in
                guard codes[row] != 0, others[row] != 0 else { return false }
                let order = compareBytes(
                    snapshot.text(code: codes[row], column: left), snapshot.text(code: others[row], column: right))
                return comparison.holds(order, 0)
            }
        }
        fill(block, words, out, &scratch) { row in
            comparison.holds(snapshot.value(row: row, column: left), snapshot.value(row: row, column: right)) ?? false
        }
    }
}

extension Snapshot {
    /// A value as an object: for conditions that are rare enough not to have a loop of their own.
    func value(row: Int, column: Int) -> FieldValue {
        switch metadata.columns[column].type {
        case .integer: isValid(row, column: column) ? .integer(integers(column)[row]) : .null
        case .real: isValid(row, column: column) ? .real(reals(column)[row]) : .null
        case .boolean: isValid(row, column: column) ? .boolean(booleans(column)[row] != 0) : .null
        case .text: textCodes(column)[row] == 0 ? .null : .string(text(column, code: Int(textCodes(column)[row])))
        case .binary: .null
        }
    }

    /// The text of a code, which is not 0.
    func text(_ column: Int, code: Int) -> String {
        let bytes = text(code: UInt32(clamping: code), column: column)
        return unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
