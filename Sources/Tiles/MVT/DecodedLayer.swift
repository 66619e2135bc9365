// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// One layer of a vector tile, as ``MVTDecoder`` read it.
public struct DecodedLayer: Sendable, Hashable {
    public var name = ""
    /// Width and height of the tile in tile units.
    public var extent: UInt32 = 4096
    public var features: [DecodedFeature] = []
    /// Entries of the layer's key table (spec 4.4).
    public var keyCount = 0
    /// Entries of the layer's value table (spec 4.4).
    public var valueCount = 0

    public init() {}
}

/// One feature of a vector tile.
public struct DecodedFeature: Sendable, Hashable {
    public var id: UInt64?
    /// Nil for the type UNKNOWN, whose geometry is not read (spec 4.3.4.1).
    public var kind: GeometryKind?
    /// Interleaved x, y in tile units: x east, y south from the tile's north-west corner.
    public var xy: [Int32] = []
    /// End vertex of each ring with ``ringStartsPart``, laid out as in ``FlatGeometry``: rings have no closing vertex.
    public var ringEnds: [UInt32] = []
    public var attributes: [String: MVTValue] = [:]

    public init() {}
}
