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
///
/// It has one owner, so adding to it needs no test of who else holds it, and it may go to another thread with its memory.
@safe
public struct RowBuffer: ~Copyable, @unchecked Sendable {
    /// Longer than `count`, so that a leaf is written without a look at the end.
    @usableFromInline var storage: UnsafeMutablePointer<UInt32>
    private var capacity: Int
    public var count: Int { filled }
    @usableFromInline var filled = 0

    public init(minimumCapacity: Int = 256) {
        capacity = max(minimumCapacity, 0) + Self.slack
        // Safe: freed in deinit, or where it is replaced.
        unsafe storage = .allocate(capacity: capacity)
    }

    // Safe: allocated in the initialiser or in grow, of a trivial type.
    deinit { unsafe storage.deallocate() }

    /// Entries that a kernel may write behind the last one.
    private static let slack = 64

    /// What was collected.
    public var rows: Span<UInt32> {
        @_lifetime(borrow self)
        get {
            // Safe: the first `count` are filled, and the span does not outlive its owner.
            let span = unsafe Span(_unsafeStart: storage, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Forgets what was collected and keeps the memory.
    public mutating func removeAll() { filled = 0 }

    /// Forgets those that `isUnwanted`; the others keep their order.
    @inlinable
    public mutating func removeAll(where isUnwanted: (UInt32) -> Bool) {
        var kept = 0
        for index in 0..<count {
            // Safe: index and kept are below count. Written first, so that nothing depends on a guess.
            let row = unsafe storage[index]
            unsafe storage[kept] = row
            kept &+= isUnwanted(row) ? 0 : 1
        }
        filled = kept
    }

    /// What was collected, as an array of its own.
    public var array: [UInt32] {
        // Safe: the first `count` are filled.
        unsafe Array(UnsafeBufferPointer(start: storage, count: count))
    }

    /// Adds consecutive numbers.
    @inline(__always)
    mutating func append(_ rows: Range<Int>) {
        reserve(rows.count)
        for index in 0..<rows.count {
            // Safe: reserve made room for all of them.
            unsafe storage[count &+ index] = UInt32(truncatingIfNeeded: rows.lowerBound &+ index)
        }
        filled &+= rows.count
    }

    /// Adds a part of a column.
    @inline(__always)
    mutating func append(_ rows: Range<Int>, of column: Span<UInt32>) {
        reserve(rows.count)
        let part = column.extracting(rows)
        for index in part.indices {
            // Safe: reserve made room for all of them, and index is one of part.
            unsafe storage[count &+ index] = part[unchecked: index]
        }
        filled &+= rows.count
    }

    /// Adds `first + i` for every bit i of the low sixteen.
    @inline(__always)
    mutating func append(_ first: Int, _ hits: UInt32) {
        reserve(16)
        var open = hits
        while open != 0 {
            // Safe: reserve made room for sixteen.
            unsafe storage[count] = UInt32(truncatingIfNeeded: first &+ open.trailingZeroBitCount)
            open &= open &- 1
            filled &+= 1
        }
    }

    /// Adds `column[first + i]` for every bit i of the low sixteen.
    @inline(__always)
    mutating func append(_ first: Int, _ hits: UInt32, of column: Span<UInt32>) {
        reserve(16)
        var open = hits
        while open != 0 {
            // Safe: reserve made room for sixteen.
            unsafe storage[count] = column[first &+ open.trailingZeroBitCount]
            open &= open &- 1
            filled &+= 1
        }
    }

    /// Makes room for this many more and the slack.
    @inline(__always)
    private mutating func reserve(_ extra: Int) {
        if count &+ extra &+ Self.slack > capacity { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let larger = max(count + extra + Self.slack, capacity * 2)
        // Safe: the first `count` are filled and fit; the old memory is used no more.
        let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
        unsafe memory.update(from: storage, count: count)
        unsafe storage.deallocate()
        unsafe storage = memory
        capacity = larger
    }
}
