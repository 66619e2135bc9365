// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A place in memory that is reserved for JSON: nothing is checked while writing, so the caller reserves enough first.
///
/// ``JSONBytes/reserving(_:_:)`` makes one. For what is written for each of many features.
@safe
struct JSONCursor: ~Copyable {
    private var place: UnsafeMutablePointer<UInt8>

    /// Safe: only where as many bytes are reserved behind it as are going to be written.
    @unsafe
    init(_ place: UnsafeMutablePointer<UInt8>) {
        unsafe self.place = place
    }

    /// Bytes written behind an address.
    func count(from start: UnsafeMutablePointer<UInt8>) -> Int { unsafe place - start }

    /// Bytes that a coordinate takes at most.
    static let coordinate = 24
    /// Bytes that any other number takes at most.
    static let number = 32

    @inline(__always)
    mutating func byte(_ ascii: UInt8) {
        // Safe: reserved.
        unsafe place.pointee = ascii
        unsafe place += 1
    }

    /// Bytes that are JSON already.
    @inline(__always)
    mutating func raw(_ text: StaticString) {
        // Safe: reserved, and the text is constant.
        unsafe place.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        unsafe place += text.utf8CodeUnitCount
    }

    /// Bytes that are JSON already.
    @inline(__always)
    mutating func raw(_ text: [UInt8]) {
        // Safe: reserved, and the array outlives the copy.
        unsafe text.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe place.update(from: base, count: buffer.count)
        }
        unsafe place += text.count
    }

    /// Quoted and escaped UTF-8 (RFC 8259 §7); takes at most 6 bytes for each of the text's, and two.
    mutating func string(_ text: Span<UInt8>) {
        byte(UInt8(ascii: "\""))
        for index in text.indices {
            let unit = text[index]
            if unit >= 0x20, unit != UInt8(ascii: "\""), unit != UInt8(ascii: "\\") {
                byte(unit)
            } else {
                escape(unit)
            }
        }
        byte(UInt8(ascii: "\""))
    }

    private mutating func escape(_ unit: UInt8) {
        byte(UInt8(ascii: "\\"))
        switch unit {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte(unit)
        case 0x0A: byte(UInt8(ascii: "n"))
        case 0x0D: byte(UInt8(ascii: "r"))
        case 0x09: byte(UInt8(ascii: "t"))
        default:
            raw("u00")
            for digit in [unit >> 4, unit & 15] {
                byte(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }

    // MARK: Numbers

    @inline(__always)
    mutating func integer(_ value: Int64) {
        if value < 0 { byte(UInt8(ascii: "-")) }
        unsigned(value.magnitude)
    }

    @inline(__always)
    private mutating func unsigned(_ value: UInt64) {
        if value < 10 { return byte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value)) }
        var length = 2
        var left = value / 100
        while left != 0 {
            length += 1
            left /= 10
        }
        digits(value, length)
    }

    /// The last `length` digits of a number.
    @inline(__always)
    private mutating func digits(_ value: UInt64, _ length: Int) {
        var left = value
        var at = length
        while at >= 2 {
            let (next, pair) = left.quotientAndRemainder(dividingBy: 100)
            at -= 2
            // Safe: reserved; a pair is below 100, and the table has two bytes for each.
            unsafe (place + at).update(from: Self.pairs.utf8Start + Int(pair) * 2, count: 2)
            left = next
        }
        if at == 1 {
            // Safe: reserved.
            unsafe place.pointee = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: left % 10)
        }
        unsafe place += length
    }

    /// The shortest number that reads back as the same `Double`; `null` if not finite.
    mutating func real(_ value: Double) {
        guard value.isFinite else { return raw("null") }
        // A number of at most 15 digits, three of them decimals, is the shortest that reads back if it does.
        let thousands = value * 1000
        let number = thousands.magnitude < 1e15 ? Int64(thousands + (value < 0 ? -0.5 : 0.5)) : 0
        if Double(number) / 1000 == value {
            if number < 0 { byte(UInt8(ascii: "-")) }
            let (whole, rest) = number.magnitude.quotientAndRemainder(dividingBy: 1000)
            unsigned(whole)
            return fraction(rest, 3)
        }
        if value == value.rounded(), value.magnitude < 1e15 { return integer(Int64(value)) }
        for unit in value.description.utf8 { byte(unit) }
    }

    /// A coordinate with 9 decimals, trailing zeros cut, rounded half away from zero; `null` if it is no number.
    @inline(__always)
    mutating func degrees(_ value: Double) { fixed(value, 1_000_000_000, 9) }

    /// A coordinate with 3 decimals.
    @inline(__always)
    mutating func metres(_ value: Double) { fixed(value, 1000, 3) }

    @inline(__always)
    private mutating func fixed(_ value: Double, _ scale: UInt64, _ places: Int) {
        let scaled = value * Double(scale)
        guard scaled.magnitude < 9e18 else { return raw("null") }
        // Truncation of a number moved by a half: as rounding, but for the last bit of numbers that have no such digits.
        let number = UInt64(scaled.magnitude + 0.5)
        if scaled < 0, number != 0 { byte(UInt8(ascii: "-")) }
        let (whole, rest) = number.quotientAndRemainder(dividingBy: scale)
        unsigned(whole)
        fraction(rest, places)
    }

    /// A point and so many digits without the trailing zeros; nothing for zero.
    @inline(__always)
    private mutating func fraction(_ value: UInt64, _ places: Int) {
        guard value != 0 else { return }
        byte(UInt8(ascii: "."))
        digits(value, places)
        // Safe: the digit that is not zero was just written.
        while unsafe (place - 1).pointee == UInt8(ascii: "0") { unsafe place -= 1 }
    }

    private static let pairs: StaticString = """
        00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051\
        525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
        """
}

extension JSONBytes {
    /// Hands out memory for at most so many bytes, and keeps what was written.
    mutating func reserving(_ most: Int, _ body: (inout JSONCursor) -> Void) {
        bytes.append(addingCapacity: most) { span in
            // Safe: the caller writes at most as many bytes as it asked for, all of them one behind the other.
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                guard let base = buffer.baseAddress else { return }
                var cursor = unsafe JSONCursor(base)
                body(&cursor)
                count = unsafe cursor.count(from: base)
                precondition(count <= buffer.count, "JSON outgrew its reserved memory")
            }
        }
    }
}
