// SPDX-License-Identifier: Apache-2.0

/// What a PMTiles header says of the tiles beside their number.
public struct PMTilesOptions: Sendable {
    public var tileType = ArchiveTileType.mvt
    /// How the caller compressed each tile's bytes.
    public var tileCompression = ArchiveCompression.gzip
    public var bounds = ArchiveBounds.world
    /// Longitude, latitude (degrees) and zoom to show first; nil takes the middle of the bounds at the lowest zoom.
    public var center: (longitude: Double, latitude: Double, zoom: Int)?
    /// The zooms that the set is meant to have; nil takes those of the tiles that were added.
    public var zooms: ClosedRange<Int>?

    public init() {}
}

/// What a writer wrote.
public struct PMTilesSummary: Sendable, Hashable {
    /// Tiles added.
    public var tiles: Int
    /// Directory entries after run-length encoding.
    public var entries: Int
    /// Different contents.
    public var contents: Int
    public var leafDirectories: Int
    /// Length of all contents.
    public var tileBytes: Int
    public var fileBytes: Int

    public init(tiles: Int, entries: Int, contents: Int, leafDirectories: Int, tileBytes: Int, fileBytes: Int) {
        self.tiles = tiles
        self.entries = entries
        self.contents = contents
        self.leafDirectories = leafDirectories
        self.tileBytes = tileBytes
        self.fileBytes = fileBytes
    }
}

/// Writes a PMTiles version 3 archive: clustered, deduplicated, run-length encoded, with leaf directories as needed.
///
/// ```swift
/// var writer = try PMTilesWriter(path: "city.pmtiles", options: options)
/// for tile in tilesInHilbertOrder { try writer.add(tile.id, tile.gzippedBytes) }
/// let summary = try writer.finish(metadata: metadata.json())
/// ```
///
/// Contents go to a nameless file in the target's folder; ``finish(metadata:)`` writes `PATH.partial` and renames it.
/// Whatever goes wrong (an error, a kill, a writer let go), no file appears under the final name and an older one stays.
/// The same calls give the same bytes.
///
/// Equal contents are stored once. They are found by a 64-bit hash and then compared byte by byte, so that no two
/// different contents are ever taken for one. Memory: 24 bytes an entry and about 40 a different content.
/// A value for one thread at a time. Source: PMTiles version 3.1.
public struct PMTilesWriter: ~Copyable, Sendable {
    private let path: String
    private let options: PMTilesOptions
    private var data: ArchiveFile
    private var contents = ContentTable()
    private var entries: [PMTilesEntry] = []
    private var tileCount = 0
    private var nextID: UInt64 = 0
    private var scratch: [UInt8] = []
    /// Set by an error of the disk and by the end: then nothing more can be added.
    private var isClosed = false

    /// - Throws: ``TileError`` `.system` if the folder does not exist or cannot be written.
    public init(path: String, options: PMTilesOptions = PMTilesOptions()) throws(TileError) {
        self.path = path
        self.options = options
        data = try ArchiveFile(namelessBeside: path)
    }

    /// Tiles added so far.
    public var count: Int { tileCount }
    /// Bytes of different contents so far.
    public var byteCount: Int { data.count }

    /// Adds a tile. Tiles must come in ascending order of ``TileID/hilbertID``.
    public mutating func add(_ tile: TileID, _ bytes: [UInt8]) throws(TileError) {
        try add(id: tile.hilbertID, bytes.span)
    }

    /// Adds a tile by its number.
    public mutating func add(id: UInt64, _ bytes: [UInt8]) throws(TileError) {
        try add(id: id, bytes.span)
    }

    /// Adds a tile by its number, already compressed as ``PMTilesOptions/tileCompression`` says.
    ///
    /// - Throws: ``TileError`` `.argument` for a number that does not ascend or a tile without bytes (leave it out);
    ///   `.system` if the disk is full: the writer is of no use then, and its bytes are freed with it.
    /// - Complexity: O(bytes).
    public mutating func add(id: UInt64, _ bytes: borrowing Span<UInt8>) throws(TileError) {
        guard !isClosed else { throw TileError(.argument, "this archive was finished or has failed; start a new one") }
        guard id >= nextID, id < TileID.firstHilbertID(zoom: TileID.maximumZoom + 1) else {
            throw TileError(
                .argument, "tile number \(id) comes after \(nextID) or is beyond zoom 24; sort by hilbertID")
        }
        guard bytes.count > 0, bytes.count <= Int(UInt32.max) else {
            throw TileError(.argument, "tile number \(id) has \(bytes.count) bytes; 1 to 2^32 - 1 can be stored")
        }
        isClosed = true
        let offset = try store(bytes)
        isClosed = false
        nextID = id + 1
        tileCount += 1
        if let last = entries.last, last.offset == offset, last.length == bytes.count,
            last.tileID + UInt64(last.runLength) == id, last.runLength < .max
        {
            entries[entries.count - 1].runLength += 1
        } else {
            entries.append(PMTilesEntry(tileID: id, offset: offset, length: UInt32(bytes.count), runLength: 1))
        }
    }

