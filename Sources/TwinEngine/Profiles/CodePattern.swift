// SPDX-License-Identifier: Apache-2.0
import Yams

/// Codes whose digits have places: which digits mean what (部件标识码, 单元网格标识码). A profile file with `segments`.
/// Immutable: any thread.
public struct CodePattern: Sendable, Hashable {
    public struct Segment: Sendable, Hashable {
        public var name: String
        public var title: LocalizedText
        /// Digits.
        public var length: Int
        /// What its values mean; empty where any digits will do.
        public var values: [String: LocalizedText]
        /// Whether other values than those listed are codes too.
        public var isOpen: Bool
    }

    /// The kind of profile: `part_code`, `grid_code`, or a name of the city.
    public var kind: String
    public var title: LocalizedText
    /// Where it comes from, in words.
    public var source: String
    public var segments: [Segment]

    public var length: Int { segments.reduce(0) { $0 + $1.length } }

    static let kinds = ["part_code", "grid_code"]

    /// Reads a profile of segments.
    ///
    /// - Throws: `TwinError.project` with one line `file:line: mistake` for each.
    public init(yaml text: String, file: String, kind: String) throws {
        let diagnostics = ConfigurationDiagnostics(file: file)
        let root = try ProfileReader(text, file: file, diagnostics).root
        root.allow(["profile", "kind", "title", "source", "segments"])
        if root.string("profile") != "1" {
            root.fail("the first line must be `profile: 1` (the version of the format)")
        }
        let said = root.required("kind", example: kind)
        if said != kind, !said.isEmpty { root.child("kind")?.fail("this is a profile of '\(said)', not of '\(kind)'") }
        var segments: [Segment] = []
        for node in root.list("segments") {
            node.allow(["id", "title", "length", "values", "open"])
            let id = node.required("id", example: "county")
            let length = node.number("length") ?? 0
            guard length == length.rounded(), (1...32).contains(length) else {
                node.fail("segment '\(id)' needs `length`, 1 to 32 digits")
                continue
            }
            var values: [String: LocalizedText] = [:]
            for entry in node.list("values") {
                entry.allow(["code", "title"])
                let code = entry.required("code", example: "\"01\"")
                if code.utf8.count != Int(length) || !code.utf8.allSatisfy(Self.isDigit) {
                    entry.fail("'\(code)' is no value of '\(id)': it has \(Int(length)) digits; put it in quotes")
                } else if values.updateValue(entry.localized("title", fallback: code), forKey: code) != nil {
                    entry.fail("'\(code)' is there twice")
                }
            }
            segments.append(
                Segment(
                    name: id, title: node.localized("title", fallback: id), length: Int(length), values: values,
                    isOpen: node.boolean("open") ?? values.isEmpty))
        }
        if segments.isEmpty { root.fail("the profile has no `segments`") }
        self.kind = kind
        title = root.localized("title", fallback: kind)
        source = root.string("source") ?? ""
        self.segments = segments
        try diagnostics.throwIfAny()
    }

    /// The patterns that come with the engine, read once.
    ///
    /// - Throws: what was wrong with a file.
    public static func builtin() throws -> [CodePattern] { try shared.get() }

    private static let shared = Result {
        try [("part_code", PackageResources.part_code_yaml), ("grid_code", PackageResources.grid_code_yaml)].map {
            try CodePattern(
                yaml: String(decoding: $0.1, as: UTF8.self), file: "data/profiles/\($0.0).yaml", kind: $0.0)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// What is wrong with a code, without the code itself; nil for a good one.
    public func mistake(_ code: String) -> String? {
        let digits = Array(code.utf8)
        guard digits.allSatisfy(Self.isDigit) else { return "it has other characters than the digits 0 to 9" }
        guard digits.count == length else {
            let places = segments.map { "\($0.length) \($0.title.en.lowercased())" }.joined(separator: " + ")
            return "it has \(digits.count) digits where \(length) are needed (\(places))"
        }
        for (segment, text) in split(digits) where !segment.isOpen && segment.values[text] == nil {
            return "its \(segment.title.en.lowercased()) \(text) is none of "
                + segment.values.keys.sorted().joined(separator: ", ")
        }
        return nil
    }

    /// The parts of a code.
    ///
    /// - Throws: `TwinError.argument` that says what is wrong with it.
    public func parts(_ code: String) throws -> [(segment: Segment, text: String)] {
        if let mistake = mistake(code) {
            throw TwinError(.argument, "'\(code.prefix(40))' is no \(title.en.lowercased()): \(mistake)")
        }
        return split(Array(code.utf8))
    }

    private func split(_ digits: [UInt8]) -> [(segment: Segment, text: String)] {
        var first = 0
        return segments.map { segment in
            let text = String(decoding: digits[first..<first + segment.length], as: UTF8.self)
            first += segment.length
            return (segment, text)
        }
    }
}
