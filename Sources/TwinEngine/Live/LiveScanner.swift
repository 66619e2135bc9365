// SPDX-License-Identifier: Apache-2.0

/// Why a JSON text was refused.
struct LiveScanError: Error, Sendable {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// A strict JSON pull reader over bytes (RFC 8259): the caller asks for what it expects, nothing is built that it does
/// not ask for. Values that are only passed on are checked and copied as they are.
struct LiveScanner {
    let bytes: [UInt8]
    private(set) var index: Int
    let end: Int

    private static let maximumDepth = 32

    init(_ bytes: [UInt8], from start: Int, to end: Int) {
        self.bytes = bytes
        index = start
        self.end = end
    }

    mutating func skipSpace() {
        while index < end {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    /// The next byte that is not white space, without taking it; 0 at the end.
    mutating func peek() -> UInt8 {
        skipSpace()
        return index < end ? bytes[index] : 0
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return index >= end
        }
    }

    mutating func take(_ byte: UInt8) throws(LiveScanError) {
        guard peek() == byte else {
            throw LiveScanError("not JSON: expected '\(Character(Unicode.Scalar(byte)))' at byte \(index + 1)")
        }
        index += 1
    }

    mutating func takeIf(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    /// Walks an object: `next` returns each key, then nil at the closing brace. The caller takes the value after a key.
    mutating func nextKey(_ isFirst: inout Bool) throws(LiveScanError) -> String? {
        if isFirst {
            try take(UInt8(ascii: "{"))
            isFirst = false
            if takeIf(UInt8(ascii: "}")) { return nil }
        } else {
            if takeIf(UInt8(ascii: "}")) { return nil }
            try take(UInt8(ascii: ","))
        }
        let key = try string()
        try take(UInt8(ascii: ":"))
        return key
    }

    /// Walks an array: true before each element, false at the closing bracket.
    mutating func nextElement(_ isFirst: inout Bool) throws(LiveScanError) -> Bool {
        if isFirst {
            try take(UInt8(ascii: "["))
            isFirst = false
            return !takeIf(UInt8(ascii: "]"))
        }
        if takeIf(UInt8(ascii: "]")) { return false }
        try take(UInt8(ascii: ","))
        return true
    }

    /// A text, unescaped.
    mutating func string() throws(LiveScanError) -> String {
        let range = try stringBody()
        let isPlain = !bytes[range].contains(UInt8(ascii: "\\"))
        let content = isPlain ? Array(bytes[range]) : try unescape(range)
        guard let text = String(validating: content, as: UTF8.self) else {
            throw LiveScanError("a text is not UTF-8")
        }
        return text
    }

    /// The range between the quotes of the text that starts here.
    mutating func stringBody() throws(LiveScanError) -> Range<Int> {
        try take(UInt8(ascii: "\""))
        let start = index
        while index < end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                index += 1
                return start..<index - 1
            }
            if byte < 0x20 { throw LiveScanError("a control character in a text; escape it") }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw LiveScanError("a text without its closing quote")
    }

    private func unescape(_ range: Range<Int>) throws(LiveScanError) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(range.count)
        var at = range.lowerBound
        while at < range.upperBound {
            guard bytes[at] == UInt8(ascii: "\\") else {
                out.append(bytes[at])
                at += 1
                continue
            }
            at += 1
            switch bytes[at] {
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(bytes[at])
            case UInt8(ascii: "u"):
                let scalar = try escapedScalar(&at, range.upperBound)
                out.append(contentsOf: String(Character(scalar)).utf8)
            default: throw LiveScanError("an unknown escape in a text")
            }
            at += 1
        }
        return out
    }

    /// The scalar of `\uXXXX`, or of a surrogate pair; `at` ends on its last digit.
    private func escapedScalar(_ at: inout Int, _ limit: Int) throws(LiveScanError) -> Unicode.Scalar {
        func unit(_ from: Int) -> UInt32? {
            guard from + 4 <= limit else { return nil }
            var value: UInt32 = 0
            for byte in bytes[from..<from + 4] {
                // The standard library would take a sign.
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
                value = value << 4 | UInt32(digit)
            }
            return value
        }
        guard let high = unit(at + 1) else { throw LiveScanError("\\u needs four hexadecimal digits") }
        at += 4
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard at + 6 < limit, bytes[at + 1] == UInt8(ascii: "\\"), bytes[at + 2] == UInt8(ascii: "u"),
            let low = unit(at + 3), (0xD800..<0xDC00).contains(high), (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        else { throw LiveScanError("half of a surrogate pair in a text") }
        at += 6
        return scalar
    }

    /// A number. Exact for up to 15 digits and small exponents, otherwise read by the standard library.
    mutating func number() throws(LiveScanError) -> Double {
        skipSpace()
        let start = index
        var digits: UInt64 = 0
        var count = 0
        var decimals = 0
        var isSimple = true
        let isNegative = index < end && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let firstDigit = index
        scan: while index < end {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits = digits &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
                count += 1
                if decimals > 0 { decimals += 1 }
            case UInt8(ascii: "."):
                if decimals > 0 || count == 0 { throw LiveScanError("not a number at byte \(start + 1)") }
                decimals = 1
            case UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
                isSimple = false
            default: break scan
            }
            index += 1
        }
        let hasLeadingZero = isDigit(firstDigit + 1) && bytes[firstDigit] == UInt8(ascii: "0")
        guard count > 0, decimals != 1, isDigit(firstDigit), !hasLeadingZero else {
            throw LiveScanError("not a number at byte \(start + 1)")
        }
        if isSimple, count <= 15 {
            let value = Double(digits) / Self.powers[max(0, decimals - 1)]
            return isNegative ? -value : value
        }
        guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite else {
            throw LiveScanError("not a number at byte \(start + 1)")
        }
        return value
    }

    /// Whether a digit stands at a position that was read.
    private func isDigit(_ at: Int) -> Bool {
        at < index && bytes[at] &- UInt8(ascii: "0") < 10
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// Checks one value of any type and returns its bytes' range.
    mutating func value(depth: Int = 0) throws(LiveScanError) -> Range<Int> {
        guard depth < Self.maximumDepth else { throw LiveScanError("nested deeper than \(Self.maximumDepth) levels") }
        let first = peek()
        let start = index
        switch first {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"):
            var isFirst = true
            while try nextKey(&isFirst) != nil { _ = try value(depth: depth + 1) }
        case UInt8(ascii: "["):
            var isFirst = true
            while try nextElement(&isFirst) { _ = try value(depth: depth + 1) }
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        case 0: throw LiveScanError("the text ends where a value should stand")
        default: _ = try number()
        }
        return start..<index
    }

    mutating func word(_ word: String) throws(LiveScanError) {
        skipSpace()
        for byte in word.utf8 {
            guard index < end, bytes[index] == byte else { throw LiveScanError("not JSON at byte \(index + 1)") }
            index += 1
        }
    }

    /// Moves to a position that an earlier call returned.
    mutating func rewind(to position: Int) {
        index = position
    }
}
