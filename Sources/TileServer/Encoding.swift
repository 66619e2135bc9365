// SPDX-License-Identifier: Apache-2.0
import Tiles
import TwinEngine

/// The vector tile of some layers with its gzip form, without the fields that the caller may not see; both are empty
/// where nothing is.
func packTile(
    _ city: City, _ tile: TileID, _ layers: [ReadableLayer], filters: [String: ColumnFilter] = [:],
    inDegrees: Bool = false
) throws -> PackedTile {
    let masked = maskedFields(layers)
    let views = layers.map(\.view)
    if filters.isEmpty, !inDegrees { return try city.packedTile(tile, layers: views, maskedFields: masked) }
    let plain =
        inDegrees
        ? try city.geographicTile(tile, layers: views, maskedFields: masked, filters: filters)
        : try city.tile(tile, layers: views, maskedFields: masked, filters: filters)
    return PackedTile(plain: plain, gzip: plain.isEmpty ? [] : try gzipped(plain))
}

/// The fields that are left out, by layer.
func maskedFields(_ layers: [ReadableLayer]) -> [String: Set<String>] {
    Dictionary(uniqueKeysWithValues: layers.filter { !$0.masked.isEmpty }.map { ($0.id, $0.masked) })
}

/// The gzip form of some bytes. CPU work: call it on a worker.
func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    try Compression.gzip(bytes)
}
