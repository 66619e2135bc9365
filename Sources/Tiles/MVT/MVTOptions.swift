// SPDX-License-Identifier: Apache-2.0

/// What happens to a polygon whose area in the tile is below ``MVTOptions/tinyArea``.
public enum TinyPolygonPolicy: Sendable, Hashable {
    /// Kept as it is; it disappears only if it collapses to nothing on the tile's grid.
    case keep
    /// Left out and counted.
    case drop
    /// Left out until the areas left out add up to one square, which then stands for them all.
    case square
}

/// How world coordinates become tile coordinates. Lengths are tile units: 1/4096 of the tile's width.
public struct MVTOptions: Sendable, Hashable {
    /// Margin around the tile that geometry is clipped to.
    public var buffer = 64
    /// Largest distance that simplification may move a line; 0 removes only points that lie exactly on a line.
    public var tolerance = 0.0
    public var tinyPolygons = TinyPolygonPolicy.keep
    /// Polygons below this area in square tile units are tiny. 16 is a quarter of a pixel at 512 pixels a tile.
    public var tinyArea = 16.0

    public init() {}

    /// Full detail from zoom 15; below, half a unit of tolerance and squares for tiny polygons.
    public static func standard(zoom: Int) -> MVTOptions {
        var options = MVTOptions()
        if zoom < 15 {
            options.tolerance = 0.5
            options.tinyPolygons = .square
        }
        return options
    }
}

/// What became of the features given to a tile builder.
public struct MVTStatistics: Sendable, Hashable {
    public var kept = 0
    /// Outside the tile and its buffer.
    public var droppedOutside = 0
    /// Nothing was left on the tile's grid: lines of one point, polygons without area.
    public var droppedCollapsed = 0
    /// Below ``MVTOptions/tinyArea`` and left out by ``MVTOptions/tinyPolygons``.
    public var droppedTiny = 0
    /// Squares that stand for tiny polygons left out.
    public var squares = 0
    /// Rings without area inside features that were kept.
    public var droppedRings = 0
    public var vertices = 0

    public init() {}
}