    /// The offset of a content, which is appended unless it is there.
    private mutating func store(_ bytes: borrowing Span<UInt8>) throws(TileError) -> UInt64 {
        let hash = ContentTable.hash(bytes)
        var slot = contents.firstSlot(hash)
        while let candidate = contents.content(at: slot) {
            if candidate.hash == hash, Int(candidate.length) == bytes.count,
                try data.holds(bytes, at: Int(candidate.offset), scratch: &scratch)
            {
                return candidate.offset
            }
            slot = contents.slot(after: slot)
        }
        let offset = UInt64(data.count)
        try data.append(bytes)
        contents.insert(
            ContentTable.Content(hash: hash, offset: offset, length: UInt32(bytes.count)), at: slot)
        return offset
    }

    /// Writes directories and metadata, makes all of it durable, and gives the archive its name.
    ///
    /// - Parameter metadata: a JSON object; for vector tiles with `vector_layers` (see ``ArchiveMetadata``).
    /// - Throws: ``TileError`` `.argument` without tiles (the format has no empty directory); `.system` from the disk.
    @discardableResult
    public mutating func finish(metadata: [UInt8]) throws(TileError) -> PMTilesSummary {
        guard !isClosed else { throw TileError(.argument, "this archive was finished or has failed; start a new one") }
        guard let first = entries.first, let last = entries.last else {
            throw TileError(
                .argument, "there is no tile to write to \(path): PMTiles cannot hold none; check the zooms and layers")
        }
        isClosed = true
        let plan = try PMTilesDirectoryPlan(entries)
        let packed = try Compression.gzip(metadata)
        var header = PMTilesHeader()
        header.root = .init(offset: UInt64(PMTilesHeader.byteCount), length: UInt64(plan.root.count))
        header.metadata = .init(offset: header.root.offset + header.root.length, length: UInt64(packed.count))
        header.leaves = .init(
            offset: header.metadata.offset + header.metadata.length, length: UInt64(plan.leaves.count))
        header.tiles = .init(offset: header.leaves.offset + header.leaves.length, length: UInt64(data.count))
        (header.addressedTiles, header.tileEntries) = (UInt64(tileCount), UInt64(entries.count))
        header.tileContents = UInt64(contents.count)
        (header.tileType, header.tileCompression) = (options.tileType, options.tileCompression)
        let lowest = try TileID(hilbertID: first.tileID).z
        let highest = try TileID(hilbertID: last.tileID + UInt64(last.runLength) - 1).z
        (header.minimumZoom, header.maximumZoom) = (
            options.zooms?.lowerBound ?? lowest, options.zooms?.upperBound ?? highest
        )
        let bounds = options.bounds
        header.bounds = bounds
        header.centerZoom = options.center?.zoom ?? header.minimumZoom
        header.centerLongitude = options.center?.longitude ?? (bounds.west + bounds.east) / 2
        header.centerLatitude = options.center?.latitude ?? (bounds.south + bounds.north) / 2

        var file = try ArchiveFile(partialFor: path)
        try file.append(header.encoded())
        try file.append(plan.root)
        try file.append(packed)
        try file.append(plan.leaves)
        try file.append(contentsOf: &data)
        try file.publish()
        return PMTilesSummary(
            tiles: tileCount, entries: entries.count, contents: contents.count, leafDirectories: plan.leafCount,
            tileBytes: data.count, fileBytes: file.count)
    }
}

/// How entries are spread over a root directory and leaves.
struct PMTilesDirectoryPlan {
    /// Longest compressed root: 16,384 bytes less the header.
    static let rootLimit = PMTilesHeader.headSize - PMTilesHeader.byteCount

    private(set) var root: [UInt8]
    private(set) var leaves: [UInt8] = []
    private(set) var leafCount = 0

    /// Everything in the root if it fits; otherwise leaves of 4,096 entries, or more where the root would not fit.
    init(_ entries: [PMTilesEntry]) throws(TileError) {
        // 16,384 entries take more than a byte each whatever they are: no need to try.
        root = entries.count < 16_384 ? try Compression.gzip(PMTilesDirectory.encode(entries[...])) : []
        guard root.isEmpty || root.count > Self.rootLimit else { return }
        var leafSize = max(4096, entries.count / 3500)
        while true {
            leaves.removeAll(keepingCapacity: true)
            var pointers: [PMTilesEntry] = []
            for start in stride(from: 0, to: entries.count, by: leafSize) {
                let leaf = entries[start..<min(start + leafSize, entries.count)]
                let packed = try Compression.gzip(PMTilesDirectory.encode(leaf))
                pointers.append(
                    PMTilesEntry(
                        tileID: entries[start].tileID, offset: UInt64(leaves.count), length: UInt32(packed.count),
                        runLength: 0))
                leaves.append(contentsOf: packed)
            }
            root = try Compression.gzip(PMTilesDirectory.encode(pointers[...]))
            leafCount = pointers.count
            if root.count <= Self.rootLimit { return }
            leafSize *= 2
        }
    }
}
