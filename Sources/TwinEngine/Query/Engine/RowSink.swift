// SPDX-License-Identifier: Apache-2.0

/// Takes the rows of a snapshot that match, in ascending order. Implementations are structs, so that a search is
/// compiled for each of them.
protocol RowSink {
    /// Whether it wants to know the distances of rows on the rim; otherwise they come as 0, which is cheaper.
    var wantsDistances: Bool { get }
    /// Rows that lie in the region whole and pass the filter.
    mutating func add(rows: Range<Int>)
    /// Of 64 rows from `first` on, those whose bit is set; they lie in the region whole.
    mutating func add(first: Int, bits: UInt64)
    /// A row on the rim, with its square distance in millimetres where the region has one.
    mutating func add(row: Int, distanceSquared: Double)
}

/// Counts.
struct CountSink: RowSink {
    var count = 0
    var wantsDistances: Bool { false }

    mutating func add(rows: Range<Int>) { count &+= rows.count }
    mutating func add(first: Int, bits: UInt64) { count &+= bits.nonzeroBitCount }
    mutating func add(row: Int, distanceSquared: Double) { count &+= 1 }
}

/// A filter's masks where a search asks for them: the current block is kept.
struct FilterWindow {
    private let program: ColumnProgram
    private var scratch: [UInt64]
    private var block = -1
    /// One bit per word of the block that is known.
    private var known: UInt32 = 0

    init(_ program: ColumnProgram) {
        self.program = program
        scratch = program.scratch
    }

    /// The mask of rows 64 × word ..< 64 × word + 64.
    mutating func mask(word: Int) -> UInt64 {
        let index = word & (ColumnProgram.blockWords - 1)
        load(word / ColumnProgram.blockWords, index..<index + 1)
        return scratch[index]
    }

    /// Makes words of a block known.
    private mutating func load(_ wanted: Int, _ words: Range<Int>) {
        if wanted != block {
            block = wanted
            known = 0
        }
        let bits = UInt32(truncatingIfNeeded: (UInt64(1) << UInt64(words.upperBound)) - (1 << UInt64(words.lowerBound)))
        if known & bits == bits { return }
        program.evaluate(block: wanted, words: words, into: &scratch)
        known |= bits
    }

    func passes(_ row: Int, _ mask: UInt64) -> Bool { mask >> UInt64(row & 63) & 1 == 1 }

    /// Hands the rows of a range that pass to a sink.
    mutating func pass<Sink: RowSink>(_ rows: Range<Int>, to sink: inout Sink) {
        var row = rows.lowerBound
        while row < rows.upperBound {
            let block = row / ColumnProgram.blockRows
            let end = min(rows.upperBound, (block + 1) * ColumnProgram.blockRows)
            let base = block * ColumnProgram.blockRows
            let words = (row - base) / 64..<(end - base + 63) / 64
            load(block, words)
            for word in words {
                var bits = scratch[word]
                if bits == 0 { continue }
                let first = base + word * 64
                if first < row { bits &= .max << UInt64(row - first) }
                if first + 64 > end { bits &= .max >> UInt64(first + 64 - end) }
                if bits != 0 { sink.add(first: first, bits: bits) }
            }
            row = end
        }
    }
}
