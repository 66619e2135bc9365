// SPDX-License-Identifier: Apache-2.0
import Spatial
public import Tiles

extension ElevationModel {
    /// Metres between heights that tiles of the mesh tell apart.
    private static let meshLattice = 1.0 / 64

    /// The finest level at which there are meshes.
    public var meshLevel: Int { TerrainMeshTile.level(spacing: spacing) }

    /// The columns and rows of a level at which there are meshes: those that touch the rasters, and one around them.
    /// Levels 0 to 5 cover the Earth, so that a globe has no hole.
    public func meshRange(level: Int) -> (columns: ClosedRange<Int>, rows: ClosedRange<Int>) {
        let (width, height) = (2 << level, 1 << level)
        guard level > 5 else { return (0...width - 1, 0...height - 1) }
        let size = 180 / Double(1 << level)
        func clamp(_ value: Double, _ limit: Int) -> Int { min(limit - 1, max(0, Int(value.rounded(.down)))) }
        let west = clamp((extent.west + 180) / size - 1, width)
        let east = clamp((extent.east + 180) / size + 1, width)
        let south = clamp((extent.south + 90) / size - 1, height)
        let north = clamp((extent.north + 90) / size + 1, height)
        return (west...east, south...north)
    }

    /// A tile of the ground as a mesh (quantized-mesh 1.0), or nil where the level has none there.
    ///
    /// Heights in it are above the ellipsoid. Where no raster has a height the ground is the datum's zero.
    ///
    /// - Parameter separation: metres from the ellipsoid up to the datum's zero.
    /// - Throws: `TileError.argument` for a tile that does not exist.
    public func meshTile(level: Int, x: Int, y: Int, separation: Double) throws(TileError) -> [UInt8]? {
        let tile = try TerrainMeshTile(level: level, x: x, y: y)
        let range = meshRange(level: level)
        guard level <= meshLevel, range.columns.contains(x), range.rows.contains(y) else { return nil }
        return tile.encode(lattice: Self.meshLattice) { longitude, latitude in
            (elevation(longitude: longitude, latitude: latitude) ?? 0) + separation
        }
    }

    /// `layer.json`, which tells a viewer what meshes there are.
    ///
    /// - Parameter separation: nil where the project states none; heights are then those above the datum.
    public func meshDescription(separation: Double?) -> [UInt8] {
        var out = JSONBytes(capacity: 1024)
        out.raw("{\"tilejson\":\"2.1.0\",\"name\":\"terrain\",\"version\":\"1.0.0\",\"format\":\"quantized-mesh-1.0\"")
        out.raw(",\"scheme\":\"tms\",\"projection\":\"EPSG:4326\",\"extensions\":[\"octvertexnormals\"]")
        out.raw(",\"tiles\":[\"{z}/{x}/{y}.terrain\"],\"minzoom\":0,\"maxzoom\":")
        out.integer(meshLevel)
        out.raw(",\"bounds\":[-180,-90,180,90],\"data_bounds\":[")
        for (index, value) in [extent.west, extent.south, extent.east, extent.north].enumerated() {
            if index > 0 { out.raw(",") }
            out.fixed(value, 7)
        }
        out.raw("],\"heights\":\"ellipsoidal\",\"vertical_datum\":")
        out.string(datum)
        out.raw(",\"geoid_separation\":")
        if let separation { out.fixed(separation, 3) } else { out.raw("null") }
        out.raw(",\"available\":")
        out.list(0...meshLevel) { out, level in
            let range = meshRange(level: level)
            out.raw("[{\"startX\":")
            out.integer(range.columns.lowerBound)
            out.raw(",\"startY\":")
            out.integer(range.rows.lowerBound)
            out.raw(",\"endX\":")
            out.integer(range.columns.upperBound)
            out.raw(",\"endY\":")
            out.integer(range.rows.upperBound)
            out.raw("}]")
        }
        out.raw("}")
        return out.bytes
    }
}
