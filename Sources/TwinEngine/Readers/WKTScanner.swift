// SPDX-License-Identifier: Apache-2.0

/// Reads well-known text (OGC 06-103r4 §7) into WKB: points, lines, polygons, their multiples, with or without Z.
struct WKTScanner {
    private let text: [UInt8]
    private var position = 0
    private var axes = 0

    /// The WKB of `wkt`; an `SRID=n;` in front is skipped. Empty text is a missing geometry and an error.
    static func wkb(_ wkt: String) throws(TableRowError) -> [UInt8] {
        var text = wkt[...]
        if text.uppercased().hasPrefix("SRID="), let end = text.firstIndex(of: ";") {
            text = text[text.index(after: end)...]
        }
        guard !text.isEmpty else { throw TableRowError(reason: "missing-coordinates", text: "the WKT is empty") }
        var scanner = WKTScanner(text: Array(text.utf8))
        let writer = try scanner.geometry()
        guard scanner.peek() == nil else { throw scanner.failure("the end") }
        return writer
    }

    private init(text: [UInt8]) { self.text = text }

    private func failure(_ expected: String) -> TableRowError {
        TableRowError(reason: "malformed-wkt", text: "WKT: \(expected) expected at character \(position + 1)")
    }

    private mutating func peek() -> UInt8? {
        while position < text.count, text[position] <= 0x20 { position += 1 }
        return position < text.count ? text[position] : nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    private mutating func word() -> String {
        _ = peek()
        let start = position
        while position < text.count, case 0x41...0x5A = text[position] & 0xDF { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self).uppercased()
    }

    private mutating func geometry() throws(TableRowError) -> [UInt8] {
        var name = word()
        if name.hasSuffix("Z"), name != "Z" { name.removeLast() }
        let next = position
        switch word() {
        case "", "Z": break
        case "EMPTY": throw TableRowError(reason: "missing-coordinates", text: "the geometry is empty")
        case "M", "ZM": throw TableRowError(reason: "malformed-wkt", text: "WKT with M values cannot be read")
        default:
            position = next
            throw failure("(")
        }
        switch name {
        case "POINT":
            let points = try list()
            guard points.count == axes else { throw failure("one position") }
            return header(1) + encoded(points, counted: false)
        case "LINESTRING":
            let line = try list()
            return header(2, line)
        case "POLYGON": return try polygon()
        case "MULTIPOINT":
            return try many(4) { scanner throws(TableRowError) in
                let isWrapped = scanner.peek() == UInt8(ascii: "(")
                let point = isWrapped ? try scanner.list() : try scanner.vertex()
                return scanner.header(1) + scanner.encoded(point, counted: false)
            }
        case "MULTILINESTRING":
            return try many(5) { scanner throws(TableRowError) in
                let line = try scanner.list()
                return scanner.header(2, line)
            }
        case "MULTIPOLYGON": return try many(6) { scanner throws(TableRowError) in try scanner.polygon() }
        default: throw TableRowError(reason: "malformed-wkt", text: "WKT type \"\(name)\" cannot be read")
        }
    }

    private mutating func many(
        _ type: UInt32, _ item: (inout WKTScanner) throws(TableRowError) -> [UInt8]
    ) throws(TableRowError) -> [UInt8] {
        guard take(UInt8(ascii: "(")) else { throw failure("(") }
        var (parts, count) = ([UInt8](), UInt32(0))
        repeat {
            parts += try item(&self)
            count += 1
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: ")")) else { throw failure(")") }
        var writer = LittleEndianWriter(reserving: 9)
        writer.header(type, hasZ: axes == 3)
        writer.write(count)
        return writer.bytes + parts
    }

    private mutating func polygon() throws(TableRowError) -> [UInt8] {
        guard take(UInt8(ascii: "(")) else { throw failure("(") }
        var (rings, count) = ([UInt8](), UInt32(0))
        repeat {
            let ring = try list()
            rings += encoded(ring, counted: true)
            count += 1
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: ")")) else { throw failure(")") }
        var writer = LittleEndianWriter(reserving: 9)
        writer.header(3, hasZ: axes == 3)
        writer.write(count)
        return writer.bytes + rings
    }

    private mutating func list() throws(TableRowError) -> [Double] {
        guard take(UInt8(ascii: "(")) else { throw failure("(") }
        var values: [Double] = []
        repeat { values += try vertex() } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: ")")) else { throw failure(")") }
        return values
    }

    private mutating func vertex() throws(TableRowError) -> [Double] {
        var values: [Double] = []
        while let byte = peek(), byte != UInt8(ascii: ","), byte != UInt8(ascii: ")") {
            let start = position
            while position < text.count, text[position] > 0x20, text[position] != UInt8(ascii: ","),
                text[position] != UInt8(ascii: ")")
            { position += 1 }
            guard let value = Double(String(decoding: text[start..<position], as: UTF8.self)), value.isFinite else {
                position = start
                throw failure("a number")
            }
            values.append(value)
        }
        if axes == 0, values.count == 2 || values.count == 3 { axes = values.count }
        guard values.count == axes, axes > 0 else { throw failure("two or three numbers a position, throughout,") }
        return values
    }

    private func header(_ type: UInt32, _ values: [Double]? = nil) -> [UInt8] {
        var writer = LittleEndianWriter(reserving: 5)
        writer.header(type, hasZ: axes == 3)
        return values.map { writer.bytes + encoded($0, counted: true) } ?? writer.bytes
    }

    private func encoded(_ values: [Double], counted: Bool) -> [UInt8] {
        var writer = LittleEndianWriter(reserving: 4 + values.count * 8)
        if counted { writer.write(UInt32(values.count / max(axes, 1))) }
        for value in values { writer.write(value) }
        return writer.bytes
    }
}
