// SPDX-License-Identifier: Apache-2.0

/// The values of one field over all features of a layer, counted.
public struct FieldCensus: Sendable {
    /// Different finite numbers, ascending; empty for fields of texts.
    public var numbers: [(value: Double, count: Int)] = []
    /// Different texts (`true` and `false` for booleans), the most frequent first; equal counts by text.
    public var texts: [(value: String, count: Int)] = []
    /// Features without a value, or whose number is not finite.
    public var missing = 0

    /// Features with a value.
    public var counted: Int { numbers.reduce(0) { $0 + $1.count } + texts.reduce(0) { $0 + $1.count } }
}

extension LayerView {
    /// Counts the values of a field. Texts are counted by their codes and read once each.
    ///
    /// - Parameter field: index into the definition's fields.
    /// - Complexity: O(features) for texts, O(features log features) for numbers. Any thread.
    public func census(field: Int) -> FieldCensus {
        let snapshot = snapshot
        var census = FieldCensus()
        var values: [Double] = []
        var texts: [String: Int] = [:]
        var codes: [Int] = []
        let isText = snapshot.metadata.columns[field].type == .text
        if isText { codes = Array(repeating: 0, count: snapshot.dictionaryCount(field) + 1) }
        func add(_ value: FieldValue) {
            switch value {
            case .integer(let number): values.append(Double(number))
            case .real(let number) where number.isFinite: values.append(number)
            case .string(let text): texts[text, default: 0] += 1
            case .boolean(let truth): texts[truth ? "true" : "false", default: 0] += 1
            case .real, .null, .binary: census.missing += 1
            }
        }
        let hidden = delta.hiddenRows
        for row in 0..<snapshot.count where hidden.isEmpty || !hidden.contains(row) {
            guard isText else {
                add(value(row: row, column: field))
                continue
            }
            let code = Int(snapshot.textCodes(field)[row])
            if code == 0 || code >= codes.count { census.missing += 1 } else { codes[code] += 1 }
        }
        for feature in delta.features { add(feature.values[field]) }
        for (code, count) in codes.enumerated() where count > 0 {
            texts[dictionaryText(field, code), default: 0] += count
        }
        census.texts = texts.map { ($0.key, $0.value) }.sorted { ($1.count, $0.value) < ($0.count, $1.value) }
        values.sort()
        for value in values {
            if census.numbers.last?.value == value {
                census.numbers[census.numbers.count - 1].count += 1
            } else {
                census.numbers.append((value, 1))
            }
        }
        return census
    }
}
