// SPDX-License-Identifier: Apache-2.0
import Foundation

extension TileBuildAccount {
    /// A table for people: one row for each zoom and layer that has features.
    public func table() -> String {
        var rows = [
            [
                "zoom", "layer", "touching", "kept", "tiny", "squares", "collapsed", "rings", "vertices", "tiles",
                "bytes", "largest",
            ]
        ]
        for zoom in zooms where zoom.tiles > 0 || zoom.layers.contains(where: { $0.seen > 0 }) {
            for (index, layer) in zoom.layers.enumerated() where layer.seen > 0 {
                let isFirst = index == zoom.layers.firstIndex { $0.seen > 0 }
                rows.append(
                    [
                        "\(zoom.z)", layers[index], "\(layer.seen)", "\(layer.kept)", "\(layer.tiny)",
                        "\(layer.squares)", "\(layer.collapsed)", "\(layer.rings)", "\(layer.vertices)",
                    ]
                        + (isFirst
                            ? ["\(zoom.tiles)", "\(zoom.bytes)", "\(zoom.largest) \(zoom.largestTile)"] : ["", "", ""]))
            }
        }
        return textTable(rows)
            + """

            touching: features that meet a tile or its buffer, counted in each tile. tiny: left out as smaller than
            the layer's smallest polygon; squares: written for tiny ones when their areas add up. collapsed: nothing
            was left on the tile's grid. rings: rings without area, left out of kept features. bytes: gzip.
            """
    }

    public func json() throws -> String {
        try encodeJSON([
            "output": output, "bytes": fileBytes, "tiles": tiles, "contents": contents, "seconds": seconds,
            "threads": threads, "ranges": ranges, "resumed_ranges": resumedRanges,
            "zooms": zooms.map { zoom in
                [
                    "zoom": zoom.z, "tiles": zoom.tiles, "bytes": zoom.bytes, "plain_bytes": zoom.plainBytes,
                    "largest_bytes": zoom.largest, "largest_tile": zoom.largestTile,
                    "layers": zip(layers, zoom.layers).map { id, layer in
                        [
                            "id": id, "touching": layer.seen, "kept": layer.kept, "vertices": layer.vertices,
                            "dropped": ["tiny": layer.tiny, "collapsed": layer.collapsed],
                            "squares": layer.squares, "dropped_rings": layer.rings,
                        ] as [String: Any]
                    },
                ] as [String: Any]
            },
        ])
    }
}
