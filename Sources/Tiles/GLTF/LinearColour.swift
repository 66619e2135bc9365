// SPDX-License-Identifier: Apache-2.0

/// Turns sRGB bytes into the linear values of glTF. Source: IEC 61966-2-1.
enum LinearColour {
    private static let table: [Double] = (0...255).map { byte in
        let encoded = Double(byte) / 255
        return encoded <= 0.04045 ? encoded / 12.92 : power((encoded + 0.055) / 1.055)
    }

    static func value(_ byte: UInt8) -> Double { table[Int(byte)] }

    /// The linear value as a byte: what COLOR_0 wants.
    static let bytes: [UInt8] = table.map { UInt8($0 * 255 + 0.5) }

    /// x^2.4 = x² · (x²)^(1/5), the root by Newton's method; x in 0 ... 1.
    private static func power(_ x: Double) -> Double {
        let square = x * x
        var root = 1.0
        for _ in 0..<40 {
            let fourth = root * root * root * root
            root -= (root * fourth - square) / (5 * fourth)
        }
        return square * root
    }
}
