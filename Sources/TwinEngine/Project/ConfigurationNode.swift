// SPDX-License-Identifier: Apache-2.0
import Yams

/// One mistake in a project file.
struct ConfigurationMistake {
    var line: Int
    var message: String
}

/// Collects mistakes while a project file is read, so that a person sees all of them at once.
final class ConfigurationDiagnostics {
    let file: String
    private(set) var mistakes: [ConfigurationMistake] = []

    init(file: String) {
        self.file = file
    }

    func add(_ line: Int, _ message: String) {
        mistakes.append(ConfigurationMistake(line: line, message: message))
    }

    /// Throws one error with a line per mistake, `file:line: message`, if there is any.
    func throwIfAny() throws {
        guard !mistakes.isEmpty else { return }
        let lines = mistakes.sorted { $0.line < $1.line }.map { "\(file):\($0.line): \($0.message)" }
        throw TwinError(.project, lines.joined(separator: "\n"))
    }
}

/// A YAML node with typed access; every misuse becomes a mistake with its line, and reading goes on.
struct ConfigurationNode {
    let node: Node
    let path: String
    let diagnostics: ConfigurationDiagnostics

    var line: Int { node.mark?.line ?? 1 }

    var isMapping: Bool {
        if case .mapping = node { return true }
        return false
    }

    /// Keys and values of a mapping in the file's order.
    var pairs: [(key: Node, value: Node)] {
        guard case .mapping(let mapping) = node else { return [] }
        return mapping.map { ($0.key, $0.value) }
    }

    func fail(_ message: String) {
        diagnostics.add(line, message)
    }

    /// Reports keys that nobody reads, with the nearest known key as a suggestion.
    func allow(_ keys: [String]) {
        guard case .mapping(let mapping) = node else {
            fail("'\(path)' must be a mapping with the keys \(keys.joined(separator: ", "))")
            return
        }
        for (key, _) in mapping {
            let name = key.string ?? ""
            guard !keys.contains(name) else { continue }
            let hint = nearest(to: name, in: keys).map { "; did you mean '\($0)'?" } ?? ""
            diagnostics.add(
                key.mark?.line ?? line,
                "unknown key '\(name)' in \(path)\(hint) Known keys: \(keys.joined(separator: ", "))")
        }
    }

    func child(_ key: String) -> ConfigurationNode? {
        guard let value = node[key], !isNull(value) else { return nil }
        return ConfigurationNode(node: value, path: "\(path).\(key)", diagnostics: diagnostics)
    }

    private func isNull(_ value: Node) -> Bool {
        if case .scalar = value { return value.null != nil && value.string != "" }
        return false
    }

    /// The entries of a list; a single value counts as a list of one where `allowsSingle`.
    func list(_ key: String, allowsSingle: Bool = false) -> [ConfigurationNode] {
        guard let child = child(key) else { return [] }
        if case .sequence(let sequence) = child.node {
            return sequence.enumerated().map {
                ConfigurationNode(node: $1, path: "\(child.path)[\($0)]", diagnostics: diagnostics)
            }
        }
        if allowsSingle { return [child] }
        child.fail("'\(child.path)' must be a list")
        return []
    }

    var text: String? {
        if case .scalar(let scalar) = node { return scalar.string }
        fail("'\(path)' must be a text")
        return nil
    }

    func string(_ key: String) -> String? { child(key)?.text }

    func required(_ key: String, example: String) -> String {
        if let child = child(key) { return child.text ?? "" }
        fail("\(path) needs '\(key)', for example `\(key): \(example)`")
        return ""
    }

    func number(_ key: String) -> Double? {
        guard let child = child(key) else { return nil }
        guard case .scalar(let scalar) = child.node, let value = Double(scalar.string), value.isFinite else {
            child.fail("'\(child.path)' must be a number")
            return nil
        }
        return value
    }

    func boolean(_ key: String) -> Bool? {
        guard let child = child(key) else { return nil }
        guard let value = child.node.bool else {
            child.fail("'\(child.path)' must be true or false")
            return nil
        }
        return value
    }

    /// A value from a closed set.
    func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T? where T.RawValue == String {
        guard let child = child(key), let text = child.text else { return nil }
        if let value = T(rawValue: text) { return value }
        let known = T.allCases.map(\.rawValue)
        let hint = nearest(to: text, in: known).map { "; did you mean '\($0)'?" } ?? ""
        child.fail("'\(text)' is not a value of \(child.path)\(hint) Write one of: \(known.joined(separator: ", "))")
        return nil
    }

    /// A fixed number of numbers.
    func numbers(_ key: String, count: Int, example: String) -> [Double]? {
        guard let child = child(key) else { return nil }
        if case .sequence(let sequence) = child.node {
            let values = sequence.compactMap { $0.float }
            if values.count == count, sequence.count == count, values.allSatisfy(\.isFinite) { return values }
        }
        child.fail("'\(child.path)' must be \(count) numbers, for example \(example)")
        return nil
    }

    /// `{zh: …, en: …}`, or one text for both.
    func localized(_ key: String, fallback: String) -> LocalizedText {
        guard let child = child(key) else { return LocalizedText(zh: fallback, en: fallback) }
        if case .scalar(let scalar) = child.node { return LocalizedText(zh: scalar.string, en: scalar.string) }
        child.allow(["zh", "en"])
        let zh = child.string("zh")
        let en = child.string("en")
        return LocalizedText(zh: zh ?? en ?? fallback, en: en ?? zh ?? fallback)
    }
}

/// The candidate within two edits of a word, if any (Levenshtein distance).
func nearest(to word: String, in candidates: [String]) -> String? {
    func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substitution = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, min(row[j], diagonal) + 1)
            }
        }
        return row[right.count]
    }
    let scored = candidates.map { ($0, distance(Array(word.lowercased()), Array($0.lowercased()))) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(2, word.count / 3) else { return nil }
    return best.0
}
