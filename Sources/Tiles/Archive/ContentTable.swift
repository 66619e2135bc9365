// SPDX-License-Identifier: Apache-2.0

/// Where each different content lies, found by hash: open addressing with linear probing, at most half full.
package struct ContentTable: Sendable {
    package struct Content: Sendable {
        package var hash: UInt64
        package var offset: UInt64
        package var length: UInt32

        package init(hash: UInt64, offset: UInt64, length: UInt32) {
            self.hash = hash
            self.offset = offset
            self.length = length
        }
    }

    private var contents: [Content] = []
    /// One more than the index into `contents`; 0 is free.
    private var slots = [UInt32](repeating: 0, count: 1024)

    package init() {}

    package var count: Int { contents.count }

    package func firstSlot(_ hash: UInt64) -> Int { Int(hash & UInt64(slots.count - 1)) }

    package func slot(after slot: Int) -> Int { (slot + 1) & (slots.count - 1) }

    package func content(at slot: Int) -> Content? {
        slots[slot] == 0 ? nil : contents[Int(slots[slot]) - 1]
    }

    /// Fills a free slot that a search ended at.
    package mutating func insert(_ content: Content, at slot: Int) {
        contents.append(content)
        slots[slot] = UInt32(contents.count)
        if contents.count * 2 > slots.count { grow() }
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for (index, content) in contents.enumerated() {
            var slot = firstSlot(content.hash)
            while slots[slot] != 0 { slot = self.slot(after: slot) }
            slots[slot] = UInt32(index + 1)
        }
    }

    /// A 64-bit hash, eight bytes a step by a folded 128-bit product. Equal hashes are compared byte by byte.
    package static func hash(_ bytes: borrowing Span<UInt8>) -> UInt64 {
        // Safe: the closure only reads, and every offset is compared with the count.
        unsafe bytes.withUnsafeBytes { raw in
            var state = 0x9E37_79B9_7F4A_7C15 ^ UInt64(raw.count)
            var offset = 0
            while offset + 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                state = fold(state ^ word)
                offset += 8
            }
            var tail: UInt64 = 0
            while offset < raw.count {
                tail = tail << 8 | UInt64(unsafe raw[offset])
                offset += 1
            }
            return fold(fold(state ^ tail))
        }
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        return product.high ^ product.low ^ value
    }
}
