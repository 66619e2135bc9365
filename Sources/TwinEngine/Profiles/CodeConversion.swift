// SPDX-License-Identifier: Apache-2.0
import Yams

/// What a code of one system is in another.
public struct ConvertedCode: Sendable, Hashable {
    public var code: String
    public var title: LocalizedText
    /// Whether both classes mean the same; others are the nearest.
    public var isExact: Bool
    public var note: String?
}

/// Tables that turn codes of one system into those of another (用地分类转换), from `data/profiles/Conversions/conversions.yaml`.
///
/// A code is looked up by its class in its own system, then by the classes that this lies in (`070102` is `0701`, `R21` is
/// `R2`, `R`). Immutable: any thread.
public struct CodeConversions: Sendable {
    private struct Pair: Sendable {
        var to: String
        var isExact: Bool
        var note: String?
    }

    /// The code systems, by kind.
    public let profiles: [String: CodeProfile]
    private var tables: [String: [String: Pair]] = [:]

    /// The systems and tables that come with the engine.
    public static func builtin() throws -> CodeConversions {
        try CodeConversions(
            yaml: String(decoding: PackageResources.conversions_yaml, as: UTF8.self),
            file: "data/profiles/conversions.yaml", profiles: try builtinProfiles())
    }

    static let systems = ["dlbm", "gb50137", "land_use"]

    private static let shared = Result { try builtinProfiles() }

    /// The systems that come with the engine, read once.
    ///
    /// - Throws: what was wrong with a file.
    static func systemsOfEngine() throws -> [String: CodeProfile] { try shared.get() }

    /// The systems that come with the engine, by kind.
    static func builtinProfiles() throws -> [String: CodeProfile] {
        var profiles: [String: CodeProfile] = [:]
        for (kind, bytes) in [
            ("land_use", PackageResources.land_use_yaml), ("gb50137", PackageResources.gb50137_yaml),
            ("dlbm", PackageResources.dlbm_yaml),
        ] {
            let file = "data/profiles/\(kind).yaml"
            let diagnostics = ConfigurationDiagnostics(file: file)
            let text = String(decoding: bytes, as: UTF8.self)
            profiles[kind] = try ProfileReader(text, file: file, diagnostics).profile(kind: kind, keys: [])
            try diagnostics.throwIfAny()
        }
        return profiles
    }

    /// - Throws: `TwinError.project` with one line `file:line: mistake` for each.
    init(yaml: String, file: String, profiles: [String: CodeProfile]) throws {
        self.profiles = profiles
        let diagnostics = ConfigurationDiagnostics(file: file)
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw TwinError(.project, "\(file): it is no YAML that can be read: \(error)")
        }
        guard let node else { throw TwinError(.project, "\(file): it is empty") }
        let root = ConfigurationNode(node: node, path: "conversions", diagnostics: diagnostics)
        root.allow(["conversions", "source", "tables"])
        for table in root.list("tables") {
            table.allow(["from", "to", "pairs"])
            let from = table.required("from", example: "gb50137")
            let to = table.required("to", example: "land_use")
            guard let source = profiles[from], let target = profiles[to] else {
                table.fail("there are the systems \(profiles.keys.sorted().joined(separator: ", "))")
                continue
            }
            for entry in table.list("pairs") {
                entry.allow(["from", "to", "exact", "note"])
                let old = entry.required("from", example: "R2")
                let new = entry.required("to", example: "0701")
                guard source.class(old)?.id == old, target.class(new)?.id == new else {
                    entry.fail("'\(old)' must be a class of \(from) and '\(new)' one of \(to)")
                    continue
                }
                let isExact = entry.boolean("exact") ?? false
                let key = Self.key(from, to)
                if tables[key, default: [:]].updateValue(
                    Pair(to: new, isExact: isExact, note: entry.string("note")), forKey: old) != nil
                {
                    entry.fail("'\(old)' is there twice")
                }
                if isExact { tables[Self.key(to, from), default: [:]][new] = Pair(to: old, isExact: true, note: nil) }
            }
        }
        try diagnostics.throwIfAny()
    }

    private static func key(_ from: String, _ to: String) -> String { "\(from) \(to)" }

    /// Pairs of systems with a table, exact pairs taken backwards too.
    public var directions: [(from: String, to: String)] {
        tables.keys.sorted().map { key in
            let words = key.split(separator: " ").map(String.init)
            return (words[0], words[1])
        }
    }

    /// A code in another system; nil where its class has no partner there.
    ///
    /// - Throws: `TwinError.argument` for systems without a table, and for a value that is no code of its system.
    public func convert(_ value: String, from: String, to: String) throws -> ConvertedCode? {
        guard let source = profiles[from], let target = profiles[to], let table = tables[Self.key(from, to)] else {
            let known = directions.map { "\($0.from) to \($0.to)" }.joined(separator: ", ")
            throw TwinError(
                .argument, "there is no table from '\(from.prefix(40))' to '\(to.prefix(40))'; there are: \(known)")
        }
        guard let found = source.class(value) else {
            throw TwinError(.argument, "'\(value.prefix(40))' is no code of \(from)")
        }
        // Classes lie in those whose id is the beginning of theirs.
        var id = found.id
        while !id.isEmpty {
            if let pair = table[id] {
                let isSame = pair.isExact && id == found.id && CodeProfile.key(value) == CodeProfile.key(found.id)
                return ConvertedCode(
                    code: pair.to, title: target.class(pair.to)?.title ?? LocalizedText(zh: pair.to, en: pair.to),
                    isExact: isSame, note: pair.note)
            }
            id.removeLast()
        }
        return nil
    }
}
