// SPDX-License-Identifier: Apache-2.0
import Glibc
import Spatial
public import Tiles

/// The Earth in degrees as a square of 2³² units: x is 0 at 180° W and grows east, y is 0 at 90° N and 2³¹ at 90° S.
///
/// The encoder of Web Mercator tiles works on it as it is: a ``TileID`` of zoom z is then 360° / 2^z wide and high.
enum PlateCarree {
    /// Web Mercator world rows to rows of this square. A function of the row alone, so that equal vertices stay equal.
    static func row(worldY: UInt32) -> UInt32 {
        // The inverse of `WebMercator.world`: latitude is gd(π (1 - 2 y / 2³²)), and y grows from 90° N.
        let mercator = Double.pi * (1 - Double(worldY) * 0x1p-31)
        let latitude = atan(sinh(mercator))
        return UInt32(((0.5 - latitude / .pi) * 0x1p31).rounded())
    }

    /// West, south, east and north of a tile, with a sixteenth of its width around it, in degrees.
    static func bounds(_ tile: TileID) -> LonLatBox {
        let width = 360.0 / Double(1 << tile.z)
        let (west, north) = (-180 + Double(tile.x) * width, 90 - Double(tile.y) * width)
        let margin = width / 16
        return LonLatBox(
            west: max(-180, west - margin), south: max(-89, north - width - margin),
            east: min(180, west + width + margin),
            north: min(89, north + margin))
    }
}

extension City {
    /// A vector tile of a grid in degrees of longitude and latitude, not compressed; empty where nothing is.
    ///
    /// The same encoder, rules and levels of vertices as on Web Mercator. Levels are Web Mercator's: at latitude φ they
    /// keep vertices down to cos φ of half a unit of this tile from north to south, never fewer than are needed.
    /// - Parameters:
    ///   - id: the tile of the square of ``PlateCarree``: zoom 1 is 180° wide. Its lower half is empty.
    ///   - maskedFields: names of fields that are left out, by layer id.
    ///   - filters: which features are offered to the tile's rules, by layer id; all of a layer that is not named.
    /// - Throws: `TwinError.argument` for a filter that does not fit its layer or looks at a masked field.
    /// - Note: degrees are the city's, of WGS 84 or CGCS2000; nothing is shifted between the two, which lie within
    ///   decimetres of each other.
    /// - Complexity: O(log features + vertices in the tile); a few tens of nanoseconds a vertex for the latitude.
    public func geographicTile(
        _ id: TileID, layers: [LayerView], maskedFields: [String: Set<String>] = [:],
        filters: [String: ColumnFilter] = [:]
    ) throws -> [UInt8] {
        var maker = try TileMaker(
            grid: TileGrid(coordinates: coordinates, extent: project.extent, plane: .degrees), layers: layers,
            maskedFields: maskedFields, filters: filters)
        return try maker.tile(id)
    }
}
