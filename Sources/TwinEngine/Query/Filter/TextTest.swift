// SPDX-License-Identifier: Apache-2.0

/// A test of one text, compiled from a comparison, a list or a pattern; evaluated once per dictionary entry or per row.
struct TextTest: Sendable {
    enum Kind: Sendable {
        /// In byte order, within these bounds; nil is open.
        case range(lower: Bound?, upper: Bound?)
        case anyOf(Set<[UInt8]>)
        case prefix([UInt8])
        case suffix([UInt8])
        case contains([UInt8])
        case pattern([Token])
    }

    struct Bound: Sendable {
        var text: [UInt8]
        var isIncluded: Bool
    }

    enum Token: Sendable, Equatable {
        case byte(UInt8)
        case anyCharacter
        case anyText
    }

    var kind: Kind
    var ignoresCase = false

    /// - Throws: `TwinError.argument` for a pattern that ends in its escape character.
    init(like: LikePattern, field: String) throws {
        ignoresCase = like.ignoresCase
        let text = like.ignoresCase ? CQLFold.lowercase(like.pattern) : like.pattern
        var tokens: [Token] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "%"): if tokens.last != .anyText { tokens.append(.anyText) }
            case UInt8(ascii: "_"): tokens.append(.anyCharacter)
            case UInt8(ascii: "\\"):
                guard let next = bytes.next() else {
                    throw TwinError(
                        .argument,
                        #"filter: the pattern for \#(field) ends in a lone \; write \\ for a backslash, for example a%"#
                    )
                }
                tokens.append(.byte(next))
            default: tokens.append(.byte(byte))
            }
        }
        kind = Self.simplified(tokens)
    }

    init(_ kind: Kind) { self.kind = kind }

    private static func simplified(_ tokens: [Token]) -> Kind {
        func literal(_ part: ArraySlice<Token>) -> [UInt8]? {
            var bytes: [UInt8] = []
            for token in part {
                guard case .byte(let byte) = token else { return nil }
                bytes.append(byte)
            }
            return bytes
        }
        if let text = literal(tokens[...]) { return .anyOf([text]) }
        let startsOpen = tokens.first == .anyText
        let endsOpen = tokens.last == .anyText
        let middle = tokens.dropFirst(startsOpen ? 1 : 0).dropLast(endsOpen && tokens.count > 1 ? 1 : 0)
        guard let text = literal(middle) else { return .pattern(tokens) }
        if startsOpen && (endsOpen || text.isEmpty) { return .contains(text) }
        return startsOpen ? .suffix(text) : .prefix(text)
    }

    /// Whether a text passes. O(length), O(length × pattern) for patterns with several `%`.
    func matches(_ text: Span<UInt8>) -> Bool {
        if ignoresCase {
            let folded = unsafe text.withUnsafeBufferPointer {
                Array(CQLFold.lowercase(unsafe String(decoding: $0, as: UTF8.self)).utf8)
            }
            return test(folded.span)
        }
        return test(text)
    }

    func matches(_ text: String) -> Bool { matches(Array(text.utf8).span) }

    private func test(_ text: Span<UInt8>) -> Bool {
        switch kind {
        case .range(let lower, let upper):
            if let lower {
                let order = compareBytes(text, lower.text.span)
                if order < 0 || (order == 0 && !lower.isIncluded) { return false }
            }
            if let upper {
                let order = compareBytes(text, upper.text.span)
                if order > 0 || (order == 0 && !upper.isIncluded) { return false }
            }
            return true
        case .anyOf(let texts):
            if texts.count == 1, let only = texts.first { return isEqual(text, only.span, at: 0, whole: true) }
            return texts.contains(text.indices.map { text[$0] })
        case .prefix(let part): return isEqual(text, part.span, at: 0, whole: false)
        case .suffix(let part):
            return text.count >= part.count && isEqual(text, part.span, at: text.count - part.count, whole: false)
        case .contains(let part):
            guard !part.isEmpty else { return true }
            guard text.count >= part.count else { return false }
            for start in 0...text.count - part.count where text[start] == part[0] {
                if isEqual(text, part.span, at: start, whole: false) { return true }
            }
            return false
        case .pattern(let tokens): return matches(text, tokens)
        }
    }

    private func isEqual(_ text: Span<UInt8>, _ part: Span<UInt8>, at start: Int, whole: Bool) -> Bool {
        guard whole ? text.count == part.count : text.count - start >= part.count else { return false }
        for index in 0..<part.count where text[start + index] != part[index] { return false }
        return true
    }

    /// Greedy matching with a return to the last `%`: O(text × tokens) at worst, no recursion.
    private func matches(_ text: Span<UInt8>, _ tokens: [Token]) -> Bool {
        var place = 0
        var token = 0
        var star = -1
        var retry = 0
        while place < text.count {
            if token < tokens.count, tokens[token] == .anyText {
                star = token
                retry = place
                token += 1
            } else if token < tokens.count, case .byte(let byte) = tokens[token], text[place] == byte {
                place += 1
                token += 1
            } else if token < tokens.count, tokens[token] == .anyCharacter {
                place = afterCharacter(text, place)
                token += 1
            } else if star >= 0 {
                retry = afterCharacter(text, retry)
                place = retry
                token = star + 1
            } else {
                return false
            }
        }
        while token < tokens.count, tokens[token] == .anyText { token += 1 }
        return token == tokens.count
    }

    private func afterCharacter(_ text: Span<UInt8>, _ place: Int) -> Int {
        var next = place + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}

/// The order of two texts by their bytes: below, equal to, or above zero.
func compareBytes(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
    let common = min(left.count, right.count)
    for index in 0..<common where left[index] != right[index] { return Int(left[index]) - Int(right[index]) }
    return left.count - right.count
}
