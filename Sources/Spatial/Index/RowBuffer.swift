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
    @inline(__always)
    mutating func append(_ rows: Range<Int>) {
        reserve(rows.count)
        let count = count
        unsafe storage.withUnsafeMutableBufferPointer { target in
            for index in 0..<rows.count {
                // Safe: reserve made room for all of them.
                unsafe target[count &+ index] = UInt32(truncatingIfNeeded: rows.lowerBound &+ index)
            }
        }
        self.count = count &+ rows.count
    }

    /// Adds a part of a column.
    @inline(__always)
    mutating func append(_ rows: Range<Int>, of column: Span<UInt32>) {
        reserve(rows.count)
        let count = count
        let part = column.extracting(rows)
        unsafe storage.withUnsafeMutableBufferPointer { target in
            for index in part.indices {
                // Safe: reserve made room for all of them, and index is one of part.
                unsafe target[count &+ index] = part[unchecked: index]
            }
        }
        self.count = count &+ rows.count
    }

    /// Adds `first + i` for every bit i of the low sixteen.
    @inline(__always)
    mutating func append(_ first: Int, _ hits: UInt32) {
        reserve(16)
        var next = count
        unsafe storage.withUnsafeMutableBufferPointer { target in
            var open = hits
            while open != 0 {
                // Safe: reserve made room for sixteen.
                unsafe target[next] = UInt32(truncatingIfNeeded: first &+ open.trailingZeroBitCount)
                open &= open &- 1
                next &+= 1
            }
        }
        count = next
    }

    /// Adds `column[first + i]` for every bit i of the low sixteen.
    @inline(__always)
    mutating func append(_ first: Int, _ hits: UInt32, of column: Span<UInt32>) {
        reserve(16)
        var next = count
        unsafe storage.withUnsafeMutableBufferPointer { target in
            var open = hits
            while open != 0 {
                // Safe: reserve made room for sixteen.
                unsafe target[next] = column[first &+ open.trailingZeroBitCount]
                open &= open &- 1
                next &+= 1
            }
        }
        count = next
    }

    /// Makes room for this many more and the slack.
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if count &+ extra &+ Self.slack > storage.count { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let needed = max(count + extra + Self.slack, storage.count * 2)
        storage.append(contentsOf: repeatElement(0, count: needed - storage.count))
    }
}
