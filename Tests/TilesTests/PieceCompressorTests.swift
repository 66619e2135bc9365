// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Tiles

@Suite struct PieceCompressorTests {
    /// Parts of every length and kind, put together as one gzip member, are read back by libdeflate.
    @Test func partsMakeOneMember() throws {
        var random = SeededGenerator.printed()
        let compressor = try PieceCompressor()
        for round in 0..<60 {
            var plain: [UInt8] = [], packed = PieceCompressor.head
            for _ in 0..<Int.random(in: 0..<9, using: &random) {
                let count = Int.random(in: 0..<(round < 40 ? 700 : 40_000), using: &random)
                // From noise, which does not become shorter, to a single byte.
                let values = [1, 2, 7, 60, 256].randomElement(using: &random) ?? 1
                let part = (0..<count).map { _ in UInt8(Int.random(in: 0..<values, using: &random)) }
                plain += part
                if Bool.random(using: &random) {
                    packed += compressor.blocks(part)
                } else {
                    PieceCompressor.appendStored(part, &packed)
                }
            }
            packed += PieceCompressor.tail(JoinableSum(plain))
            #expect(try Compression.gunzip(packed, limit: 1 << 20) == plain)
        }
        let text = Array(repeating: Array("胶州市广州路 12 号，".utf8), count: 4000).joined()
        #expect(compressor.blocks(Array(text)).count < text.count / 20)
    }

    /// Sums of joined parts are those of the whole, wherever it is cut.
    @Test func sumsJoin() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<200 {
            let count = Int.random(in: 0..<3000, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            var sum = JoinableSum(), rest = bytes[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 0...rest.count, using: &random))
                sum += JoinableSum(Array(part))
                rest = rest.dropFirst(part.count)
            }
            #expect(sum == JoinableSum(bytes))
            // Safe: bytes have no padding.
            let checksum = unsafe Checksum.crc32(bytes.span.bytes)
            #expect(sum.count == count && sum.crc32 == checksum)
            guard let place = bytes.indices.randomElement(using: &random) else { continue }
            var other = bytes
            other[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            #expect(JoinableSum(other).digest != sum.digest)
            #expect(JoinableSum(bytes + [0]).digest != sum.digest && JoinableSum([0] + bytes).digest != sum.digest)
        }
        // The CRC's check value (ISO 3309, as every catalogue of CRCs has it), in two parts.
        var sum = JoinableSum(Array("1234".utf8))
        sum += JoinableSum(Array("56789".utf8))
        #expect(sum.crc32 == 0xCBF4_3926)
    }
}
