// SPDX-License-Identifier: Apache-2.0

/// Dates as ISO 8601 texts, from counts since 1970-01-01.
enum ISODate {
    /// Year, month, day of a day number. Source: H. Hinnant, "chrono-compatible low-level date algorithms".
    static func civil(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func date(day: Int64) -> String {
        let (year, month, day) = civil(day: day)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    static func datetime(milliseconds: Int64) -> String {
        let day = (milliseconds >= 0 ? milliseconds : milliseconds - 86_399_999) / 86_400_000
        let inDay = milliseconds - day * 86_400_000
        let seconds = inDay / 1000
        let fraction = inDay % 1000
        let time = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        return "\(date(day: day))T\(time)" + (fraction == 0 ? "Z" : ".\(padded(fraction, 3))Z")
    }

    static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// ISO 8601 of a date text as tables have it: `2016-10-02`, `2016/10/2`, `2016.10.02`, `20161002` and `2016年10月2日`,
    /// with a time after `T` or a space. Nil for anything else; days and months are checked.
    static func normalized(_ text: String, withTime: Bool) -> String? {
        let parts = text.split(maxSplits: 1, whereSeparator: { $0 == "T" || $0 == " " })
        guard let day = parts.first.flatMap(normalizedDay) else { return nil }
        guard withTime else { return day }
        guard parts.count == 2 else { return day + "T00:00:00Z" }
        let time = parts[1]
        let digits = time.prefix { $0.isASCII && ($0.isNumber || $0 == ":" || $0 == ".") }
        let zone = time.dropFirst(digits.count).drop { $0 == " " }
        let clock = digits.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(clock.count), clock[0].count <= 2, let hour = Int64(clock[0]), hour < 25,
            let minute = Int64(clock[1]), minute < 60, zone.utf8.count <= 6,
            zone.allSatisfy({ "+-:Z0123456789".contains($0) })
        else { return nil }
        let seconds = clock.count == 3 ? String(clock[2]) : "00"
        guard let value = Double(seconds), value < 62 else { return nil }
        let whole = seconds.split(separator: ".").first?.count ?? 0
        return "\(day)T\(padded(hour, 2)):\(padded(minute, 2)):" + (whole == 1 ? "0" : "") + seconds
            + (zone.isEmpty ? "Z" : String(zone))
    }

    private static func normalizedDay(_ text: Substring) -> String? {
        var numbers: [Int64]
        if text.utf8.count == 8, let packed = Int64(text), packed > 0 {
            numbers = [packed / 10_000, packed / 100 % 100, packed % 100]
        } else {
            let parts = text.split(omittingEmptySubsequences: true) { "-/.年月日".contains($0) }
            numbers = parts.compactMap { Int64($0) }
            guard parts.count == 3, numbers.count == 3, parts[0].count == 4 else { return nil }
        }
        guard (1...12).contains(numbers[1]), (1...31).contains(numbers[2]), (0...9999).contains(numbers[0]) else {
            return nil
        }
        return "\(padded(numbers[0], 4))-\(padded(numbers[1], 2))-\(padded(numbers[2], 2))"
    }
}
