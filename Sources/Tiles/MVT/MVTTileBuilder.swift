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

/// Builds one vector tile, layer after layer and feature after feature.
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

    public private(set) var statistics = MVTStatistics()
    private var geometry: MVTGeometryEncoder
    private var output: [UInt8] = []
    private var layerName = ""
    private var features: [UInt8] = []
    private var feature: [UInt8] = []
    private var tags: [UInt8] = []
    private var featureID: UInt64 = 0
    private var kind = GeometryKind.point
    private var table = MVTValueTable()

    public init(tile: TileID, options: MVTOptions = MVTOptions()) {
        geometry = MVTGeometryEncoder(tile: tile, options: options)
    }

    /// Starts another tile with the same scratch space.
    public mutating func reset(tile: TileID, options: MVTOptions = MVTOptions()) {
        geometry.reset(tile: tile, options: options)
        output.removeAll(keepingCapacity: true)
        features.removeAll(keepingCapacity: true)
        statistics = MVTStatistics()
    }

    /// Names must be unique in a tile (spec 4.1); that is the caller's duty.
    public mutating func beginLayer(_ name: String) {
        layerName = name
        features.removeAll(keepingCapacity: true)
        table.removeAll()
    }

    /// The layer's number for an attribute name. Only names that a feature uses are written.
    public mutating func intern(key: String) -> Int { table.intern(key: key) }

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
        switch geometry.encode(kind: kind, xy: xy, ringEnds: ringEnds) {
        case .outside: statistics.droppedOutside += 1
        case .collapsed: statistics.droppedCollapsed += 1
        case .tiny: statistics.droppedTiny += 1
        case .square:
            statistics.squares += 1
            return start(id, kind)
        case .kept: return start(id, kind)
        }
        return false
    }

    private mutating func start(_ id: UInt64, _ kind: GeometryKind) -> Bool {
        statistics.kept += 1
        statistics.vertices += geometry.vertexCount
        statistics.droppedRings += geometry.droppedRings
        featureID = id
        self.kind = kind
        tags.removeAll(keepingCapacity: true)
        return true
    }

    /// Adds an attribute to the feature that was begun.
    public mutating func add(key: Int, _ value: MVTValue) {
        tags.appendVarint(table.use(key: key))
        tags.appendVarint(table.index(of: value))
    }

    /// Adds a text that a column stores as a dictionary code: `text` is asked once for each code in a layer.
    public mutating func add(key: Int, code: Int, text: (Int) -> String) {
        tags.appendVarint(table.use(key: key))
        tags.appendVarint(table.index(key: key, code: code, text: text))
    }

    /// Writes the feature that was begun into the layer.
    public mutating func endFeature() {
        feature.removeAll(keepingCapacity: true)
        feature.append(1 << 3)
        feature.appendVarint(featureID)
        if !tags.isEmpty { feature.appendField(2 << 3 | 2, tags) }
        feature.append(3 << 3)
        feature.append(kind.rawValue)
        feature.appendField(4 << 3 | 2, geometry.bytes)
        features.appendField(2 << 3 | 2, feature)
    }

    /// Ends the layer. A layer without features is not written (spec 4.1: SHOULD contain at least one).
    public mutating func endLayer() {
        guard !features.isEmpty else { return }
        var head: [UInt8] = [15 << 3, 2]
        head.appendField(1 << 3 | 2, text: layerName)
        var tail: [UInt8] = []
        table.write(to: &tail)
        tail.append(5 << 3)
        tail.appendVarint(Self.extent)
        output.append(3 << 3 | 2)
        output.appendVarint(head.count + features.count + tail.count)
        output.append(contentsOf: head)
        output.append(contentsOf: features)
        output.append(contentsOf: tail)
        features.removeAll(keepingCapacity: true)
    }

    /// The tile's bytes, not compressed; empty if no layer has a feature.
    public mutating func finish() -> [UInt8] {
        let bytes = output
        output = []
        return bytes
    }
}
