// SPDX-License-Identifier: Apache-2.0

/// The keys and values that one layer's features use, each once, numbered by first use (spec 4.4).
struct MVTValueTable: Sendable {
    private(set) var names: [String] = []
    /// Encoded `Value` fields, one after the other.
    private(set) var values: [UInt8] = []
    private(set) var valueEnds: [Int] = []
    private var numbers = NumberTable()
    private var texts = TextTable()
    /// By key and dictionary code: the round it was used in and the value's number. Old rounds need no clearing.
    private var codes: [[UInt64]] = []
    private var round: UInt64 = 0

    mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        valueEnds.removeAll(keepingCapacity: true)
        numbers.removeAll()
        texts.removeAll()
        round += 1
    }

    mutating func intern(key: String) -> Int {
        if let known = names.firstIndex(of: key) { return known }
        names.append(key)
        if codes.count < names.count { codes.append([]) }
        return names.count - 1
    }

    mutating func index(of value: MVTValue) -> Int {
        switch value {
        case .string(let text): return index(ofText: text)
        case .double(let real):
            return number(3 << 3 | 1, real.bitPattern) { $0.appendLittleEndian(real.bitPattern) }
        // int_value costs ten bytes when negative; sint_value is then shorter.
        case .int(let whole) where whole < 0:
            let zigzag = UInt64(bitPattern: (whole << 1) ^ (whole >> 63))
            return number(6 << 3, zigzag) { $0.appendVarint(zigzag) }
        case .int(let whole): return number(4 << 3, UInt64(whole)) { $0.appendVarint(UInt64(whole)) }
        case .uint(let whole): return number(5 << 3, whole) { $0.appendVarint(whole) }
        case .bool(let flag): return number(7 << 3, flag ? 1 : 0) { $0.append(flag ? 1 : 0) }
        }
    }

    /// The number of a text that a column stores as a code; `text` is asked once for each code.
    mutating func index(key: Int, code: Int, text: (Int) -> String) -> Int {
        if let known = known(key: key, code: code) { return known }
        let found = index(ofText: text(code))
        remember(key: key, code: code, found)
        return found
    }

    @inline(__always)
    func known(key: Int, code: Int) -> Int? {
        guard code < codes[key].count, codes[key][code] >> 32 == round else { return nil }
        return Int(codes[key][code] & 0xFFFF_FFFF)
    }

    private mutating func remember(key: Int, code: Int, _ found: Int) {
        if code >= codes[key].count {
            codes[key].append(
                contentsOf: repeatElement(0, count: max(code + 1, 2 * codes[key].count) - codes[key].count))
        }
        codes[key][code] = round << 32 | UInt64(found)
    }

    /// The number of a text given as its bytes, which are UTF-8.
    mutating func index(key: Int, code: Int, utf8: borrowing Span<UInt8>) -> Int {
        if let known = known(key: key, code: code) { return known }
        let found = texts.index(utf8, values, next: valueEnds.count)
        if found == valueEnds.count {
            beginText(utf8.count)
            for index in utf8.indices { values.append(utf8[index]) }
            endText()
        }
        remember(key: key, code: code, found)
        return found
    }

    private mutating func index(ofText text: String) -> Int {
        let utf8 = text.utf8.span
        let found = texts.index(utf8, values, next: valueEnds.count)
        if found == valueEnds.count {
            beginText(utf8.count)
            values.append(contentsOf: text.utf8)
            endText()
        }
        return found
    }

    /// Takes encoded values that are not in the table yet; `ends` counts from their beginning.
    mutating func adopt(_ encoded: [UInt8], _ ends: [Int]) {
        let base = values.count
        values += encoded
        var start = base
        for end in ends {
            var reader = ByteReader(offset: start)
            _ = reader.varint(values)
            _ = reader.varint(values)
            let tag = UInt8(truncatingIfNeeded: reader.varint(values))
            if tag == 1 << 3 | 2 {
                _ = reader.varint(values)
                texts.adopt(values, reader.offset..<base + end, index: valueEnds.count)
            } else {
                let isDouble = tag & 7 == 1
                let bits = isDouble ? reader.word(values) : reader.varint(values)
                _ = numbers.index(tag: tag, bits: bits, next: valueEnds.count)
            }
            valueEnds.append(base + end)
            start = base + end
        }
    }

    private mutating func beginText(_ count: Int) {
        values.append(4 << 3 | 2)
        values.appendVarint(1 + LayerWriter.size(of: count) + count)
        values.append(1 << 3 | 2)
        values.appendVarint(count)
    }

    private mutating func endText() {
        valueEnds.append(values.count)
        texts.didAppend(end: values.count)
    }

    private mutating func number(_ tag: UInt8, _ bits: UInt64, _ write: (inout [UInt8]) -> Void) -> Int {
        let known = numbers.index(tag: tag, bits: bits, next: valueEnds.count)
        guard known == valueEnds.count else { return known }
        var body: [UInt8] = [tag]
        write(&body)
        return append(body)
    }

    private mutating func append(_ body: [UInt8]) -> Int {
        values.appendField(4 << 3 | 2, body)
        valueEnds.append(values.count)
        return valueEnds.count - 1
    }
}

