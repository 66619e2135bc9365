// SPDX-License-Identifier: Apache-2.0

/// Strong entity tags (RFC 9110 §8.8.3) from content.
enum EntityTag {
    /// The tag of some bytes, with its quotes. O(bytes).
    static func of(_ bytes: [UInt8]) -> String {
        "\"\(hex(hash(bytes)))\""
    }

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
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
        var index = 0
        while index + 8 <= bytes.count {
            var word: UInt64 = 0
            for offset in 0..<8 { word |= UInt64(bytes[index + offset]) << UInt64(offset * 8) }
            state = mix(state ^ word)
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
