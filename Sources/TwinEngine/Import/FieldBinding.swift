// SPDX-License-Identifier: Apache-2.0
import Spatial

/// How one field of a layer is filled from a column of a source.
struct FieldBinding {
    var field: FieldDefinition
    /// Position among the source's columns.
    var column: Int
    /// A key inside an hstore text (`"k"=>"v"`), as GDAL's OSM driver writes `other_tags`.
    var key: String?

    /// Finds the columns that a layer's fields name.
    ///
    /// - Throws: `TwinError.source` listing the source's fields when one is not there.
    static func plan(_ layer: LayerDefinition, _ description: SourceDescription) throws -> [FieldBinding] {
        let names = description.fields.map(\.name)
        return try layer.fields.compactMap { field in
            let parts = field.sourceName.split(separator: ">", maxSplits: 1)
            let isKeyed = parts.count == 2 && parts[0].hasSuffix("-")
            let name = isKeyed ? String(parts[0].dropLast()) : field.sourceName
            let found =
                names.firstIndex(of: name)
                ?? names.firstIndex { $0.lowercased() == name.lowercased() }
            guard let column = found else {
                // Without `from` a field may be missing in one of several sources; with it, it was meant.
                guard field.from != nil else { return nil }
                let hint = nearest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
                throw TwinError(
                    .source,
                    "field '\(field.name)' of layer '\(layer.id)' reads '\(name)', which the source does not have\(hint); "
                        + "it has \(names.isEmpty ? "no fields" : names.joined(separator: ", "))")
            }
            return FieldBinding(field: field, column: column, key: isKeyed ? String(parts[1]) : nil)
        }
    }
}

/// The value of a key inside hstore text, without the quotes; nil where the key is absent. O(text).
func hstoreValue(_ key: String, in text: String) -> String? {
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "\"") {
        guard let (name, afterName) = quotedText(rest[open...]) else { return nil }
        guard afterName.hasPrefix("=>\""), let (value, afterValue) = quotedText(afterName.dropFirst(2)) else {
            return nil
        }
        if name == key { return value }
        rest = afterValue
    }
    return nil
}

/// Reads `"…"` with backslash escapes; returns the text inside and what follows.
private func quotedText(_ text: Substring) -> (String, Substring)? {
    var value = ""
    var index = text.index(after: text.startIndex)
    while index < text.endIndex {
        let character = text[index]
        if character == "\"" { return (value, text[text.index(after: index)...]) }
        if character == "\\" {
            index = text.index(after: index)
            guard index < text.endIndex else { return nil }
        }
        value.append(text[index])
        index = text.index(after: index)
    }
    return nil
}

/// Binds converted values to an insert statement.
///
/// A value that does not fit its type becomes null and is counted with the feature's id, never dropped silently.
struct ValueBinder {
    let bindings: [FieldBinding]
    /// Statement parameter of each binding, 1-based.
    let parameters: [Int]

    func bind(
        _ batch: FeatureBatch, row: Int, to statement: borrowing RawStatement, report: inout SourceReport
    ) {
        for (binding, parameter) in zip(bindings, parameters) {
            let column = batch.columns[binding.column]
            if column.isNull(row) {
                statement.bindNull(parameter)
                continue
            }
            switch (column.values, binding.field.type) {
            case (.integer(let values), .integer): statement.bind(parameter, values[row])
            case (.integer(let values), .real): statement.bind(parameter, Double(values[row]))
            case (.integer(let values), .boolean): statement.bind(parameter, Int64(values[row] == 0 ? 0 : 1))
            case (.integer(let values), _): statement.bind(parameter, text: String(values[row]))
            case (.real(let values), .real):
                if values[row].isFinite {
                    statement.bind(parameter, values[row])
                } else {
                    null(binding, parameter, batch, row, "not a number", statement, &report)
                }
            case (.real(let values), .integer):
                let value = values[row]
                if let whole = Int64(exactly: value) {
                    statement.bind(parameter, whole)
                } else if value.isFinite, abs(value) < 9e15 {
                    statement.bind(parameter, Int64(value.rounded()))
                    report.repair("rounded-\(binding.field.name)", "\(batch.sourceIDs[row])", "\(value) rounded")
                } else {
                    null(binding, parameter, batch, row, "\(value)", statement, &report)
                }
            case (.real(let values), .boolean): statement.bind(parameter, Int64(values[row] == 0 ? 0 : 1))
            case (.real(let values), _): statement.bind(parameter, text: plainText(values[row]))
            case (.boolean(let values), .string): statement.bind(parameter, text: values[row] ? "true" : "false")
            case (.boolean(let values), _): statement.bind(parameter, Int64(values[row] ? 1 : 0))
            case (.string(let texts), _), (.binary(let texts), _):
                bindText(texts[row], binding, parameter, batch, row, statement, &report)
            }
        }
    }

