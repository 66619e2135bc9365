// SPDX-License-Identifier: Apache-2.0
import Spatial
public import Tiles

extension City {
    /// A vector tile (MVT 2.1) of some layers, not compressed; empty where none has a feature there.
    ///
    /// The bulk builder makes its tiles with the same ``TileMaker``: equal data gives equal bytes.
    /// - Parameter maskedFields: names of fields that are left out, by layer id.
    /// - Complexity: O(log features + features in the tile).
    public func tile(
        _ id: TileID, layers: [LayerView], maskedFields: [String: Set<String>] = [:]
    ) throws -> [UInt8] {
        var maker = TileMaker(
            grid: TileGrid(coordinates: coordinates, extent: project.extent), layers: layers,
            maskedFields: maskedFields)
        return try maker.tile(id)
    }

    /// Where tiles lie on the city's grid.
    var tileGrid: TileGrid { TileGrid(coordinates: coordinates, extent: project.extent) }
}

/// Where the tiles of Web Mercator lie on a city's grid. Immutable; any thread.
struct TileGrid: Sendable {
    let coordinates: CityCoordinates
    let extent: LonLatBox

    /// The buffer of 64/4096 around a tile, and a quarter of it for the bend of the tile's edges between the points that
    /// are transformed.
    private static let margin = 5.0 / 256

    /// The grid box around a tile and its buffer; empty where the city's grid does not reach. 32 transformations.
    func box(of id: TileID) throws(SpatialError) -> GridBox {
        let bounds = WebMercator.tileBounds(z: id.z, x: UInt32(id.x), y: UInt32(id.y))
        let marginX = bounds.width * Self.margin
        let marginY = bounds.height * Self.margin
        let box = LonLatBox(
            west: max(-180, bounds.minX - marginX), south: max(-89, bounds.minY - marginY),
            east: min(180, bounds.maxX + marginX), north: min(89, bounds.maxY + marginY))
        // A tile larger than the city holds all of it, and its corners may be beyond the projection.
        let reach = coordinates.reach
        let clipped = LonLatBox(
            west: max(box.west, reach.west), south: max(box.south, reach.south), east: min(box.east, reach.east),
            north: min(box.north, reach.north))
        guard clipped.west < clipped.east, clipped.south < clipped.north else { return .empty }
        if box.west <= extent.west, box.east >= extent.east, box.south <= extent.south, box.north >= extent.north {
            return GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)
        }
        return try coordinates.gridBox(clipped)
    }
}

/// Encodes tiles of some layers one after another and keeps its scratch space between them. For one thread.
struct TileMaker {
    let grid: TileGrid
    let layers: [LayerView]
    private let masked: [Set<String>]
    private var builder: MVTTileBuilder?
    /// What became of the features of the last tile, for each layer.
    private(set) var statistics: [MVTStatistics]

    init(grid: TileGrid, layers: [LayerView], maskedFields: [String: Set<String>] = [:]) {
        self.grid = grid
        self.layers = layers
        masked = layers.map { maskedFields[$0.definition.id] ?? [] }
        statistics = layers.map { _ in MVTStatistics() }
    }

    /// The tile's bytes, not compressed; empty where no layer has a feature. O(log features + features in the tile).
    mutating func tile(_ id: TileID) throws -> [UInt8] {
        let options = MVTOptions.standard(zoom: id.z)
        var builder = self.builder ?? MVTTileBuilder(tile: id, options: options)
        self.builder = nil
        builder.reset(tile: id, options: options)
        let area = try grid.box(of: id)
        for (index, layer) in layers.enumerated() {
            statistics[index] = MVTStatistics()
            guard layer.definition.zoom.contains(id.z), !area.isEmpty else { continue }
            let before = builder.statistics
            layer.encode(area, masked: masked[index], into: &builder)
            statistics[index] = builder.statistics - before
        }
        let bytes = builder.finish()
        self.builder = builder
        return bytes
    }
}

extension MVTStatistics {
    static func - (left: MVTStatistics, right: MVTStatistics) -> MVTStatistics {
        var result = left
        result.kept -= right.kept
        result.droppedOutside -= right.droppedOutside
        result.droppedCollapsed -= right.droppedCollapsed
        result.droppedTiny -= right.droppedTiny
        result.squares -= right.squares
        result.droppedRings -= right.droppedRings
        result.vertices -= right.vertices
        return result
    }
}

extension LayerView {
    /// Adds the layer's features in a grid box to a tile.
    func encode(_ area: GridBox, masked: Set<String>, into builder: inout MVTTileBuilder) {
        builder.beginLayer(definition.id)
        let columns = definition.fields.indices.filter { !masked.contains(definition.fields[$0].name) }
        let keys = columns.map { builder.intern(key: definition.fields[$0].name) }
        searchRows(area) { row in
            let isInside = withWorld(row: row) { world, ends in
                builder.beginFeature(
                    id: UInt64(bitPattern: id(row: row)), kind: definition.geometry, xy: world, ringEnds: ends)
            }
            guard isInside else { return true }
            for (column, key) in zip(columns, keys) { addTag(row, column, key, &builder) }
            builder.endFeature()
            return true
        }
        builder.endLayer()
    }

    private func addTag(_ row: Int, _ column: Int, _ key: Int, _ builder: inout MVTTileBuilder) {
        if row >= 0, snapshot.metadata.columns[column].type == .text {
            let snapshot = snapshot
            let code = Int(snapshot.textCodes(column)[row])
            if code != 0 { builder.add(key: key, code: code) { dictionaryText(column, $0) } }
            return
        }
        switch value(row: row, column: column) {
        case .null, .binary: return
        case .string(let text): builder.add(key: key, .string(text))
        case .integer(let number): builder.add(key: key, .int(number))
        case .real(let number): builder.add(key: key, .double(number))
        case .boolean(let truth): builder.add(key: key, .bool(truth))
        }
    }
}
