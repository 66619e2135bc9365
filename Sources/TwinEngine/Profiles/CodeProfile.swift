// SPDX-License-Identifier: Apache-2.0

/// A class of a code system: one kind of pipe, one use of land, one kind of street asset.
public struct CodeClass: Sendable, Hashable {
    public var id: String
    /// Values in data that mean this class, besides `id`, as they stand in the profile.
    public var codes: [String]
    public var title: LocalizedText
    /// `#rrggbb`.
    public var color: String?
    public var department: String?
    public var classification: Classification?
    /// Further scalar keys that the kind of profile allows, as text.
    public var attributes: [String: String]

    /// An attribute as a number; nil where it is absent. The reader has checked that it is one.
    public func number(_ key: String) -> Double? { attributes[key].flatMap(Double.init) }
}

/// A code system (管线类别, 用地用海, 部件, …) as a profile file states it: which values mean which class, and how the
/// class is named and drawn. Immutable: any thread.
public struct CodeProfile: Sendable, Hashable {
    /// How a value is looked up.
    public enum Matching: String, Sendable, Hashable, CaseIterable {
        /// The whole value is a code.
        case exact
        /// The longest code that the value starts with, for hierarchical codes: `070102` finds `0701`.
        case prefix
    }

    /// Which kind of profile it is: `pipes`, `parts`, `land_use`, …
    public var kind: String
    public var title: LocalizedText
    /// Where the values come from, in words.
    public var source: String
    public var matching: Matching
    public var classes: [CodeClass]
    private let index: [String: Int]
    /// Lengths of the codes, longest first.
    private let lengths: [Int]

    init(
        kind: String, title: LocalizedText, source: String, matching: Matching, classes: [CodeClass],
        index: [String: Int]
    ) {
        (self.kind, self.title, self.source, self.matching) = (kind, title, source, matching)
        (self.classes, self.index) = (classes, index)
        lengths = Set(index.keys.map(\.count)).sorted(by: >)
    }

    /// The position in `classes` of a value of the data; nil where no class has it. Surrounding spaces and the case of
    /// Latin letters do not count. O(1), with prefixes O(different lengths of codes).
    public func position(_ value: String) -> Int? {
        let key = Self.key(value)
        if let found = index[key] { return found }
        guard matching == .prefix else { return nil }
        for length in lengths where length < key.count {
            if let found = index[String(key.prefix(length))] { return found }
        }
        return nil
    }

    public func `class`(_ value: String) -> CodeClass? { position(value).map { classes[$0] } }

    static func key(_ value: String) -> String {
        var text = value[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text.lowercased()
    }

    /// Colours by the values that a field can have: the ids and codes of the classes that have a colour.
    func category(field: String, other: String) -> CategoryStyle {
        let entries = classes.flatMap { item -> [CategoryStyle.Entry] in
            guard let color = item.color else { return [] }
            return ([item.id] + item.codes).map { CategoryStyle.Entry(value: $0, color: color) }
        }
        return CategoryStyle(field: field, values: entries, other: other)
    }
}
