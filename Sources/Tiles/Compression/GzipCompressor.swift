// SPDX-License-Identifier: Apache-2.0
import CDeflate

/// gzip (RFC 1952) of one buffer after the other with the same working memory, of which libdeflate takes up to a
/// megabyte. For one thread: keep one per worker. The same bytes and level give the same output.
@safe
public struct GzipCompressor: ~Copyable {
    private let compressor: OpaquePointer

    /// Level 1 (fast) to 12 (small); outside values are clamped. Throws `.compression` without memory.
    public init(level: Int = Compression.tileLevel) throws(TileError) {
        guard let compressor = unsafe libdeflate_alloc_compressor(Int32(min(max(level, 1), 12))) else {
            throw TileError(.compression, "libdeflate could not allocate a compressor: out of memory")
        }
        unsafe self.compressor = compressor
    }

    deinit {
        // Safe: allocated in init, owned by this value alone, and freed once.
        unsafe libdeflate_free_compressor(compressor)
    }

    /// The gzip form of some bytes, as one member without name and time.
    public borrowing func gzip(_ bytes: [UInt8]) throws(TileError) -> [UInt8] {
        let compressor = unsafe compressor
        // Safe: the buffers are valid for their counts while libdeflate runs; it writes at most the bound.
        let bound = unsafe libdeflate_gzip_compress_bound(compressor, bytes.count)
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            unsafe bytes.withUnsafeBytes { input in
                count = unsafe libdeflate_gzip_compress(
                    compressor, input.baseAddress, input.count, buffer.baseAddress, buffer.count)
            }
        }
        // libdeflate_gzip_compress returns 0 if the output does not fit; the bound says that it always does.
        guard !output.isEmpty else { throw TileError(.compression, "libdeflate did not fit its own bound") }
        return output
    }
}
