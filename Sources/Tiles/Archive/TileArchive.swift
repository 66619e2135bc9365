// SPDX-License-Identifier: Apache-2.0

/// A tile as an archive keeps it.
public struct ArchiveTile: Sendable, Hashable {
    public var bytes: [UInt8]
    public var compression: ArchiveCompression

    public init(bytes: [UInt8], compression: ArchiveCompression) {
        self.bytes = bytes
        self.compression = compression
    }
}

/// A finished set of tiles in one file, of whatever format. Usable from any thread.
public protocol TileArchive: Sendable {
    var tileType: ArchiveTileType { get }
    /// The zooms that the archive says it has.
    var zooms: ClosedRange<Int> { get }
    var bounds: ArchiveBounds { get }
    /// Longitude, latitude (degrees) and zoom to show first.
    var center: (longitude: Double, latitude: Double, zoom: Int) { get }
    /// A JSON object with `vector_layers` for vector tiles, as the archive has it: not checked.
    func metadata() throws -> [UInt8]
    /// A tile, or nil where the archive has none.
    ///
    /// - Throws: ``TileError`` where the archive is damaged.
    func tile(_ tile: TileID) throws -> ArchiveTile?
}

extension PMTilesReader: TileArchive {
    public var tileType: ArchiveTileType { header.tileType }
    public var zooms: ClosedRange<Int> { header.minimumZoom...header.maximumZoom }
    public var bounds: ArchiveBounds { header.bounds }
    public var center: (longitude: Double, latitude: Double, zoom: Int) {
        (header.centerLongitude, header.centerLatitude, header.centerZoom)
    }

    public func tile(_ tile: TileID) throws -> ArchiveTile? {
        guard let entry = try entry(tile.hilbertID) else { return nil }
        let bytes = try content(entry)
        // Code 0 means that the writer did not say: gzip shows itself by its first bytes (RFC 1952 §2.3.1).
        let compression = header.tileCompression == .unknown ? .sniffed(bytes) : header.tileCompression
        return ArchiveTile(bytes: bytes, compression: compression)
    }
}

extension ArchiveCompression {
    /// gzip or zstd by their first bytes, otherwise `.none`.
    public static func sniffed(_ bytes: [UInt8]) -> ArchiveCompression {
        if bytes.starts(with: [0x1F, 0x8B]) { return .gzip }
        return bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) ? .zstd : .none
    }
}
