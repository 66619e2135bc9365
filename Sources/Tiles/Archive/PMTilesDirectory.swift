// SPDX-License-Identifier: Apache-2.0

/// One directory entry: a run of tiles with one content, or, with a run of 0, a leaf directory.
public struct PMTilesEntry: Sendable, Hashable {
    public var tileID: UInt64
    /// From the start of the tile section, or of the leaf section.
    public var offset: UInt64
    public var length: UInt32
    public var runLength: UInt32

    public init(tileID: UInt64, offset: UInt64, length: UInt32, runLength: UInt32) {
        self.tileID = tileID
        self.offset = offset
        self.length = length
        self.runLength = runLength
    }
}

/// A PMTiles directory: entries in ascending order of tile numbers.
///
/// Source: PMTiles version 3, "Directory Serialization".
enum PMTilesDirectory {
    /// The bytes of some entries, before compression. O(entries).
    static func encode(_ entries: ArraySlice<PMTilesEntry>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.count * 6 + 8)
        bytes.appendVarint(entries.count)
        var last: UInt64 = 0
        for entry in entries {
            bytes.appendVarint(entry.tileID - last)
            last = entry.tileID
        }
        for entry in entries { bytes.appendVarint(UInt64(entry.runLength)) }
        for entry in entries { bytes.appendVarint(UInt64(entry.length)) }
        var expected: UInt64?
        for entry in entries {
            bytes.appendVarint(entry.offset == expected ? 0 : entry.offset + 1)
            expected = entry.offset + UInt64(entry.length)
        }
        return bytes
    }

    /// The entries of untrusted bytes.
    ///
    /// - Parameters:
    ///   - tileBytes: length of the tile section; `leafBytes`: of the leaf section. Entries must lie inside.
    /// - Throws: ``TileError`` `.malformed` for anything that the specification forbids.
    /// - Complexity: O(bytes); memory is 24 bytes for each 4 or more of input.
    static func decode(_ bytes: [UInt8], tileBytes: UInt64, leafBytes: UInt64) throws(TileError) -> [PMTilesEntry] {
        var reader = VarintReader(bytes)
        let stated = try reader.next()
        // Version 3.1 forbids it, but writers of 3.0 leave it behind where there is no tile at all.
        if stated == 0, reader.bytesLeft == 0, tileBytes == 0, leafBytes == 0 { return [] }
        // Four columns of at least a byte each: a larger count lies, and is refused before memory is taken for it.
        guard stated > 0, stated <= UInt64(reader.bytesLeft / 4) else {
            throw TileError(
                .malformed, "a directory says that it has \(stated) entries in \(bytes.count) bytes (v3 Directories)")
        }
        let count = Int(stated)
        var entries = [PMTilesEntry](
            repeating: PMTilesEntry(tileID: 0, offset: 0, length: 0, runLength: 0), count: count)
        var last: UInt64 = 0
        for index in 0..<count {
            let step = try reader.next()
            let (id, overflow) = last.addingReportingOverflow(step)
            guard !overflow, id < 1 << 62, step > 0 || index == 0 else {
                throw TileError(.malformed, "directory entry \(index) does not ascend (v3 Entries)")
            }
            entries[index].tileID = id
            last = id
        }
        for index in 0..<count { entries[index].runLength = try reader.next32("run length", index) }
        for index in 0..<count {
            entries[index].length = try reader.next32("length", index)
            guard entries[index].length > 0 else {
                throw TileError(.malformed, "directory entry \(index) has length 0 (v3.1 Entries)")
            }
        }
        for index in 0..<count {
            let value = try reader.next()
            if value > 0 {
                entries[index].offset = value - 1
            } else {
                guard index > 0 else { throw TileError(.malformed, "the first directory entry has no offset") }
                entries[index].offset = entries[index - 1].offset + UInt64(entries[index - 1].length)
            }
            let entry = entries[index]
            let size = entry.runLength == 0 ? leafBytes : tileBytes
            guard entry.offset <= size, UInt64(entry.length) <= size - entry.offset else {
                throw TileError(
                    .malformed,
                    "directory entry \(index) wants \(entry.length) bytes at \(entry.offset) of a section of \(size)")
            }
            if index > 0 {
                let previous = entries[index - 1]
                guard previous.tileID + UInt64(previous.runLength) <= entry.tileID else {
                    throw TileError(.malformed, "the run of directory entry \(index - 1) overlaps the next one")
                }
            }
        }
        guard reader.bytesLeft == 0 else {
            throw TileError(.malformed, "a directory has \(reader.bytesLeft) bytes after its last entry")
        }
        return entries
    }

    /// The entry that holds a tile, or the leaf directory in which it would be. O(log entries).
    static func find(_ id: UInt64, in entries: [PMTilesEntry]) -> PMTilesEntry? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].tileID <= id { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let entry = entries[low - 1]
        let isInside = entry.runLength == 0 || id - entry.tileID < UInt64(entry.runLength)
        return isInside ? entry : nil
    }
}

/// Reads varints (protobuf.dev, "Encoding") out of untrusted bytes.
private struct VarintReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var bytesLeft: Int { bytes.count - offset }

    mutating func next() throws(TileError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw TileError(.malformed, "a directory ends inside a number, or has one beyond 64 bits, at byte \(offset)")
    }

    mutating func next32(_ what: StaticString, _ index: Int) throws(TileError) -> UInt32 {
        let value = try next()
        guard let short = UInt32(exactly: value) else {
            throw TileError(.malformed, "directory entry \(index) has the \(what) \(value), which exceeds 32 bits")
        }
        return short
    }
}
