// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Logging
import Yams

extension Access {
    /// Reads an access file (YAML or JSON):
    ///
    /// ```yaml
    /// tokens:
    ///   - {name: gas-office, sha256: 9f86d0…, role: editor, department: 燃气公司, classification: restricted}
    /// masks:
    ///   - {layer: parcels, fields: [owner], below: internal}
    /// ```
    ///
    /// A token is stored as the SHA-256 of its text in hexadecimal, so the file gives no token away:
    /// `printf %s "$TOKEN" | sha256sum`. All mistakes are reported together with their lines.
    ///
    /// - Throws: `TwinError.project` with one line per mistake.
    public static func load(_ path: String, audit: Logger = Logger(label: "audit")) throws -> Access {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw TwinError(
                .project, "cannot read the access file \(path): it must exist and be UTF-8 text", cause: "\(error)")
        }
        return try parse(text, file: path, audit: audit)
    }

    /// Reads an access file from text; `file` names it in messages.
    public static func parse(
        _ text: String, file: String, audit: Logger = Logger(label: "audit")
    ) throws -> Access {
        let diagnostics = ConfigurationDiagnostics(file: file)
        let node: Node
        do {
            guard let composed = try Yams.compose(yaml: text) else {
                throw TwinError(.project, "\(file):1: the access file is empty; write `tokens: []`")
            }
            node = composed
        } catch let error as YamlError {
            throw TwinError(.project, "\(file): not YAML: \(error)")
        }
        let root = ConfigurationNode(node: node, path: "access", diagnostics: diagnostics)
        root.allow(["tokens", "masks"])
        let tokens = root.list("tokens").map(readToken)
        let masks = root.list("masks").map(readMask)
        var names: Set<String> = []
        for token in tokens {
            guard let name = token.principal.name else { continue }
            if !names.insert(name).inserted {
                root.fail("two tokens are named '\(name)'; the audit log needs one name each")
            }
        }
        try diagnostics.throwIfAny()
        return Access(isConfigured: true, tokens: tokens, masks: masks, audit: audit)
    }

    private static func readToken(_ node: ConfigurationNode) -> Token {
        node.allow(["name", "sha256", "role", "department", "classification"])
        let name = node.required("name", example: "gas-office")
        let digest = hexBytes(node.required("sha256", example: "the output of `printf %s \"$TOKEN\" | sha256sum`"))
        if digest?.count != 32 {
            node.fail(
                "'\(node.path).sha256' must be 64 hexadecimal digits, as `printf %s \"$TOKEN\" | sha256sum` prints")
        }
        let role = node.choice("role", Role.self) ?? .reader
        let classification = node.choice("classification", Classification.self) ?? .public
        return Token(
            digest: digest ?? [],
            principal: Principal(
                name: name, role: role, department: node.string("department"), clearance: classification))
    }

    private static func readMask(_ node: ConfigurationNode) -> Mask {
        node.allow(["layer", "fields", "below"])
        let fields = node.list("fields").compactMap(\.text)
        if fields.isEmpty { node.fail("'\(node.path).fields' must list the fields to hide, for example [owner]") }
        let below = node.choice("below", Classification.self)
        if below == nil { node.fail("\(node.path) needs 'below', for example `below: internal`") }
        return Mask(
            layer: node.required("layer", example: "parcels"), fields: Set(fields), below: below ?? .confidential)
    }
}

/// The bytes of a hexadecimal text, or nil if it is not one.
func hexBytes(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var index = 0
    while index < digits.count {
        guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else { return nil }
        bytes.append(high << 4 | low)
        index += 2
    }
    return bytes
}

private func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
