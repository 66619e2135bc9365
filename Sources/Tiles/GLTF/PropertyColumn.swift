// SPDX-License-Identifier: Apache-2.0

/// A column of the property table of a tile: one value per feature.
/// Source: EXT_structural_metadata, section "Property Tables".
public struct PropertyColumn: Sendable {
    public enum Values: Sendable {
        case string([String])
        case float64([Double])
        case float32([Float])
        case int64([Int64])
        case uint64([UInt64])
        case uint32([UInt32])

        public var count: Int {
            switch self {
            case .string(let values): values.count
            case .float64(let values): values.count
            case .float32(let values): values.count
            case .int64(let values): values.count
            case .uint64(let values): values.count
            case .uint32(let values): values.count
            }
        }

        /// The names of the type and component type in the schema.
        var schemaType: (type: String, component: String?) {
            switch self {
            case .string: ("STRING", nil)
            case .float64: ("SCALAR", "FLOAT64")
            case .float32: ("SCALAR", "FLOAT32")
            case .int64: ("SCALAR", "INT64")
            case .uint64: ("SCALAR", "UINT64")
            case .uint32: ("SCALAR", "UINT32")
            }
        }
    }

    /// The meaning of a column that viewers know. Source: 3D Metadata Semantic Reference.
    public enum Semantic: String, Sendable {
        case id = "ID"
        case name = "NAME"
    }

    /// Letters, digits and underscores of ASCII, not beginning with a digit.
    public var id: String
    /// Any language.
    public var displayName: String
    public var semantic: Semantic?
    public var values: Values

    public init(id: String, displayName: String, semantic: Semantic? = nil, values: Values) {
        self.id = id
        self.displayName = displayName
        self.semantic = semantic
        self.values = values
    }

    /// Whether a text may be an id of a class or property.
    static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "_")
        }
    }
}
