// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Takes city coordinates into a model's local frame, vertex by vertex.
///
/// Horizontally through the city's own projection (fitted to PROJ within 0.05 mm), then exactly to the tangent frame: no
/// drift with the distance from the origin.
struct ModelFrame: Sendable {
    let coordinates: CityCoordinates
    let frame: LocalFrame
    /// Metres to add to a height of the city's vertical datum.
    let separation: Double
    let ground: ModelGround
    /// The terrain, where the city has one.
    let terrain: GroundHeights?

    init(coordinates: CityCoordinates, project: CityProject, ground: ModelGround, terrain: GroundHeights? = nil) {
        self.terrain = terrain
        self.coordinates = coordinates
        self.ground = ground
        let center = project.extent.center
        frame = LocalFrame(longitude: center.longitude, latitude: center.latitude)
        separation = ground == .flat ? 0 : project.vertical.geoidSeparation ?? 0
    }

    /// A position in the local frame; `z` is a height in the city's datum, or above the flat ground.
    func local(x: Double, y: Double, z: Double) -> SIMD3<Double> {
        let position = coordinates.lonLat(x: x, y: y)
        return frame.local(longitude: position.x, latitude: position.y, height: z + separation)
    }

    /// Metres in the city's system relative to the grid's origin become local positions.
    func place(_ mesh: inout TriangleMesh) {
        let origin = coordinates.grid
        mesh.mapPositions { local(x: $0.x + origin.originX, y: $0.y + origin.originY, z: $0.z) }
    }

    /// The local box around a grid box between two heights.
    func box(_ grid: GridBox, _ bottom: Double, _ top: Double) -> Box3D {
        var box = Box3D.empty
        for x in [grid.minX, grid.maxX] {
            for y in [grid.minY, grid.maxY] {
                let metres = coordinates.grid.metres(GridPoint(x: x, y: y))
                box.include(local(x: metres.x, y: metres.y, z: bottom))
                box.include(local(x: metres.x, y: metres.y, z: top))
            }
        }
        return box
    }
}
