// SPDX-License-Identifier: Apache-2.0

/// Instants as milliseconds since 1970-01-01T00:00:00Z, read and written as RFC 3339.
public enum LiveTime {
    /// Reads `2026-11-21T08:00:00Z`, with optional fraction and with `Z` or `±hh:mm`; nil if it is anything else.
    public static func parse(_ text: some Sequence<UInt8>) -> Int64? {
        let bytes = Array(text)
        guard let time = Timestamp(reading: bytes.span), !time.isDay else { return nil }
        return time.milliseconds
    }

    /// `2026-11-21T08:00:00.000Z`, without the fraction where it is zero.
    public static func format(_ milliseconds: Int64) -> String { Timestamp.text(milliseconds: milliseconds) }
}
