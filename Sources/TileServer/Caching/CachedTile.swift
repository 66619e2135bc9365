// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization
import Tiles
import TwinEngine

/// A finished tile: shared, never copied.
struct CachedTile: Sendable {
    /// As it was stored or made; empty for a tile without features, and where only the compressed form was made.
    var plain: ByteBuffer
    var compressed: ByteBuffer
    var entityTag: String
    /// Bytes of the tile when it is not compressed.
    private let plainCount: Int
    private let inflated = InflatedTile()
    let use = TileUse()

    init(plain: ByteBuffer, compressed: ByteBuffer, entityTag: String) {
        self.plain = plain
        self.compressed = compressed
        self.entityTag = entityTag
        plainCount = plain.readableBytes
    }

    /// A tile in its gzip form. The entity tag is one of the tile's own bytes, whichever way they were compressed.
    init(_ tile: PackedTile) {
        plain = ByteBuffer()
        var buffer = ByteBuffer()
        buffer.reserveCapacity(tile.parts.reduce(0) { $0 + $1.count })
        for part in tile.parts { buffer.writeBytes(part) }
        compressed = buffer
        entityTag = EntityTag.of(tile.sum)
        plainCount = tile.sum.count
    }

    var isEmpty: Bool { plainCount == 0 }
    /// Bytes held, with an allowance for the entry itself. The plain form counts before anybody asks for it.
    var cost: Int { plainCount + compressed.readableBytes + 256 }

    /// The tile's own bytes; made of the compressed ones when they are first asked for. CPU work: call it on a worker.
    func plainBytes() throws -> ByteBuffer {
        guard plain.readableBytes == 0, plainCount > 0 else { return plain }
        return try inflated.bytes {
            ByteBuffer(bytes: try Compression.gunzip(Array(compressed.readableBytesView), limit: plainCount))
        }
    }
}

/// The plain form of a tile, once somebody asked for it.
private final class InflatedTile: Sendable {
    private let state = Mutex<ByteBuffer?>(nil)

    func bytes(make: () throws -> ByteBuffer) rethrows -> ByteBuffer {
        try state.withLock { known in
            if let known { return known }
            let made = try make()
            known = made
            return made
        }
    }
}
