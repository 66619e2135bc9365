// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// The writer of numbers and texts into reserved memory, against Foundation and the checked writer.
@Suite struct JSONCursorTests {
    private func written(_ body: (inout JSONCursor) -> Void) -> String {
        var out = JSONBytes(capacity: 0)
        out.reserving(4096) { body(&$0) }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test func integersAreTheirDescriptions() {
        var random = SeededGenerator.printed()
        var numbers: [Int64] = [0, 9, 10, 99, 100, 101, 999, 1000, -1, .max, .min, 10_000_000_000_000_000]
        for _ in 0..<20_000 {
            numbers.append(Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0..<63, using: &random))
        }
        for number in numbers { #expect(written { $0.integer(number) } == String(number)) }
    }

    @Test func realsAreTheShortestThatReadBack() {
        var random = SeededGenerator.printed()
        var numbers = [
            0, -0.0, 0.1, 0.5, 6.41, -6.41, 1e15, 1e16, 1e300, -1e-300, 999.999, 0.001, 0.0005, 123456789012.345,
        ]
        for _ in 0..<20_000 {
            numbers.append(Double(Int64.random(in: -1_000_000_000...1_000_000_000, using: &random)) / 1000)
            numbers.append(Double(bitPattern: UInt64.random(in: 0 ... .max, using: &random)))
            numbers.append(Double.random(in: -1000...1000, using: &random))
        }
        for number in numbers where number.isFinite {
            let text = written { $0.real(number) }
            #expect(Double(text) == number, "\(number): \(text)")
            // As short as Swift's own, which is the shortest, but for a whole number's ".0".
            let own = number.description
            #expect(text.utf8.count <= own.utf8.count, "\(own): \(text)")
        }
        #expect(written { $0.real(.nan) } == "null" && written { $0.real(.infinity) } == "null")
    }

    @Test func coordinatesAreRoundedToTheirDecimals() {
        var random = SeededGenerator.printed()
        for _ in 0..<20_000 {
            let value = Double.random(in: -180...180, using: &random)
            let text = written { $0.degrees(value) }
            #expect(abs((Double(text) ?? .nan) - value) <= 0.500_1e-9, "\(value): \(text)")
            #expect(!text.contains(".") || !text.hasSuffix("0"), "\(text)")
            let metres = Double.random(in: -5e6...5e7, using: &random)
            let shown = written { $0.metres(metres) }
            #expect(abs((Double(shown) ?? .nan) - metres) <= 0.500_001e-3, "\(metres): \(shown)")
        }
        #expect(written { $0.degrees(120) } == "120" && written { $0.degrees(-0.000_000_000_1) } == "0")
        #expect(written { $0.degrees(.nan) } == "null" && written { $0.metres(1e300) } == "null")
        #expect(written { $0.degrees(-0.5) } == "-0.5" && written { $0.degrees(0.000_000_001) } == "0.000000001")
    }

    @Test func textsAreEscapedAsTheCheckedWriterDoes() {
        for text in ["", "住宅", "a\"b\\c", "\u{1}\n\r\t\u{1F}", "😀 é", String(repeating: "\u{2}", count: 500)] {
            var checked = JSONBytes()
            checked.string(text)
            #expect(written { $0.string(text.utf8.span) } == String(decoding: checked.bytes, as: UTF8.self))
        }
    }

    @Test func ringsAreTheSameFromAnyVertexInEitherDirection() {
        let ends: [UInt32] = [4 | ringStartsPart]
        let one = FlatGeometry(kind: .polygon, xy: [0, 0, 4, 0, 4, 3, 0, 3], ringEnds: ends)
        for xy: [Int32] in [[4, 3, 0, 3, 0, 0, 4, 0], [0, 3, 4, 3, 4, 0, 0, 0]] {
            #expect(one.isSameShape(as: FlatGeometry(kind: .polygon, xy: xy, ringEnds: ends)))
        }
        for xy: [Int32] in [[0, 0, 4, 0, 0, 3, 4, 3], [0, 0, 4, 0, 4, 3, 0, 2]] {
            #expect(!one.isSameShape(as: FlatGeometry(kind: .polygon, xy: xy, ringEnds: ends)))
        }
        // A line has a direction.
        let line = FlatGeometry(kind: .line, xy: [0, 0, 4, 0], ringEnds: [2 | ringStartsPart])
        #expect(!line.isSameShape(as: FlatGeometry(kind: .line, xy: [4, 0, 0, 0], ringEnds: line.ringEnds)))
    }
}
