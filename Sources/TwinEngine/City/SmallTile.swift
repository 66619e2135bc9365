// SPDX-License-Identifier: Apache-2.0
import Spatial
public import Tiles

/// A tile of which the index says, before anything is read, that it is small: making it takes less than a millisecond.
///
/// For threads that must not be held: what lies on the disk still is not small.
public struct SmallTile {
    let id: TileID
    fileprivate let parts: [(layer: LayerView, area: GridBox, rows: TileRows)]
    private let masked: [String: Set<String>]

    /// Most features and bytes by estimate, over all layers.
    static let mostFeatures = 1024
    static let mostBytes = 2 * TileComposer.smallestTile

    /// - Returns: nil for a tile that is not certain to be small. O(layers log features).
    init?(
        _ id: TileID, _ grid: TileGrid, _ layers: [LayerView], _ maskedFields: [String: Set<String>]
    ) throws(SpatialError) {
        var parts: [(layer: LayerView, area: GridBox, rows: TileRows)] = []
        var (features, bytes) = (0, 0)
        let area = try grid.box(of: id)
        for layer in layers where layer.definition.zoom.contains(id.z) && !area.isEmpty {
            // What tiles of low zooms know of polygons is made at the first of them, of the whole layer.
            guard layer.definition.geometry != .polygon || id.z >= LayerView.extentsBelowZoom, !layer.delta.isPast
            else { return nil }
            let rows = layer.tileRows(area)
            let count = rows.count + rows.changed.count
            guard count > 0 else { continue }
            features += count
            guard features <= Self.mostFeatures else { return nil }
            bytes += layer.mostBytes(rows, layer.definition.fields.count)
            guard bytes <= Self.mostBytes, layer.snapshot.isResident(rows.ranges) else { return nil }
            parts.append((layer, area, rows))
        }
        self.id = id
        self.parts = parts
        masked = maskedFields
    }

    /// The tile with its gzip form, equal to ``City/packedTile(_:layers:maskedFields:)``.
    ///
    /// - Returns: nil where it turned out not to be small: texts are not estimated.
    fileprivate func packed(_ tools: TileTools) throws -> PackedTile? {
        guard !parts.isEmpty else { return PackedTile() }
        tools.encoder.begin(id)
        for (layer, area, rows) in parts {
            let masked = masked[layer.definition.id] ?? []
            let request = TileRequest(
                tile: id, plane: .webMercator, rules: layer.definition.tileRules, masked: masked)
            var none: RowFilter?
            var own = try layer.ownFilter(zoom: id.z, masked: masked)
            _ = try layer.encode(
                area, request, rows: rows, filter: &none, own: &own, scratch: &tools.scratch, into: &tools.encoder)
        }
        let plain = tools.encoder.finish()
        guard !plain.isEmpty else { return PackedTile() }
        guard plain.count < TileComposer.smallestTile else { return nil }
        return PackedTile(plain: plain, gzip: try tools.compressor.gzip(plain))
    }
}

extension City {
    /// A tile that can be made at once by a thread that must not be held; nil where it is not certain to be small.
    public func smallTile(
        _ id: TileID, layers: [LayerView], maskedFields: [String: Set<String>] = [:]
    ) throws -> SmallTile? {
        try SmallTile(id, tileGrid, layers, maskedFields)
    }

    /// Makes a small tile; nil where it turned out to be large.
    public func packed(_ tile: SmallTile) throws -> PackedTile? {
        try composer.withTools { try tile.packed($0) }
    }
}