    private func null(
        _ binding: FieldBinding, _ parameter: Int, _ batch: FeatureBatch, _ row: Int, _ value: String,
        _ statement: borrowing RawStatement, _ report: inout SourceReport
    ) {
        statement.bindNull(parameter)
        report.null(
            binding.field.name, "\(batch.sourceIDs[row])", "'\(value)' is not of type \(binding.field.type.rawValue)")
    }

    private func bindText(
        _ bytes: ArraySlice<UInt8>, _ binding: FieldBinding, _ parameter: Int, _ batch: FeatureBatch, _ row: Int,
        _ statement: borrowing RawStatement, _ report: inout SourceReport
    ) {
        if binding.key == nil, binding.field.type == .string {
            if bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil {
                statement.bind(parameter, utf8: bytes)
            } else {
                let text = String(decoding: bytes, as: UTF8.self)
                statement.bind(parameter, text: text)
                report.repair(
                    "encoding", "\(batch.sourceIDs[row])",
                    "'\(text)' in \(binding.field.name) is not UTF-8; state the source's `encoding:`")
            }
            return
        }
        var text = String(decoding: bytes, as: UTF8.self)
        if let key = binding.key {
            guard let value = hstoreValue(key, in: text) else {
                statement.bindNull(parameter)
                return
            }
            text = value
        }
        bindParsed(text, binding, parameter, batch, row, statement, &report)
    }

    private func bindParsed(
        _ text: String, _ binding: FieldBinding, _ parameter: Int, _ batch: FeatureBatch, _ row: Int,
        _ statement: borrowing RawStatement, _ report: inout SourceReport
    ) {
        switch binding.field.type {
        case .string:
            statement.bind(parameter, text: text)
        case .date, .datetime:
            let trimmed = text.trimmingWhitespace()
            if let value = ISODate.normalized(trimmed, withTime: binding.field.type == .datetime) {
                statement.bind(parameter, text: value)
            } else if trimmed.isEmpty {
                statement.bindNull(parameter)
            } else {
                null(binding, parameter, batch, row, text, statement, &report)
            }
        case .integer, .real:
            let trimmed = text.trimmingWhitespace()
            if trimmed.isEmpty {
                statement.bindNull(parameter)
            } else if binding.field.type == .integer, let value = Int64(trimmed) {
                statement.bind(parameter, value)
            } else if let value = Double(trimmed) ?? leadingNumber(trimmed, unit: binding.field.unit), value.isFinite {
                if binding.field.type == .real {
                    statement.bind(parameter, value)
                } else if abs(value) < 9e15 {
                    statement.bind(parameter, Int64(value.rounded()))
                    if value != value.rounded() {
                        report.repair("rounded-\(binding.field.name)", "\(batch.sourceIDs[row])", "\(text) rounded")
                    }
                } else {
                    null(binding, parameter, batch, row, text, statement, &report)
                }
            } else {
                null(binding, parameter, batch, row, text, statement, &report)
            }
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "1", "是", "y", "t": statement.bind(parameter, Int64(1))
            case "false", "no", "0", "否", "n", "f": statement.bind(parameter, Int64(0))
            default: null(binding, parameter, batch, row, text, statement, &report)
            }
        }
    }

    /// `12 m` where the field's unit is m: the number alone. Any other unit is not guessed.
    private func leadingNumber(_ text: String, unit: String?) -> Double? {
        guard let unit, text.hasSuffix(unit) else { return nil }
        return Double(String(text.dropLast(unit.count)).trimmingWhitespace())
    }
}

/// A number as text; a whole one without `.0`, as a code or house number is written.
func plainText(_ value: Double) -> String {
    if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return String(whole) }
    return String(value)
}

extension String {
    /// Without white space and NUL at both ends. O(1) for a text that has none, as most have.
    func trimmingWhitespace() -> String {
        guard let first = utf8.first, let last = utf8.last else { return self }
        if (0x21...0x7E).contains(first), (0x21...0x7E).contains(last) { return self }
        let scalars = unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.isBlank }),
            let end = scalars.lastIndex(where: { !$0.isBlank })
        else { return "" }
        return String(scalars[start...end])
    }
}

extension Unicode.Scalar {
    /// White space, the ideographic space and the byte order mark included, or a control character.
    fileprivate var isBlank: Bool {
        value <= 0x20 || (0x7F...0xA0).contains(value) || value == 0x3000 || (0x2000...0x200B).contains(value)
            || value == 0x2028 || value == 0x2029 || value == 0x202F || value == 0xFEFF
    }
}
