// SPDX-License-Identifier: Apache-2.0

/// Row numbers or identifiers collected by a search: memory that the caller owns and uses again.
///
/// ```swift
/// var found = RowBuffer()
/// for circle in circles {
///     found.removeAll()
///     tree.view.collect(circle, into: &found)
///     use(found.rows)
/// }
/// ```
public struct RowBuffer: Sendable {
    /// Longer than `count`, so that a leaf is written without a look at the end.
    @usableFromInline var storage: [UInt32]
    public private(set) var count = 0

    public init(minimumCapacity: Int = 256) {
        storage = [UInt32](repeating: 0, count: max(minimumCapacity, 0) + Self.slack)
    }

    /// Entries that a kernel may write behind the last one.
    static let slack = 64

    /// What was collected.
    public var rows: Span<UInt32> {
        @_lifetime(borrow self)
        get { storage.span.extracting(0..<count) }
    }

    /// Forgets what was collected and keeps the memory.
    public mutating func removeAll() { count = 0 }

    /// What was collected, as an array of its own.
    public var array: [UInt32] { Array(storage[0..<count]) }

    /// Adds consecutive numbers.
    mutating func append(_ rows: Range<Int>) {
        reserve(rows.count)
        var next = count
        for row in rows {
            storage[next] = UInt32(truncatingIfNeeded: row)
            next &+= 1
        }
        count = next
    }

    /// Adds a part of a column.
    mutating func append(_ rows: Range<Int>, of column: Span<UInt32>) {
        reserve(rows.count)
        var next = count
        for row in rows {
            storage[next] = column[row]
            next &+= 1
        }
        count = next
    }

    /// Makes room for this many more and the slack.
    mutating func reserve(_ extra: Int) {
        let needed = count + extra + Self.slack
        if needed > storage.count {
            storage.append(contentsOf: repeatElement(0, count: max(needed, storage.count * 2) - storage.count))
        }
    }
}