/// Numbers of the values that are not texts: open addressing on type and bits, which hashes in a few instructions.
private struct NumberTable {
    private var tags: [UInt8] = []
    private var bits: [UInt64] = []
    private var indices: [UInt32] = []
    private var used: [Int] = []

    mutating func removeAll() {
        for slot in used { tags[slot] = 0 }
        used.removeAll(keepingCapacity: true)
    }

    /// The number of a value, which is `next` and remembered if it is new.
    mutating func index(tag: UInt8, bits value: UInt64, next: Int) -> Int {
        if used.count * 2 >= tags.count { grow() }
        var slot = start(tag, value)
        while tags[slot] != 0 {
            if tags[slot] == tag, bits[slot] == value { return Int(indices[slot]) }
            slot = (slot + 1) & (tags.count - 1)
        }
        tags[slot] = tag
        bits[slot] = value
        indices[slot] = UInt32(next)
        used.append(slot)
        return next
    }

    private func start(_ tag: UInt8, _ value: UInt64) -> Int {
        let mixed = (value ^ (value >> 32) ^ UInt64(tag)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed ^ (mixed >> 31)) & (tags.count - 1)
    }

    private mutating func grow() {
        let old = used.map { (tag: tags[$0], bits: bits[$0], index: indices[$0]) }
        let capacity = max(64, tags.count * 2)
        tags = [UInt8](repeating: 0, count: capacity)
        bits = [UInt64](repeating: 0, count: capacity)
        indices = [UInt32](repeating: 0, count: capacity)
        used.removeAll(keepingCapacity: true)
        for entry in old { _ = index(tag: entry.tag, bits: entry.bits, next: Int(entry.index)) }
    }
}

/// Texts by their bytes, which stay in the table of values: open addressing without a String per text.
private struct TextTable {
    /// One more than an index into `entries`, or 0.
    private var slots: [UInt32] = []
    private var entries: [(hash: UInt64, end: Int, count: Int, index: Int)] = []

    mutating func removeAll() {
        if !entries.isEmpty { for index in slots.indices { slots[index] = 0 } }
        entries.removeAll(keepingCapacity: true)
    }

    /// The number of a text, which is `next` if it is new; then append it and call ``didAppend(end:)``.
    mutating func index(_ text: borrowing Span<UInt8>, _ values: [UInt8], next: Int) -> Int {
        if entries.count * 2 >= slots.count { grow() }
        let hash = Self.hash(text)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            if entry.hash == hash, entry.count == text.count, Self.isEqual(text, values, entry.end) {
                return entry.index
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        entries.append((hash, 0, text.count, next))
        slots[slot] = UInt32(entries.count)
        return next
    }

    /// Takes a text that is not in the table and lies in `values`.
    mutating func adopt(_ values: [UInt8], _ range: Range<Int>, index: Int) {
        _ = self.index(values.span.extracting(range), values, next: index)
        didAppend(end: range.upperBound)
    }

    mutating func didAppend(end: Int) { entries[entries.count - 1].end = end }

    private static func isEqual(_ text: borrowing Span<UInt8>, _ values: [UInt8], _ end: Int) -> Bool {
        let start = end - text.count
        for index in text.indices where text[index] != values[start + index] { return false }
        return true
    }

    /// Source: Fowler, Noll and Vo's FNV-1a on eight bytes at a time, with a final mix.
    private static func hash(_ text: borrowing Span<UInt8>) -> UInt64 {
        // Safe: a view of the span's own bytes, which ends before the span does.
        let bytes = unsafe text.bytes
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(text.count)
        var offset = 0
        while offset + 8 <= bytes.byteCount {
            // Safe: eight bytes are left, and any bytes are a UInt64.
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
            offset += 8
        }
        while offset < text.count {
            hash = (hash ^ UInt64(text[offset])) &* 0x0000_0100_0000_01B3
            offset += 1
        }
        hash = (hash ^ (hash >> 29)) &* 0x9E37_79B9_7F4A_7C15
        return hash ^ (hash >> 32)
    }

    private mutating func grow() {
        let capacity = max(64, slots.count * 2)
        slots = [UInt32](repeating: 0, count: capacity)
        for (index, entry) in entries.enumerated() {
            var slot = Int(truncatingIfNeeded: entry.hash) & (capacity - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }
}

/// Reads what this table wrote.
private struct ByteReader {
    private(set) var offset: Int

    init(offset: Int) { self.offset = offset }

    mutating func varint(_ bytes: [UInt8]) -> UInt64 {
        var value: UInt64 = 0, shift: UInt64 = 0
        while true {
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    mutating func word(_ bytes: [UInt8]) -> UInt64 {
        defer { offset += 8 }
        return (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
}
