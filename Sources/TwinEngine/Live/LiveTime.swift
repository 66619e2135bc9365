// SPDX-License-Identifier: Apache-2.0

/// Instants as milliseconds since 1970-01-01T00:00:00Z, read and written as RFC 3339 without Foundation.
public enum LiveTime {
    /// Reads `2026-11-21T08:00:00Z`, with optional fraction and with `Z` or `±hh:mm`; nil if it is anything else.
    public static func parse(_ text: some Sequence<UInt8>) -> Int64? {
        let b = Array(text)
        guard b.count >= 20, b[4] == dash, b[7] == dash, b[13] == colon, b[16] == colon,
            b[10] == UInt8(ascii: "T") || b[10] == UInt8(ascii: "t") || b[10] == UInt8(ascii: " "),
            let year = number(b, 0, 4), let month = number(b, 5, 2), let day = number(b, 8, 2),
            let hour = number(b, 11, 2), let minute = number(b, 14, 2), let second = number(b, 17, 2),
            let date = CivilDate(year: Int64(year), month: Int64(month), day: Int64(day)),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var index = 19
        var milliseconds = 0
        if b[index] == UInt8(ascii: ".") {
            index += 1
            var unit = 100
            let start = index
            while index < b.count, isDigit(b[index]) {
                milliseconds += Int(b[index] - zero) * unit
                unit /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard let offset = zone(b, index) else { return nil }
        let seconds = Int(date.dayNumber) * 86_400 + (hour * 60 + minute - offset) * 60 + second
        return Int64(seconds) * 1000 + Int64(milliseconds)
    }

    /// `2026-11-21T08:00:00.000Z`, without the fraction where it is zero.
    public static func format(_ milliseconds: Int64) -> String {
        let seconds = Int((Double(milliseconds) / 1000).rounded(.down))
        let fraction = Int(milliseconds - Int64(seconds) * 1000)
        let day = Int((Double(seconds) / 86_400).rounded(.down))
        let rest = seconds - day * 86_400
        let date = CivilDate(dayNumber: Int64(day))
        func two(_ value: some BinaryInteger) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let tail = fraction == 0 ? "Z" : "." + String(String(1000 + fraction).dropFirst()) + "Z"
        return "\(String(String(10_000 + date.year).dropFirst()))-\(two(date.month))-\(two(date.day))"
            + "T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))\(tail)"
    }

    /// `20261121`: the UTC day, for file names.
    static func day(_ milliseconds: Int64) -> String {
        String(format(milliseconds).prefix(10).filter { $0 != "-" })
    }

    private static let dash = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")
    private static let zero = UInt8(ascii: "0")

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= zero && byte <= zero + 9 }

    private static func number(_ b: [UInt8], _ at: Int, _ count: Int) -> Int? {
        var value = 0
        for index in at..<at + count {
            guard index < b.count, isDigit(b[index]) else { return nil }
            value = value * 10 + Int(b[index] - zero)
        }
        return value
    }

    /// Minutes east of UTC at `index`, which must be the end of the text.
    private static func zone(_ b: [UInt8], _ index: Int) -> Int? {
        guard index < b.count else { return nil }
        if b[index] == UInt8(ascii: "Z") || b[index] == UInt8(ascii: "z") {
            return index + 1 == b.count ? 0 : nil
        }
        guard b[index] == UInt8(ascii: "+") || b[index] == dash, b.count == index + 6, b[index + 3] == colon,
            let hours = number(b, index + 1, 2), let minutes = number(b, index + 4, 2), hours < 24, minutes < 60
        else { return nil }
        return (b[index] == dash ? -1 : 1) * (hours * 60 + minutes)
    }
}
