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

    init(microseconds: Int64, isDay: Bool) {
        self.microseconds = microseconds
        self.isDay = isDay
    }

    /// Reads what ``Timestamp`` reads: `YYYY-MM-DD`, or a date and time of RFC 3339; nil for anything else.
    init?(_ text: String) {
        guard let time = Timestamp(text) else { return nil }
        self.init(microseconds: time.microseconds, isDay: time.isDay)
    }

    /// Reads UTF-8 as the initialiser from text does.
    static func read(_ bytes: Span<UInt8>) -> CQLInstant? {
        Timestamp(reading: bytes).map { CQLInstant(microseconds: $0.microseconds, isDay: $0.isDay) }
    }

    /// The number of the day since 1970-01-01 in UTC.
    var day: Int64 { Timestamp.floor(microseconds, by: Timestamp.dayLength) }

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
