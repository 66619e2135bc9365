// SPDX-License-Identifier: Apache-2.0
import CDeflate

/// PNG images of 8-bit red, green and blue, with or without opacity, compressed by libdeflate.
///
/// Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)".
package enum PNGImage {
    /// The file of some pixels, row by row from the top. Equal pixels give equal bytes.
    static func encode(rgb: [UInt8], width: Int) throws(TileError) -> [UInt8] {
        try encode(rgb, width: width, channels: 3)
    }

    /// The same of pixels with opacity, which does not scale the colours.
    package static func encode(rgba: [UInt8], width: Int) throws(TileError) -> [UInt8] {
        try encode(rgba, width: width, channels: 4)
    }

    private static func encode(_ pixels: [UInt8], width: Int, channels: Int) throws(TileError) -> [UInt8] {
        let stride = width * channels
        let height = pixels.count / stride
        var filtered: [UInt8] = []
        filtered.reserveCapacity(pixels.count + height)
        for row in 0..<height {
            appendFiltered(pixels, row * stride, stride, channels, isFirst: row == 0, to: &filtered)
        }
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        var header: [UInt8] = []
        header.appendBigEndian(UInt32(width))
        header.appendBigEndian(UInt32(height))
        // Depth 8, colour type 2 (truecolour) or 6 (with alpha), deflate, adaptive filters, not interlaced (§11.2.1).
        header += [8, channels == 4 ? 6 : 2, 0, 0, 0]
        appendChunk("IHDR", header, to: &file)
        appendChunk("IDAT", try zlib(filtered), to: &file)
        appendChunk("IEND", [], to: &file)
        return file
    }

    /// The row through the filter, of Sub and Up, whose bytes are nearest to 0 (§12.7, minimum sum of differences).
    private static func appendFiltered(
        _ pixels: [UInt8], _ start: Int, _ stride: Int, _ channels: Int, isFirst: Bool, to out: inout [UInt8]
    ) {
        var sums = (sub: 0, up: 0)
        for index in 0..<stride {
            let left = index < channels ? 0 : pixels[start + index - channels]
            let above = isFirst ? 0 : pixels[start + index - stride]
            sums.sub += Int(Int8(bitPattern: pixels[start + index] &- left).magnitude)
            sums.up += Int(Int8(bitPattern: pixels[start + index] &- above).magnitude)
        }
        let takesUp = !isFirst && sums.up < sums.sub
        out.append(takesUp ? 2 : 1)
        for index in 0..<stride {
            let reference =
                takesUp ? pixels[start + index - stride] : index < channels ? 0 : pixels[start + index - channels]
            out.append(pixels[start + index] &- reference)
        }
    }

    /// §5.3: length, type, data, checksum of type and data.
    private static func appendChunk(_ type: String, _ data: [UInt8], to file: inout [UInt8]) {
        let body = Array(type.utf8) + data
        file.appendBigEndian(UInt32(data.count))
        file += body
        // Safe: the checksum only reads the bytes while the call lasts.
        file.appendBigEndian(unsafe Checksum.crc32(body.span.bytes))
    }

    private static func zlib(_ bytes: [UInt8]) throws(TileError) -> [UInt8] {
        guard let compressor = unsafe libdeflate_alloc_compressor(6) else {
            throw TileError(.compression, "libdeflate could not allocate a compressor: out of memory")
        }
        defer { unsafe libdeflate_free_compressor(compressor) }
        let bound = unsafe libdeflate_zlib_compress_bound(compressor, bytes.count)
        // Safe: both buffers are used within their counts; the count is what libdeflate wrote.
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            unsafe bytes.withUnsafeBytes { input in
                count = unsafe libdeflate_zlib_compress(
                    compressor, input.baseAddress, input.count, buffer.baseAddress, buffer.count)
            }
        }
    }
}

extension Array where Element == UInt8 {
    fileprivate mutating func appendBigEndian(_ value: UInt32) {
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }
}
