// SPDX-License-Identifier: Apache-2.0

/// A position in a tile.
struct TilePoint: Hashable, BitwiseCopyable {
    var x: Int64
    var y: Int64

    @inline(__always)
    func isInside(_ low: Int64, _ high: Int64) -> Bool { x >= low && x <= high && y >= low && y <= high }
}
