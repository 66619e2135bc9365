// SPDX-License-Identifier: Apache-2.0

/// A day or a moment as RFC 3339 writes it: the only reader and writer of such texts, without Foundation.
struct Timestamp: Sendable, Hashable {
    /// Microseconds since 1970-01-01T00:00:00Z; of a day its beginning.
    var microseconds: Int64
    /// A whole day, without a time.
    var isDay: Bool

    static let dayLength: Int64 = 86_400_000_000

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    var milliseconds: Int64 { Self.floor(microseconds, by: 1000) }

    init(microseconds: Int64, isDay: Bool) {
        self.microseconds = microseconds
        self.isDay = isDay
    }

    /// Reads a text as ``init(reading:)`` does.
    init?(_ text: String) {
        var text = text
        let parsed = text.withUTF8 { bytes in
            // Safe: the span lives as long as the closure.
            unsafe Timestamp(reading: bytes.span)
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Reads `YYYY-MM-DD`, or a date and time with `T`, `t` or a blank between (RFC 3339 §5.6) and `Z`, `z` or `±hh:mm` at
    /// the end; nil for anything else. A leap second is the first of the next minute; digits beyond microseconds are cut.
    init?(reading bytes: Span<UInt8>) {
        guard let year = Self.number(bytes, 0, 4), Self.has(bytes, "-", 4), let month = Self.number(bytes, 5, 2),
            Self.has(bytes, "-", 7), let day = Self.number(bytes, 8, 2),
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        let start = date.dayNumber * Self.dayLength
        if bytes.count == 10 {
            self.init(microseconds: start, isDay: true)
            return
        }
        guard bytes[10] & 0xDF == UInt8(ascii: "T") || bytes[10] == 0x20, let hour = Self.number(bytes, 11, 2),
            Self.has(bytes, ":", 13), let minute = Self.number(bytes, 14, 2), Self.has(bytes, ":", 16),
            let second = Self.number(bytes, 17, 2), hour < 24, minute < 60, second <= 60
        else { return nil }
        var place = 19
        guard let fraction = Self.fraction(bytes, &place), let offset = Self.offset(bytes, place) else { return nil }
        let seconds = hour * 3600 + minute * 60 + second - offset
        self.init(microseconds: start + seconds * 1_000_000 + fraction, isDay: false)
    }

    /// Microseconds of `.25`, 0 where there is no point; nil for a point without a digit.
    private static func fraction(_ bytes: Span<UInt8>, _ place: inout Int) -> Int64? {
        guard has(bytes, ".", place) else { return 0 }
        place += 1
        let first = place
        var unit: Int64 = 100_000
        var fraction: Int64 = 0
        while let digit = number(bytes, place, 1) {
            fraction += digit * unit
            unit /= 10
            place += 1
        }
        return place > first ? fraction : nil
    }

    /// Seconds east of UTC, by what stands from `place` to the end.
    private static func offset(_ bytes: Span<UInt8>, _ place: Int) -> Int64? {
        if place + 1 == bytes.count { return bytes[place] & 0xDF == UInt8(ascii: "Z") ? 0 : nil }
        guard place + 6 == bytes.count, has(bytes, "+", place) || has(bytes, "-", place),
            let hours = number(bytes, place + 1, 2), has(bytes, ":", place + 3),
            let minutes = number(bytes, place + 4, 2), hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (has(bytes, "-", place) ? -60 : 60)
    }

    private static func number(_ bytes: Span<UInt8>, _ from: Int, _ count: Int) -> Int64? {
        guard from + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for index in from..<from + count {
            guard (0x30...0x39).contains(bytes[index]) else { return nil }
            value = value * 10 + Int64(bytes[index] - 0x30)
        }
        return value
    }

    private static func has(_ bytes: Span<UInt8>, _ character: Unicode.Scalar, _ place: Int) -> Bool {
        place < bytes.count && bytes[place] == UInt8(ascii: character)
    }

    // MARK: Writing

    /// `2026-11-21`
    static func text(day: Int64) -> String {
        let date = CivilDate(dayNumber: day)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }

    /// `2026-11-21T08:00:00.250Z`, without the fraction where it is zero.
    static func text(milliseconds: Int64) -> String {
        let day = floor(milliseconds, by: 86_400_000)
        let inDay = milliseconds - day * 86_400_000
        let seconds = inDay / 1000
        let fraction = inDay % 1000
        let time = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        return "\(text(day: day))T\(time)" + (fraction == 0 ? "Z" : ".\(padded(fraction, 3))Z")
    }

    /// A quotient rounded down.
    static func floor(_ value: Int64, by divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
