// SPDX-License-Identifier: Apache-2.0

/// An attribute value (spec 4.1, `Value`).
public enum MVTValue: Hashable, Sendable {
    case string(String)
    case double(Double)
    case int(Int64)
    case uint(UInt64)
    case bool(Bool)
}
