// SPDX-License-Identifier: Apache-2.0

/// The different contents of tiles, one after the other in the file that becomes the archive, behind room for the head of
/// a PMTiles archive: they are written once.
///
/// Equal contents are stored once. They are found by a 64-bit hash and then compared byte by byte, so that no two
/// different contents are ever taken for one. Memory: about 40 bytes a different content.
package struct TileContents: ~Copyable, Sendable {
    /// Where in the file the contents begin: PMTiles wants header and root directory in so many bytes.
    static let start = PMTilesHeader.headSize

    var file: ArchiveFile
    private var table = ContentTable()
    private var scratch: [UInt8] = []

    /// In `TARGET.partial`, which goes when it is let go.
    init(partialFor target: String) throws(TileError) {
        var file = try ArchiveFile(partialFor: target)
        try file.goOn(at: Self.start)
        self.file = file
    }

    /// In a file that stays until the archive has its name. What it holds counts as far as ``adopt(_:)`` says.
    package init(keeping path: String, for target: String) throws(TileError) {
        file = try ArchiveFile(keeping: path, for: target)
    }

    /// Different contents.
    var count: Int { table.count }
    /// Bytes of them.
    package var byteCount: Int { max(0, file.count - Self.start) }

    /// The offset of a content among the contents; it is appended unless it is there. O(bytes).
    package mutating func store(_ bytes: borrowing Span<UInt8>) throws(TileError) -> UInt64 {
        let hash = ContentTable.hash(bytes)
        var slot = table.firstSlot(hash)
        while let candidate = table.content(at: slot) {
            if candidate.hash == hash, Int(candidate.length) == bytes.count,
                try file.holds(bytes, at: Self.start + Int(candidate.offset), scratch: &scratch)
            {
                return candidate.offset
            }
            slot = table.slot(after: slot)
        }
        let offset = UInt64(byteCount)
        try file.append(bytes)
        table.insert(ContentTable.Content(hash: hash, offset: offset, length: UInt32(bytes.count)), at: slot)
        return offset
    }

    package mutating func flush() throws(TileError) { try file.flush() }

    /// Contents that were stored and flushed; nil where the file ends before.
    package func bytes(at offset: Int, count: Int) throws(TileError) -> [UInt8]? {
        try file.bytes(at: Self.start + offset, count: count)
    }

    /// Takes contents that the file holds already, by their lengths, as stored; forgets what lies behind them.
    package mutating func adopt(_ lengths: [Int]) throws(TileError) {
        table = ContentTable()
        var offset = 0
        for length in lengths {
            guard let bytes = try bytes(at: offset, count: length) else {
                throw TileError(.malformed, "the contents end before their list does")
            }
            let hash = ContentTable.hash(bytes.span)
            var slot = table.firstSlot(hash)
            while table.content(at: slot) != nil { slot = table.slot(after: slot) }
            table.insert(
                ContentTable.Content(hash: hash, offset: UInt64(offset), length: UInt32(length)), at: slot)
            offset += length
        }
        try file.goOn(at: Self.start + offset)
    }
}
