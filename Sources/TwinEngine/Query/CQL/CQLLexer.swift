// SPDX-License-Identifier: Apache-2.0

/// Takes CQL2 text apart into words, numbers, texts and signs.
struct CQLLexer {
    enum Token: Equatable {
        /// A word that is not in quotes: a keyword, an operator, a function or a property.
        case word(String)
        /// A property in double quotes.
        case quoted(String)
        case text(String)
        case integer(Int64)
        case real(Double)
        case sign(String)
        case end
    }

    private let bytes: [UInt8]
    private var place = 0
    private(set) var token = Token.end
    /// Where the present token begins, in bytes.
    private(set) var start = 0

    init(_ text: String) throws {
        bytes = Array(text.utf8)
        try advance()
    }

    /// An error at a byte, told as the number of the character.
    func failure(_ expected: String, at byte: Int? = nil) -> TwinError {
        let until = min(byte ?? start, bytes.count)
        let character = bytes[..<until].reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        let rest = String(decoding: bytes[until...].prefix(40), as: UTF8.self)
        let found = until == bytes.count ? "the end" : "'\(rest.prefix(20))'"
        return TwinError(
            .argument, "filter: character \(character): \(expected) expected, not \(found); \(CQLExpression.example)")
    }

    mutating func advance() throws {
        while place < bytes.count, bytes[place] <= 0x20 { place += 1 }
        start = place
        guard place < bytes.count else {
            token = .end
            return
        }
        let byte = bytes[place]
        switch byte {
        case UInt8(ascii: "'"): token = .text(try quotedText(UInt8(ascii: "'")))
        case UInt8(ascii: "\""):
            token = .quoted(try quotedText(UInt8(ascii: "\"")))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: ".") where place + 1 < bytes.count && Self.isDigit(bytes[place + 1]): try number()
        case _ where Self.startsWord(byte):
            while place < bytes.count,
                Self.startsWord(bytes[place]) || Self.isDigit(bytes[place]) || bytes[place] == 0x2E
            {
                place += 1
            }
            token = .word(String(decoding: bytes[start..<place], as: UTF8.self))
        default:
            for sign in ["<>", "<=", ">=", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/", "%", "^"]
            where bytes[place...].starts(with: sign.utf8) {
                place += sign.utf8.count
                token = .sign(sign)
                return
            }
            throw failure("a property, a value or an operator")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func startsWord(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte & 0xDF) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":") || byte >= 0x80
    }

    /// A quote is doubled, or, in texts, stands behind a backslash.
    private mutating func quotedText(_ quote: UInt8) throws -> String {
        place += 1
        var text: [UInt8] = []
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == quote {
                guard place < bytes.count, bytes[place] == quote else {
                    return String(decoding: text, as: UTF8.self)
                }
                place += 1
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "'"), place < bytes.count, bytes[place] == quote
            {
                text.append(quote)
                place += 1
                continue
            }
            text.append(byte)
        }
        throw failure("a text that ends with a quote is", at: start)
    }

    private mutating func number() throws {
        var isReal = false
        while place < bytes.count, Self.isDigit(bytes[place]) { place += 1 }
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
            isReal = true
            place += 1
            while place < bytes.count, Self.isDigit(bytes[place]) { place += 1 }
        }
        if place < bytes.count, bytes[place] & 0xDF == UInt8(ascii: "E") {
            isReal = true
            place += 1
            if place < bytes.count, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-") {
                place += 1
            }
            while place < bytes.count, Self.isDigit(bytes[place]) { place += 1 }
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if !isReal, let value = Int64(text) {
            token = .integer(value)
        } else if let value = Double(text), value.isFinite {
            token = .real(value)
        } else {
            throw failure("a number that fits")
        }
    }
}
