// SPDX-License-Identifier: Apache-2.0
import Tiles
import TwinEngine

/// The uncompressed vector tile of some layers, without the fields that the caller may not see.
func encodeTile(
    _ city: City, _ z: Int, _ x: Int, _ y: Int, _ layers: [ReadableLayer]
) throws -> [UInt8] {
    let masked = Dictionary(uniqueKeysWithValues: layers.filter { !$0.masked.isEmpty }.map { ($0.id, $0.masked) })
    return try city.tile(TileID(z: z, x: x, y: y), layers: layers.map(\.view), maskedFields: masked)
}

/// The gzip form of some bytes. CPU work: call it on a worker.
func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    try Compression.gzip(bytes)
}
