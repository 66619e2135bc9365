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
/// Contents go to `PATH.partial`, behind room for header and root directory; ``finish(metadata:)`` appends metadata and
/// leaf directories, fills that room and renames the file. So every byte is written once; the order of the sections is
/// free (PMTiles version 3, "Overview").
/// Whatever goes wrong (an error, a kill, a writer let go), no file appears under the final name and an older one stays.
/// The same calls give the same bytes.
///
/// Equal contents are stored once. Memory: 24 bytes an entry and about 40 a different content.
/// A value for one thread at a time. Source: PMTiles version 3.1.
public struct PMTilesWriter: ~Copyable, Sendable {
    private let path: String
    private let options: PMTilesOptions
    private var contents: TileContents
    private var entries = PMTilesEntries()
    /// Set by an error of the disk and by the end: then nothing more can be added.
    private var isClosed = false

    /// - Throws: ``TileError`` `.system` if the folder does not exist or cannot be written, or another process writes
    ///   this archive.
    public init(path: String, options: PMTilesOptions = PMTilesOptions()) throws(TileError) {
        self.path = path
        self.options = options
        contents = try TileContents(partialFor: path)
    }

    /// Tiles added so far.
    public var count: Int { entries.tileCount }
    /// Bytes of different contents so far.
    public var byteCount: Int { contents.byteCount }

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
        try entries.check(id: id, length: bytes.count)
        isClosed = true
        let offset = try contents.store(bytes)
        isClosed = false
        try entries.add(id: id, offset: offset, length: bytes.count)
    }

    /// Writes directories and metadata, makes all of it durable, and gives the archive its name.
    ///
    /// - Parameter metadata: a JSON object; for vector tiles with `vector_layers` (see ``ArchiveMetadata``).
    /// - Throws: ``TileError`` `.argument` without tiles (the format has no empty directory); `.system` from the disk.
    @discardableResult
    public mutating func finish(metadata: [UInt8]) throws(TileError) -> PMTilesSummary {
        guard !isClosed else { throw TileError(.argument, "this archive was finished or has failed; start a new one") }
        guard !entries.isEmpty else { throw PMTilesEntries.none(path) }
        isClosed = true
        return try entries.finish(&contents, path, options, metadata: metadata)
    }
}

/// The tiles of a PMTiles archive whose contents lie in its file already.
package struct PMTilesEntries: Sendable {
    private var entries: [PMTilesEntry] = []
    package private(set) var tileCount = 0
    private var nextID: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    static func none(_ path: String) -> TileError {
        TileError(
            .argument, "there is no tile to write to \(path): PMTiles cannot hold none; check the zooms and layers")
    }

    func check(id: UInt64, length: Int) throws(TileError) {
        guard id >= nextID, id < TileID.firstHilbertID(zoom: TileID.maximumZoom + 1) else {
            throw TileError(
                .argument, "tile number \(id) comes after \(nextID) or is beyond zoom 24; sort by hilbertID")
        }
        guard length > 0, length <= Int(UInt32.max) else {
            throw TileError(.argument, "tile number \(id) has \(length) bytes; 1 to 2^32 - 1 can be stored")
        }
    }

    /// Adds a tile with the content at an offset among the contents. Tiles come in ascending order.
    package mutating func add(id: UInt64, offset: UInt64, length: Int) throws(TileError) {
        try check(id: id, length: length)
        nextID = id + 1
        tileCount += 1
        if let last = entries.last, last.offset == offset, last.length == length,
            last.tileID + UInt64(last.runLength) == id, last.runLength < .max
        {
            entries[entries.count - 1].runLength += 1
        } else {
            entries.append(PMTilesEntry(tileID: id, offset: offset, length: UInt32(length), runLength: 1))
        }
    }

    /// Writes metadata and leaves behind the contents, header and root directory before them, makes all of it durable,
    /// and gives the archive its name.
    package func finish(
        _ contents: inout TileContents, _ path: String, _ options: PMTilesOptions, metadata: [UInt8]
    ) throws(TileError) -> PMTilesSummary {
        guard let first = entries.first, let last = entries.last else { throw Self.none(path) }
        let plan = try PMTilesDirectoryPlan(entries)
        let packed = try Compression.gzip(metadata)
        var header = PMTilesHeader()
        header.root = .init(offset: UInt64(PMTilesHeader.byteCount), length: UInt64(plan.root.count))
        header.tiles = .init(offset: UInt64(TileContents.start), length: UInt64(contents.byteCount))
        header.metadata = .init(offset: header.tiles.offset + header.tiles.length, length: UInt64(packed.count))
        header.leaves = .init(
            offset: header.metadata.offset + header.metadata.length, length: UInt64(plan.leaves.count))
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

        let (tileBytes, contentCount) = (contents.byteCount, contents.count)
        try contents.file.append(packed)
        try contents.file.append(plan.leaves)
        try contents.file.overwrite(header.encoded() + plan.root, at: 0)
        try contents.file.publish()
        return PMTilesSummary(
            tiles: tileCount, entries: entries.count, contents: contentCount, leafDirectories: plan.leafCount,
            tileBytes: tileBytes, fileBytes: contents.file.count)
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
