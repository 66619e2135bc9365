// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Bytes as they are sent, with the sums of what they hold.
struct PackedRun: Sendable {
    var packed: [UInt8] = []
    var sum = JoinableSum()
}

/// A part of a ``ComposedLayer``: a run of the snapshot's rows, or some changed features that come one after the other.
struct ComposedPiece: Sendable {
    /// A changed feature at one moment.
    struct Member: Sendable, Hashable {
        var id: Int64
        var changed: Int64
    }

    /// Of the snapshot; empty for changed features.
    var ranges: [Range<Int>] = []
    var members: [Member] = []
    /// Rows of it that changes hide. They only become more while the snapshot is the same.
    var hidden = 0
    private(set) var content = LayerPiece()
    /// Names of the states of keys and values before and after it: equal names, equal states.
    private(set) var before = -1
    private(set) var after = -1
    var ladder: SquareLadder?
    private var features: PackedRun?
    private var values: PackedRun?

    init() {}

    /// Changed features without content.
    init(_ members: [Member]) { self.members = members }

    var rows: Range<Int> { (ranges.first?.lowerBound ?? 0)..<(ranges.last?.upperBound ?? 0) }

    /// Bytes that it takes, its uncompressed ones not counted.
    var cost: Int {
        (features?.packed.count ?? 0) + (values?.packed.count ?? 0) + members.count * 16 + (ladder == nil ? 256 : 856)
    }

    /// Takes new content after a state of keys and values; forgets what was compressed of what is not the same.
    mutating func replace(with new: LayerPiece, after state: Int, _ states: inout Int) {
        if new.keys.isEmpty, new.values.isEmpty {
            after = state
        } else if before != state || content.keys != new.keys || content.values != new.values {
            states += 1
            after = states
        }
        if content.values != new.values { values = nil }
        if content.features != new.features { features = nil }
        before = state
        content = new
    }

    /// Its features as deflate blocks.
    mutating func packedFeatures(_ tools: TileTools) -> PackedRun {
        if let features { return features }
        let run = tools.packed(content.features)
        features = run
        return run
    }

    /// Its values as deflate blocks.
    mutating func packedValues(_ tools: TileTools) -> PackedRun {
        if let values { return values }
        let run = tools.packed(content.values)
        values = run
        return run
    }
}

extension ComposedPiece {
    /// Changed features in runs that end at features of their own: what comes behind leaves the runs before as they are.
    ///
    /// - Parameter known: pieces that are used again where they have the same features.
    static func split(_ members: [Member], known: ArraySlice<ComposedPiece>) -> [ComposedPiece] {
        var pieces: [ComposedPiece] = [], part: [Member] = []
        let places = Dictionary(known.indices.map { (known[$0].members.first, $0) }, uniquingKeysWith: { $1 })
        func finish() {
            guard !part.isEmpty else { return }
            if let place = places[part.first], known[place].members == part {
                pieces.append(known[place])
            } else {
                pieces.append(ComposedPiece(part))
            }
            part = []
        }
        for member in members {
            part.append(member)
            // One in 64, by the upper bits of a multiplicative hash.
            if (UInt64(bitPattern: member.id) &* 0x9E37_79B9_7F4A_7C15) >> 58 == 0 { finish() }
        }
        finish()
        return pieces
    }
}

extension TileTools {
    /// Some bytes as deflate blocks, with their sums.
    func packed(_ bytes: [UInt8]) -> PackedRun {
        PackedRun(packed: pieces.blocks(bytes), sum: JoinableSum(bytes))
    }

    /// The same without compression.
    func stored(_ bytes: [UInt8]) -> PackedRun {
        var run = PackedRun(sum: JoinableSum(bytes))
        PieceCompressor.appendStored(bytes, &run.packed)
        return run
    }
}
