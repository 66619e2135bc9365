// SPDX-License-Identifier: Apache-2.0
import Tiles

/// The finished tiles of one range of a ``TilePlan``.
struct TileRangeResult: Sendable, Hashable {
    struct Tile: Sendable, Hashable {
        /// The number in PMTiles order.
        var id: UInt64
        /// Compressed and plain bytes.
        var length: UInt32
        var plainLength: UInt32
        /// Where its content begins in the spool; equal contents are there once.
        var offset: UInt64 = 0
    }
    var index: Int
    var z: Int
    /// Tiles with content, ascending.
    var tiles: [Tile] = []
    /// Their compressed bytes, one after the other; none once the spool has them.
    var bytes: [UInt8] = []
    /// In the order of the build's layers.
    var layers: [TileAccount] = []
    /// Tiles that were taken over from an older archive; not in the journal, since such builds are not gone on with.
    var reused = 0
}

extension TileRangeResult {
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        // Safe: bytes have no padding.
        unsafe Checksum.crc32(bytes.span.bytes)
    }

    /// Without the tiles' bytes: what the journal keeps. Little-endian words of 64 bits.
    ///
    /// - Parameter fresh: the bytes that the range added to the spool.
    func journalEntry(_ fresh: [UInt8]) -> [UInt8] {
        var words: [UInt64] = [
            UInt64(index), UInt64(z), UInt64(tiles.count), UInt64(layers.count), UInt64(fresh.count),
            UInt64(Self.checksum(fresh)),
        ]
        for tile in tiles { words += [tile.id, UInt64(tile.length) << 32 | UInt64(tile.plainLength), tile.offset] }
        for layer in layers { words += layer.numbers.map { UInt64($0) } }
        let body = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let head = [UInt64(words.count), UInt64(Self.checksum(body))]
        return head.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } } + body
    }

    /// Reads the entry at an offset: the result without bytes, their number and checksum, and where the next begins.
    /// Nil for an entry that was cut off or damaged.
    static func read(
        _ bytes: [UInt8], at offset: Int
    ) -> (result: TileRangeResult, count: Int, checksum: UInt32, next: Int)? {
        func word(_ index: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[offset + index * 8 + $1]) << UInt64(8 * $1) }
        }
        guard offset + 64 <= bytes.count else { return nil }
        let size = word(0)
        guard size >= 6, size < UInt64(bytes.count), offset + 16 + Int(size) * 8 <= bytes.count else { return nil }
        let body = Array(bytes[offset + 16..<offset + 16 + Int(size) * 8])
        guard UInt64(Self.checksum(body)) == word(1) else { return nil }
        let (tiles, layers) = (word(4), word(5))
        guard tiles < size, layers < size, 6 + tiles * 3 + layers * UInt64(TileAccount.width) == size else {
            return nil
        }
        var result = TileRangeResult(index: Int(word(2)), z: Int(word(3)))
        for tile in 0..<Int(tiles) {
            let lengths = word(9 + tile * 3)
            result.tiles.append(
                Tile(
                    id: word(8 + tile * 3), length: UInt32(lengths >> 32), plainLength: UInt32(lengths & 0xFFFF_FFFF),
                    offset: word(10 + tile * 3)))
        }
        for layer in 0..<Int(layers) {
            var account = TileAccount()
            let first = 8 + Int(tiles) * 3 + layer * TileAccount.width
            account.numbers = (0..<TileAccount.width).map { Int(word(first + $0)) }
            result.layers.append(account)
        }
        return (result, Int(word(6)), UInt32(truncatingIfNeeded: word(7)), offset + 16 + Int(size) * 8)
    }
}
