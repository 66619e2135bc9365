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

    /// A system that comes with the engine; nil for another kind.
    static func builtinSystem(_ kind: String) -> CodeProfile? {
        // safe: the files are compiled in and tests read them
        (try? shared.get())?[kind]
    }

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

/// Codes whose digits have places: which digits mean what.
public struct CodePattern: Sendable, Hashable {
    public struct Segment: Sendable, Hashable {
        public var name: String
        public var title: LocalizedText
        public var length: Int
        /// What its values mean, where they are closed.
        public var values: [String: String]
    }

    public var id: String
    public var title: LocalizedText
    public var segments: [Segment]

    public var length: Int { segments.reduce(0) { $0 + $1.length } }

    /// 部件标识码 and 单元网格标识码.
    public static let all: [CodePattern] = [
        CodePattern(
            id: "part", title: LocalizedText(zh: "部件标识码", en: "Street asset code"),
            segments: [
                county,
                Segment(
                    name: "group", title: LocalizedText(zh: "大类", en: "Group"), length: 2,
                    values: ["01": "公用设施", "02": "交通设施", "03": "市容环境", "04": "园林绿化", "05": "其他设施"]),
                Segment(name: "kind", title: LocalizedText(zh: "小类", en: "Kind"), length: 2, values: [:]),
                Segment(name: "number", title: LocalizedText(zh: "流水号", en: "Number"), length: 6, values: [:]),
            ]),
        CodePattern(
            id: "grid", title: LocalizedText(zh: "单元网格标识码", en: "Management grid cell code"),
            segments: [
                county,
                Segment(name: "street", title: LocalizedText(zh: "街道", en: "Street"), length: 3, values: [:]),
                Segment(name: "community", title: LocalizedText(zh: "社区", en: "Community"), length: 3, values: [:]),
                Segment(name: "number", title: LocalizedText(zh: "顺序号", en: "Number"), length: 3, values: [:]),
            ]),
    ]

    private static let county = Segment(
        name: "county", title: LocalizedText(zh: "县级行政区划", en: "County"), length: 6, values: [:])

    /// The parts of a code.
    ///
    /// - Throws: `TwinError.argument` that says what is wrong with it.
    public func parts(_ code: String) throws -> [(segment: Segment, text: String)] {
        let digits = Array(code.utf8)
        guard digits.count == length, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw TwinError(
                .argument,
                "'\(code.prefix(40))' is no \(id) code: it has \(length) digits, "
                    + segments.map { "\($0.length) \($0.title.en.lowercased())" }.joined(separator: " + "))
        }
        var first = 0
        return try segments.map { segment in
            let text = String(decoding: digits[first..<first + segment.length], as: UTF8.self)
            first += segment.length
            guard segment.values.isEmpty || segment.values[text] != nil else {
                throw TwinError(
                    .argument,
                    "'\(code)': \(segment.title.en.lowercased()) \(text) is none of \(segment.values.keys.sorted().joined(separator: ", "))"
                )
            }
            return (segment, text)
        }
    }
}
