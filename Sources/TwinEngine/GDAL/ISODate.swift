// SPDX-License-Identifier: Apache-2.0

/// Dates as ISO 8601 texts, from counts since 1970-01-01.
enum ISODate {
    static func date(day: Int64) -> String {
        let date = CivilDate(dayNumber: day)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
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
        guard (0...9999).contains(numbers[0]),
            CivilDate(year: numbers[0], month: numbers[1], day: numbers[2]) != nil
        else { return nil }
        return "\(padded(numbers[0], 4))-\(padded(numbers[1], 2))-\(padded(numbers[2], 2))"
    }
}
