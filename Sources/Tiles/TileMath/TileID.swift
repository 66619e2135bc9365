// SPDX-License-Identifier: Apache-2.0

/// The address of a tile in the WebMercatorQuad matrix set: column x grows east, row y grows south.
///
/// Source: OGC 17-083r4, "Two Dimensional Tile Matrix Set", annex D.1.
public struct TileID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The deepest zoom level that is accepted: one tile is then 256 world units wide, about 2.4 m at the equator.
    public static let maximumZoom = 24

    public let z: Int
    public let x: Int
    public let y: Int

    /// Throws ``TileError`` `.address` unless z is 0...24 and x and y are inside the level.
    public init(z: Int, x: Int, y: Int) throws(TileError) {
        guard (0...Self.maximumZoom).contains(z) else {
            throw TileError(.address, "zoom \(z) is outside 0...\(Self.maximumZoom)")
        }
        guard (0..<(1 << z)).contains(x), (0..<(1 << z)).contains(y) else {
            throw TileError(.address, "tile \(z)/\(x)/\(y) is outside its level: x and y must be 0...\((1 << z) - 1)")
        }
        self.init(checkedZ: z, x: x, y: y)
    }

    /// Reads `z/x/y`, with an optional suffix such as `.mvt` after y.
    public init(parsing text: some StringProtocol) throws(TileError) {
        let bare = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        let parts = bare.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let z = Int(parts[0]), let x = Int(parts[1]), let y = Int(parts[2]) else {
            throw TileError(.address, "'\(text)' is not a tile address; write z/x/y, for example 14/13653/6361")
        }
        try self.init(z: z, x: x, y: y)
    }

    private init(checkedZ z: Int, x: Int, y: Int) {
        self.z = z
        self.x = x
        self.y = y
    }

    /// The tile that holds a world position. `zoom` is clamped to 0...24.
    public init(containingWorldX worldX: UInt32, y worldY: UInt32, zoom: Int) {
        let level = min(max(zoom, 0), Self.maximumZoom)
        self.init(checkedZ: level, x: Int(worldX) >> (32 - level), y: Int(worldY) >> (32 - level))
    }

    /// Width and height in world units: 2^(32 - z).
    public var worldSize: Int { 1 << (32 - z) }
    /// West edge in world units.
    public var worldMinX: Int { x << (32 - z) }
    /// North edge in world units.
    public var worldMinY: Int { y << (32 - z) }

    /// The tile's area grown by a buffer in tile units (1/4096 of its width), clamped to the world, all sides included.
    public func worldBounds(buffer: Int = 0) -> (minX: UInt32, minY: UInt32, maxX: UInt32, maxY: UInt32) {
        let margin = (worldSize * buffer) >> 12
        func clamped(_ value: Int) -> UInt32 { UInt32(min(max(value, 0), Int(UInt32.max))) }
        return (
            clamped(worldMinX - margin), clamped(worldMinY - margin),
            clamped(worldMinX + worldSize + margin), clamped(worldMinY + worldSize + margin)
        )
    }

    /// The tile one level up, or nil at zoom 0.
    public var parent: TileID? { z == 0 ? nil : TileID(checkedZ: z - 1, x: x >> 1, y: y >> 1) }

    /// The four tiles one level down, north-west, north-east, south-west, south-east; none at zoom 24.
    public var children: [TileID] {
        guard z < Self.maximumZoom else { return [] }
        return [(0, 0), (1, 0), (0, 1), (1, 1)].map { TileID(checkedZ: z + 1, x: 2 * x + $0.0, y: 2 * y + $0.1) }
    }

    public var description: String { "\(z)/\(x)/\(y)" }

    public static func < (left: TileID, right: TileID) -> Bool {
        (left.z, left.y, left.x) < (right.z, right.y, right.x)
    }
}
