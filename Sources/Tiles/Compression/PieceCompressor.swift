// SPDX-License-Identifier: Apache-2.0
import CDeflate

/// Compresses parts of one gzip member apart from each other, so that a change of one part leaves the others as they are.
///
/// Each part becomes deflate blocks that refer to nothing before them and end at a byte, as a "full flush" of zlib does;
/// about a fiftieth larger than in one run. For one thread. Source: RFC 1951 §3.2.3-3.2.4, RFC 1952 §2.3.
@safe
public struct PieceCompressor: ~Copyable {
    /// So short that libdeflate writes one block.
    private static let slice = 8192
    /// An empty stored block without its first byte, which takes the stream to the next byte.
    private static let flush: [UInt8] = [0, 0, 0xFF, 0xFF]
    private static let end: [UInt8] = [1, 0, 0, 0xFF, 0xFF]

    private let compressor: OpaquePointer
    private let decompressor: OpaquePointer

    /// Level 1 (fast) to 12 (small); outside values are clamped. Throws `.compression` without memory.
    public init(level: Int = Compression.tileLevel) throws(TileError) {
        guard let compressor = unsafe libdeflate_alloc_compressor(Int32(min(max(level, 1), 12))) else {
            throw TileError(.compression, "libdeflate could not allocate a compressor: out of memory")
        }
        guard let decompressor = unsafe libdeflate_alloc_decompressor() else {
            // Safe: allocated above and not used after.
            unsafe libdeflate_free_compressor(compressor)
            throw TileError(.compression, "libdeflate could not allocate a decompressor: out of memory")
        }
        unsafe self.compressor = compressor
        unsafe self.decompressor = decompressor
    }

    deinit {
        // Safe: allocated in init, owned by this value alone, and freed once.
        unsafe libdeflate_free_compressor(compressor)
        // Safe: as above.
        unsafe libdeflate_free_decompressor(decompressor)
    }

    /// Blocks of some bytes, none of them the last.
    public borrowing func blocks(_ bytes: [UInt8]) -> [UInt8] {
        var blocks: [UInt8] = []
        blocks.reserveCapacity(bytes.count / 2 + 16)
        var start = 0
        while start < bytes.count {
            let part = Array(bytes[start..<min(start + Self.slice, bytes.count)])
            appendBlock(part, &blocks)
            start += part.count
        }
        return blocks
    }

    private borrowing func appendBlock(_ part: [UInt8], _ blocks: inout [UInt8]) {
        guard part.count > 32, var block = compressed(part), block[0] & 1 == 1 else {
            Self.appendStored(part, &blocks)
            return
        }
        // One block, marked as the last (its first bit). Where its last bit is, the stream does not say: the empty
        // stored block begins in the same byte if three bits are left, else in the next. Reading it back decides.
        block[0] &= 0xFE
        for ending in [Self.flush, [0] + Self.flush] where isWhole(block + ending + Self.end, part) {
            blocks += block + ending
            return
        }
        Self.appendStored(part, &blocks)
    }

    private borrowing func compressed(_ part: [UInt8]) -> [UInt8]? {
        let compressor = unsafe compressor
        let output = unsafe [UInt8](unsafeUninitializedCapacity: part.count) { buffer, count in
            // Safe: the buffers are valid for their counts while libdeflate runs; it writes nothing if it does not fit.
            unsafe part.withUnsafeBytes { input in
                count = unsafe libdeflate_deflate_compress(
                    compressor, input.baseAddress, input.count, buffer.baseAddress, buffer.count)
            }
        }
        return output.isEmpty ? nil : output
    }

    /// Whether a stream gives some bytes and nothing is left of it.
    private borrowing func isWhole(_ stream: [UInt8], _ expected: [UInt8]) -> Bool {
        let decompressor = unsafe decompressor
        var used = 0
        var result = LIBDEFLATE_BAD_DATA
        let output = unsafe [UInt8](unsafeUninitializedCapacity: expected.count) { buffer, count in
            var made = 0
            // Safe: the buffers are valid for their counts while libdeflate runs.
            unsafe stream.withUnsafeBytes { input in
                result = unsafe libdeflate_deflate_decompress_ex(
                    decompressor, input.baseAddress, input.count, buffer.baseAddress, buffer.count, &used, &made)
            }
            count = result == LIBDEFLATE_SUCCESS ? made : 0
        }
        return result == LIBDEFLATE_SUCCESS && used == stream.count && output == expected
    }

    /// Blocks that are not compressed, for what is short or does not become shorter.
    public static func appendStored(_ bytes: [UInt8], _ blocks: inout [UInt8]) {
        var start = 0
        while start < bytes.count {
            let count = min(65_535, bytes.count - start)
            let (low, high) = (UInt8(count & 0xFF), UInt8(count >> 8))
            blocks += [0, low, high, ~low, ~high]
            blocks += bytes[start..<(start + count)]
            start += count
        }
    }

    /// The beginning of a gzip member, without name and time.
    public static let head: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// The end of a gzip member whose blocks give bytes of some sums.
    public static func tail(_ sum: JoinableSum) -> [UInt8] {
        let size = UInt32(truncatingIfNeeded: sum.count)
        return end + [sum.crc32, size].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
}
