// SPDX-License-Identifier: Apache-2.0

/// One class of underground pipes: what its depth means, and what it must keep away from.
public struct PipeClassRule: Sendable, Hashable {
    /// Where a depth or a surveyed level is measured.
    public enum Level: String, Sendable, Hashable, CaseIterable {
        /// The outer top of the pipe (管顶), usual for pressure pipes and cables.
        case top
        /// The inner bottom (管内底), usual for gravity pipes.
        case invert
        /// The middle of the section.
        case axis
    }

    public enum Flow: String, Sendable, Hashable, CaseIterable {
        case pressure, gravity, cable
    }

    public var level: Level
    public var flow: Flow
    /// Least cover (覆土) in metres from the ground to the top of the pipe.
    public var cover: Double
    /// Metres to which one unit of the diameter column is.
    public var unit: Double
}

/// The classes of pipes of a city and the distances between them (净距).
public struct PipeProfile: Sendable, Hashable {
    public var codes: CodeProfile
    /// As `codes.classes`.
    public var rules: [PipeClassRule]
    /// Least clear distance in metres where two classes cross, by class and class; nil where none is stated.
    private var crossing: [Double?]
    /// The same between pipes that run side by side, measured horizontally.
    private var parallel: [Double?]

    static let kind = "pipes"
    private static let units = ["mm": 0.001, "cm": 0.01, "m": 1, "inch": 0.0254]

    /// Metres that must be free where classes `a` and `b` cross.
    public func crossingClearance(_ a: Int, _ b: Int) -> Double? { crossing[a * rules.count + b] }

    /// Metres that must be free between classes `a` and `b` side by side.
    public func parallelClearance(_ a: Int, _ b: Int) -> Double? { parallel[a * rules.count + b] }

    /// The largest of all clearances, metres.
    public var largestCrossing: Double { crossing.compactMap(\.self).max() ?? 0 }
    public var largestParallel: Double { parallel.compactMap(\.self).max() ?? 0 }

    /// Reads a profile of pipe classes.
    ///
    /// - Throws: `TwinError.project` with one line `file:line: mistake` for each.
    public init(yaml text: String, file: String) throws {
        let diagnostics = ConfigurationDiagnostics(file: file)
        let reader = try ProfileReader(text, file: file, diagnostics)
        let codes = reader.profile(
            kind: Self.kind,
            keys: [
                .init(name: "prefix", value: .text),
                .init(name: "depth_to", value: .choice(PipeClassRule.Level.allCases.map(\.rawValue)), isRequired: true),
                .init(name: "flow", value: .choice(PipeClassRule.Flow.allCases.map(\.rawValue)), isRequired: true),
                .init(name: "cover", value: .number(0...20)),
                .init(name: "diameter_unit", value: .choice(Self.units.keys.sorted())),
            ], sections: ["clearance"])
        rules = codes.classes.map { item in
            PipeClassRule(
                level: item.attributes["depth_to"].flatMap(PipeClassRule.Level.init) ?? .top,
                flow: item.attributes["flow"].flatMap(PipeClassRule.Flow.init) ?? .pressure,
                cover: item.number("cover") ?? 0,
                unit: Self.units[item.attributes["diameter_unit"] ?? "mm"] ?? 0.001)
        }
        self.codes = codes
        let section = reader.root.child("clearance")
        section?.allow(["crossing", "parallel"])
        crossing = Self.matrix(section, "crossing", codes)
        parallel = Self.matrix(section, "parallel", codes)
        try diagnostics.throwIfAny()
    }

    /// `{water: {water: 0.15, sewage: 0.4}, …}`: each pair once, in either order.
    private static func matrix(_ section: ConfigurationNode?, _ key: String, _ codes: CodeProfile) -> [Double?] {
        let count = codes.classes.count
        var matrix = [Double?](repeating: nil, count: count * count)
        guard let node = section?.child(key) else { return matrix }
        let ids = codes.classes.map(\.id)
        node.allow(ids)
        for (row, id) in ids.enumerated() {
            guard let others = node.child(id) else { continue }
            others.allow(ids)
            for (column, other) in ids.enumerated() {
                guard let metres = others.number(other) else { continue }
                if metres < 0 || metres > 50 { others.child(other)?.fail("a clearance must be 0 to 50 metres") }
                if let known = matrix[row * count + column], known != metres {
                    others.child(other)?.fail(
                        "the clearance of \(id) and \(other) is stated twice, \(known) and \(metres)")
                }
                matrix[row * count + column] = metres
                matrix[column * count + row] = metres
            }
        }
        return matrix
    }
}
