// SPDX-License-Identifier: Apache-2.0

/// Writes JSON straight into bytes: no encoder, no intermediate objects, fixed-point numbers.
///
/// The caller writes punctuation; this type escapes texts and formats numbers. Used for everything that is written per
/// feature or per terminal.
package struct JSONBytes: Sendable {
    package var bytes: [UInt8]

    package init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Bytes that are JSON already.
    package mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Bytes that are JSON already.
    package mutating func raw(_ other: [UInt8]) {
        bytes.append(contentsOf: other)
    }

    /// Text that is JSON already.
    package mutating func raw(text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func byte(_ ascii: UInt8) {
        bytes.append(ascii)
    }

    /// A quoted and escaped text (RFC 8259 §7).
    package mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for unit in text.utf8 {
            switch unit {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20: escape(unit)
            default: bytes.append(unit)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Quoted and escaped UTF-8; runs without escapes are copied at once.
    package mutating func string(_ text: Span<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        var start = 0
        for index in text.indices {
            let unit = text[index]
            if unit >= 0x20, unit != UInt8(ascii: "\""), unit != UInt8(ascii: "\\") { continue }
            append(text.extracting(start..<index))
            start = index + 1
            escape(unit)
        }
        append(text.extracting(start..<text.count))
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(_ text: Span<UInt8>) {
        // Safe: the buffer is copied before the closure returns.
        unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func escape(_ unit: UInt8) {
        switch unit {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(unit)
        case 0x0A: raw("\\n")
        case 0x0D: raw("\\r")
        case 0x09: raw("\\t")
        default:
            raw("\\u00")
            bytes.append(Self.digits[Int(unit >> 4)])
            bytes.append(Self.digits[Int(unit & 15)])
        }
    }

    /// `"name":`
    package mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    package mutating func integer(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        unsigned(value.magnitude)
    }

    package mutating func integer(_ value: Int) {
        integer(Int64(value))
    }

    private mutating func unsigned(_ value: UInt64) {
        if value >= 10 { unsigned(value / 10) }
        bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }

    /// A number with at most `places` decimals (1...9), trailing zeros cut. Not finite or too large: `null`.
    package mutating func fixed(_ value: Double, _ places: Int) {
        let scale = Self.powers[places]
        let scaled = (value * Double(scale)).rounded()
        guard scaled.magnitude < 9e18 else { return raw("null") }
        let number = Int64(scaled)
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        unsigned(number.magnitude / scale)
        var rest = number.magnitude % scale
        guard rest != 0 else { return }
        bytes.append(UInt8(ascii: "."))
        var unit = scale / 10
        while rest != 0 {
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / unit))
            rest %= unit
            unit /= 10
        }
    }

    /// `[first,second]`, or with a third coordinate in millimetres, each with at most so many decimals; one copy.
    package mutating func position(_ first: Double, _ second: Double, decimals: Int, millimetres: Int32?) {
        let scale = Self.powers[decimals]
        // Safe: 21 bytes hold any Int64 with a point, and three of them with four signs fit 80.
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 80) { buffer in
            var place = 80
            unsafe Self.put(UInt8(ascii: "]"), buffer, &place)
            if let millimetres {
                unsafe Self.fixed(Double(millimetres), 1, 1000, buffer, &place)
                unsafe Self.put(UInt8(ascii: ","), buffer, &place)
            }
            unsafe Self.fixed(second, Double(scale), scale, buffer, &place)
            unsafe Self.put(UInt8(ascii: ","), buffer, &place)
            unsafe Self.fixed(first, Double(scale), scale, buffer, &place)
            unsafe Self.put(UInt8(ascii: "["), buffer, &place)
            unsafe bytes.append(contentsOf: UnsafeMutableBufferPointer(rebasing: buffer[place..<80]))
        }
    }

    @inline(__always)
    private static func put(_ byte: UInt8, _ buffer: UnsafeMutableBufferPointer<UInt8>, _ place: inout Int) {
        place &-= 1
        unsafe buffer[place] = byte
    }

    /// Writes a number in front of a place, from the last digit to the first, trailing zeros left out.
    @inline(__always)
    private static func fixed(
        _ value: Double, _ factor: Double, _ scale: UInt64, _ buffer: UnsafeMutableBufferPointer<UInt8>,
        _ place: inout Int
    ) {
        let scaled = (value * factor).rounded()
        guard scaled.magnitude < 9e18 else {
            for byte in [UInt8(ascii: "l"), UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "n")] {
                unsafe put(byte, buffer, &place)
            }
            return
        }
        let number = Int64(scaled)
        let (whole, rest) = number.magnitude.quotientAndRemainder(dividingBy: scale)
        if rest != 0 {
            var fraction = rest
            var unit = scale
            while fraction % 10 == 0 {
                fraction /= 10
                unit /= 10
            }
            while unit > 1 {
                unsafe put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: fraction % 10), buffer, &place)
                fraction /= 10
                unit /= 10
            }
            unsafe put(UInt8(ascii: "."), buffer, &place)
        }
        var left = whole
        repeat {
            unsafe put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: left % 10), buffer, &place)
            left /= 10
        } while left != 0
        if number < 0 { unsafe put(UInt8(ascii: "-"), buffer, &place) }
    }

    /// The shortest number that reads back as the same `Double`; `null` if not finite.
    package mutating func real(_ value: Double) {
        guard value.isFinite else { return raw("null") }
        if value == value.rounded(), value.magnitude < 1e15 { return integer(Int64(value)) }
        bytes.append(contentsOf: value.description.utf8)
    }

    /// Calls `body` for each element, with commas between.
    package mutating func list<S: Sequence>(_ elements: S, _ body: (inout JSONBytes, S.Element) -> Void) {
        raw("[")
        var isFirst = true
        for element in elements {
            if !isFirst { raw(",") }
            isFirst = false
            body(&self, element)
        }
        raw("]")
    }

    package mutating func boolean(_ value: Bool) {
        if value { raw("true") } else { raw("false") }
    }

    /// `[longitude,latitude]` with 1e-7 degrees, about 1 cm.
    package mutating func position(_ lonLat: LonLat) {
        bytes.append(UInt8(ascii: "["))
        fixed(lonLat.longitude, 7)
        bytes.append(UInt8(ascii: ","))
        fixed(lonLat.latitude, 7)
        bytes.append(UInt8(ascii: "]"))
    }

    /// `{"zh":…,"en":…}`
    package mutating func localized(_ text: LocalizedText) {
        raw("{\"zh\":")
        string(text.zh)
        raw(",\"en\":")
        string(text.en)
        raw("}")
    }

    private static let digits = Array("0123456789abcdef".utf8)
    private static let powers: [UInt64] = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
    ]
}
