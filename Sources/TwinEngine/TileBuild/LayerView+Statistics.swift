// SPDX-License-Identifier: Apache-2.0
import Tiles

extension LayerView {
    /// A field with what an archive tells of its values: how many different ones (up to 1,000), a hundred of those that
    /// come first, and the range of numbers. O(features); texts are compared by their codes.
    func statistics(field: Int) -> ArchiveMetadata.Field {
        let snapshot = snapshot
        let definition = definition.fields[field]
        let type: ArchiveMetadata.FieldType =
            switch definition.type {
            case .integer, .real: .number
            case .boolean: .boolean
            case .string, .date, .datetime: .string
            }
        var values = FieldValues()
        let isText = snapshot.metadata.columns[field].type == .text
        let hidden = delta.hiddenRows
        var seen = isText ? [Bool](repeating: false, count: snapshot.dictionaryCount(field) + 1) : []
        for row in 0..<snapshot.count where hidden.isEmpty || !hidden.contains(row) {
            guard isText else {
                values.add(value(row: row, column: field))
                continue
            }
            let code = Int(snapshot.textCodes(field)[row])
            guard code > 0, code < seen.count, !seen[code] else { continue }
            seen[code] = true
            values.add(.string(dictionaryText(field, code)))
            if values.isFull { break }
        }
        for feature in delta.features { values.add(feature.values[field]) }
        return ArchiveMetadata.Field(
            definition.name, type, distinct: values.count, values: values.examples,
            minimum: values.minimum, maximum: values.maximum)
    }
}

/// Collects the different values of a field.
private struct FieldValues {
    private static let most = 1000
    private static let shown = 100

    private var numbers: Set<Double> = []
    private var texts: Set<String> = []
    private var firstNumbers: [Double] = []
    private var firstTexts: [String] = []
    private(set) var minimum: Double?
    private(set) var maximum: Double?

    var isFull: Bool { count >= Self.most }
    var count: Int { numbers.count + texts.count }

    mutating func add(_ value: FieldValue) {
        switch value {
        case .integer(let number): add(Double(number))
        case .real(let number): add(number)
        case .boolean(let truth): add(truth ? "true" : "false")
        case .string(let text): add(text)
        case .null, .binary: return
        }
    }

    private mutating func add(_ number: Double) {
        guard number.isFinite else { return }
        minimum = min(minimum ?? number, number)
        maximum = max(maximum ?? number, number)
        guard !isFull, numbers.insert(number).inserted, firstNumbers.count < Self.shown else { return }
        firstNumbers.append(number)
    }

    private mutating func add(_ text: String) {
        guard !isFull, texts.insert(text).inserted, firstTexts.count < Self.shown else { return }
        firstTexts.append(text)
    }

    /// In order, so that it does not show where they lie.
    var examples: [String] {
        firstTexts.sorted()
            + firstNumbers.sorted().map { number in
                Int(exactly: number).map { "\($0)" } ?? "\(number)"
            }
    }
}
