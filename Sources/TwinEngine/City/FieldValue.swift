// SPDX-License-Identifier: Apache-2.0

/// The value of a field of one feature.
public enum FieldValue: Sendable, Hashable {
    case null
    case string(String)
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case binary([UInt8])

    /// The value as a number, if it is one or a text that is one.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value.isFinite ? value : nil
        case .string(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        case .boolean, .binary, .null: nil
        }
    }

    /// The value as text for people; nil for null and binary.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .boolean(let value): value ? "true" : "false"
        case .binary, .null: nil
        }
    }
}
