// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Tiles

/// The archive formats that a build writes.
public enum TileArchiveFormat: String, Sendable {
    case pmtiles, mbtiles

    /// By the ending of a path.
    public init?(path: String) {
        self.init(rawValue: URL(fileURLWithPath: path).pathExtension.lowercased())
    }
}

/// Turns a spool into an archive.
struct TileArchiveOutput {
    let name: String
    let city: City
    let layers: [LayerView]
    let options: TileBuildOptions

    func write(_ spool: TileSpool, _ account: inout TileBuildAccount) throws {
        switch TileArchiveFormat(path: options.output) {
        case .pmtiles, nil: try writePMTiles(spool, &account)
        case .mbtiles: try writeMBTiles(spool, &account)
        }
    }

    static let generator = "twin \(TwinVersion.current)"

    /// The box around all layers' features.
    var bounds: ArchiveBounds {
        let extents = layers.compactMap(\.extent)
        let whole = city.project.extent
        return ArchiveBounds(
            west: extents.map(\.west).min() ?? whole.west, south: extents.map(\.south).min() ?? whole.south,
            east: extents.map(\.east).max() ?? whole.east, north: extents.map(\.north).max() ?? whole.north)
    }

    func metadata() -> ArchiveMetadata {
        var metadata = ArchiveMetadata(name: name, description: city.project.name.en)
        metadata.layers = layers.map { layer in
            let definition = layer.definition
            let zooms = definition.zoom.clamped(to: options.zooms)
            return ArchiveMetadata.Layer(
                id: definition.id, description: definition.title.en, zooms: zooms,
                geometry: Self.type(definition.geometry),
                count: layer.count,
                fields: definition.fields.indices.map { layer.statistics(field: $0) })
        }
        metadata.members = [.init("generator", Self.generator)]
        metadata.members += TileOrigin(city: city, layers: layers).metadata
        return metadata
    }

    private static func type(_ kind: GeometryKind) -> String {
        switch kind {
        case .point: "Point"
        case .line: "LineString"
        case .polygon: "Polygon"
        }
    }

    private func writePMTiles(_ spool: TileSpool, _ account: inout TileBuildAccount) throws {
        var format = PMTilesOptions()
        format.bounds = bounds
        format.zooms = options.zooms
        let summary = try spool.finish(options.output, format, metadata: metadata().json())
        account.fileBytes = summary.fileBytes
        account.contents = summary.contents
    }

    private func writeMBTiles(_ spool: TileSpool, _ account: inout TileBuildAccount) throws {
        var format = PMTilesOptions()
        format.bounds = bounds
        format.zooms = options.zooms
        var writer = try MBTilesWriter(path: options.output, options: format)
        try spool.forEachTile { tile, bytes in try writer.add(TileID(hilbertID: tile.id), bytes) }
        let summary = try writer.finish(metadata: metadata())
        account.fileBytes = summary.fileBytes
        account.contents = summary.contents
    }
}
