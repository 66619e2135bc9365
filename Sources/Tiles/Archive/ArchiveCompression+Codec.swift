// SPDX-License-Identifier: Apache-2.0
import CBrotli
import CZstd

extension ArchiveCompression {
    /// The bytes in this compression, at a level that suits a file written once: gzip 6, brotli 9, zstd 12.
    ///
    /// - Throws: ``TileError`` `.argument` for `.unknown`, `.compression` if a library fails.
    public func compress(_ bytes: [UInt8]) throws(TileError) -> [UInt8] {
        switch self {
        case .none: return bytes
        case .gzip: return try Compression.gzip(bytes)
        case .brotli: return try Self.packBrotli(bytes)
        case .zstd: return try Self.packZstd(bytes)
        case .unknown: throw TileError(.argument, "name a compression: none, gzip, brotli or zstd")
        }
    }

    /// What untrusted bytes of this compression hold.
    ///
    /// - Throws: ``TileError`` `.tooLarge` when it would be more than `limit` bytes, so that a small file cannot take
    ///   the memory of a large one; `.malformed` for bytes that are not of this compression.
    public func decompress(_ bytes: [UInt8], limit: Int) throws(TileError) -> [UInt8] {
        switch self {
        case .none, .unknown:
            guard bytes.count <= limit else {
                throw TileError(.tooLarge, "\(bytes.count) bytes are more than the allowed \(limit)")
            }
            return bytes
        case .gzip: return try Compression.gunzip(bytes, limit: limit)
        case .brotli: return try Self.unpackBrotli(bytes, limit: limit)
        case .zstd: return try Self.unpackZstd(bytes, limit: limit)
        }
    }

    private static func packZstd(_ bytes: [UInt8]) throws(TileError) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.count)
        var result = 0
        // Safe: both buffers are used within their counts; the result is checked before it is a count.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            result = unsafe bytes.withUnsafeBytes {
                unsafe ZSTD_compress(buffer.baseAddress, bound, $0.baseAddress, $0.count, 12)
            }
            count = ZSTD_isError(result) == 0 ? result : 0
        }
        guard ZSTD_isError(result) == 0 else { throw TileError(.compression, "zstd: \(zstdReason(result))") }
        return output
    }

    private static func unpackZstd(_ bytes: [UInt8], limit: Int) throws(TileError) -> [UInt8] {
        // One call into one buffer needs no window, so a frame that asks for a huge one costs nothing.
        var capacity = min(limit, max(1024, bytes.count * 4))
        while true {
            var result = 0
            // Safe: both buffers are used within their counts; the result is checked before it is a count.
            let output = unsafe [UInt8](unsafeUninitializedCapacity: max(capacity, 1)) { buffer, count in
                result = unsafe bytes.withUnsafeBytes {
                    unsafe ZSTD_decompress(buffer.baseAddress, capacity, $0.baseAddress, $0.count)
                }
                count = ZSTD_isError(result) == 0 ? result : 0
            }
            if ZSTD_isError(result) == 0 { return output }
            guard ZSTD_getErrorCode(result) == ZSTD_error_dstSize_tooSmall else {
                throw TileError(.malformed, "not a zstd frame (RFC 8878): \(zstdReason(result))")
            }
            guard capacity < limit else {
                throw TileError(.tooLarge, "the zstd frame holds more than the allowed \(limit) bytes")
            }
            capacity = min(limit, capacity * 4)
        }
    }

    private static func zstdReason(_ result: Int) -> String {
        // Safe: zstd's names are constants.
        unsafe String(cString: ZSTD_getErrorName(result))
    }

    private static func packBrotli(_ bytes: [UInt8]) throws(TileError) -> [UInt8] {
        let bound = max(BrotliEncoderMaxCompressedSize(bytes.count), 16)
        var isDone = BROTLI_FALSE
        // Safe: both buffers are used within their counts; brotli sets the count to what it wrote.
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            count = bound
            isDone = unsafe bytes.withUnsafeBufferPointer {
                unsafe BrotliEncoderCompress(
                    9, 22, BROTLI_MODE_GENERIC, $0.count, $0.baseAddress, &count, buffer.baseAddress)
            }
            if isDone == BROTLI_FALSE { count = 0 }
        }
        guard isDone != BROTLI_FALSE else { throw TileError(.compression, "brotli could not compress: out of memory") }
        return output
    }

    private static func unpackBrotli(_ bytes: [UInt8], limit: Int) throws(TileError) -> [UInt8] {
        guard let decoder = unsafe BrotliDecoderCreateInstance(nil, nil, nil) else {
            throw TileError(.compression, "brotli could not make a decoder: out of memory")
        }
        defer { unsafe BrotliDecoderDestroyInstance(decoder) }
        var output = [UInt8](repeating: 0, count: min(limit, max(1024, bytes.count * 4)))
        var written = 0
        var consumed = 0
        while true {
            var inputLeft = bytes.count - consumed
            var outputLeft = output.count - written
            // Safe: both pointers start inside their buffers, and the counts are what is left of them.
            let result = unsafe bytes.withUnsafeBufferPointer { input in
                unsafe output.withUnsafeMutableBufferPointer { room in
                    var from = unsafe input.baseAddress.map { unsafe $0 + consumed }
                    var to = unsafe room.baseAddress.map { unsafe $0 + written }
                    return unsafe BrotliDecoderDecompressStream(decoder, &inputLeft, &from, &outputLeft, &to, nil)
                }
            }
            consumed = bytes.count - inputLeft
            written = output.count - outputLeft
            switch result {
            case BROTLI_DECODER_RESULT_SUCCESS where consumed == bytes.count:
                output.removeSubrange(written...)
                return output
            case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
                guard output.count < limit else {
                    throw TileError(.tooLarge, "the brotli stream holds more than the allowed \(limit) bytes")
                }
                output.append(contentsOf: repeatElement(0, count: min(limit, output.count * 4) - output.count))
            default: throw TileError(.malformed, "not one whole brotli stream (RFC 7932)")
            }
        }
    }
}
