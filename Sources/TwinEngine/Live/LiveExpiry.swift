// SPDX-License-Identifier: Apache-2.0

/// A timer wheel of one-second buckets: which terminals may have been silent for too long.
///
/// Reports do not touch the wheel: when a bucket's second comes, its terminals are handed out, and the caller expires
/// those that are really due and puts the others back by their newer deadline. So a report costs nothing here, and a
/// terminal is looked at once per time to live (or per turn of the wheel, 68 minutes). The clock is the caller's.
struct LiveExpiry: Sendable {
    /// A terminal's place in the wheel. It counts only while the terminal's own token says the same second.
    struct Entry: Sendable, BitwiseCopyable {
        var slot: UInt32
        /// Seconds since 1970, truncated to 31 bits; the highest bit is set, so that 0 is no place.
        var second: UInt32
    }

    private static let size: Int64 = 4096
    private var buckets = [[Entry]](repeating: [], count: Int(LiveExpiry.size))
    /// The second up to which buckets were taken; nil before the first time.
    private var cursor: Int64?
    private(set) var count = 0

    /// Puts a terminal into the bucket of its deadline, in milliseconds since 1970, and returns its token.
    mutating func schedule(_ slot: UInt32, deadline: Int64) -> UInt32 {
        var second = Self.second(deadline)
        if let cursor { second = max(cursor, min(cursor + Self.size - 2, second)) }
        let token = UInt32(truncatingIfNeeded: second) | 1 << 31
        buckets[Self.bucket(second)].append(Entry(slot: slot, second: token))
        count += 1
        return token
    }

    /// Takes out every terminal whose deadline may have passed at `now`, milliseconds since 1970.
    mutating func take(upTo now: Int64) -> [Entry] {
        let end = Self.second(now)
        let first = cursor ?? .min
        cursor = end
        var taken: [Entry] = []
        // The first time, after a long pause and after a clock that was set back, all are looked at.
        if first > end || first < end - (Self.size - 2) {
            for index in buckets.indices where !buckets[index].isEmpty {
                taken.append(contentsOf: buckets[index])
                buckets[index] = []
            }
        } else {
            for second in first...end {
                let index = Self.bucket(second)
                guard !buckets[index].isEmpty else { continue }
                taken.append(contentsOf: buckets[index])
                buckets[index].removeAll(keepingCapacity: second == end)
            }
        }
        count -= taken.count
        return taken
    }

    private static func second(_ milliseconds: Int64) -> Int64 {
        milliseconds >= 0 ? milliseconds / 1000 : -((999 - milliseconds) / 1000)
    }

    private static func bucket(_ second: Int64) -> Int {
        Int(truncatingIfNeeded: second & (size - 1))
    }
}
