// SPDX-License-Identifier: Apache-2.0
import CDeflate

/// A gzip compressor (RFC 1952, libdeflate) that keeps its state and its output's room between calls. For one thread.
///
/// The same bytes as ``Compression/gzip(_:level:)`` of the same level.
@safe public struct GzipCompressor: ~Copyable {
    private let handle: OpaquePointer
    private var room: [UInt8] = []

    /// Level 1 (fast) to 12 (small); outside values are clamped. Throws ``TileError`` `.compression` without memory.
    public init(level: Int = 6) throws(TileError) {
        guard let handle = unsafe libdeflate_alloc_compressor(Int32(min(max(level, 1), 12))) else {
            throw TileError(.compression, "libdeflate could not allocate a compressor: out of memory")
        }
        unsafe self.handle = handle
    }

    deinit { unsafe libdeflate_free_compressor(handle) }

    /// Appends the gzip form of some bytes to an array and returns its length. O(bytes).
    public mutating func append(_ bytes: borrowing [UInt8], to output: inout [UInt8]) throws(TileError) -> Int {
        let bound = unsafe libdeflate_gzip_compress_bound(handle, bytes.count)
        if room.count < bound { room = [UInt8](repeating: 0, count: bound) }
        let handle = unsafe handle
        // Safe: both pointers live as long as the closures, and libdeflate keeps within the counts it is given.
        let length = unsafe bytes.withUnsafeBytes { input in
            unsafe room.withUnsafeMutableBytes { output in
                unsafe libdeflate_gzip_compress(
                    handle, input.baseAddress, input.count, output.baseAddress, output.count)
            }
        }
        guard length > 0 else { throw TileError(.compression, "libdeflate did not fit its own bound") }
        output.append(contentsOf: room[..<length])
        return length
    }
}
