// SPDX-License-Identifier: Apache-2.0

/// Where a JSON text stops being JSON (RFC 8259), as a byte offset in the file.
package struct JSONSyntaxError: Error, Sendable, Equatable {
    package var offset: Int
    package var expected: String
}

/// A JSON number, whole if it is written without fraction and exponent and fits.
package enum JSONNumber: Sendable, Equatable {
    case integer(Int64)
    case real(Double)

    package var real: Double {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number
        }
    }
}

/// A pull parser over bytes: the caller asks for what it expects and skips the rest, so no tree is built.
///
/// One pass, O(bytes), no allocation apart from the strings that are asked for. Nesting deeper than 512 is an error.
package struct JSONScanner {
    package let bytes: SourceBytes
    package private(set) var position: Int
    package let end: Int
    private var depth = 0
    private var passed: PassedBytes
    private static let maximumDepth = 512

    package init(_ bytes: SourceBytes, range: Range<Int>? = nil) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
        passed = PassedBytes(from: position)
    }

    package func failure(_ expected: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: position, expected: expected)
    }

    /// The next byte that is not white space, or nil at the end. It is not consumed.
    @inline(__always)
    package mutating func peek() -> UInt8? {
        while position < end {
            let byte = bytes[position]
            if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
            position += 1
        }
        return nil
    }

    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func enter(_ open: UInt8, _ what: String) throws {
        guard take(open) else { throw failure(what) }
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure("at most \(Self.maximumDepth) nested levels") }
    }

    /// Calls `body` for each member; it must consume the value.
    package mutating func object(_ body: (inout JSONScanner, String) throws -> Void) throws {
        try enter(UInt8(ascii: "{"), "an object")
        if take(UInt8(ascii: "}")) { depth -= 1; return }
        repeat {
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw failure("':' after the key \"\(key)\"") }
            try body(&self, key)
            passed.pass(position, of: bytes)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure("',' or '}'") }
        depth -= 1
    }

    /// Calls `body` for each element; it must consume the value.
    package mutating func array(_ body: (inout JSONScanner) throws -> Void) throws {
        try enter(UInt8(ascii: "["), "an array")
        if take(UInt8(ascii: "]")) { depth -= 1; return }
        repeat {
            try body(&self)
            passed.pass(position, of: bytes)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("',' or ']'") }
        depth -= 1
    }

    /// A string, unescaped. Lone surrogates become U+FFFD.
    package mutating func string() throws -> String {
        let range = try stringRange()
        let inner = range.lowerBound + 1..<range.upperBound - 1
        if bytes.firstIndex(of: UInt8(ascii: "\\"), from: inner.lowerBound, to: inner.upperBound) == inner.upperBound {
            return bytes.text(inner)
        }
        return unescape(inner)
    }

    /// A number.
    package mutating func number() throws -> JSONNumber {
        _ = peek()
        let start = position
        var isNegative = false
        if position < end, bytes[position] == UInt8(ascii: "-") { isNegative = true; position += 1 }
        let firstDigit = position
        var mantissa: UInt64 = 0
        var digits = 0
        while let digit = digit() { mantissa = mantissa &* 10 &+ UInt64(digit); digits += 1 }
        guard digits > 0, digits == 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
            position = start
            throw failure("a number")
        }
        var exponent = 0
        var isInteger = true
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            isInteger = false
            let before = digits
            while let digit = digit() { mantissa = mantissa &* 10 &+ UInt64(digit); digits += 1; exponent -= 1 }
            guard digits > before else { throw failure("a digit after '.'") }
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            isInteger = false
            try skipExponent()
            exponent = 1000  // The slow path reads it.
        }
        if isInteger, digits <= 18 { return .integer(isNegative ? -Int64(mantissa) : Int64(mantissa)) }
        // Both operands are exact in a double, so the quotient is correctly rounded (Clinger 1990).
        if digits <= 15, exponent <= 0, exponent >= -22 {
            let value = Double(mantissa) / powersOfTen[-exponent]
            return .real(isNegative ? -value : value)
        }
        let text = bytes.text(start..<position)
        if isInteger, let whole = Int64(text) { return .integer(whole) }
        guard let value = Double(text), value.isFinite else {
            position = start
            throw failure("a number that a double can hold")
        }
        return .real(value)
    }

    /// Consumes `true` or `false`.
    package mutating func boolean() throws -> Bool {
        if try literal("true") { return true }
        if try literal("false") { return false }
        throw failure("true or false")
    }

    /// Consumes `null` if it is next.
    package mutating func null() throws -> Bool { try literal("null") }

    /// Skips one value of any kind, checking its syntax, and gives the bytes that it took.
    @discardableResult
    package mutating func skip() throws -> Range<Int> {
        guard let first = peek() else { throw failure("a value") }
        let start = position
        switch first {
        case UInt8(ascii: "{"):
            try enter(first, "an object")
            if !take(UInt8(ascii: "}")) {
                repeat {
                    guard peek() == UInt8(ascii: "\"") else { throw failure("a key") }
                    _ = try stringRange()
                    guard take(UInt8(ascii: ":")) else { throw failure("':'") }
                    try skip()
                    passed.pass(position, of: bytes)
                } while take(UInt8(ascii: ","))
                guard take(UInt8(ascii: "}")) else { throw failure("',' or '}'") }
            }
            depth -= 1
        case UInt8(ascii: "["): try array { scanner in try scanner.skip() }
        case UInt8(ascii: "\""): _ = try stringRange()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try boolean()
        case UInt8(ascii: "n"): guard try null() else { throw failure("a value") }
        default: _ = try number()
        }
        return start..<position
    }

    // MARK: - Tokens

    @inline(__always)
    private mutating func digit() -> UInt8? {
        guard position < end else { return nil }
        let digit = bytes[position] &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        position += 1
        return digit
    }

    private mutating func skipExponent() throws {
        if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
            position += 1
        }
        guard digit() != nil else { throw failure("a digit in the exponent") }
        while digit() != nil {}
    }

    private mutating func literal(_ word: StaticString) throws -> Bool {
        let length = word.utf8CodeUnitCount
        guard peek() != nil, position + length <= end, bytes.text(position..<position + length) == "\(word)" else {
            return false
        }
        position += length
        return true
    }

    /// The bytes of a string with its quotation marks.
    private mutating func stringRange() throws -> Range<Int> {
        guard peek() == UInt8(ascii: "\"") else { throw failure("a string") }
        let start = position
        position += 1
        while position < end {
            let stop = min(end, position + SourceBytes.window)
            while position < stop {
                let byte = bytes[position]
                if byte == UInt8(ascii: "\"") {
                    position += 1
                    return start..<position
                }
                if byte < 0x20 { throw failure("no control character in a string") }
                if byte == UInt8(ascii: "\\") {
                    try checkEscape()
                } else {
                    position += 1
                }
            }
            passed.pass(position, of: bytes)
        }
        position = start
        throw failure("a closed string")
    }

    private mutating func checkEscape() throws {
        position += 1
        guard position < end else { throw failure("an escape") }
        switch bytes[position] {
        case UInt8(ascii: "u"):
            guard position + 4 < end else { throw failure("four hexadecimal digits") }
            for index in position + 1...position + 4 where hexadecimal(bytes[index]) == nil {
                throw failure("four hexadecimal digits")
            }
            position += 5
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        default: throw failure("a known escape")
        }
    }

    private func hexadecimal(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// `range` has been checked by `stringRange`.
    private func unescape(_ range: Range<Int>) -> String {
        var units: [UInt16] = []
        var text = ""
        var plain: [UInt8] = []
        func flush() {
            if !plain.isEmpty { text += String(decoding: plain, as: UTF8.self); plain.removeAll(keepingCapacity: true) }
            if !units.isEmpty {
                text += String(decoding: units, as: UTF16.self); units.removeAll(keepingCapacity: true)
            }
        }
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] != UInt8(ascii: "\\") {
                if !units.isEmpty { flush() }
                plain.append(bytes[index])
                index += 1
                continue
            }
            let kind = bytes[index + 1]
            if kind == UInt8(ascii: "u") {
                if !plain.isEmpty { flush() }
                units.append((2..<6).reduce(0) { $0 << 4 | (hexadecimal(bytes[index + $1]) ?? 0) })
                index += 6
                continue
            }
            if !units.isEmpty { flush() }
            switch kind {
            case UInt8(ascii: "b"): plain.append(0x08)
            case UInt8(ascii: "f"): plain.append(0x0C)
            case UInt8(ascii: "n"): plain.append(0x0A)
            case UInt8(ascii: "r"): plain.append(0x0D)
            case UInt8(ascii: "t"): plain.append(0x09)
            default: plain.append(kind)
            }
            index += 2
        }
        flush()
        return text
    }
}

/// 10^0 to 10^22: the powers that a double holds exactly.
private let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
]
