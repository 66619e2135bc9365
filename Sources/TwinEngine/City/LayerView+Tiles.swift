// SPDX-License-Identifier: Apache-2.0
import Spatial
public import Tiles

extension City {
    /// A vector tile (MVT 2.1) of some layers, not compressed; empty where none has a feature there.
    ///
    /// Tile coordinates come from the snapshot's world coordinates: no projection is computed here.
    /// - Parameter maskedFields: names of fields that are left out, by layer id.
    /// - Complexity: O(log features + features in the tile).
    public func tile(
        _ id: TileID, layers: [LayerView], maskedFields: [String: Set<String>] = [:]
    ) throws -> [UInt8] {
        var builder = MVTTileBuilder(tile: id, options: .standard(zoom: id.z))
        let area = try gridBox(ofTile: id)
        for layer in layers where id.z >= layer.definition.zoom.lowerBound {
            layer.encode(area, masked: maskedFields[layer.definition.id] ?? [], into: &builder)
        }
        return builder.finish()
    }

    /// The grid box around a tile and its buffer; empty where the city's grid does not reach.
    private func gridBox(ofTile id: TileID) throws -> GridBox {
        let bounds = WebMercator.tileBounds(z: id.z, x: UInt32(id.x), y: UInt32(id.y))
        // A sixteenth of the tile: more than the buffer of 64/4096, so that clipping sees all that it needs.
        let marginX = bounds.width / 16
        let marginY = bounds.height / 16
        let box = LonLatBox(
            west: max(-180, bounds.minX - marginX), south: max(-89, bounds.minY - marginY),
            east: min(180, bounds.maxX + marginX), north: min(89, bounds.maxY + marginY))
        // A tile larger than the city holds all of it, and its corners may be beyond the projection.
        let extent = project.extent
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
