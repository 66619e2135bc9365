// SPDX-License-Identifier: Apache-2.0
import Yams

/// Reads profile files. What is common to all kinds is read here; a kind adds keys of its own.
struct ProfileReader {
    /// A key of a class that one kind of profile has.
    struct Key {
        enum Value {
            case text
            case number(ClosedRange<Double>)
            case choice([String])
        }
        var name: String
        var value: Value
        var isRequired = false
    }

    let root: ConfigurationNode

    /// - Throws: `TwinError.project` if the text is no YAML mapping.
    init(_ text: String, file: String, _ diagnostics: ConfigurationDiagnostics) throws {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw TwinError(.project, "\(file):1: the profile is empty; start with `profile: 1`")
            }
            root = ConfigurationNode(node: node, path: "profile", diagnostics: diagnostics)
        } catch let error as YamlError {
            throw TwinError(.project, CityProject.explained(error, file))
        }
    }

    /// The profile without what is particular to its kind.
    ///
    /// - Parameters:
    ///   - kind: what `kind` must say. - keys: further keys of a class. - sections: further keys of the file.
    func profile(kind: String, keys: [Key], sections: [String] = []) -> CodeProfile {
        root.allow(["profile", "kind", "title", "source", "matching", "classes"] + sections)
        if root.string("profile") != "1" {
            root.fail("the first line must be `profile: 1` (the version of the format)")
        }
        let said = root.required("kind", example: kind)
        if said != kind, !said.isEmpty { root.child("kind")?.fail("this is a profile of '\(said)', not of '\(kind)'") }
        let nodes = root.list("classes")
        if nodes.isEmpty { root.fail("the profile has no `classes`") }
        var index: [String: Int] = [:]
        var classes: [CodeClass] = []
        for node in nodes {
            let item = codeClass(node, keys)
            for code in Set(([item.id] + item.codes).map(CodeProfile.key)) where !code.isEmpty {
                if let other = index[code] {
                    node.fail("'\(code)' already means class '\(classes[other].id)'; a value has one class")
                } else {
                    index[code] = classes.count
                }
            }
            classes.append(item)
        }
        return CodeProfile(
            kind: kind, title: root.localized("title", fallback: kind), source: root.string("source") ?? "",
            matching: root.choice("matching", CodeProfile.Matching.self) ?? .exact, classes: classes, index: index)
    }

    private func codeClass(_ node: ConfigurationNode, _ keys: [Key]) -> CodeClass {
        node.allow(["id", "codes", "title", "color", "department", "classification"] + keys.map(\.name))
        let id = node.required("id", example: "water")
        let color = node.string("color")
        if let color, HexColor.isColor(color) == false {
            node.child("color")?.fail("'\(color)' is not a colour; write it as \"#2f6fdd\"")
        }
        var attributes: [String: String] = [:]
        for key in keys {
            guard let child = node.child(key.name), let text = child.text else {
                if key.isRequired { node.fail("class '\(id)' needs `\(key.name)`") }
                continue
            }
            switch key.value {
            case .text: break
            case .number(let range):
                guard let value = Double(text), range.contains(value) else {
                    child.fail("'\(child.path)' must be a number from \(range.lowerBound) to \(range.upperBound)")
                    continue
                }
            case .choice(let words) where !words.contains(text):
                child.fail("'\(text)' is not a value of \(child.path); write one of: \(words.joined(separator: ", "))")
                continue
            case .choice: break
            }
            attributes[key.name] = text
        }
        return CodeClass(
            id: id, codes: node.list("codes", allowsSingle: true).compactMap(\.text),
            title: node.localized("title", fallback: id), color: color, department: node.string("department"),
            classification: node.choice("classification", Classification.self), attributes: attributes)
    }
}

/// What a colour of a profile looks like.
enum HexColor {
    static func isColor(_ text: String) -> Bool {
        text.hasPrefix("#") && [3, 6].contains(text.count - 1) && text.dropFirst().allSatisfy(\.isHexDigit)
    }
}
