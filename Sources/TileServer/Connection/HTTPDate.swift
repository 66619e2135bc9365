// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// A second as `Date` fields have it (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
struct HTTPDate: Sendable, Equatable {
    /// Seconds since 1970-01-01T00:00:00Z.
    let second: Int64
    let text: [UInt8]

    init(second: Int64) {
        self.second = second
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.weekday, .day, .month, .year, .hour, .minute, .second],
            from: Date(timeIntervalSince1970: Double(second)))
        func padded(_ value: Int?) -> String { String(100 + (value ?? 0)).suffix(2).description }
        let day = "\(Self.weekdays[(parts.weekday ?? 1) - 1]), \(padded(parts.day))"
        let date = "\(day) \(Self.months[(parts.month ?? 1) - 1]) \(parts.year ?? 1970)"
        text = Array("\(date) \(padded(parts.hour)):\(padded(parts.minute)):\(padded(parts.second)) GMT".utf8)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static let latest = Mutex(HTTPDate(second: 0))

    /// The present second; written as a text once.
    static func now() -> HTTPDate {
        let second = Int64(Date().timeIntervalSince1970)
        return latest.withLock { latest in
            if latest.second != second { latest = HTTPDate(second: second) }
            return latest
        }
    }
}
