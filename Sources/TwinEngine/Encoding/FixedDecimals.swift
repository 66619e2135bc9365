// SPDX-License-Identifier: Apache-2.0

/// A number with a fixed number of decimals, without locale or Foundation.
func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && rounded > 0 ? "-" : ""
    guard digits > 0 else { return sign + String(rounded) }
    return sign + String(rounded / scale) + "." + padded(rounded % scale, digits)
}

/// A whole number with leading zeros.
func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return digits.count >= width ? digits : String(repeating: "0", count: width - digits.count) + digits
}
