// SPDX-License-Identifier: Apache-2.0
import Tiles

/// What became of one layer's features in the tiles of one zoom. Features are counted in each tile that they touch.
public struct TileLayerAccount: Sendable, Hashable {
    /// Features that touch a tile or its buffer.
    public var seen = 0
    /// Features written.
    public var kept = 0
    /// Left out, by declared rule.
    public var tiny = 0
    public var collapsed = 0
    /// Squares written for tiny polygons that were left out.
    public var squares = 0
    /// Rings without area that were left out of features that were kept.
    public var rings = 0
    public var vertices = 0

    static let width = 7

    /// The numbers in the order of the journal.
    var numbers: [Int] {
        get { [seen, kept, tiny, collapsed, squares, rings, vertices] }
        set {
            guard newValue.count == Self.width else { return }
            (seen, kept, tiny, collapsed) = (newValue[0], newValue[1], newValue[2], newValue[3])
            (squares, rings, vertices) = (newValue[4], newValue[5], newValue[6])
        }
    }

    mutating func add(_ statistics: MVTStatistics) {
        seen += statistics.kept + statistics.droppedCollapsed + statistics.droppedTiny
        kept += statistics.kept
        tiny += statistics.droppedTiny
        collapsed += statistics.droppedCollapsed
        squares += statistics.squares
        rings += statistics.droppedRings
        vertices += statistics.vertices
    }

    mutating func add(_ other: TileLayerAccount) {
        numbers = zip(numbers, other.numbers).map { $0 + $1 }
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
    public var layers: [TileLayerAccount]

    init(z: Int, layers count: Int) {
        self.z = z
        layers = Array(repeating: TileLayerAccount(), count: count)
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
    public var ranges = 0

    init(layers: [String], zooms: ClosedRange<Int>) {
        self.layers = layers
        self.zooms = zooms.map { TileZoomAccount(z: $0, layers: layers.count) }
    }

    public var tiles: Int { zooms.reduce(0) { $0 + $1.tiles } }

    mutating func add(_ range: TileRangeResult) throws {
        guard let index = zooms.firstIndex(where: { $0.z == range.z }) else { return }
        for (layer, account) in range.layers.enumerated() { zooms[index].layers[layer].add(account) }
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
