// SPDX-License-Identifier: Apache-2.0
import Glibc
import Spatial
public import Tiles

/// The ground's height, from one or more rasters that are one surface to the caller.
///
/// ```swift
/// let ground = try ElevationModel(paths: ["N36E119.hgt", "N36E120.hgt"], datum: "EPSG:5737")
/// let metres = ground.elevation(longitude: 120.03, latitude: 36.27)
/// ```
///
/// A height depends on its position alone, not on the tile that asks: tiles have no seams, and neither have rasters
/// that share or abut their outermost samples. Where rasters overlap the finer one holds, without a transition, so
/// that rasters that disagree show a step. Immutable: any thread may ask.
public struct ElevationModel: Sendable {
    /// Width and height of a tile in pixels.
    public static let tileSize = 256
    /// Most samples along a pixel's side, where pixels are larger than the rasters' spacing.
    private static let sampleLimit = 8

    /// What heights are above, as the caller stated it: rasters rarely say. Nothing is converted.
    public let datum: String
    /// Degrees that the rasters cover together; not all of it need have heights.
    public let extent: LonLatBox
    /// Finest first.
    private let rasters: [ElevationRaster]

    /// Reads rasters of GDAL (HGT, zipped HGT, GeoTIFF, …), each in its own coordinate system, into memory.
    ///
    /// - Throws: `TwinError.argument` without a path, `.source` for a file that cannot be used, naming it.
    public init(paths: [String], datum: String) throws {
        guard !paths.isEmpty else { throw TwinError(.argument, "name at least one file of heights") }
        let rasters = try paths.map { try ElevationRaster(path: $0) }.sorted { $0.spacing < $1.spacing }
        extent = LonLatBox(
            west: rasters.map(\.extent.west).min() ?? 0, south: rasters.map(\.extent.south).min() ?? 0,
            east: rasters.map(\.extent.east).max() ?? 0, north: rasters.map(\.extent.north).max() ?? 0)
        self.rasters = rasters
        self.datum = datum
    }

    /// The zoom at which a pixel is about as large as the finest raster's spacing; more shows no more.
    public var maximumZoom: Int {
        let spacing = rasters.first?.spacing ?? 1
        let zoom = log2(360 / Double(Self.tileSize) / spacing).rounded(.up)
        return Int(min(max(zoom, 0), 18))
    }

    /// Degrees between the samples of the finest raster.
    var spacing: Double { rasters.first?.spacing ?? 1 }

    /// Metres above the datum, or nil where no raster has a height. Bilinear. O(rasters).
    public func elevation(longitude: Double, latitude: Double) -> Double? {
        elevation(longitude, latitude, rasters)
    }

    private func elevation(_ longitude: Double, _ latitude: Double, _ rasters: [ElevationRaster]) -> Double? {
        var sum = 0.0
        var weight = 0.0
        for raster in rasters {
            guard let sample = raster.sample(longitude: longitude, latitude: latitude) else { continue }
            // Inside a raster its own surface holds; outside all, those whose edges are near are blended.
            if sample.weight >= 1 { return sample.height }
            sum += sample.weight * sample.height
            weight += sample.weight
        }
        return weight >= 0.499 ? sum / weight : nil
    }

    /// The heights of a Web Mercator tile at pixel centres, rows from the north; NaN without data. Nil where all are.
    ///
    /// Pixels larger than the spacing of the rasters are the mean of up to 8 x 8 positions in them.
    /// - Complexity: O(pixels x positions x rasters near the tile), a few milliseconds to some hundred at low zooms.
    public func heights(_ tile: TileID) -> [Float]? {
        let bounds = WebMercator.tileBounds(z: tile.z, x: UInt32(tile.x), y: UInt32(tile.y))
        let near = rasters.filter { raster in
            let box = raster.extent
            return box.west - raster.spacing <= bounds.maxX && box.east + raster.spacing >= bounds.minX
                && box.south - raster.spacing <= bounds.maxY && box.north + raster.spacing >= bounds.minY
        }
        guard let finest = near.first else { return nil }
        let size = Self.tileSize
        let pixel = (bounds.maxY - bounds.minY) / Double(size)
        let count = min(max(Int((pixel / finest.spacing).rounded(.up)), 1), Self.sampleLimit)
        let step = Double(tile.worldSize) / Double(size * count)
        let longitudes = (0..<size * count).map { index in
            WebMercator.lonLat(worldX: Double(tile.worldMinX) + (Double(index) + 0.5) * step, worldY: 0).longitude
        }
        var heights = [Float](repeating: .nan, count: size * size)
        var hasAny = false
        var sums = [Double](repeating: 0, count: size)
        var counts = [Int](repeating: 0, count: size)
        for row in 0..<size {
            for column in 0..<size { (sums[column], counts[column]) = (0, 0) }
            for part in 0..<count {
                let worldY = Double(tile.worldMinY) + (Double(row * count + part) + 0.5) * step
                let latitude = WebMercator.lonLat(worldX: 0, worldY: worldY).latitude
                for (index, longitude) in longitudes.enumerated() {
                    guard let height = elevation(longitude, latitude, near) else { continue }
                    sums[index / count] += height
                    counts[index / count] += 1
                }
            }
            for column in 0..<size where counts[column] > 0 {
                heights[row * size + column] = Float(sums[column] / Double(counts[column]))
                hasAny = true
            }
        }
        return hasAny ? heights : nil
    }

    /// The Terrain-RGB image of a tile, or nil where it has no height at all. Positions without data are 0 m in it:
    /// the encoding knows no other way.
    public func terrainTile(_ tile: TileID) throws(TileError) -> [UInt8]? {
        guard let heights = heights(tile) else { return nil }
        return try TerrainRGB.png(heights, width: Self.tileSize)
    }
}
