// SPDX-License-Identifier: Apache-2.0

/// A protocol buffer wire type.
enum ProtobufWire: UInt64 {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case fixed32 = 5
}

/// Reads one protocol buffer message out of untrusted bytes. Every length is checked against the bytes that are left.
///
/// Source: protobuf.dev, "Encoding". Groups (wire types 3 and 4) are refused: `vector_tile.proto` has none.
struct ProtobufReader {
    private let bytes: [UInt8]
    private var offset: Int
    private let end: Int

    init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { offset == end }
    var bytesLeft: Int { end - offset }

    /// The next field's number and wire type, or nil at the end of the message.
    mutating func nextField() throws(TileError) -> (number: UInt64, wire: ProtobufWire)? {
        guard offset < end else { return nil }
        let tag = try varint()
        guard let wire = ProtobufWire(rawValue: tag & 7), tag >> 3 > 0 else {
            throw TileError(.malformed, "byte \(offset) holds field tag \(tag), which is no protocol buffer field")
        }
        return (tag >> 3, wire)
    }

    mutating func varint() throws(TileError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = bytes[offset]
            offset += 1
            // The tenth byte may only hold the 64th bit.
            if shift == 63, byte > 1 { throw TileError(.malformed, "a varint before byte \(offset) exceeds 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw truncated("a varint")
    }

    /// A varint that must fit 32 bits.
    mutating func varint32(_ what: StaticString) throws(TileError) -> UInt32 {
        let value = try varint()
        guard let short = UInt32(exactly: value) else {
            throw TileError(.malformed, "\(what) is \(value), which exceeds 32 bits")
        }
        return short
    }

    mutating func fixed32() throws(TileError) -> UInt32 { UInt32(try littleEndian(4)) }
    mutating func fixed64() throws(TileError) -> UInt64 { try littleEndian(8) }

    private mutating func littleEndian(_ width: Int) throws(TileError) -> UInt64 {
        guard end - offset >= width else { throw truncated("a number of \(width) bytes") }
        var value: UInt64 = 0
        for index in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        offset += width
        return value
    }

    /// A length-delimited field as a reader of its own.
    mutating func message() throws(TileError) -> ProtobufReader {
        let length = try varint()
        guard length <= UInt64(end - offset) else { throw truncated("a field of \(length) bytes") }
        let start = offset
        offset += Int(length)
        return ProtobufReader(bytes, start..<offset)
    }

    mutating func text(_ what: StaticString) throws(TileError) -> String {
        let content = try message()
        guard let text = String(validating: bytes[content.offset..<content.end], as: UTF8.self) else {
            throw TileError(.malformed, "\(what) before byte \(offset) is not UTF-8")
        }
        return text
    }

    mutating func skip(_ wire: ProtobufWire) throws(TileError) {
        switch wire {
        case .varint: _ = try varint()
        case .fixed64: _ = try littleEndian(8)
        case .fixed32: _ = try littleEndian(4)
        case .bytes: _ = try message()
        }
    }

    private func truncated(_ what: String) -> TileError {
        TileError(.malformed, "the bytes end inside \(what) at byte \(offset) of \(end)")
    }
}
