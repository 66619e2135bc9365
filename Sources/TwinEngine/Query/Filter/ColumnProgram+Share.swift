// SPDX-License-Identifier: Apache-2.0

/// Estimates for the planner.
extension ColumnProgram {
    /// The estimated share of the rows that match, 0 to 1.
    var estimatedShare: Double { operations.last.map(share) ?? 1 }

    /// The estimated nanoseconds that the test of one row takes.
    var rowCost: Double {
        operations.reduce(0) { sum, operation in
            switch operation.code {
            case .all, .none, .and, .or: sum
            case .textTest, .textNotTest: sum + 20
            case .fields: sum + 60
            case .condition: sum + 200
            case .arithmetic: sum + 3 * Double(numberPrograms[operation.first].size)
            case .spatial: sum + 100 * Double(spatials[operation.first].count) / Double(max(1, snapshot.count))
            case .integerSet, .integerNotSet, .realSet, .realNotSet: sum + 4
            default: sum + 0.45
            }
        }
    }

    /// The estimated share of the blocks whose rows have to be looked at, because their zones do not decide: from 32 of them.
    var undecidedShare: Double {
        let blocks = (snapshot.count + Self.blockRows - 1) / Self.blockRows
        guard blocks > 0, let last = operations.indices.last else { return 0 }
        let sampled = min(blocks, 32)
        let undecided = (0..<sampled).count { verdict(last, $0 * blocks / sampled) == nil }
        return max(Double(undecided), 0.5) / Double(sampled)
    }

    /// What the zones of a block decide for an operation and those below it.
    private func verdict(_ index: Int, _ block: Int) -> Bool? {
        let operation = operations[index]
        switch operation.code {
        case .all: return true
        case .none: return false
        case .and, .or:
            let isAnd = operation.code == .and
            var result: Bool? = isAnd
            for child in operation.first..<operation.first + operation.count {
                let known = verdict(child, block)
                if known == !isAnd { return !isAnd }
                if known == nil { result = nil }
            }
            return result
        default: return zoneVerdict(operation, block)
        }
    }

    /// The estimated share of the rows that satisfy one operation. Conditions are taken for independent.
    func share(_ operation: Operation) -> Double {
        let facts = columns.indices.contains(Int(operation.column)) ? columns[Int(operation.column)] : nil
        let filled = facts?.filled ?? 1
        switch operation.code {
        case .all: return 1
        case .none: return 0
        case .and: return children(operation).reduce(1) { $0 * share($1) }
        case .or: return 1 - children(operation).reduce(1) { $0 * (1 - share($1)) }
        case .isNull: return 1 - filled
        case .isNotNull: return filled
        case .boolean: return filled / 2
        case .integerRange:
            return facts?.share(Double(operation.a)...Double(operation.b)) ?? 0.3
        case .integerOutside:
            return filled - (facts?.share(Double(operation.a)...Double(operation.b)) ?? 0)
        case .realRange, .realOutside:
            guard operation.lowerReal <= operation.upperReal, let facts else { return 0 }
            let inside = facts.share(operation.lowerReal...operation.upperReal)
            return operation.code == .realRange ? inside : filled - inside
        case .integerSet, .realSet: return min(filled, Double(operation.count) * (facts?.smallestShare ?? 0.01))
        case .integerNotSet, .realNotSet: return filled
        case .codeRange: return codes(facts, Int(operation.a)...Int(operation.b))
        case .codeOutside: return filled - codes(facts, Int(operation.a)...Int(operation.b))
        case .codeBits, .codeNotBits:
            let inside = bitsShare(operation, facts)
            return operation.code == .codeBits ? inside : max(0, filled - inside)
        case .textTest: return 0.1
        case .textNotTest: return 0.9
        case .fields, .condition, .arithmetic: return 0.3
        case .spatial:
            let near = Double(spatials[operation.first].count) / Double(max(1, snapshot.count))
            return (operation.other == 1) == spatials[operation.first].test.needsContact ? near : 1 - near
        }
    }

    private func children(_ operation: Operation) -> ArraySlice<Operation> {
        operations[operation.first..<operation.first + operation.count]
    }

    private func codes(_ facts: ColumnFacts?, _ range: ClosedRange<Int>) -> Double {
        guard let facts, facts.rows > 0 else { return 0 }
        guard !facts.codeCounts.isEmpty else {
            // Too many texts to count: all are taken for equally frequent.
            let count = snapshot.dictionaryCount(columns.firstIndex { $0 === facts } ?? 0)
            return Double(range.count) / Double(max(1, count))
        }
        return Double(facts.codeCounts[range].reduce(0) { $0 + Int($1) }) / Double(facts.rows)
    }

    private func bitsShare(_ operation: Operation, _ facts: ColumnFacts?) -> Double {
        guard let facts, facts.rows > 0 else { return 0 }
        var rows = 0
        var set = 0
        for word in 0..<operation.count {
            var bits = words[operation.first + word]
            set += bits.nonzeroBitCount
            guard !facts.codeCounts.isEmpty else { continue }
            while bits != 0 {
                rows += Int(facts.codeCounts[word * 64 + bits.trailingZeroBitCount])
                bits &= bits - 1
            }
        }
        if !facts.codeCounts.isEmpty { return Double(rows) / Double(facts.rows) }
        return facts.filled * Double(set) / Double(max(1, snapshot.dictionaryCount(Int(operation.column))))
    }
}

extension ColumnFacts {
    /// The estimated share of rows whose number is in a range.
    func share(_ range: ClosedRange<Double>) -> Double {
        guard !sample.isEmpty else { return 0 }
        func below(_ value: Double, orEqual: Bool) -> Int {
            var low = 0
            var high = sample.count
            while low < high {
                let middle = (low + high) / 2
                if sample[middle] < value || (orEqual && sample[middle] == value) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return low
        }
        let inside = below(range.upperBound, orEqual: true) - below(range.lowerBound, orEqual: false)
        return filled * max(Double(inside), 0.5) / Double(sample.count)
    }

    /// The share that one value has at the least, as far as the sample tells.
    var smallestShare: Double { 1 / Double(max(1, sample.count)) }
}
