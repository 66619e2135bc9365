// SPDX-License-Identifier: Apache-2.0
public import Tiles

extension TileAccount {
    static let width = 20

    /// The numbers in the order of the journal.
    var numbers: [Int] {
        get {
            [
                offered, written, outside, empty, collapsed, tiny, squares, shortLines, joined, thinned, clustered,
                clusters, overFeatureLimit, overByteLimit, labels, droppedRings, repaired,
            ] + [vertices, bytes, filtered]
        }
        set {
            guard newValue.count == Self.width else { return }
            (offered, written, outside, empty) = (newValue[0], newValue[1], newValue[2], newValue[3])
            (collapsed, tiny, squares, shortLines) = (newValue[4], newValue[5], newValue[6], newValue[7])
            (joined, thinned, clustered, clusters) = (newValue[8], newValue[9], newValue[10], newValue[11])
            (overFeatureLimit, overByteLimit, labels) = (newValue[12], newValue[13], newValue[14])
            (droppedRings, repaired, vertices, bytes) = (newValue[15], newValue[16], newValue[17], newValue[18])
            filtered = newValue[19]
        }
    }

    /// Features that touch the tile and that this tile decides on.
    var touching: Int { offered - outside }

    /// What was left out, by the name of the rule, without the zeros.
    var losses: [(name: String, count: Int)] {
        [
            ("filtered", filtered), ("tiny", tiny), ("collapsed", collapsed), ("empty", empty), ("short", shortLines),
            ("joined", joined), ("thinned", thinned), ("clustered", clustered),
            ("over feature limit", overFeatureLimit), ("over byte limit", overByteLimit),
        ].filter { $0.1 > 0 }
    }

    /// What was written for those left out or beside the features, without the zeros.
    var gains: [(name: String, count: Int)] {
        [("squares", squares), ("clusters", clusters), ("labels", labels)].filter { $0.1 > 0 }
    }
}

/// What a zoom of a build holds.
public struct TileZoomAccount: Sendable, Hashable {
    public var z: Int
    public var tiles = 0
    /// Compressed and plain bytes.
    public var bytes = 0
    public var plainBytes = 0
    /// The largest tile, compressed and as `z/x/y`.
    public var largest = 0
    public var largestTile = ""
    /// In the order of the build's layers.
    public var layers: [TileAccount]

    init(z: Int, layers count: Int) {
        self.z = z
        layers = Array(repeating: TileAccount(), count: count)
    }
}

/// The account of a build: what it wrote and what it left out, by zoom and layer.
public struct TileBuildAccount: Sendable {
    public var layers: [String]
    public var zooms: [TileZoomAccount]
    public var output = ""
    /// Bytes of the archive.
    public var fileBytes = 0
    /// Different tiles stored; the others are references to equal ones.
    public var contents = 0
    public var seconds = 0.0
    public var threads = 1
    /// Ranges of tiles that an earlier run had finished.
    public var resumedRanges = 0
    /// Tiles that an update did not make: they are in the archive as they were, or empty as before. The layers' numbers
    /// are of the others.
    public var reusedTiles = 0
    public var ranges = 0
    /// Tiles that were looked at: those with features near them.
    public var planned = 0

    init(layers: [String], zooms: ClosedRange<Int>) {
        self.layers = layers
        self.zooms = zooms.map { TileZoomAccount(z: $0, layers: layers.count) }
    }

    public var tiles: Int { zooms.reduce(0) { $0 + $1.tiles } }

    mutating func add(_ range: TileRangeResult) throws {
        guard let index = zooms.firstIndex(where: { $0.z == range.z }) else { return }
        reusedTiles += range.reused
        for (layer, account) in range.layers.enumerated() { zooms[index].layers[layer] += account }
        for tile in range.tiles {
            zooms[index].tiles += 1
            zooms[index].bytes += Int(tile.length)
            zooms[index].plainBytes += Int(tile.plainLength)
            if Int(tile.length) > zooms[index].largest {
                zooms[index].largest = Int(tile.length)
                zooms[index].largestTile = try TileID(hilbertID: tile.id).description
            }
        }
    }
}
