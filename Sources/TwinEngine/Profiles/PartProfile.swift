// SPDX-License-Identifier: Apache-2.0

/// How one class of street assets is drawn.
public struct PartRule: Sendable, Hashable {
    public enum Shape: String, Sendable, Hashable, CaseIterable {
        case manhole, grate, valve, hydrant, lamp, pole, tree, box, marker
    }
    public enum Stand: String, Sendable, Hashable, CaseIterable {
        /// Upwards from the ground.
        case ground
        /// From the depth of the pipe up to the ground.
        case well
        /// On the pipe, at its depth.
        case pipe
    }
    public var shape: Shape
    public var stand: Stand
    /// Metres across, and metres high or deep where the data do not say.
    public var size: Double
    public var height: Double
}

/// The classes of street assets (部件) and fixtures of pipes (附属物).
public struct PartProfile: Sendable, Hashable {
    public var codes: CodeProfile
    /// As `codes.classes`.
    public var rules: [PartRule]

    static let kind = "parts"
    /// What is drawn for a value that no class has.
    static let unknown = PartRule(shape: .marker, stand: .ground, size: 0.4, height: 0.6)

    /// - Throws: `TwinError.project` with one line `file:line: mistake` for each.
    public init(yaml text: String, file: String) throws {
        let diagnostics = ConfigurationDiagnostics(file: file)
        let reader = try ProfileReader(text, file: file, diagnostics)
        let codes = reader.profile(
            kind: Self.kind,
            keys: [
                .init(name: "shape", value: .choice(PartRule.Shape.allCases.map(\.rawValue)), isRequired: true),
                .init(name: "stands", value: .choice(PartRule.Stand.allCases.map(\.rawValue))),
                .init(name: "size", value: .number(0.01...100), isRequired: true),
                .init(name: "height", value: .number(0.01...500), isRequired: true),
            ])
        try diagnostics.throwIfAny()
        rules = codes.classes.map { item in
            PartRule(
                shape: item.attributes["shape"].flatMap(PartRule.Shape.init) ?? .marker,
                stand: item.attributes["stands"].flatMap(PartRule.Stand.init) ?? .ground,
                size: item.number("size") ?? 0.4, height: item.number("height") ?? 0.6)
        }
        self.codes = codes
    }
}
