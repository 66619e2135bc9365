// SPDX-License-Identifier: Apache-2.0
import CDeflate

/// gzip (RFC 1952) by libdeflate. Every call has its own compressor: usable from any thread.
public enum Compression {
    /// The level for tiles: on building tiles 4 % smaller than level 4, as small as level 6 and a quarter faster.
    public static let tileLevel = 5

    /// The gzip form of some bytes. Level 1 (fast) to 12 (small); outside values are clamped. Makes a compressor for
    /// one use; keep a ``GzipCompressor`` where there are many.
    public static func gzip(_ bytes: [UInt8], level: Int = 6) throws(TileError) -> [UInt8] {
        try GzipCompressor(level: level).gzip(bytes)
    }

    /// The bytes of one gzip member. Throws `.tooLarge` when they would be more than `limit` bytes.
    public static func gunzip(_ bytes: [UInt8], limit: Int) throws(TileError) -> [UInt8] {
        guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
            throw TileError(.compression, "libdeflate could not allocate a decompressor: out of memory")
        }
        defer { unsafe libdeflate_free_decompressor(decompressor) }
        // The size field is a hint (RFC 1952 2.3.1: modulo 2^32) and is never trusted beyond the limit.
        var capacity = min(limit, max(256, bytes.count * 4))
        while true {
            var result = LIBDEFLATE_BAD_DATA
            let output = unsafe [UInt8](unsafeUninitializedCapacity: max(capacity, 1)) { buffer, count in
                var actual = 0
                unsafe bytes.withUnsafeBytes { input in
                    result = unsafe libdeflate_gzip_decompress(
                        decompressor, input.baseAddress, input.count, buffer.baseAddress, capacity, &actual)
                }
                count = result == LIBDEFLATE_SUCCESS ? actual : 0
            }
            if result == LIBDEFLATE_SUCCESS { return output }
            guard result == LIBDEFLATE_INSUFFICIENT_SPACE else {
                throw TileError(.malformed, "not a gzip member (RFC 1952): bad header, data or checksum")
            }
            guard capacity < limit else {
                throw TileError(.tooLarge, "the gzip member holds more than the allowed \(limit) bytes")
            }
            capacity = min(limit, capacity * 4)
        }
    }
}
