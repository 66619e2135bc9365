// SPDX-License-Identifier: Apache-2.0

/// What a principal may do beyond reading.
public enum Role: String, Sendable, Hashable, CaseIterable {
    /// Reads up to its classification.
    case reader
    /// A terminal or gateway: posts observations, and reads like a reader.
    case sensor
    /// Edits what its department owns, and posts observations.
    case editor
    /// Does everything, in every department.
    case admin
}

/// Who asks: nobody in particular, or the holder of a token.
public struct Principal: Sendable, Hashable {
    /// The token's name in the access file, or nil for an anonymous caller. It appears in the audit log.
    public var name: String?
    public var role: Role
    /// The department that an editor writes for; nil where it does not matter.
    public var department: String?
    /// The highest classification that this principal reads.
    public var clearance: Classification

    public init(name: String?, role: Role, department: String?, clearance: Classification) {
        self.name = name
        self.role = role
        self.department = department
        self.clearance = clearance
    }

    /// A caller without a token: reads what is public.
    public static let anonymous = Principal(name: nil, role: .reader, department: nil, clearance: .public)

    public var isAnonymous: Bool { name == nil }
}
