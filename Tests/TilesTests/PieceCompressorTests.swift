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
            packed += PieceCompressor.tail(plain)
            #expect(try Compression.gunzip(packed, limit: 1 << 20) == plain)
        }
        let text = Array(repeating: Array("胶州市广州路 12 号，".utf8), count: 4000).joined()
        #expect(compressor.blocks(Array(text)).count < text.count / 20)
    }
}
