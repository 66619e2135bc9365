// SPDX-License-Identifier: Apache-2.0

extension TextTest {
    /// The codes that pass as ranges of a dictionary in byte order; nil where the test is no range of it.
    ///
    /// O(log entries) per bound.
    func codeRanges(_ snapshot: Snapshot, column: Int) -> [ClosedRange<UInt32>]? {
        guard !ignoresCase else { return nil }
        let count = snapshot.dictionaryCount(column)
        func range(_ first: Int, _ end: Int) -> [ClosedRange<UInt32>] {
            first < end ? [UInt32(first + 1)...UInt32(end)] : []
        }
        switch kind {
        case .range(let lower, let upper):
            let first =
                lower.map { bound in
                    snapshot.partition(column) { compareBytes($0, bound.text.span) < (bound.isIncluded ? 0 : 1) }
                } ?? 0
            let end =
                upper.map { bound in
                    snapshot.partition(column) { compareBytes($0, bound.text.span) < (bound.isIncluded ? 1 : 0) }
                } ?? count
            return range(first, end)
        case .anyOf(let texts):
            guard texts.count <= 16 else { return nil }
            return texts.flatMap { text in
                let first = snapshot.partition(column) { compareBytes($0, text.span) < 0 }
                let end = snapshot.partition(column) { compareBytes($0, text.span) <= 0 }
                return range(first, end)
            }
        case .prefix(let part):
            let first = snapshot.partition(column) { compareBytes($0, part.span) < 0 }
            let end = snapshot.partition(column) { text in
                compareBytes(text.extracting(0..<min(text.count, part.count)), part.span) <= 0
            }
            return range(first, max(first, end))
        case .suffix, .contains, .pattern: return nil
        }
    }

    /// One bit per code, set where its text passes. Bit 0, null, is never set. O(bytes of the dictionary).
    func codeBits(_ snapshot: Snapshot, column: Int) -> [UInt64] {
        let count = snapshot.dictionaryCount(column)
        var bits = [UInt64](repeating: 0, count: count / 64 + 1)
        for code in 0..<count where matches(snapshot.text(code: UInt32(code + 1), column: column)) {
            bits[(code + 1) >> 6] |= 1 << UInt64((code + 1) & 63)
        }
        return bits
    }
}

extension Snapshot {
    /// The number of texts at the start of a dictionary that satisfy a condition that holds for a prefix of it.
    func partition(_ column: Int, _ isBefore: (Span<UInt8>) -> Bool) -> Int {
        var low = 0
        var high = dictionaryCount(column)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(text(code: UInt32(middle + 1), column: column)) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
