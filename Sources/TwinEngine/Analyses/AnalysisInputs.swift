// SPDX-License-Identifier: Apache-2.0
import Spatial
import Yams

/// The inputs of one execution, read with errors that name the input and show a valid one.
public struct AnalysisInputs: Sendable {
    let members: [String: JSONValue]

    init(members: [String: JSONValue]) { self.members = members }

    /// - Throws: `TwinError.argument` for text that is no JSON object.
    public init(json: [UInt8]) throws {
        try self.init(JSONValue(parsing: json, name: "inputs"))
    }

    /// - Throws: `TwinError.argument` for text that is no YAML mapping.
    public init(yaml: String) throws {
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw TwinError(.argument, "inputs: it is no YAML that can be read: \(error)")
        }
        guard let node else { throw TwinError(.argument, "inputs: the YAML is empty") }
        try self.init(JSONValue(node))
    }

    private init(_ value: JSONValue) throws {
        guard case .object(let members) = value else {
            throw TwinError(.argument, #"inputs: they are an object, for example {"layers":["a","b"]}"#)
        }
        self.members = members
    }

    /// Adds or replaces a member from `name=value` on a command line; the value is JSON, or text where it is none.
    public mutating func set(_ text: String) throws {
        guard let mark = text.firstIndex(of: "="), mark != text.startIndex else {
            throw TwinError(.argument, "'\(text)' is not NAME=VALUE; write for example limit=100")
        }
        let value = String(text[text.index(after: mark)...])
        var members = members
        if let parsed = try? JSONValue(parsing: Array(value.utf8), name: "value") {
            // What is no JSON is meant as text, so the reason is not lost but the answer.
            members[String(text[..<mark])] = parsed
        } else {
            members[String(text[..<mark])] = .text(value)
        }
        self = AnalysisInputs(members: members)
    }

    /// Refuses names that the analysis does not have.
    func allow(_ names: [String]) throws {
        guard let unknown = members.keys.sorted().first(where: { !names.contains($0) }) else { return }
        let hint = nearest(to: unknown, in: names).map { "; did you mean '\($0)'?" } ?? ""
        throw TwinError(
            .argument,
            "\(unknown.prefix(80)): there is no such input\(hint) There are: \(names.joined(separator: ", "))")
    }

    static func wrong(_ name: String, _ example: String) -> TwinError {
        TwinError(.argument, #"\#(name): it cannot be read; write for example "\#(name)":\#(example)"#)
    }

    func text(_ name: String, example: String) throws -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.text else { throw Self.wrong(name, example) }
        return text
    }

    func texts(_ name: String, example: String) throws -> [String]? {
        guard let value = members[name] else { return nil }
        if let text = value.text { return [text] }
        guard let list = value.list, !list.isEmpty, list.count <= 1000 else { throw Self.wrong(name, example) }
        return try list.map { entry in
            guard let text = entry.text else { throw Self.wrong(name, example) }
            return text
        }
    }

    func number(_ name: String, in range: ClosedRange<Double>, default fallback: Double) throws -> Double {
        guard let value = members[name] else { return fallback }
        guard let number = value.number, range.contains(number) else {
            throw TwinError(
                .argument,
                "\(name): write a number from \(range.lowerBound) to \(range.upperBound), for example "
                    + #""\#(name)":\#(fallback)"#)
        }
        return number
    }

    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let value = members[name] else { return fallback }
        guard case .integer(let number) = value, let count = Int(exactly: number), range.contains(count) else {
            throw TwinError(
                .argument,
                "\(name): write a whole number from \(range.lowerBound) to \(range.upperBound), for example "
                    + #""\#(name)":\#(fallback)"#)
        }
        return count
    }

    func boolean(_ name: String, default fallback: Bool) throws -> Bool {
        guard let value = members[name] else { return fallback }
        guard case .boolean(let truth) = value else { throw Self.wrong(name, fallback ? "false" : "true") }
        return truth
    }

    func object(_ name: String, example: String) throws -> AnalysisInputs? {
        guard let value = members[name] else { return nil }
        guard case .object(let members) = value else { throw Self.wrong(name, example) }
        return AnalysisInputs(members: members)
    }

    /// What the caller wrote, for the result.
    func append(to out: inout JSONBytes) { JSONValue.object(members).append(to: &out) }
}

extension JSONValue {
    /// A YAML node as the JSON that says the same. Codes with leading zeros stay texts.
    init(_ node: Node) throws {
        switch node {
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            for (key, value) in mapping { members[key.string ?? ""] = try JSONValue(value) }
            self = .object(members)
        case .sequence(let sequence): self = .list(try sequence.map { try JSONValue($0) })
        case .scalar(let scalar):
            let text = scalar.string
            let isPlain = scalar.style == .plain || scalar.style == .any
            if isPlain, text == "null" || text == "~" || text.isEmpty {
                self = .null
            } else if isPlain, let truth = node.bool {
                self = .boolean(truth)
            } else if isPlain, let number = Int64(text), String(number) == text {
                self = .integer(number)
            } else if isPlain, !(text.hasPrefix("0") && !text.hasPrefix("0.")), let number = Double(text),
                number.isFinite
            {
                self = .real(number)
            } else {
                self = .text(text)
            }
        case .alias: throw TwinError(.argument, "inputs: YAML aliases are not read; write the value out")
        }
    }

    /// Writes the value; members in the order of their names.
    func append(to out: inout JSONBytes) {
        switch self {
        case .null: out.raw("null")
        case .boolean(let truth): out.boolean(truth)
        case .integer(let number): out.integer(number)
        case .real(let number): out.real(number)
        case .text(let text): out.string(text)
        case .list(let list): out.list(list) { $1.append(to: &$0) }
        case .object(let members):
            out.raw("{")
            for (index, name) in members.keys.sorted().enumerated() {
                if index > 0 { out.raw(",") }
                out.key(name)
                members[name]?.append(to: &out)
            }
            out.raw("}")
        }
    }
}
