// SPDX-License-Identifier: Apache-2.0

/// Which pairs of classes conflict: the table of a plan-conflict analysis (多规合一 冲突规则表).
///
/// ```yaml
/// default: different          # different | none | all
/// separator: ","              # a class "CMOD, RMED" is two classes
/// classes: {RLD: housing}     # translates classes before they are compared
/// conflicts: [[housing, industry], ["*", water]]
/// allowed: [[park, green]]
/// ```
///
/// A pair conflicts if any combination of its classes is listed under `conflicts`; else it agrees if any is listed under
/// `allowed`; else `default` decides: `different` agrees where both have a class in common, `none` always, `all` never.
/// Pairs hold in both orders unless `ordered` is true. `*` is any class.
struct ConflictTable: Sendable {
    enum Fallback: String, CaseIterable, Sendable {
        case different, none, all
    }

    var fallback = Fallback.different
    var separator: String?
    var translation: [String: String] = [:]
    var conflicts: Set<[String]> = []
    var allowed: Set<[String]> = []
    var isOrdered = false

    private static let members = ["default", "separator", "classes", "conflicts", "allowed", "ordered"]

    init() {}

    init(_ inputs: AnalysisInputs) throws {
        try inputs.allow(Self.members)
        if let text = try inputs.text("default", example: #""different""#) {
            guard let fallback = Fallback(rawValue: text) else {
                throw TwinError(.argument, "default: '\(text.prefix(40))' is none of different, none, all")
            }
            self.fallback = fallback
        }
        separator = try inputs.text("separator", example: #"",""#).flatMap { $0.isEmpty ? nil : $0 }
        isOrdered = try inputs.boolean("ordered", default: false)
        if let classes = try inputs.object("classes", example: #"{"RLD":"housing"}"#) {
            for (name, value) in classes.members {
                guard let text = value.codeText else {
                    throw AnalysisInputs.wrong("classes", #"{"RLD":"housing"}"#)
                }
                translation[name] = text
            }
        }
        conflicts = try Self.pairs(inputs.members["conflicts"], "conflicts")
        allowed = try Self.pairs(inputs.members["allowed"], "allowed")
    }

    private static func pairs(_ value: JSONValue?, _ name: String) throws -> Set<[String]> {
        let example = #"[["housing","industry"],["*","water"]]"#
        guard let value else { return [] }
        guard let list = value.list, list.count <= 100_000 else { throw AnalysisInputs.wrong(name, example) }
        return Set(
            try list.map { entry in
                let pair = entry.list?.compactMap(\.codeText) ?? []
                guard pair.count == 2 else { throw AnalysisInputs.wrong(name, example) }
                return pair
            })
    }

    /// The classes that a value of the class field names.
    func classes(_ value: String) -> Set<String> {
        guard let separator, value.contains(separator) else { return [translation[value] ?? value] }
        var names: Set<String> = []
        for part in value.split(separator: separator) {
            let name = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            if !name.isEmpty { names.insert(translation[String(name)] ?? String(name)) }
        }
        return names.isEmpty ? [value] : names
    }

    /// Whether two values of the class fields conflict.
    func conflict(_ first: String, _ second: String) -> Bool {
        let left = classes(first)
        let right = classes(second)
        if lists(conflicts, left, right) { return true }
        if lists(allowed, left, right) { return false }
        switch fallback {
        case .different: return left.isDisjoint(with: right)
        case .none: return false
        case .all: return true
        }
    }

    private func lists(_ pairs: Set<[String]>, _ left: Set<String>, _ right: Set<String>) -> Bool {
        if pairs.isEmpty { return false }
        for a in left {
            for b in right {
                if lists(pairs, a, b) || !isOrdered && lists(pairs, b, a) { return true }
            }
        }
        return false
    }

    private func lists(_ pairs: Set<[String]>, _ a: String, _ b: String) -> Bool {
        pairs.contains([a, b]) || pairs.contains([a, "*"]) || pairs.contains(["*", b])
    }
}

extension JSONValue {
    /// A code as text, also where it was written as a number.
    var codeText: String? {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }
}
