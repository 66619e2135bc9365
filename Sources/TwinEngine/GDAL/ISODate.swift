// SPDX-License-Identifier: Apache-2.0

/// Dates of tables as RFC 3339 texts.
enum ISODate {
    /// ISO 8601 of a date text as tables have it: `2016-10-02`, `2016/10/2`, `2016.10.02`, `20161002` and `2016年10月2日`,
    /// with a time after `T` or a space. Nil for anything else; days and months are checked.
    static func normalized(_ text: String, withTime: Bool) -> String? {
        let parts = text.split(maxSplits: 1, whereSeparator: { $0 == "T" || $0 == " " })
        guard let day = parts.first.flatMap(normalizedDay) else { return nil }
        guard withTime else { return day }
        guard parts.count == 2 else { return day + "T00:00:00Z" }
        let time = parts[1]
        let digits = time.prefix { $0.isASCII && ($0.isNumber || $0 == ":" || $0 == ".") }
        let clock = digits.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(clock.count), let hour = Int64(clock[0]), let minute = Int64(clock[1]) else {
            return nil
        }
        let seconds = clock.count == 3 ? String(clock[2]) : "00"
        let whole = seconds.split(separator: ".").first?.count ?? 0
        let moment =
            "\(day)T\(padded(hour, 2)):\(padded(minute, 2)):" + (whole == 1 ? "0" : "") + seconds
            + zone(time.dropFirst(digits.count).drop { $0 == " " })
        return Timestamp(moment) == nil ? nil : moment
    }

    /// `Z`, `+08`, `+0800` and `+08:00` as RFC 3339 writes them; nothing counts as UTC.
    private static func zone(_ text: Substring) -> String {
        switch text.utf8.count {
        case 0: "Z"
        case 3: text + ":00"
        case 5: text.prefix(3) + ":" + text.suffix(2)
        default: String(text)
        }
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
            let date = CivilDate(year: numbers[0], month: numbers[1], day: numbers[2])
        else { return nil }
        return Timestamp.text(day: date.dayNumber)
    }
}
