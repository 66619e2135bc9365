// SPDX-License-Identifier: Apache-2.0

/// Where an XML text breaks, and what should be there.
struct XMLSyntaxError: Error {
    var offset: Int
    var expected: String
}

/// An element with everything in it. Names are without their prefixes.
struct XMLTree {
    var name: String
    var attributes: [(name: String, value: String)] = []
    var children: [XMLTree] = []
    /// The text directly inside, without what is blank around it.
    var text = ""

    func attribute(_ name: String) -> String? { attributes.first { $0.name == name }?.value }
    func first(_ name: String) -> XMLTree? { children.first { $0.name == name } }
}

/// Reads XML 1.0 from mapped bytes, an element at a time: what a huge file holds in memory is one element.
///
/// Prefixes are cut off names, and namespaces are not resolved. Entities are the five of XML and numbers; a document
/// type is refused, so that nothing can expand or be fetched. Source: W3C XML 1.0 (fifth edition).
struct XMLScanner {
    enum Event {
        /// `isEmpty` for `<a/>`, which has no end.
        case start(name: String, attributes: [(name: String, value: String)], isEmpty: Bool)
        case end
        case text(Range<Int>, isLiteral: Bool)
    }

    /// Elements deeper than this are not city models.
    static let maximumDepth = 200

    let bytes: SourceBytes
    private(set) var position: Int
    private var passed = PassedBytes()

    init(_ bytes: SourceBytes) {
        self.bytes = bytes
        let hasMark = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        position = hasMark ? 3 : 0
    }

    private func failure(_ expected: String) -> XMLSyntaxError { XMLSyntaxError(offset: position, expected: expected) }

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        for at in 0..<count {
            // Safe: the loop stays within the literal's own count.
            let wanted = unsafe text.utf8Start[at]
            if bytes[position + at] != wanted { return false }
        }
        return true
    }

    private mutating func skip(past end: StaticString) throws(XMLSyntaxError) {
        while position < bytes.count {
            if starts(end) {
                position += end.utf8CodeUnitCount
                return
            }
            position += 1
            passed.pass(position, of: bytes)
        }
        throw failure("\(end)")
    }

    /// The next tag or text; nil at the end of the file.
    mutating func next() throws(XMLSyntaxError) -> Event? {
        passed.pass(position, of: bytes)
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                let start = position
                position = bytes.firstIndex(of: UInt8(ascii: "<"), from: position, to: bytes.count)
                return .text(start..<position, isLiteral: false)
            }
            if starts("<!--") {
                try skip(past: "-->")
            } else if starts("<![CDATA[") {
                let start = position + 9
                try skip(past: "]]>")
                return .text(start..<position - 3, isLiteral: true)
            } else if starts("<?") {
                try skip(past: "?>")
            } else if starts("<!") {
                throw failure("an element; document types are not read")
            } else if starts("</") {
                try skip(past: ">")
                return .end
            } else {
                return try tag()
            }
        }
        return nil
    }

    private mutating func tag() throws(XMLSyntaxError) -> Event {
        position += 1
        let name = try name()
        var attributes: [(name: String, value: String)] = []
        while true {
            skipBlanks()
            guard position < bytes.count else { throw failure("the end of a tag") }
            if starts("/>") {
                position += 2
                return .start(name: name, attributes: attributes, isEmpty: true)
            }
            if bytes[position] == UInt8(ascii: ">") {
                position += 1
                return .start(name: name, attributes: attributes, isEmpty: false)
            }
            let key = try self.name()
            skipBlanks()
            guard starts("=") else { throw failure("= after an attribute's name") }
            position += 1
            skipBlanks()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'")
            else { throw failure("a quoted value") }
            let end = bytes.firstIndex(of: bytes[position], from: position + 1, to: bytes.count)
            guard end < bytes.count else { throw failure("the end of a quoted value") }
            attributes.append((key, try text(position + 1..<end, isLiteral: false)))
            position = end + 1
        }
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    /// A name without its prefix.
    private mutating func name() throws(XMLSyntaxError) -> String {
        var start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte <= 0x20 || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=") {
                break
            }
            position += 1
            if byte == UInt8(ascii: ":") { start = position }
        }
        guard position > start else { throw failure("a name") }
        return bytes.text(start..<position)
    }

    /// The characters of a text, entities resolved.
    func text(_ range: Range<Int>, isLiteral: Bool) throws(XMLSyntaxError) -> String {
        let raw = bytes.text(range)
        guard !isLiteral, raw.utf8.contains(UInt8(ascii: "&")) else { return raw }
        var result = ""
        var rest = raw[...]
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            guard let end = rest[mark...].firstIndex(of: ";"),
                let character = Self.entity(rest[rest.index(after: mark)..<end])
            else { throw XMLSyntaxError(offset: range.lowerBound, expected: "a known entity such as &amp;") }
            result.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func entity(_ name: Substring) -> Character? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let isHex = digits.hasPrefix("x")
            let number = UInt32(isHex ? digits.dropFirst() : digits, radix: isHex ? 16 : 10)
            return number.flatMap(Unicode.Scalar.init).map(Character.init)
        }
    }

    /// The element that just started, with all in it.
    mutating func tree(
        _ name: String, _ attributes: [(name: String, value: String)], isEmpty: Bool, depth: Int = 0
    ) throws(XMLSyntaxError) -> XMLTree {
        var tree = XMLTree(name: name, attributes: attributes)
        guard !isEmpty else { return tree }
        guard depth < Self.maximumDepth else {
            throw failure("fewer than \(Self.maximumDepth) elements inside each other")
        }
        while let event = try next() {
            switch event {
            case .start(let name, let attributes, let isEmpty):
                tree.children.append(try self.tree(name, attributes, isEmpty: isEmpty, depth: depth + 1))
            case .end: return tree
            case .text(let range, let isLiteral):
                // A text that goes to the end of the file is not taken into memory first.
                guard position < bytes.count else { throw failure("the end of <\(name)>") }
                if let trimmed = trimmed(range) { tree.text += try text(trimmed, isLiteral: isLiteral) }
            }
        }
        throw failure("the end of <\(name)>")
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int>? {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high, bytes[low] <= 0x20 { low += 1 }
        while low < high, bytes[high - 1] <= 0x20 { high -= 1 }
        return low < high ? low..<high : nil
    }
}
