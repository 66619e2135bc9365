// SPDX-License-Identifier: Apache-2.0

/// The first 127 bytes of a PMTiles archive.
///
/// Source: PMTiles version 3, "Header Design".
public struct PMTilesHeader: Sendable, Hashable {
    public static let byteCount = 127
    /// The header and the root directory together are shorter than this, so that one request gets both.
    public static let headSize = 16_384

    /// A part of the file: absolute offset and length in bytes.
    public struct Section: Sendable, Hashable {
        public var offset: UInt64
        public var length: UInt64
    }

    public var root = Section(offset: 127, length: 0)
    public var metadata = Section(offset: 127, length: 0)
    public var leaves = Section(offset: 127, length: 0)
    public var tiles = Section(offset: 127, length: 0)
    /// Tiles before run-length encoding; 0 if unknown.
    public var addressedTiles: UInt64 = 0
    /// Directory entries that are tiles; 0 if unknown.
    public var tileEntries: UInt64 = 0
    /// Different tile contents; 0 if unknown.
    public var tileContents: UInt64 = 0
    /// Whether contents lie in the order of tile numbers.
    public var isClustered = true
    public var internalCompression = ArchiveCompression.gzip
    public var tileCompression = ArchiveCompression.gzip
    public var tileType = ArchiveTileType.mvt
    public var minimumZoom = 0
    public var maximumZoom = 0
    /// In degrees, to 1e-7.
    public var bounds = ArchiveBounds.world
    public var centerZoom = 0
    public var centerLongitude = 0.0
    public var centerLatitude = 0.0

    public init() {}

    /// Reads a header out of untrusted bytes. The sections are not compared with the file here: ``PMTilesReader`` does.
    ///
    /// - Throws: ``TileError`` `.malformed` that names what is wrong.
    public init(parsing bytes: [UInt8]) throws(TileError) {
        guard bytes.count >= Self.byteCount else {
            throw TileError(.malformed, "a PMTiles header has 127 bytes (v3 Header Design); there are \(bytes.count)")
        }
        guard bytes.starts(with: "PMTiles".utf8) else {
            let hint = bytes.starts(with: "PM".utf8) ? "; version 1 and 2 must be converted with `pmtiles convert`" : ""
            throw TileError(.malformed, "the file does not begin with `PMTiles` (v3 Header Design)\(hint)")
        }
        guard bytes[7] == 3 else {
            throw TileError(.malformed, "this is PMTiles version \(bytes[7]); version 3 is the one that can be read")
        }
        func word(_ at: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) } }
        func degrees(_ at: Int) -> Double {
            Double(Int32(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) })) / 1e7
        }
        root = Section(offset: word(8), length: word(16))
        metadata = Section(offset: word(24), length: word(32))
        leaves = Section(offset: word(40), length: word(48))
        tiles = Section(offset: word(56), length: word(64))
        (addressedTiles, tileEntries, tileContents) = (word(72), word(80), word(88))
        isClustered = bytes[96] == 1
        internalCompression = try Self.compression(bytes[97], "internal")
        tileCompression = try Self.compression(bytes[98], "tile")
        // A type that is not in the list is "other": its bytes can be served all the same.
        tileType = ArchiveTileType(rawValue: bytes[99]) ?? .unknown
        (minimumZoom, maximumZoom) = (Int(bytes[100]), Int(bytes[101]))
        guard minimumZoom <= maximumZoom, maximumZoom <= 31 else {
            throw TileError(.malformed, "zooms \(minimumZoom) to \(maximumZoom) are no range in 0...31")
        }
        bounds = ArchiveBounds(west: degrees(102), south: degrees(106), east: degrees(110), north: degrees(114))
        centerZoom = Int(bytes[118])
        (centerLongitude, centerLatitude) = (degrees(119), degrees(123))
    }

    private static func compression(_ code: UInt8, _ what: String) throws(TileError) -> ArchiveCompression {
        guard let compression = ArchiveCompression(rawValue: code) else {
            throw TileError(.malformed, "\(what) compression \(code) is none of 0 to 4 (v3 Header Design)")
        }
        return compression
    }

    /// The 127 bytes.
    public func encoded() -> [UInt8] {
        var bytes = Array("PMTiles".utf8)
        bytes.reserveCapacity(Self.byteCount)
        bytes.append(3)
        for section in [root, metadata, leaves, tiles] {
            bytes.appendLittleEndian(section.offset)
            bytes.appendLittleEndian(section.length)
        }
        for count in [addressedTiles, tileEntries, tileContents] { bytes.appendLittleEndian(count) }
        bytes.append(isClustered ? 1 : 0)
        bytes.append(internalCompression.rawValue)
        bytes.append(tileCompression.rawValue)
        bytes.append(tileType.rawValue)
        bytes.append(UInt8(clamping: minimumZoom))
        bytes.append(UInt8(clamping: maximumZoom))
        for angle in [bounds.west, bounds.south, bounds.east, bounds.north] {
            bytes.appendLittleEndian(Self.fixed(angle))
        }
        bytes.append(UInt8(clamping: centerZoom))
        bytes.appendLittleEndian(Self.fixed(centerLongitude))
        bytes.appendLittleEndian(Self.fixed(centerLatitude))
        return bytes
    }

    /// Degrees in units of 1e-7, kept on the Earth.
    private static func fixed(_ degrees: Double) -> Int32 {
        Int32((min(max(degrees.isFinite ? degrees : 0, -180), 180) * 1e7).rounded())
    }
}
