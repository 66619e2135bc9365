// SPDX-License-Identifier: Apache-2.0
import Tiles

/// Strong entity tags (RFC 9110 §8.8.3) from content.
enum EntityTag {
    /// The tag of some bytes, with its quotes. O(bytes).
    static func of(_ bytes: [UInt8]) -> String {
        "\"\(hex(hash(bytes)))\""
    }

    /// The tag of bytes of some sums.
    static func of(_ sum: JoinableSum) -> String { "\"\(hex(sum.digest))\"" }

    /// The tag of the gzip form of a tagged body: a strong tag names one exact sequence of bytes.
    static func compressed(_ tag: String) -> String {
        "\(tag.dropLast())-gz\""
    }

    /// Whether an `If-None-Match` list names the tag, in either form; weak comparison as RFC 9110 §13.1.2 asks.
    static func matches(_ header: String, _ tag: String) -> Bool {
        if header == "*" { return true }
        let plain = tag.hasSuffix("-gz\"") ? "\(tag.dropLast(4))\"" : tag
        return header.split(separator: ",").contains { candidate in
            var text = candidate.drop { $0 == " " }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            while text.last == " " { text.removeLast() }
            return text == plain || text == compressed(plain)
        }
    }

    /// A 64-bit hash of bytes, eight at a time (multiply and rotate; not for untrusted hash tables).
    static func hash(_ bytes: [UInt8]) -> UInt64 {
        let span = bytes.span
        // Safe: a view of the span's own bytes, which ends before the span does.
        let raw = unsafe span.bytes
        func word(_ offset: Int) -> UInt64 {
            // Safe: eight bytes are left there, and any bytes are a UInt64.
            unsafe raw.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
        }
        let seed: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
        // Four chains beside each other, since each waits for its own last step only.
        var lanes = SIMD4(seed, seed &+ 1, seed &+ 2, seed &+ 3)
        var index = 0
        while index + 32 <= bytes.count {
            for lane in 0..<4 { lanes[lane] = mix(lanes[lane] ^ word(index + 8 * lane)) }
            index += 32
        }
        var state = (0..<4).reduce(seed) { mix($0 ^ lanes[$1]) }
        while index + 8 <= bytes.count {
            state = mix(state ^ word(index))
            index += 8
        }
        var tail: UInt64 = 0
        while index < bytes.count {
            tail = tail << 8 | UInt64(bytes[index])
            index += 1
        }
        return mix(state ^ tail &* 0xC2B2_AE3D_27D4_EB4F)
    }

    /// SplitMix64's finaliser (Steele, Lea, Flood 2014): a bijection, so no word is lost.
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    private static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
