// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// An attribute value (spec 4.1, `Value`).
public enum MVTValue: Hashable, Sendable {
    case string(String)
    case double(Double)
    case int(Int64)
    case uint(UInt64)
    case bool(Bool)
}

/// Builds one vector tile of whatever features it is given; ``LayerTileEncoder`` without rules of a layer.
///
/// ```swift
/// var tile = MVTTileBuilder(tile: id, options: .standard(zoom: id.z))
/// tile.beginLayer("roads")
/// let name = tile.intern(key: "name")
/// if tile.beginFeature(id: 7, kind: .line, xy: xy, ringEnds: ends) {
///     tile.add(key: name, .string("胶州路"))
///     tile.endFeature()
/// }
/// tile.endLayer()
/// let bytes = tile.finish()
/// ```
///
/// A value for one thread; keep one per worker and ``reset(tile:options:)`` it, then no feature allocates.
/// Source: Mapbox Vector Tile Specification 2.1.
public struct MVTTileBuilder: Sendable {
    /// Width and height of a tile in tile units.
    public static let extent = 4096

    private var encoder = LayerTileEncoder()
    private var rules = TileRules()
    private var endedLayers = TileAccount()
    private var isInLayer = false

    public init(tile: TileID, options: MVTOptions = MVTOptions()) { reset(tile: tile, options: options) }

    /// Starts another tile with the same scratch space.
    public mutating func reset(tile: TileID, options: MVTOptions = MVTOptions()) {
        rules = TileRules()
        rules.buffer = options.buffer
        rules.tinyPolygons = options.tinyPolygons
        rules.tinyArea = options.tinyArea
        rules.tinyBelowZoom = TileID.maximumZoom + 1
        encoder.tolerance = options.tolerance
        encoder.begin(tile)
        endedLayers = TileAccount()
        isInLayer = false
    }

    /// What became of the features so far.
    public var statistics: MVTStatistics {
        var account = endedLayers
        if isInLayer {
            account += encoder.account
            account.written += encoder.records.count
        }
        return MVTStatistics(account)
    }

    /// Names must be unique in a tile (spec 4.1); that is the caller's duty.
    public mutating func beginLayer(_ name: String) {
        isInLayer = true
        encoder.beginLayer(name, kind: .point, rules: rules)
    }

    /// The layer's number for an attribute name. Only names that a feature uses are written.
    public mutating func intern(key: String) -> Int { encoder.intern(key: key) }

    /// Clips, snaps and encodes a feature's geometry.
    ///
    /// - Parameters:
    ///   - xy: interleaved world coordinates (2^32 around the Earth, y south).
    ///   - ringEnds: end vertices with ``ringStartsPart``; rings have no closing vertex.
    /// - Returns: whether the feature is in the tile. If so, add its attributes and call ``endFeature()``;
    ///   if not, the reason is counted in ``statistics`` and the feature is over.
    /// - Complexity: O(vertices).
    public mutating func beginFeature(
        id: UInt64, kind: GeometryKind, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>
    ) -> Bool {
        let none: [UInt8] = []
        return encoder.begin(id, kind, xy, ringEnds, none.span, 0)
    }

    /// The same with the vertices' levels (``TopologySimplifier``): those above the tile's zoom are left out. Levels
    /// that are not one a vertex are ignored.
    public mutating func beginFeature(
        id: UInt64, kind: GeometryKind, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>,
        vertexZooms: borrowing Span<UInt8>
    ) -> Bool {
        guard vertexZooms.count * 2 == xy.count else {
            return beginFeature(id: id, kind: kind, xy: xy, ringEnds: ringEnds)
        }
        return encoder.begin(id, kind, xy, ringEnds, vertexZooms, 0)
    }

    /// Adds an attribute to the feature that was begun.
    public mutating func add(key: Int, _ value: MVTValue) { encoder.tag(key, value) }

    /// Adds a text that a column stores as a dictionary code: `text` is asked once for each code in a layer.
    public mutating func add(key: Int, code: Int, text: (Int) -> String) { encoder.tag(key, code, text: text) }

    /// Writes the feature that was begun into the layer.
    public mutating func endFeature() { encoder.endFeature() }

    /// Ends the layer. A layer without features is not written (spec 4.1: SHOULD contain at least one).
    public mutating func endLayer() {
        isInLayer = false
        endedLayers += encoder.writeLayer()
    }

    /// The tile's bytes, not compressed; empty if no layer has a feature.
    public mutating func finish() -> [UInt8] { encoder.finish() }
}

extension MVTStatistics {
    init(_ account: TileAccount) {
        kept = account.written
        droppedOutside = account.outside
        droppedCollapsed = account.collapsed + account.empty
        droppedTiny = account.tiny - account.squares
        squares = account.squares
        droppedRings = account.droppedRings
        vertices = account.vertices
    }
}
