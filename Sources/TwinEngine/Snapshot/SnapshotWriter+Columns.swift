// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Columns, each with its zone map.
extension SnapshotWriter {
    /// Writes a column with its rows in `order`.
    mutating func writeColumn(_ column: SnapshotColumn, _ index: UInt32, _ order: [UInt32]) throws {
        switch column {
        case .integer(let values, let validity):
            let flags = order.map { validity.flags[Int($0)] }
            let values = order.map { values[Int($0)] }
            try write(.values, values, column: index)
            try write(validity, flags, column: index)
            try writeZones(values.count, index) { .integers($0) { flags[$0] ? values[$0] : nil } }
        case .real(let values, let validity):
            let flags = order.map { validity.flags[Int($0)] }
            let values = order.map { values[Int($0)] }
            try write(.values, values, column: index)
            try write(validity, flags, column: index)
            try writeZones(values.count, index) { .reals($0) { flags[$0] ? values[$0] : nil } }
        case .boolean(let values, let validity):
            let flags = order.map { validity.flags[Int($0)] }
            let values = order.map { values[Int($0)] }
            try write(.values, values, column: index)
            try write(validity, flags, column: index)
            try writeZones(values.count, index) { .integers($0) { flags[$0] ? Int64(values[$0]) : nil } }
        case .text(let dictionary):
            let sorted = dictionary.sorted()
            let codes = order.map { sorted.codes[Int(dictionary.codes[Int($0)])] }
            try write(.values, codes, column: index)
            try write(.dictionaryOffsets, sorted.offsets, column: index)
            try write(.bytes, sorted.bytes, column: index)
            try writeZones(codes.count, index) { .integers($0) { codes[$0] == 0 ? nil : Int64(codes[$0]) } }
        case .binary(let rows):
            var offsets: [UInt64] = [0]
            offsets.reserveCapacity(order.count + 1)
            for row in order {
                offsets.append((offsets.last ?? 0) + rows.offsets[Int(row) + 1] - rows.offsets[Int(row)])
            }
            try write(.values, offsets, column: index)
            try write(.bytes, rows, order, column: index)
        }
    }

    private mutating func writeZones(_ count: Int, _ column: UInt32, _ zone: (Range<Int>) -> SnapshotZone) throws {
        try write(.zones, SnapshotZone.all(count, zone), column: column)
    }

    private mutating func write(_ validity: Validity, _ flags: [Bool], column: UInt32) throws {
        guard validity.hasNulls else { return }
        var bits = [UInt8](repeating: 0, count: (flags.count + 7) / 8)
        for (row, isValid) in flags.enumerated() where isValid { bits[row >> 3] |= 1 << UInt8(row & 7) }
        try write(.validity, bits, column: column)
    }
}
