// SPDX-License-Identifier: Apache-2.0
import Tiles
import TwinEngine

/// The uncompressed vector tile of some layers, without the fields that the caller may not see.
func encodeTile(
    _ city: City, _ tile: TileID, _ layers: [ReadableLayer], filters: [String: ColumnFilter] = [:],
    inDegrees: Bool = false
) throws -> [UInt8] {
    let masked = Dictionary(uniqueKeysWithValues: layers.filter { !$0.masked.isEmpty }.map { ($0.id, $0.masked) })
    let views = layers.map(\.view)
    return inDegrees
        ? try city.geographicTile(tile, layers: views, maskedFields: masked, filters: filters)
        : try city.tile(tile, layers: views, maskedFields: masked, filters: filters)
}

/// The gzip form of some bytes. CPU work: call it on a worker.
func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    try Compression.gzip(bytes)
}
