// SPDX-License-Identifier: Apache-2.0
import CGDAL
import Spatial

/// One raster of heights, in memory.
///
/// Samples are at pixel centres. GDAL's affine transformation states pixel corners, also for files whose samples are
/// points (HGT), so that half a pixel is added here.
struct ElevationRaster: Sendable {
    /// Most samples of one file: 1.6 GB.
    private static let sampleLimit = 400_000_000

    let name: String
    let width: Int
    let height: Int
    /// Degrees that it covers, its outer half pixels included.
    let extent: LonLatBox
    /// Degrees of latitude between samples.
    let spacing: Double
    private let originX: Double
    private let originY: Double
    private let pixelWidth: Double
    private let pixelHeight: Double
    /// From degrees to the raster's own system; nil where those are degrees.
    private let transform: LocalTransform?
    /// Metres, row by row; NaN is no data.
    private let heights: [Float]

    /// Reads the first band of a file that GDAL knows (HGT, GeoTIFF, …), also inside `NAME.hgt.zip`.
    ///
    /// - Throws: `TwinError.source` for a file that cannot be read, is turned, or has no coordinate system.
    init(path: String) throws {
        _ = GDALLibrary.ready
        let messages = GDALMessages()
        var loaded: ElevationRaster?
        try messages.collecting {
            var names = [path]
            let last = path.split(separator: "/").last.map(String.init) ?? path
            if last.hasSuffix(".zip") { names = ["/vsizip/\(path)/\(last.dropLast(4))", "/vsizip/\(path)"] }
            for name in names where loaded == nil {
                // Safe: the handle is used and closed here only.
                guard let dataset = unsafe GDALOpen(name, GA_ReadOnly) else { continue }
                defer { _ = unsafe GDALClose(dataset) }
                loaded = try unsafe ElevationRaster(dataset, name: last, path: path)
            }
        }
        guard let loaded else {
            throw TwinError(
                .source, "\(path) cannot be read as heights; give an HGT file, a GeoTIFF or another raster of GDAL",
                cause: messages.lastError)
        }
        self = loaded
    }

    private init(_ dataset: GDALDatasetH, name: String, path: String) throws {
        let (width, height) = unsafe (Int(GDALGetRasterXSize(dataset)), Int(GDALGetRasterYSize(dataset)))
        guard width > 1, height > 1, width * height <= Self.sampleLimit else {
            throw TwinError(
                .source,
                "\(path) has \(width) x \(height) samples; 4 to \(Self.sampleLimit) can be held: cut it to the "
                    + "city with `gdal_translate -projwin`, or make it coarser with `-outsize`")
        }
        var affine = [Double](repeating: 0, count: 6)
        let hasPlace = unsafe GDALGetGeoTransform(dataset, &affine) == CE_None
        guard hasPlace, affine[2] == 0, affine[4] == 0, affine[1] > 0, affine[5] < 0 else {
            throw TwinError(
                .source, "\(path) has no place on Earth or is turned; make it north-up with `gdalwarp` first")
        }
        guard let text = unsafe GDALGetProjectionRef(dataset), let definition = unsafe String(validatingCString: text),
            !definition.isEmpty
        else {
            throw TwinError(.source, "\(path) has no coordinate system; add one with `gdal_translate -a_srs EPSG:…`")
        }
        self.name = name
        (self.width, self.height) = (width, height)
        (originX, originY) = (affine[0] + affine[1] / 2, affine[3] + affine[5] / 2)
        (pixelWidth, pixelHeight) = (affine[1], affine[5])
        let box = CoordinateBox(
            minX: affine[0], minY: affine[3] + Double(height) * affine[5], maxX: affine[0] + Double(width) * affine[1],
            maxY: affine[3])
        let system = try CoordinateSystem(definition)
        if system.isGeographic {
            extent = LonLatBox(west: box.minX, south: box.minY, east: box.maxX, north: box.maxY)
            transform = nil
        } else {
            let extent = try Self.extent(of: box, in: system)
            self.extent = extent
            let (marginX, marginY) = ((extent.east - extent.west) / 50, (extent.north - extent.south) / 50)
            transform = try LocalTransform(
                from: .wgs84(), to: .system(system),
                over: CoordinateBox(
                    minX: extent.west - marginX, minY: extent.south - marginY, maxX: extent.east + marginX,
                    maxY: extent.north + marginY), tolerance: 0.001)
        }
        spacing = (extent.north - extent.south) / Double(height)
        heights = try unsafe Self.read(dataset, width, height, path)
    }

