// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles

extension TileBuildAccount {
    /// A table for people: one row for each zoom and layer that has features.
    public func table() -> String {
        var rows = [
            [
                "zoom", "layer", "touching", "written", "left out", "in their place", "vertices", "tiles", "bytes",
                "largest",
            ]
        ]
        for zoom in zooms {
            var tileCells = ["\(zoom.tiles)", "\(zoom.bytes)", "\(zoom.largest) \(zoom.largestTile)"]
            for (index, layer) in zoom.layers.enumerated() where layer.touching > 0 {
                rows.append(
                    [
                        "\(zoom.z)", layers[index], "\(layer.touching)", "\(layer.written)", Self.list(layer.losses),
                        Self.list(layer.gains), "\(layer.vertices)",
                    ] + tileCells)
                tileCells = ["", "", ""]
            }
        }
        return textTable(rows)
            + """

            touching: features that meet a tile or its buffer and that the tile decides on, counted in each tile.
            left out, by the layer's `tiles:` rules: what its filter does not let through; tiny polygons, whose area
            squares stand for; what collapsed to nothing on the tile's grid; lines that are short or were joined to
            others; points thinned or clustered; the least important beyond the limits of features or bytes.
            bytes: compressed by gzip.
            """
    }

    private static func list(_ counts: [(name: String, count: Int)]) -> String {
        counts.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
    }

    public func json() throws -> String {
        try encodeJSON([
            "output": output, "bytes": fileBytes, "tiles": tiles, "contents": contents, "seconds": seconds,
            "threads": threads, "ranges": ranges, "resumed_ranges": resumedRanges, "reused_tiles": reusedTiles,
            "zooms": zooms.map { zoom in
                [
                    "zoom": zoom.z, "tiles": zoom.tiles, "bytes": zoom.bytes, "plain_bytes": zoom.plainBytes,
                    "largest_bytes": zoom.largest, "largest_tile": zoom.largestTile,
                    "layers": zip(layers, zoom.layers).map(Self.object),
                ] as [String: Any]
            },
        ])
    }

    private static func object(_ id: String, _ layer: TileAccount) -> [String: Any] {
        [
            "id": id, "touching": layer.touching, "written": layer.written, "vertices": layer.vertices,
            "left_out": Dictionary(
                layer.losses.map { ($0.name.replacingOccurrences(of: " ", with: "_"), $0.count) },
                uniquingKeysWith: +),
            "in_their_place": Dictionary(layer.gains.map { ($0.name, $0.count) }, uniquingKeysWith: +),
            "dropped_rings": layer.droppedRings, "repaired": layer.repaired, "plain_bytes": layer.bytes,
        ]
    }
}
