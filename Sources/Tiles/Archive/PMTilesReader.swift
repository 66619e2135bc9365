// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Reads a PMTiles version 3 archive, from any writer, without trust in what it says.
///
/// ```swift
/// let archive = try PMTilesReader(path: "city.pmtiles")
/// if let bytes = try archive.tile(TileID(z: 14, x: 13653, y: 6361)) { … }
/// ```
///
/// Every offset and length is compared with the file before it is used, decompressed sizes are bounded, and leaf
/// directories nest at most four deep, so that a damaged or hostile file is an error. Usable from any thread.
/// Source: PMTiles version 3.1.
public final class PMTilesReader: Sendable {
    /// Largest decompressed directory: at least a million entries.
    static let directoryLimit = 16 << 20
    static let metadataLimit = 32 << 20
    /// Largest stored tile.
    public static let tileLimit = 64 << 20
    /// The root and three levels of leaves; writers make one.
    static let depthLimit = 4

    public let header: PMTilesHeader
    private let source: any RangeSource
    private let root: [PMTilesEntry]
    private let leaves = Mutex(LeafCache())

    /// Opens an archive; reads its header and root directory.
    public convenience init(path: String) throws(TileError) {
        try self.init(FileRangeSource(path: path))
    }

    /// - Throws: ``TileError`` `.malformed` for a source that is no PMTiles version 3 archive, naming what is wrong.
    public init(_ source: any RangeSource) throws(TileError) {
        do throws(TileError) {
            guard source.byteCount > 0 else { throw TileError(.malformed, "the file is empty") }
            let head = try source.read(at: 0, count: Int(min(source.byteCount, UInt64(PMTilesHeader.headSize))))
            let header = try PMTilesHeader(parsing: head)
            try Self.check(header, size: source.byteCount)
            self.header = header
            self.source = source
            let bytes = try source.read(at: header.root.offset, count: Int(header.root.length))
            root = try Self.directory(bytes, header)
        } catch {
            throw TileError(error.code, "\(source.name): \(error.message)")
        }
    }

    private static func check(_ header: PMTilesHeader, size: UInt64) throws(TileError) {
        let sections = [
            ("root directory", header.root, UInt64(directoryLimit)), ("metadata", header.metadata, size),
            ("leaf directory", header.leaves, size), ("tile", header.tiles, size),
        ]
        for (name, section, limit) in sections {
            // An empty section may be anywhere.
            guard section.length > 0 else { continue }
            guard section.offset >= UInt64(PMTilesHeader.byteCount), section.offset <= size,
                section.length <= size - section.offset, section.length <= limit
            else {
                throw TileError(
                    .malformed,
                    "the \(name) section is said to be \(section.length) bytes at \(section.offset), in a file of "
                        + "\(size): the header lies or the file is cut short")
            }
        }
        guard header.root.length > 0 else { throw TileError(.malformed, "there is no root directory (v3 Directories)") }
        guard header.internalCompression != .unknown else {
            throw TileError(.malformed, "the compression of directories is 0, unknown (v3 Header Design)")
        }
    }

    private static func directory(_ bytes: [UInt8], _ header: PMTilesHeader) throws(TileError) -> [PMTilesEntry] {
        try PMTilesDirectory.decode(
            header.internalCompression.decompress(bytes, limit: directoryLimit),
            tileBytes: header.tiles.length, leafBytes: header.leaves.length)
    }

    /// The bytes of an entry that is not a leaf.
    public func content(_ entry: PMTilesEntry) throws(TileError) -> [UInt8] {
        guard Int(entry.length) <= Self.tileLimit else {
            throw TileError(.tooLarge, "tile number \(entry.tileID) has \(entry.length) bytes, more than 64 MiB")
        }
        return try source.read(at: header.tiles.offset + entry.offset, count: Int(entry.length))
    }

    /// The entry that holds a tile number, or nil where the archive has none.
    ///
    /// - Complexity: O(log entries); a read for each leaf directory that is not cached.
    public func entry(_ id: UInt64) throws(TileError) -> PMTilesEntry? {
        guard var entry = PMTilesDirectory.find(id, in: root) else { return nil }
        var depth = 1
        while entry.runLength == 0 {
            depth += 1
            guard depth <= Self.depthLimit else { throw Self.tooDeep }
            guard let next = PMTilesDirectory.find(id, in: try leaf(entry)) else { return nil }
            entry = next
        }
        return entry
    }

