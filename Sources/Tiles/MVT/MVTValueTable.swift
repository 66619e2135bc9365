// SPDX-License-Identifier: Apache-2.0

/// The keys and values that one layer's features use, each once, numbered by first use (spec 4.4).
struct MVTValueTable: Sendable {
    private(set) var names: [String] = []
    /// Encoded `Value` fields, one after the other.
    private(set) var values: [UInt8] = []
    private(set) var valueEnds: [Int] = []
    private var numbers = NumberTable()
    private var texts: [String: Int] = [:]
    /// By key and dictionary code: the round it was used in and the value's number. Old rounds need no clearing.
    private var codes: [[UInt64]] = []
    private var round: UInt64 = 0

    mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        valueEnds.removeAll(keepingCapacity: true)
        numbers.removeAll()
        texts.removeAll(keepingCapacity: true)
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

    private mutating func index(ofText text: String) -> Int {
        if let known = texts[text] { return known }
        texts[text] = valueEnds.count
        var body: [UInt8] = []
        body.appendField(1 << 3 | 2, text: text)
        return append(body)
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
