// SPDX-License-Identifier: Apache-2.0
import Spatial

/// One change to a layer (OGC API Features Part 4).
public enum FeatureEdit: Sendable {
    case create(FeatureContent)
    /// Fields that are not given become null, but for those that the caller may not see.
    case replace(id: Int64, FeatureContent, condition: FeatureCondition)
    /// What is not given stays (JSON merge patch, RFC 7396).
    case update(id: Int64, FeatureContent, condition: FeatureCondition)
    case delete(id: Int64, condition: FeatureCondition)
}

/// What a client knows of a feature that it changes: the values of `If-Match`.
public struct FeatureCondition: Sendable {
    /// Entity tags; nil where the client gave none, `["*"]` for any state.
    public var tags: [String]?

    public init(tags: [String]?) { self.tags = tags }

    /// Reads `If-Match` (RFC 9110 §13.1.1). Weak tags are kept and never match.
    public init(header: String?) {
        tags = header.map { header in
            header.split(separator: ",").map { String($0).trimmingWhitespace() }
        }
    }

    /// Whether the state of a feature is one of those named. Forms of one state (other systems, gzip) share what comes
    /// before the hyphen.
    func matches(_ tag: String) -> Bool {
        guard let tags else { return true }
        return tags.contains { candidate in
            if candidate == "*" { return true }
            guard candidate.hasPrefix("\""), candidate.hasSuffix("\""), candidate.utf8.count >= 2 else { return false }
            return candidate.dropFirst().dropLast().prefix { $0 != "-" } == tag
        }
    }
}

/// Why an edit was refused; nothing was changed.
public struct EditError: Error, Sendable {
    public enum Kind: Sendable {
        /// The body is not what the operation takes: 400.
        case malformed
        /// The feature does not fit the layer: 422.
        case invalid
        /// There is no such feature: 404.
        case missing
        /// The code belongs to another feature: 409.
        case conflict
        /// The feature is not in the state that the client names: 412.
        case stale
    }
    public var kind: Kind
    /// The part that is wrong, such as `edits[2].properties.floors`.
    public var part: String
    public var message: String

    public init(_ kind: Kind, _ part: String, _ message: String) {
        self.kind = kind
        self.part = part
        self.message = message
    }
}

/// What became of one edit.
public struct EditResult: Sendable {
    public var id: Int64
    /// The new state's tag without quotes; nil for a deleted feature.
    public var tag: String?
}

extension DeltaFeature {
    /// A name for the state of a feature: its geometry on the grid and all of its values.
    var stateTag: String {
        var hash = StateHash()
        hash.add(UInt64(bitPattern: id))
        for value in geometry.xy { hash.add(UInt64(UInt32(bitPattern: value))) }
        for value in geometry.ringEnds { hash.add(UInt64(value)) }
        for value in geometry.z { hash.add(UInt64(UInt32(bitPattern: value))) }
        for value in values { hash.add(value) }
        return hash.text
    }
}

extension Feature {
    /// A name for the feature's state, the same as the record's: for entity tags. O(vertices).
    public var stateTag: String {
        var hash = StateHash()
        hash.add(UInt64(bitPattern: id))
        view.withGeometry(row: row) { geometry in
            for index in geometry.xy.indices { hash.add(UInt64(UInt32(bitPattern: geometry.xy[index]))) }
            for index in geometry.ringEnds.indices { hash.add(UInt64(geometry.ringEnds[index])) }
        }
        for value in view.heights(row: row) { hash.add(UInt64(UInt32(bitPattern: value))) }
        for column in 0..<(view.definition.fields.count + 1 + (view.hasSolids ? 1 : 0)) {
            hash.add(view.value(row: row, column: column))
        }
        return hash.text
    }
}

/// FNV-1a over words, mixed at the end; not for untrusted hash tables. Source: Fowler, Noll, Vo (1991).
private struct StateHash {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0x0000_0100_0000_01B3
        state ^= state >> 29
    }

    mutating func add(_ value: FieldValue) {
        switch value {
        case .null: add(1)
        case .integer(let number):
            add(2)
            add(UInt64(bitPattern: number))
        case .real(let number):
            add(3)
            add(number.bitPattern)
        case .boolean(let truth): add(truth ? 5 : 4)
        case .string(let text):
            add(6)
            for byte in text.utf8 { add(UInt64(byte)) }
        case .binary(let bytes):
            add(bytes.isEmpty ? 1 : 7)
            for byte in bytes { add(UInt64(byte)) }
        }
    }

    var text: String {
        let text = String(state, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