    private static let tooDeep = TileError(
        .malformed, "leaf directories nest more than \(depthLimit) deep, or in a circle")

    private func leaf(_ entry: PMTilesEntry) throws(TileError) -> [PMTilesEntry] {
        if let cached = leaves.withLock({ $0.find(entry.offset) }) { return cached }
        guard Int(entry.length) <= Self.directoryLimit else {
            throw TileError(.malformed, "a leaf directory is said to have \(entry.length) bytes")
        }
        let bytes = try source.read(at: header.leaves.offset + entry.offset, count: Int(entry.length))
        let entries = try Self.directory(bytes, header)
        leaves.withLock { $0.insert(entry.offset, entries) }
        return entries
    }

    /// The JSON metadata, decompressed; `{}` where the archive has none.
    public func metadata() throws(TileError) -> [UInt8] {
        guard header.metadata.length > 0 else { return Array("{}".utf8) }
        guard header.metadata.length <= UInt64(Self.metadataLimit) else {
            throw TileError(.tooLarge, "\(source.name): the metadata has \(header.metadata.length) bytes")
        }
        let bytes = try source.read(at: header.metadata.offset, count: Int(header.metadata.length))
        return try header.internalCompression.decompress(bytes, limit: Self.metadataLimit)
    }

    /// Calls `body` with every entry that is not a leaf, in ascending order of tile numbers.
    ///
    /// - Throws: ``TileError`` `.malformed` where numbers do not ascend over leaves; what `body` throws.
    /// - Complexity: O(entries).
    public func forEachEntry(_ body: (PMTilesEntry) throws(TileError) -> Void) throws(TileError) {
        var next: UInt64 = 0
        try walk(root, depth: 1, &next, body)
    }

    private func walk(
        _ entries: [PMTilesEntry], depth: Int, _ next: inout UInt64, _ body: (PMTilesEntry) throws(TileError) -> Void
    ) throws(TileError) {
        guard depth <= Self.depthLimit else { throw Self.tooDeep }
        for entry in entries {
            // A leaf that is named twice has numbers that went by already.
            guard entry.tileID >= next else {
                throw TileError(.malformed, "tile number \(entry.tileID) is in the directories twice or out of order")
            }
            guard entry.runLength == 0 else {
                next = entry.tileID + UInt64(entry.runLength)
                try body(entry)
                continue
            }
            try walk(try leaf(entry), depth: depth + 1, &next, body)
        }
    }

    /// Walks all directories and compares their counts with the header's.
    ///
    /// - Returns: tiles and entries.
    /// - Throws: ``TileError`` `.malformed` for the first thing that is wrong.
    @discardableResult
    public func verify() throws(TileError) -> (tiles: UInt64, entries: UInt64) {
        var tiles: UInt64 = 0
        var entries: UInt64 = 0
        try forEachEntry { entry throws(TileError) in
            tiles += UInt64(entry.runLength)
            entries += 1
        }
        guard header.addressedTiles == 0 || header.addressedTiles == tiles,
            header.tileEntries == 0 || header.tileEntries == entries
        else {
            throw TileError(
                .malformed,
                "\(source.name): the header counts \(header.addressedTiles) tiles in \(header.tileEntries) entries, "
                    + "the directories \(tiles) in \(entries)")
        }
        return (tiles, entries)
    }
}

/// The leaf directories that were used last, at most a million entries (24 MB).
private struct LeafCache {
    private static let capacity = 1_000_000
    private var leaves: [UInt64: (entries: [PMTilesEntry], used: UInt64)] = [:]
    private var clock: UInt64 = 0
    private var count = 0

    mutating func find(_ offset: UInt64) -> [PMTilesEntry]? {
        guard let index = leaves.index(forKey: offset) else { return nil }
        clock += 1
        leaves.values[index].used = clock
        return leaves.values[index].entries
    }

    mutating func insert(_ offset: UInt64, _ entries: [PMTilesEntry]) {
        guard leaves[offset] == nil else { return }
        clock += 1
        leaves[offset] = (entries, clock)
        count += entries.count
        while count > Self.capacity, leaves.count > 1, let oldest = leaves.min(by: { $0.value.used < $1.value.used }) {
            count -= oldest.value.entries.count
            leaves[oldest.key] = nil
        }
    }
}
