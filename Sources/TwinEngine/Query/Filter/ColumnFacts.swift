// SPDX-License-Identifier: Apache-2.0

/// What the planner and the filters know of one column of a snapshot. Immutable.
final class ColumnFacts: Sendable {
    /// One bit per row; nil where all have a value, and for texts, whose code says it.
    let validity: [UInt64]?
    /// Rows per text code, code 0 first; empty for dictionaries above ``countedCodes``.
    let codeCounts: [UInt32]
    /// Some of the numbers, sorted, nulls left out.
    let sample: [Double]
    /// The share of rows with a value.
    let filled: Double
    let rows: Int

    /// Dictionaries up to this size have their rows counted by code.
    static let countedCodes = 1 << 16
    private static let sampleSize = 1000

    /// Looks at every value once. O(rows).
    init(_ snapshot: Snapshot, _ column: Int) {
        rows = snapshot.count
        let type = snapshot.metadata.columns[column].type
        let valid = Self.words(snapshot, column)
        var filled = valid.map { $0.reduce(0) { $0 + $1.nonzeroBitCount } } ?? snapshot.count
        var counts: [UInt32] = []
        var sample: [Double] = []
        let step = max(1, snapshot.count / Self.sampleSize)
        switch type {
        case .text where snapshot.dictionaryCount(column) <= Self.countedCodes:
            let codes = snapshot.textCodes(column)
            counts = [UInt32](repeating: 0, count: snapshot.dictionaryCount(column) + 1)
            for row in 0..<snapshot.count where Int(codes[row]) < counts.count { counts[Int(codes[row])] += 1 }
            filled = snapshot.count - Int(counts[0])
        case .integer:
            let values = snapshot.integers(column)
            for row in stride(from: 0, to: snapshot.count, by: step) where snapshot.isValid(row, column: column) {
                sample.append(Double(values[row]))
            }
        case .real:
            let values = snapshot.reals(column)
            for row in stride(from: 0, to: snapshot.count, by: step)
            where snapshot.isValid(row, column: column) && values[row] == values[row] {
                sample.append(values[row])
            }
        case .text, .boolean, .binary: break
        }
        sample.sort()
        validity = valid
        codeCounts = counts
        self.sample = sample
        self.filled = snapshot.count == 0 ? 0 : Double(filled) / Double(snapshot.count)
    }

    /// The validity of a column as words of whole blocks; nil where all rows have a value.
    private static func words(_ snapshot: Snapshot, _ column: Int) -> [UInt64]? {
        guard let bytes = snapshot.validity(column) else { return nil }
        let blocks = (snapshot.count + ColumnProgram.blockRows - 1) / ColumnProgram.blockRows
        var words = [UInt64](repeating: 0, count: blocks * ColumnProgram.blockWords)
        for index in 0..<min(bytes.count, words.count * 8) {
            words[index >> 3] |= UInt64(bytes[index]) << UInt64(8 * (index & 7))
        }
        return words
    }
}
