// SPDX-License-Identifier: Apache-2.0

/// A condition that every matching row fulfils, and whose rows are a part of a sorted column.
struct SortedCondition {
    let operation: ColumnProgram.Operation
    /// The estimated share of the rows that fulfil it.
    let share: Double
    /// Whether it is the whole filter.
    let isAlone: Bool

    var column: Int { Int(operation.column) }

    /// The most selective one of a filter; nil where none is a range or an equality that all rows must fulfil.
    init?(_ program: ColumnProgram) {
        let root = program.root
        let parts =
            root.code == .and ? Array(program.operations[root.first..<root.first + root.count]) : [root]
        var best: (operation: ColumnProgram.Operation, share: Double)?
        for operation in parts {
            switch operation.code {
            case .integerRange, .realRange, .codeRange, .boolean: break
            default: continue
            }
            let share = program.share(operation)
            if share < best?.share ?? .infinity { best = (operation, share) }
        }
        guard let best else { return nil }
        (operation, share) = best
        isAlone = parts.count == 1
    }

    /// The rows that fulfil it, ascending. O(log rows + their number), once the column is sorted.
    func rows(_ snapshot: Snapshot) -> [UInt32] {
        guard let order = snapshot.sortedRows(column) else { return [] }
        let range: Range<Int>
        switch operation.code {
        case .integerRange:
            let values = snapshot.integers(column)
            let (low, high) = (operation.a, operation.b)
            range = Self.part(order) {
                values[Int($0)] < low
            } through: {
                values[Int($0)] <= high
            }
        case .realRange:
            let values = snapshot.reals(column)
            let (low, high) = (operation.lowerReal, operation.upperReal)
            range = Self.part(order) {
                values[Int($0)] < low
            } through: {
                values[Int($0)] <= high
            }
        case .codeRange:
            let codes = snapshot.textCodes(column)
            let (low, high) = (operation.a, operation.b)
            range = Self.part(order) {
                Int64(codes[Int($0)]) < low
            } through: {
                Int64(codes[Int($0)]) <= high
            }
        default:
            let values = snapshot.booleans(column)
            let wanted = UInt8(truncatingIfNeeded: operation.a)
            range = Self.part(order) {
                values[Int($0)] < wanted
            } through: {
                values[Int($0)] <= wanted
            }
        }
        return order[range].sorted()
    }

    /// The rows behind those that are below, up to the last that is not above.
    private static func part(
        _ order: [UInt32], below: (UInt32) -> Bool, through: (UInt32) -> Bool
    ) -> Range<Int> {
        let first = partitionPoint(order, below)
        return first..<max(first, partitionPoint(order, through))
    }

    /// How many rows hold, of which the first do and the others do not.
    private static func partitionPoint(_ order: [UInt32], _ holds: (UInt32) -> Bool) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if holds(order[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
