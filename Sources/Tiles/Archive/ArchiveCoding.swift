// SPDX-License-Identifier: Apache-2.0

/// How an archive's tiles or directories are compressed; the raw value is PMTiles' code (version 3, "Header Design").
public enum ArchiveCompression: UInt8, Sendable, CaseIterable {
    case unknown = 0
    case none = 1
    case gzip = 2
    case brotli = 3
    case zstd = 4

    /// The HTTP content coding (RFC 9110 §8.4.1, RFC 7932, RFC 8878), or nil for bytes that are sent as they are.
    public var contentEncoding: String? {
        switch self {
        case .unknown, .none: nil
        case .gzip: "gzip"
        case .brotli: "br"
        case .zstd: "zstd"
        }
    }
}

/// What an archive's tiles are; the raw value is PMTiles' code (version 3.1, "Header Design"; 6 is MapLibre's MLT).
public enum ArchiveTileType: UInt8, Sendable, CaseIterable {
    case unknown = 0
    case mvt = 1
    case png = 2
    case jpeg = 3
    case webp = 4
    case avif = 5
    case mlt = 6

    /// The media type of a tile.
    public var mediaType: String {
        switch self {
        case .unknown: "application/octet-stream"
        case .mvt: "application/vnd.mapbox-vector-tile"
        case .png: "image/png"
        case .jpeg: "image/jpeg"
        case .webp: "image/webp"
        case .avif: "image/avif"
        case .mlt: "application/vnd.maplibre-tile"
        }
    }

    /// The name that MBTiles metadata and file endings use.
    public var name: String {
        switch self {
        case .unknown: "bin"
        case .mvt: "pbf"
        case .png: "png"
        case .jpeg: "jpg"
        case .webp: "webp"
        case .avif: "avif"
        case .mlt: "mlt"
        }
    }

    /// The type of a name in MBTiles metadata or a media type; `.unknown` for others.
    public init(name: some StringProtocol) {
        self =
            switch name.lowercased() {
            case "pbf", "mvt", "application/vnd.mapbox-vector-tile", "application/x-protobuf": .mvt
            case "png", "png8", "png24", "png32", "image/png": .png
            case "jpg", "jpeg", "image/jpeg": .jpeg
            case "webp", "image/webp": .webp
            case "avif", "image/avif": .avif
            case "mlt", "application/vnd.maplibre-tile": .mlt
            default: .unknown
            }
    }
}

/// A box in degrees of longitude and latitude (WGS 84), as archives state their bounds.
public struct ArchiveBounds: Sendable, Hashable {
    public var west: Double
    public var south: Double
    public var east: Double
    public var north: Double

    public init(west: Double, south: Double, east: Double, north: Double) {
        self.west = west
        self.south = south
        self.east = east
        self.north = north
    }

    /// All that Web Mercator shows.
    public static let world = ArchiveBounds(west: -180, south: -85.0511288, east: 180, north: 85.0511288)
}
