// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// Rows of columns in ascending order of their values, made when a query first asks and kept with the snapshot.
///
/// Thread use: any. Two that ask at once for the same column may both sort it; one result is kept.
final class ColumnOrders: Sendable {
    private let orders: Mutex<[[UInt32]?]>

    init(columns: Int) {
        orders = Mutex(Array(repeating: nil, count: columns))
    }

    func order(_ column: Int, make: () -> [UInt32]) -> [UInt32] {
        if let known = orders.withLock({ $0[column] }) { return known }
        let made = make()
        return orders.withLock { orders in
            if let known = orders[column] { return known }
            orders[column] = made
            return made
        }
    }

    /// Bytes held.
    var byteCount: Int { orders.withLock { $0.reduce(0) { $0 + ($1?.count ?? 0) * 4 } } }
}

extension Snapshot {
    /// The rows of a column that have a value, in ascending order of it, equal values by row; nil for binary columns.
    ///
    /// Values that are not numbers are left out. Four bytes a row, kept; the first call O(rows log rows), later ones O(1).
    func sortedRows(_ column: Int) -> [UInt32]? {
        guard metadata.columns[column].type != .binary else { return nil }
        return orders.order(column) {
            var keys: [(key: UInt64, row: UInt32)] = []
            keys.reserveCapacity(count)
            for row in 0..<count {
                if let key = sortKey(row, column) { keys.append((key, UInt32(row))) }
            }
            keys.sort { $0.key != $1.key ? $0.key < $1.key : $0.row < $1.row }
            return keys.map(\.row)
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
