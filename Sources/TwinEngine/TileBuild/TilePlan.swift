// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Which tiles a build makes, in the order of the archive, cut into ranges of about equal work.
///
/// It depends on data and zooms alone, never on threads, so that a build that was stopped finds the same ranges again.
struct TilePlan: Sendable {
    /// A run of tiles of one zoom.
    struct Range: Sendable, Hashable {
        var z: Int
        /// Numbers in PMTiles order.
        var tiles: [UInt64]
    }
    var ranges: [Range] = []
    private(set) var tileCount = 0

    private static let tilesPerRange = 64
    private static let featuresPerRange = 16_384

    /// Goes down the quadtree: a tile without a feature has no children with one. O(tiles log features + hits).
    init(zooms: ClosedRange<Int>, grid: TileGrid, layers: [LayerView]) throws {
        var level: [UInt64] = [0]
        for z in 0...zooms.upperBound {
            var next: [UInt64] = []
            var range = Range(z: z, tiles: [])
            var work = 0
            let shown = layers.map { $0.definition.zoom.contains(z) }
            let first = TileID.firstHilbertID(zoom: z)
            for distance in level {
                let area = try grid.box(of: TileID(hilbertID: first + distance))
                guard !area.isEmpty else { continue }
                var features = 0
                var isHit = false
                for (layer, isShown) in zip(layers, shown) {
                    let hits = layer.hits(area, counting: isShown && zooms.contains(z))
                    isHit = isHit || hits > 0
                    if isShown { features += hits }
                }
                // The children of a tile follow each other on the curve.
                if isHit, z < zooms.upperBound { next += (0..<4).map { distance << 2 | $0 } }
                guard features > 0, zooms.contains(z) else { continue }
                if !range.tiles.isEmpty,
                    range.tiles.count >= Self.tilesPerRange || work + features > Self.featuresPerRange
                {
                    ranges.append(range)
                    range.tiles = []
                    work = 0
                }
                range.tiles.append(first + distance)
                work += features
                tileCount += 1
            }
            if !range.tiles.isEmpty { ranges.append(range) }
            level = next
        }
    }
}

extension LayerView {
    /// Features whose boxes meet an area; just one where they need not be counted.
    fileprivate func hits(_ area: GridBox, counting: Bool) -> Int {
        var count = 0
        if delta.hiddenRows.isEmpty {
            _ = snapshot.searchRanges(area) { first, end in
                count += end - first
                return counting
            }
            if count == 0 || counting { count += changedRows(area).count }
            return count
        }
        searchRows(area) { _ in
            count += 1
            return counting
        }
        return count
    }
}
