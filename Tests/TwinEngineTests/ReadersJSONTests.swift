// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct ReadersJSONTests {
    static func scanner(_ text: String) -> JSONScanner {
        JSONScanner(SourceBytes(copying: Array(text.utf8), path: "test.json"))
    }

    @Test(arguments: [
        ("0", 0.0), ("-0", 0), ("1.5", 1.5), ("-12.25e2", -1225), ("0.1", 0.1),
        ("123456789012345680", 123456789012345680),
        ("9223372036854775808", 9223372036854775808), ("1e-7", 1e-7), ("85000.123456789012", 85000.123456789012),
    ])
    func numbers(text: String, value: Double) throws {
        var scanner = Self.scanner(text)
        #expect(try scanner.number().real == value)
        #expect(scanner.peek() == nil)
    }

    @Test(arguments: [
        "01", "-", "1.", ".5", "1e", "+1", "1e999", "nul", "tru", "{\"a\" 1}", "[1,]", "{,}", "\"\\x\"", "\"\u{1}\"",
        "\"a", "[", "\"\\u12\"",
    ])
    func malformed(text: String) {
        var scanner = Self.scanner(text)
        #expect(throws: JSONSyntaxError.self) {
            try scanner.skip()
            if scanner.peek() != nil { throw scanner.failure("the end") }
        }
    }

    @Test func escapes() throws {
        var scanner = Self.scanner(#""a\n\"\\\/\u57ce\ud83c\udfd9\ud800x""#)
        #expect(try scanner.string() == "a\n\"\\/城🏙\u{FFFD}x")
    }

    /// Random numbers read as the standard library reads them.
    @Test func randomNumbers() throws {
        var generator = SeededGenerator(seed: 20_261_121)
        for _ in 0..<5000 {
            let value = Double.random(in: -1e6...1e6, using: &generator)
            var scanner = Self.scanner("\(value)")
            #expect(try scanner.number().real == value)
        }
    }
}