    private static func read(_ dataset: GDALDatasetH, _ width: Int, _ height: Int, _ path: String) throws -> [Float] {
        guard let band = unsafe GDALGetRasterBand(dataset, 1) else {
            throw TwinError(.source, "\(path) has no band of heights")
        }
        var status = CE_None
        // Safe: GDAL writes exactly width x height floats into the buffer of that capacity.
        var heights = unsafe [Float](unsafeUninitializedCapacity: width * height) { buffer, count in
            unsafe status = GDALRasterIO(
                band, GF_Read, 0, 0, Int32(width), Int32(height), buffer.baseAddress, Int32(width), Int32(height),
                GDT_Float32, 0, 0)
            count = status == CE_None ? width * height : 0
        }
        guard status == CE_None else { throw TwinError(.source, "\(path) cannot be read to its end; get it again") }
        var has: Int32 = 0
        let missing = Float(unsafe GDALGetRasterNoDataValue(band, &has))
        let hasMissing = has != 0
        let scale = Float(unsafe GDALGetRasterScale(band, &has))
        let offset = Float(unsafe GDALGetRasterOffset(band, &has))
        for index in heights.indices {
            let value = heights[index]
            // SRTM's voids are -32768 whether a file says so or not; no land is beyond these limits.
            if (hasMissing && value == missing) || !value.isFinite || value <= -12_000 || value > 1e6 {
                heights[index] = .nan
            } else if scale != 1 || offset != 0 {
                heights[index] = value * scale + offset
            }
        }
        return heights
    }

    /// The degrees around a box of another system: its edges in steps, since they are curves.
    private static func extent(of box: CoordinateBox, in system: CoordinateSystem) throws -> LonLatBox {
        let transformer = try CoordinateTransformer(from: system, to: .wgs84())
        var edge: [Double] = []
        for step in 0...32 {
            let share = Double(step) / 32
            let (x, y) = (box.minX + share * box.width, box.minY + share * box.height)
            edge += [x, box.minY, x, box.maxY, box.minX, y, box.maxX, y]
        }
        guard transformer.transform(&edge) == 0 else {
            throw TwinError(.source, "the edges of a raster in \(system) have no longitude and latitude")
        }
        var extent = LonLatBox(west: .infinity, south: .infinity, east: -.infinity, north: -.infinity)
        for index in stride(from: 0, to: edge.count, by: 2) {
            extent.west = min(extent.west, edge[index])
            extent.east = max(extent.east, edge[index])
            extent.south = min(extent.south, edge[index + 1])
            extent.north = max(extent.north, edge[index + 1])
        }
        return extent
    }

    /// The height at a position by bilinear interpolation, and how much it counts: 1 inside the outermost samples,
    /// falling to 0 one sample spacing outside. Two rasters that abut there add up to one interpolation between them.
    func sample(longitude: Double, latitude: Double) -> (height: Double, weight: Double)? {
        var (x, y) = (longitude, latitude)
        if let transform {
            guard let own = transform.transform(x: longitude, y: latitude) else { return nil }
            (x, y) = (own.x, own.y)
        }
        let column = (x - originX) / pixelWidth
        let row = (y - originY) / pixelHeight
        let outsideX = max(0, -column, column - Double(width - 1))
        let outsideY = max(0, -row, row - Double(height - 1))
        guard outsideX < 1, outsideY < 1 else { return nil }
        let left = min(max(Int(column.rounded(.down)), 0), width - 2)
        let top = min(max(Int(row.rounded(.down)), 0), height - 2)
        let shareX = min(max(column - Double(left), 0), 1)
        let shareY = min(max(row - Double(top), 0), 1)
        var sum = 0.0
        var weight = 0.0
        func add(_ index: Int, _ share: Double) {
            let height = heights[index]
            guard !height.isNaN, share > 0 else { return }
            sum += share * Double(height)
            weight += share
        }
        let first = top * width + left
        add(first, (1 - shareX) * (1 - shareY))
        add(first + 1, shareX * (1 - shareY))
        add(first + width, (1 - shareX) * shareY)
        add(first + width + 1, shareX * shareY)
        // More than half of the neighbourhood must be there.
        guard weight >= 0.5 else { return nil }
        return (sum / weight, (1 - outsideX) * (1 - outsideY))
    }
}
