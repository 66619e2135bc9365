// SPDX-License-Identifier: Apache-2.0

/// A column while a snapshot is built.
enum SnapshotColumn {
    case integer([Int64], Validity)
    case real([Double], Validity)
    case boolean([UInt8], Validity)
    case text(TextDictionary)
    case binary(BinaryRows)

    /// - Parameter folder: where a column of bytes may put what it does not hold in memory.
    init(_ type: SnapshotFormat.ColumnType, folder: String) {
        switch type {
        case .integer: self = .integer([], Validity())
        case .real: self = .real([], Validity())
        case .boolean: self = .boolean([], Validity())
        case .text: self = .text(TextDictionary())
        case .binary: self = .binary(BinaryRows(folder: folder))
        }
    }
}

/// One flag per row.
struct Validity {
    var flags: [Bool] = []
    var hasNulls = false

    mutating func append(_ isValid: Bool) {
        flags.append(isValid)
        if !isValid { hasNulls = true }
    }
}

/// Distinct texts numbered from 1 in the order of their first appearance; 0 is null. ``sorted()`` renumbers them.
struct TextDictionary {
    var codes: [UInt32] = []
    private(set) var offsets: [UInt32] = [0]
    private(set) var bytes: [UInt8] = []
    private var table: [UInt32] = Array(repeating: 0, count: 64)
    private var mask = 63

    mutating func appendNull() { codes.append(0) }

    /// Appends a row's text. O(length).
    mutating func append(_ text: RawSpan) {
        codes.append(code(text))
    }

    /// The texts so far, without null.
    var count: Int { offsets.count - 1 }

    private mutating func code(_ text: RawSpan) -> UInt32 {
        var slot = Int(truncatingIfNeeded: hash(text)) & mask
        while table[slot] != 0 {
            if equals(Int(table[slot]), text) { return table[slot] }
            slot = (slot + 1) & mask
        }
        unsafe text.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        offsets.append(UInt32(bytes.count))
        table[slot] = UInt32(count)
        let code = UInt32(count)
        if count * 2 > table.count { grow() }
        return code
    }

    /// The dictionary with texts in ascending byte order. O(texts log texts).
    ///
    /// - Returns: offsets and bytes of the texts in their new order, and the new code of every old one; `codes[0]` is 0.
    func sorted() -> (codes: [UInt32], offsets: [UInt32], bytes: [UInt8]) {
        var keys = (0..<UInt32(count)).map { (prefix: prefix(Int($0)), index: $0) }
        keys.sort { left, right in
            left.prefix != right.prefix ? left.prefix < right.prefix : isLess(Int(left.index), Int(right.index))
        }
        var codes = [UInt32](repeating: 0, count: count + 1)
        var newOffsets: [UInt32] = [0]
        var newBytes: [UInt8] = []
        newOffsets.reserveCapacity(offsets.count)
        newBytes.reserveCapacity(bytes.count)
        for (place, key) in keys.enumerated() {
            let index = Int(key.index)
            codes[index + 1] = UInt32(place + 1)
            newBytes.append(contentsOf: bytes[Int(offsets[index])..<Int(offsets[index + 1])])
            newOffsets.append(UInt32(newBytes.count))
        }
        return (codes, newOffsets, newBytes)
    }

    /// The first eight bytes of a text as a number that orders as they do; short texts are filled with zeros.
    private func prefix(_ index: Int) -> UInt64 {
        let start = Int(offsets[index])
        let end = Int(offsets[index + 1])
        var prefix: UInt64 = 0
        for place in start..<min(end, start + 8) { prefix |= UInt64(bytes[place]) << UInt64(56 - 8 * (place - start)) }
        return prefix
    }

    private func isLess(_ left: Int, _ right: Int) -> Bool {
        let all = bytes.span
        return Snapshot.isLess(
            all.extracting(Int(offsets[left])..<Int(offsets[left + 1])),
            all.extracting(Int(offsets[right])..<Int(offsets[right + 1])))
    }

    private func equals(_ code: Int, _ text: RawSpan) -> Bool {
        let start = Int(offsets[code - 1])
        guard Int(offsets[code]) - start == text.byteCount else { return false }
        for index in 0..<text.byteCount where bytes[start + index] != text.unsafeByte(index) { return false }
        return true
    }

    private mutating func grow() {
        let newMask = mask * 2 + 1
        var slots = [UInt32](repeating: 0, count: newMask + 1)
        for code in 1...count {
            let text = unsafe bytes.span.bytes.extracting(Int(offsets[code - 1])..<Int(offsets[code]))
            var slot = Int(truncatingIfNeeded: hash(text)) & newMask
            while slots[slot] != 0 { slot = (slot + 1) & newMask }
            slots[slot] = UInt32(code)
        }
        table = slots
        mask = newMask
    }

    /// FNV-1a, folded by a multiplication. Texts come from people's own city, not from an adversary at run time.
    private func hash(_ text: RawSpan) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in 0..<text.byteCount {
            hash = (hash ^ UInt64(text.unsafeByte(index))) &* 0x100_0000_01B3
        }
        return (hash ^ (hash >> 32)) &* 0x9E37_79B9_7F4A_7C15 >> 20
    }
}

extension RawSpan {
    /// A byte within bounds that the caller has checked.
    @inline(__always)
    fileprivate func unsafeByte(_ index: Int) -> UInt8 {
        // Safe: callers iterate over 0..<byteCount.
        unsafe unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
    }
}
