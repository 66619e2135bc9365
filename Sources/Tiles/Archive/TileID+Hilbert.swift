// SPDX-License-Identifier: Apache-2.0

/// The number of a tile in PMTiles order: all tiles of zoom 0, then of zoom 1, and so on, along a Hilbert curve in each.
///
/// Source: PMTiles version 3, "Entries"; the curve is the one of Skilling's form as Wikipedia's "Hilbert curve" states it.
extension TileID {
    /// The tile's number. At most 2^50 for zoom 24. O(zoom).
    public var hilbertID: UInt64 {
        var (column, row) = (UInt64(x), UInt64(y))
        var distance: UInt64 = 0
        var level = z
        while level > 0 {
            level -= 1
            let right = (column >> UInt64(level)) & 1
            let down = (row >> UInt64(level)) & 1
            distance += ((3 * right) ^ down) << UInt64(2 * level)
            let mask = (UInt64(1) << UInt64(level)) - 1
            if down == 0 {
                if right == 1 { (column, row) = (~column, ~row) }
                (column, row) = (row & mask, column & mask)
            } else {
                (column, row) = (column & mask, row & mask)
            }
        }
        return Self.firstHilbertID(zoom: z) + distance
    }

    /// The tile of a number.
    ///
    /// - Throws: ``TileError`` `.address` for a number beyond zoom 24. O(zoom).
    public init(hilbertID id: UInt64) throws(TileError) {
        var zoom = 0
        while zoom <= Self.maximumZoom, Self.firstHilbertID(zoom: zoom + 1) <= id { zoom += 1 }
        guard zoom <= Self.maximumZoom else {
            throw TileError(.address, "tile number \(id) is beyond zoom \(Self.maximumZoom)")
        }
        var distance = id - Self.firstHilbertID(zoom: zoom)
        var (column, row) = (UInt64(0), UInt64(0))
        for level in 0..<UInt64(zoom) {
            let side = UInt64(1) << level
            let right = (distance >> 1) & 1
            let down = (distance ^ right) & 1
            if down == 0 {
                if right == 1 { (column, row) = (side - 1 - column, side - 1 - row) }
                swap(&column, &row)
            }
            column += side * right
            row += side * down
            distance >>= 2
        }
        try self.init(z: zoom, x: Int(column), y: Int(row))
    }

    /// The number of the first tile of a zoom: how many tiles all lower zooms have, (4^zoom - 1) / 3.
    public static func firstHilbertID(zoom: Int) -> UInt64 {
        ((UInt64(1) << UInt64(2 * min(max(zoom, 0), 31))) - 1) / 3
    }
}
