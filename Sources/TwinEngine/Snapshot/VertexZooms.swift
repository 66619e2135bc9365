// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// The zoom from which on each vertex of a layer is needed, for tiles.
enum VertexZooms {
    /// Levels of all vertices of a layer of lines or polygons, in row order; empty for points, and for more than 2³¹
    /// vertices: all of them are always needed.
    ///
    /// - Parameter latitude: of the city's middle, in degrees: a tile unit covers fewer metres in the north.
    /// - Throws: `TileError` if the arrays do not fit each other.
    static func levels(
        kind: GeometryKind, grid: [Int32], vertexStarts: [UInt32], ringStarts: [UInt32], ringEnds: [UInt32],
        latitude: Double
    ) throws -> [UInt8] {
        guard kind != .point, grid.count / 2 < Int(ringEndMask) else { return [] }
        let simplifier = TopologySimplifier { zoom in
            TopologySimplifier.millimetresPerTileUnit(zoom: zoom, latitude: latitude)
        }
        return try simplifier.vertexZooms(
            kind: kind, xy: grid.span, vertexStarts: vertexStarts.span, ringStarts: ringStarts.span,
            ringEnds: ringEnds.span)
    }
}
