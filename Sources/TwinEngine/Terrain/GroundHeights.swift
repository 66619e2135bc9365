// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The ground under positions of a city's own system. Immutable: any thread.
struct GroundHeights: Sendable {
    let model: ElevationModel
    let coordinates: CityCoordinates

    /// Metres above the city's vertical datum at metres of its system; nil where no raster has a height.
    func height(x: Double, y: Double) -> Double? {
        let position = coordinates.lonLat(x: x, y: y)
        guard position.x.isFinite, position.y.isFinite else { return nil }
        return model.elevation(longitude: position.x, latitude: position.y)
    }

    /// The same at metres from the grid's origin.
    func height(gridX: Double, gridY: Double) -> Double? {
        height(x: coordinates.grid.originX + gridX, y: coordinates.grid.originY + gridY)
    }
}
