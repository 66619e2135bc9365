// SPDX-License-Identifier: Apache-2.0
import Tiles

/// What an answer depends on beside its request. While that holds, the same question of the same caller has the same
/// answer, to the byte.
struct Freshness: Sendable {
    /// What the answer shows of the city; nil where it shows nothing that can be edited.
    struct City: Sendable {
        /// The version of the view that was looked at.
        var view: Int64
        /// A count of the tracker that grows when a layer comes, goes or is defined otherwise.
        var definitions = 0
        /// The tile that changes must touch to matter; nil where each change of the city does.
        var tile: TileID?
        /// The layers that are shown, and for each the newest change that touched the tile.
        var layers: [String] = []
        var versions: [Int64] = []
    }

    var city: City?
    /// The archive of whose tileset the answer is; nil where it is of none.
    var archive: ArchiveStanding?
    /// The cached tile that is answered.
    var tile: TileUse
}
