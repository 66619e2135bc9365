// SPDX-License-Identifier: Apache-2.0

/// The head of an HTTP/1.1 request as it lies in the bytes that arrived: where its parts are, and where the request ends.
///
/// Strict on purpose: it takes less than RFC 9112 allows. What it does not take is `foreign`, and goes to the HTTP decoder
/// with everything that follows on the connection, so that the two never disagree about where a request begins.
struct RequestHead: Equatable {
    enum Scan: Equatable {
        case complete(RequestHead)
        /// Nothing wrong so far; more bytes must come.
        case incomplete
        /// Not for this reader.
        case foreign
    }

    enum Method: Equatable { case get, head, other }

    /// Heads are shorter; longer ones are foreign.
    static let limit = 8192
    private static let fieldLimit = 64

    var method: Method
    /// Origin form, with the query.
    var target: Range<Int>
    var hasQuery = false
    var acceptEncoding: Range<Int>?
    var ifNoneMatch: Range<Int>?
    /// Whether something is said that only the routes know how to answer: who asks, a body.
    var needsRoutes = false
    /// Bytes of the body, which follows the head; nil where none is stated, and then there is none.
    var contentLength: Int?
    /// Bytes of the head with the empty line that ends it.
    var length = 0

    /// Reads a head from the start of some bytes. O(bytes), at most ``limit``.
    static func scan(_ bytes: Span<UInt8>) -> Scan {
        var reader = RequestHeadReader(bytes: bytes)
        do throws(RequestHeadReader.Stop) {
            let head = try reader.head()
            return head.length > limit ? .foreign : .complete(head)
        } catch {
            return error == .foreign || bytes.count >= limit ? .foreign : .incomplete
        }
    }

    fileprivate static func isTooMany(_ fields: Int) -> Bool { fields > fieldLimit }
}

/// Walks through the bytes of a head once.
private struct RequestHeadReader: ~Escapable {
    enum Stop: Error { case incomplete, foreign }

    let bytes: Span<UInt8>
    var at = 0

    @_lifetime(copy bytes)
    init(bytes: Span<UInt8>) { self.bytes = bytes }

    mutating func next() throws(Stop) -> UInt8 {
        guard at < bytes.count else { throw .incomplete }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func expect(_ text: StaticString) throws(Stop) {
        for index in 0..<text.utf8CodeUnitCount {
            // Safe: the index is below the text's count.
            guard try next() == (unsafe text.utf8Start[index]) else { throw .foreign }
        }
    }

    mutating func head() throws(Stop) -> RequestHead {
        var head = RequestHead(method: try method(), target: 0..<0)
        let start = at
        guard try next() == UInt8(ascii: "/") else { throw .foreign }
        while true {
            let byte = try next()
            if byte == UInt8(ascii: " ") { break }
            guard byte > 0x20, byte < 0x7F else { throw .foreign }
            if byte == UInt8(ascii: "?") { head.hasQuery = true }
        }
        head.target = start..<at - 1
        try expect("HTTP/1.1\r\n")
        var fields = 0
        while try !isEnd() {
            fields += 1
            if RequestHead.isTooMany(fields) { throw .foreign }
            try field(&head)
        }
        head.length = at
        return head
    }

    /// Only methods whose requests have a body exactly where they state its length.
    private mutating func method() throws(Stop) -> RequestHead.Method {
        switch try next() {
        case UInt8(ascii: "G"):
            try expect("ET ")
            return .get
        case UInt8(ascii: "H"):
            try expect("EAD ")
            return .head
        case UInt8(ascii: "D"): try expect("ELETE ")
        case UInt8(ascii: "O"): try expect("PTIONS ")
        case UInt8(ascii: "P"):
            switch try next() {
            case UInt8(ascii: "O"): try expect("ST ")
            case UInt8(ascii: "U"): try expect("T ")
            case UInt8(ascii: "A"): try expect("TCH ")
            default: throw .foreign
            }
        default: throw .foreign
        }
        return .other
    }

    private mutating func isEnd() throws(Stop) -> Bool {
        guard at < bytes.count else { throw .incomplete }
        guard bytes[at] == UInt8(ascii: "\r") else { return false }
        try expect("\r\n")
        return true
    }

    private mutating func field(_ head: inout RequestHead) throws(Stop) {
        let start = at
        while true {
            let byte = try next()
            if byte == UInt8(ascii: ":") { break }
            guard isToken(byte) else { throw .foreign }
        }
        let name = start..<at - 1
        guard !name.isEmpty else { throw .foreign }
        var first = at
        while true {
            let byte = try next()
            if byte == UInt8(ascii: "\r") { break }
            guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { throw .foreign }
        }
        guard try next() == UInt8(ascii: "\n") else { throw .foreign }
        var last = at - 2
        while first < last, isBlank(bytes[first]) { first += 1 }
        while first < last, isBlank(bytes[last - 1]) { last -= 1 }
        try note(name, first..<last, &head)
    }

    /// Keeps what a field says, if it matters to anybody before the routes.
    private func note(_ name: Range<Int>, _ value: Range<Int>, _ head: inout RequestHead) throws(Stop) {
        switch name.count {
        case 6 where matches(name, "expect"), 7 where matches(name, "upgrade"),
            17 where matches(name, "transfer-encoding"):
            throw .foreign
        case 10 where matches(name, "connection"), 16 where matches(name, "proxy-connection"):
            guard matches(value, "keep-alive") else { throw .foreign }
        case 13 where matches(name, "authorization"):
            head.needsRoutes = true
        case 13 where matches(name, "if-none-match"):
            if head.ifNoneMatch != nil { head.needsRoutes = true }
            head.ifNoneMatch = value
        case 14 where matches(name, "content-length"):
            guard head.contentLength == nil, (1...12).contains(value.count) else { throw .foreign }
            var length = 0
            for index in value {
                guard let digit = digit(bytes[index]) else { throw .foreign }
                length = length * 10 + digit
            }
            head.contentLength = length
            head.needsRoutes = true
        case 15 where matches(name, "accept-encoding"):
            if head.acceptEncoding != nil { head.needsRoutes = true }
            head.acceptEncoding = value
        default: break
        }
    }

    /// Whether some bytes are a text in lower case, whatever case they are in.
    private func matches(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count {
            let byte = bytes[range.lowerBound + offset]
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            // Safe: the offset is below the text's count.
            guard lower == (unsafe text.utf8Start[offset]) else { return false }
        }
        return true
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

private func digit(_ byte: UInt8) -> Int? {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int(byte - UInt8(ascii: "0")) : nil
}

/// RFC 9110 §5.6.2.
private func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "!"),
        UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "."),
        UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
        true
    default: false
    }
}
