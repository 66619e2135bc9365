// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The slope of the city's terrain under parcels.
struct TerrainSlope: Sendable {
    /// Positions looked at along the longer side of a parcel, at the most.
    private static let sampleLimit = 64.0

    private let ground: GroundHeights
    /// Metres between samples of the finest raster.
    private let spacing: Double

    /// - Throws: `TwinError.argument` for a city without terrain, `.source` for a raster that cannot be read.
    init(_ scope: AnalysisScope) throws {
        guard let model = try scope.city.terrain() else {
            throw TwinError(
                .argument,
                "measure: slope needs the ground's heights; name its rasters under `terrain` in city.yaml and import again"
            )
        }
        ground = GroundHeights(model: model, coordinates: scope.coordinates)
        // A degree of latitude.
        spacing = model.spacing * 111_195
    }

    /// Percent, the mean over positions on a lattice as wide as the raster's samples, or wider where more than 64 would fit
    /// along the parcel; nil where the terrain has no height. Each slope is that of central differences over two samples.
    ///
    /// A parcel without a lattice point is looked at in the middle of its box.
    func mean(_ polygon: OverlayPolygon) throws -> Double? {
        let box = polygon.box
        guard !box.isEmpty else { return nil }
        let width = (Double(box.maxX) - Double(box.minX)) / 1000
        let height = (Double(box.maxY) - Double(box.minY)) / 1000
        let step = max(spacing, max(width, height) / Self.sampleLimit)
        var sum = 0.0
        var count = 0
        for row in 0..<max(1, Int(height / step)) {
            for column in 0..<max(1, Int(width / step)) {
                let x = Double(box.minX) / 1000 + (Double(column) + 0.5) * width / Double(max(1, Int(width / step)))
                let y = Double(box.minY) / 1000 + (Double(row) + 0.5) * height / Double(max(1, Int(height / step)))
                let point = GridPoint(
                    x: Int32(clamping: Int((x * 1000).rounded())), y: Int32(clamping: Int((y * 1000).rounded())))
                guard try polygon.contains(point), let slope = slope(x, y) else { continue }
                sum += slope
                count += 1
            }
        }
        if count > 0 { return sum / Double(count) }
        return slope(
            (Double(box.minX) + Double(box.maxX)) / 2000, (Double(box.minY) + Double(box.maxY)) / 2000)
    }

    /// At metres from the grid's origin.
    private func slope(_ x: Double, _ y: Double) -> Double? {
        guard let west = ground.height(gridX: x - spacing, gridY: y),
            let east = ground.height(gridX: x + spacing, gridY: y),
            let south = ground.height(gridX: x, gridY: y - spacing),
            let north = ground.height(gridX: x, gridY: y + spacing)
        else { return nil }
        let dx = (east - west) / (2 * spacing)
        let dy = (north - south) / (2 * spacing)
        return 100 * (dx * dx + dy * dy).squareRoot()
    }
}
