// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// Rows of columns in ascending order of their values, made when questions are worth it and kept with the snapshot.
///
/// Thread use: any. Two that ask at once for the same column may both sort it; one result is kept.
final class ColumnOrders: Sendable {
    private struct Column {
        var order: [UInt32]?
        /// Nanoseconds that questions would have saved, by estimate, if the order had been there.
        var missed = 0.0
    }

    private let columns: Mutex<[Column]>

    init(columns: Int) {
        self.columns = Mutex(Array(repeating: Column(), count: columns))
    }

    func order(_ column: Int, make: () -> [UInt32]) -> [UInt32] {
        if let known = columns.withLock({ $0[column].order }) { return known }
        let made = make()
        return columns.withLock { columns in
            if let known = columns[column].order { return known }
            columns[column].order = made
            return made
        }
    }

    /// Whether a question that an order would make faster may use it: it is there, or all questions so far have missed
    /// as much as it costs to make, so that no sequence of questions takes more than twice the least time.
    ///
    /// - Parameters:
    ///   - saving: nanoseconds that it would save this time.
    ///   - cost: nanoseconds that making it takes.
    func isWorth(_ column: Int, saving: Double, cost: Double) -> Bool {
        columns.withLock { columns in
            if columns[column].order != nil { return true }
            columns[column].missed += saving
            return columns[column].missed >= cost
        }
    }

    /// Bytes held.
    var byteCount: Int { columns.withLock { $0.reduce(0) { $0 + ($1.order?.count ?? 0) * 4 } } }
}

extension Snapshot {
    /// The rows of a column that have a value, in ascending order of it, equal values by row; nil for binary columns.
    ///
    /// Values that are not numbers are left out. Four bytes a row, kept; the first call O(rows), later ones O(1).
    func sortedRows(_ column: Int) -> [UInt32]? {
        guard metadata.columns[column].type != .binary else { return nil }
        return orders.order(column) {
            var keys: [UInt64] = []
            var rows: [UInt32] = []
            keys.reserveCapacity(count)
            rows.reserveCapacity(count)
            for row in 0..<count {
                guard let key = sortKey(row, column) else { continue }
                keys.append(key)
                rows.append(UInt32(row))
            }
            return RadixOrder.sorted(rows, by: keys)
        }
    }

    /// A number that orders as the value does, or nil where there is none.
    private func sortKey(_ row: Int, _ column: Int) -> UInt64? {
        switch metadata.columns[column].type {
        case .text:
            let code = textCodes(column)[row]
            return code == 0 ? nil : UInt64(code)
        case .integer:
            guard isValid(row, column: column) else { return nil }
            return UInt64(bitPattern: integers(column)[row]) ^ (1 << 63)
        case .real:
            let value = reals(column)[row]
            guard isValid(row, column: column), !value.isNaN else { return nil }
            // Adding zero makes -0 and 0 one value.
            let bits = (value + 0).bitPattern
            return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
        case .boolean:
            guard isValid(row, column: column) else { return nil }
            return UInt64(booleans(column)[row])
        case .binary: return nil
        }
    }
}

/// Stable sorting by 64-bit keys: eleven bits at a time, and only those that differ. O(rows).
enum RadixOrder {
    private static let digitBits: UInt64 = 11

    static func sorted(_ rows: [UInt32], by keys: [UInt64]) -> [UInt32] {
        guard let first = keys.first else { return [] }
        let differing = keys.reduce(0) { $0 | ($1 ^ first) }
        var (rows, keys) = (rows, keys)
        var (nextRows, nextKeys) = (rows, keys)
        var shift: UInt64 = 0
        while shift < 64 {
            defer { shift += digitBits }
            let mask: UInt64 = 1 << digitBits - 1
            if differing >> shift & mask == 0 { continue }
            var places = [Int](repeating: 0, count: 1 << Int(digitBits))
            for key in keys { places[Int(key >> shift & mask)] += 1 }
            var total = 0
            for digit in places.indices {
                let size = places[digit]
                places[digit] = total
                total += size
            }
            for index in keys.indices {
                let digit = Int(keys[index] >> shift & mask)
                nextKeys[places[digit]] = keys[index]
                nextRows[places[digit]] = rows[index]
                places[digit] += 1
            }
            swap(&keys, &nextKeys)
            swap(&rows, &nextRows)
        }
        return rows
    }
}
