// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A spatial predicate with the rows of a snapshot whose boxes meet its literal, from the index. Immutable.
struct SpatialCandidates: Sendable {
    let test: CQLSpatialTest
    /// One bit per row, in whole blocks.
    let words: [UInt64]
    let count: Int

    /// O(log rows + candidates + rows / 64).
    init(_ test: CQLSpatialTest, _ snapshot: Snapshot) {
        self.test = test
        let blocks = (snapshot.count + ColumnProgram.blockRows - 1) / ColumnProgram.blockRows
        var words = [UInt64](repeating: 0, count: blocks * ColumnProgram.blockWords)
        var count = 0
        if !test.box.isEmpty {
            _ = snapshot.searchRanges(test.box) { first, end in
                count += end - first
                for row in first..<end { words[row >> 6] |= 1 << UInt64(row & 63) }
                return true
            }
        }
        self.words = words
        self.count = count
    }

    /// What a block without candidates has: none or all of its rows; nil where there are some.
    func verdict(_ operation: ColumnProgram.Operation, _ block: Int) -> Bool? {
        let first = block * ColumnProgram.blockWords
        for word in first..<min(first + ColumnProgram.blockWords, words.count) where words[word] != 0 { return nil }
        return (operation.other == 1) != test.needsContact
    }
}
