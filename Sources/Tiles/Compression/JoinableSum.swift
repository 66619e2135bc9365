// SPDX-License-Identifier: Apache-2.0

/// Length, CRC-32 and a digest of some bytes, from which those of joined runs follow without looking at the bytes again.
///
/// The digest is a polynomial over the bytes at a fixed place modulo 2^61 - 1: it tells contents apart, it is not a
/// protection against somebody who wants two contents to have the same. Sources: Karp and Rabin, "Efficient randomized
/// pattern-matching algorithms", IBM Journal 31 (1987), for the polynomial; CRC-32 is linear over GF(2), so that
/// appending n bytes multiplies by x^8n modulo the polynomial of ISO 3309.
public struct JoinableSum: Sendable, Hashable {
    public private(set) var count = 0
    public private(set) var crc32: UInt32 = 0
    private var polynomial: UInt64 = 0
    /// What joining these bytes does to the sums of those before them.
    private var crcShift: UInt32 = 1 << 31
    private var polynomialShift: UInt64 = 1

    /// The sums of no bytes.
    public init() {}

    /// O(bytes), about 2 GB/s.
    public init(_ bytes: [UInt8]) {
        let span = bytes.span
        // Safe: a view of the span's own bytes, which ends before the span does.
        let raw = unsafe span.bytes
        count = bytes.count
        crc32 = Checksum.crc32(raw)
        crcShift = Self.crcShift(bytes: bytes.count)
        polynomial = Self.polynomial(raw)
        polynomialShift = Self.power(bytes.count)
    }

    /// Joins the sums of bytes that follow. O(1).
    public static func += (sum: inout JoinableSum, next: JoinableSum) {
        sum.count += next.count
        sum.crc32 = multiplied(next.crcShift, sum.crc32) ^ next.crc32
        sum.crcShift = multiplied(next.crcShift, sum.crcShift)
        sum.polynomial = reduced(UInt128(sum.polynomial) * UInt128(next.polynomialShift) + UInt128(next.polynomial))
        sum.polynomialShift = reduced(UInt128(sum.polynomialShift) * UInt128(next.polynomialShift))
    }

    /// A number of the content and its length, with all bits mixed.
    public var digest: UInt64 {
        // SplitMix64's finaliser (Steele, Lea, Flood 2014).
        var mixed = polynomial ^ (UInt64(count) &* 0x9E37_79B9_7F4A_7C15)
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    // MARK: Polynomial

    private static let modulus: UInt64 = (1 << 61) - 1
    /// The place at which polynomials are taken: any number without a pattern.
    private static let place: UInt64 = 0x0B6F_1D2C_93A5_7E41
    /// Its powers from 0 to 8.
    private static let powers: [UInt64] = (0...8).map { power($0) }

    private static func reduced(_ value: UInt128) -> UInt64 {
        let folded = UInt64(truncatingIfNeeded: value & UInt128(modulus)) &+ UInt64(truncatingIfNeeded: value >> 61)
        let sum = (folded & modulus) &+ (folded >> 61)
        return sum >= modulus ? sum - modulus : sum
    }

    /// The place to a power.
    private static func power(_ exponent: Int) -> UInt64 {
        var result: UInt64 = 1, square = place, rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { result = reduced(UInt128(result) * UInt128(square)) }
            square = reduced(UInt128(square) * UInt128(square))
            rest >>= 1
        }
        return result
    }

    private static func polynomial(_ bytes: RawSpan) -> UInt64 {
        let (p1, p2, p3, p4) = (powers[1], powers[2], powers[3], powers[4])
        let (p5, p6, p7, p8) = (powers[5], powers[6], powers[7], powers[8])
        var value: UInt64 = 0, index = 0
        while index + 8 <= bytes.byteCount {
            // Safe: eight bytes are left there, and any bytes are a UInt64.
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            // Products stay below 2^69 and 2^122, so that their sum fits.
            var sum = UInt128(value) * UInt128(p8) + UInt128(word >> 56)
            sum += UInt128(word & 0xFF) * UInt128(p7) + UInt128((word >> 8) & 0xFF) * UInt128(p6)
            sum += UInt128((word >> 16) & 0xFF) * UInt128(p5) + UInt128((word >> 24) & 0xFF) * UInt128(p4)
            sum += UInt128((word >> 32) & 0xFF) * UInt128(p3) + UInt128((word >> 40) & 0xFF) * UInt128(p2)
            sum += UInt128((word >> 48) & 0xFF) * UInt128(p1)
            value = reduced(sum)
            index += 8
        }
        while index < bytes.byteCount {
            // Safe: a byte is left there.
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            value = reduced(UInt128(value) * UInt128(p1) + UInt128(byte))
            index += 1
        }
        return value
    }

    // MARK: CRC

    /// The product of two polynomials over GF(2) modulo CRC-32's, the highest coefficient in the lowest bit.
    private static func multiplied(_ first: UInt32, _ second: UInt32) -> UInt32 {
        var product: UInt32 = 0, second = second, bit: UInt32 = 1 << 31
        while bit != 0 {
            if first & bit != 0 { product ^= second }
            second = (second >> 1) ^ (0xEDB8_8320 & (0 &- (second & 1)))
            bit >>= 1
        }
        return product
    }

    /// x to the power of eight times a count.
    private static func crcShift(bytes: Int) -> UInt32 {
        var result: UInt32 = 1 << 31, square: UInt32 = 1 << 23, rest = bytes
        while rest > 0 {
            if rest & 1 == 1 { result = multiplied(square, result) }
            square = multiplied(square, square)
            rest >>= 1
        }
        return result
    }
}
