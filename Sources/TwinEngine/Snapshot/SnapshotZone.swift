// SPDX-License-Identifier: Apache-2.0

/// What 1024 consecutive rows of a column hold: an entry of its zone map, 24 bytes in the file.
///
/// A filter passes over a zone whose range does not meet it, and takes one whole that has no nulls and lies inside.
struct SnapshotZone: Sendable, BitwiseCopyable, Equatable {
    /// Least value as Int64, or as the bits of a Double in a column of reals. Codes and truths are integers.
    var leastBits: UInt64
    /// Greatest value, likewise. Below the least where the zone has only nulls (and values that are not numbers).
    var greatestBits: UInt64
    /// Rows without a value.
    var nulls: UInt32
    /// Rows whose real value is not a number; they are outside every range.
    var notNumbers: UInt32

    /// Of integers, truths (0 and 1) and dictionary codes (from 1); empty zones have `least > greatest`.
    var integers: (least: Int64, greatest: Int64) { (Int64(bitPattern: leastBits), Int64(bitPattern: greatestBits)) }
    /// Of reals; empty zones have `least > greatest`.
    var reals: (least: Double, greatest: Double) { (Double(bitPattern: leastBits), Double(bitPattern: greatestBits)) }

    static func integers(_ rows: Range<Int>, _ value: (Int) -> Int64?) -> SnapshotZone {
        var least = Int64.max
        var greatest = Int64.min
        var nulls: UInt32 = 0
        for row in rows {
            guard let value = value(row) else {
                nulls += 1
                continue
            }
            least = min(least, value)
            greatest = max(greatest, value)
        }
        return SnapshotZone(
            leastBits: UInt64(bitPattern: least), greatestBits: UInt64(bitPattern: greatest), nulls: nulls,
            notNumbers: 0)
    }

    static func reals(_ rows: Range<Int>, _ value: (Int) -> Double?) -> SnapshotZone {
        var least = Double.infinity
        var greatest = -Double.infinity
        var nulls: UInt32 = 0
        var notNumbers: UInt32 = 0
        for row in rows {
            guard let value = value(row) else {
                nulls += 1
                continue
            }
            if value.isNaN { notNumbers += 1 }
            if value < least { least = value }
            if value > greatest { greatest = value }
        }
        return SnapshotZone(
            leastBits: least.bitPattern, greatestBits: greatest.bitPattern, nulls: nulls, notNumbers: notNumbers)
    }

    /// The zones of a column of `count` rows.
    static func all(_ count: Int, _ zone: (Range<Int>) -> SnapshotZone) -> [SnapshotZone] {
        stride(from: 0, to: count, by: SnapshotFormat.zoneRows).map { first in
            zone(first..<min(first + SnapshotFormat.zoneRows, count))
        }
    }
}
