// SPDX-License-Identifier: Apache-2.0

/// A day or a moment: what dates and times of CQL2 and of fields become.
///
/// A day and a moment are compared by their days in UTC, so that 2026-11-21T12:00:00Z is neither before nor after
/// 2026-11-21.
struct CQLInstant: Sendable, Hashable {
    /// Microseconds since 1970-01-01T00:00:00Z; of a day its beginning.
    var microseconds: Int64
    /// A whole day, without a time.
    var isDay: Bool

    private static let dayLength: Int64 = 86_400_000_000

    init(microseconds: Int64, isDay: Bool) {
        self.microseconds = microseconds
        self.isDay = isDay
    }

    /// Reads `YYYY-MM-DD`, or a date and time of RFC 3339 with `T` or a blank between; nil for anything else.
    init?(_ text: String) {
        var text = text
        let parsed = text.withUTF8 { bytes in
            // Safe: the span lives as long as the closure.
            unsafe Self.read(bytes.span)
        }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Reads UTF-8 as the initialiser from text does.
    static func read(_ bytes: Span<UInt8>) -> CQLInstant? {
        func number(_ from: Int, _ count: Int) -> Int64? {
            guard from + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for index in from..<from + count {
                guard (0x30...0x39).contains(bytes[index]) else { return nil }
                value = value * 10 + Int64(bytes[index] - 0x30)
            }
            return value
        }
        func has(_ byte: UInt8, _ place: Int) -> Bool { place < bytes.count && bytes[place] == byte }
        guard let year = number(0, 4), has(0x2D, 4), let month = number(5, 2), has(0x2D, 7), let day = number(8, 2),
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        let start = date.dayNumber * dayLength
        if bytes.count == 10 { return CQLInstant(microseconds: start, isDay: true) }
        guard bytes[10] & 0xDF == UInt8(ascii: "T") || bytes[10] == 0x20, let hour = number(11, 2), has(0x3A, 13),
            let minute = number(14, 2), has(0x3A, 16), let second = number(17, 2), hour <= 24, minute < 60, second <= 60
        else { return nil }
        var place = 19
        var fraction: Int64 = 0
        if has(0x2E, place) {
            place += 1
            var unit: Int64 = 100_000
            let first = place
            while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
                fraction += Int64(bytes[place] - 0x30) * unit
                unit /= 10
                place += 1
            }
            guard place > first else { return nil }
        }
        var shift: Int64 = 0
        if place < bytes.count, bytes[place] & 0xDF == UInt8(ascii: "Z") {
            place += 1
        } else {
            guard has(0x2B, place) || has(0x2D, place), let hours = number(place + 1, 2), has(0x3A, place + 3),
                let minutes = number(place + 4, 2), hours < 24, minutes < 60
            else { return nil }
            shift = (hours * 60 + minutes) * (bytes[place] == 0x2D ? -60 : 60)
            place += 6
        }
        guard place == bytes.count else { return nil }
        let seconds = hour * 3600 + minute * 60 + second - shift
        return CQLInstant(microseconds: start + seconds * 1_000_000 + fraction, isDay: false)
    }

    /// The number of the day since 1970-01-01 in UTC.
    var day: Int64 {
        microseconds >= 0 ? microseconds / Self.dayLength : (microseconds + 1) / Self.dayLength - 1
    }

    /// -1, 0 or 1 as this is before, at or after another.
    func order(_ other: CQLInstant) -> Int {
        if isDay == other.isDay {
            return microseconds < other.microseconds ? -1 : microseconds > other.microseconds ? 1 : 0
        }
        return day < other.day ? -1 : day > other.day ? 1 : 0
    }
}

/// An instant or an interval; an open end is nil.
struct CQLPeriod: Sendable, Hashable {
    var start: CQLInstant?
    var end: CQLInstant?

    /// -1, 0 or 1; an open start is before everything, an open end after everything.
    private static func order(
        _ left: CQLInstant?, _ leftIsEnd: Bool, _ right: CQLInstant?, _ rightIsEnd: Bool
    ) -> Int {
        switch (left, right) {
        case (let left?, let right?): left.order(right)
        case (nil, nil): leftIsEnd == rightIsEnd ? 0 : leftIsEnd ? 1 : -1
        case (nil, _): leftIsEnd ? 1 : -1
        case (_, nil): rightIsEnd ? -1 : 1
        }
    }

    /// Whether a temporal relation of CQL2 holds (OGC 21-065r2 §7.8, table 5).
    func holds(_ name: String, _ other: CQLPeriod) -> Bool {
        let starts = Self.order(start, false, other.start, false)
        let ends = Self.order(end, true, other.end, true)
        let startToEnd = Self.order(start, false, other.end, true)
        let endToStart = Self.order(end, true, other.start, false)
        switch name {
        case "t_after": return startToEnd > 0
        case "t_before": return endToStart < 0
        case "t_contains": return starts < 0 && ends > 0
        case "t_disjoint": return startToEnd > 0 || endToStart < 0
        case "t_during": return starts > 0 && ends < 0
        case "t_equals": return starts == 0 && ends == 0
        case "t_finishedBy": return starts < 0 && ends == 0
        case "t_finishes": return starts > 0 && ends == 0
        case "t_intersects": return startToEnd <= 0 && endToStart >= 0
        case "t_meets": return endToStart == 0
        case "t_metBy": return startToEnd == 0
        case "t_overlappedBy": return starts > 0 && startToEnd < 0 && ends > 0
        case "t_overlaps": return starts < 0 && endToStart > 0 && ends < 0
        case "t_startedBy": return starts == 0 && ends > 0
        default: return starts == 0 && ends < 0
        }
    }
}
