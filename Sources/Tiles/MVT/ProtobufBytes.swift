// SPDX-License-Identifier: Apache-2.0

/// Protocol buffer wire encoding, appended to an array.
extension Array where Element == UInt8 {
    @inline(__always)
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    mutating func appendVarint(_ value: Int) { appendVarint(UInt64(value)) }

    mutating func appendField(_ tag: UInt8, _ bytes: [UInt8]) {
        append(tag)
        appendVarint(bytes.count)
        append(contentsOf: bytes)
    }

    mutating func appendField(_ tag: UInt8, text: String) {
        append(tag)
        appendVarint(text.utf8.count)
        append(contentsOf: text.utf8)
    }

    mutating func appendLittleEndian<Word: FixedWidthInteger>(_ value: Word) {
        var rest = value
        for _ in 0..<(Word.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
