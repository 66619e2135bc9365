// SPDX-License-Identifier: Apache-2.0

/// Numbers as text straight into a byte buffer: a city has some fifty million of them.
enum DigitWriter {
    private static let scales = [1.0, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]

    /// The same text as ``fixed(_:_:)`` gives; at most seven digits.
    static func append(_ value: Double, _ digits: Int, to buffer: inout [UInt8]) {
        let rounded = Int((abs(value) * scales[digits]).rounded())
        if value < 0, rounded > 0 { buffer.append(45) }
        append(rounded, minimum: digits + 1, point: digits, to: &buffer)
    }

    /// - Parameters:
    ///   - number: not negative.
    ///   - minimum: digits to fill up with zeros.
    ///   - point: how many digits stand after a decimal point; 0 for none.
    static func append(_ number: Int, minimum: Int = 1, point: Int = 0, to buffer: inout [UInt8]) {
        var reversed: InlineDigits = (0, 0)
        var count = 0
        var rest = UInt64(number)
        while rest > 0 || count < minimum {
            let digit = UInt64(rest % 10)
            if count < 16 {
                reversed.0 |= digit << UInt64(count * 4)
            } else {
                reversed.1 |= digit << UInt64(count * 4 - 64)
            }
            rest /= 10
            count += 1
        }
        while count > 0 {
            count -= 1
            let digit = count < 16 ? reversed.0 >> UInt64(count * 4) : reversed.1 >> UInt64(count * 4 - 64)
            buffer.append(48 + UInt8(digit & 15))
            if point > 0, count == point { buffer.append(46) }
        }
    }

    /// Four bits for each digit, the last digit lowest.
    private typealias InlineDigits = (UInt64, UInt64)
}
