// SPDX-License-Identifier: Apache-2.0

/// One value on its way into a batch.
package enum SourceValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case text(String)
    case bytes([UInt8])
}

/// Gathers rows into the columns of a `FeatureBatch`.
package struct FeatureBatchBuilder {
    private let fields: [SourceField]
    private var columns: [ColumnBuilder]
    private var sourceIDs: [Int64] = []
    private var geometry = StringColumn()
    package var problems: [SourceProblem] = []

    package init(fields: [SourceField]) {
        self.fields = fields
        columns = fields.map { ColumnBuilder(type: $0.type) }
    }

    /// Rows so far; lost features do not count.
    package var count: Int { sourceIDs.count }
    package var isFull: Bool { count >= featuresPerBatch || problems.count >= featuresPerBatch }
    package var isEmpty: Bool { count == 0 && problems.isEmpty }

    /// Adds a row. A value that does not fit its field's type is converted if nothing is lost, and else is null.
    package mutating func append(id: Int64, wkb: [UInt8], values: [SourceValue]) {
        precondition(values.count == columns.count, "one value per field")
        sourceIDs.append(id)
        geometry.append(wkb)
        for index in values.indices { columns[index].append(values[index]) }
    }

    package mutating func reject(id: String, reason: String, text: String) {
        problems.append(SourceProblem(id: id, reason: reason, text: text))
    }

    /// The batch so far, and a fresh start.
    package mutating func take() -> FeatureBatch {
        let batch = FeatureBatch(
            count: count, sourceIDs: sourceIDs, geometry: geometry, columns: columns.map(\.column),
            problems: problems)
        self = FeatureBatchBuilder(fields: fields)
        return batch
    }
}

/// One growing column.
private struct ColumnBuilder {
    private var values: ColumnValues
    private var valid: [Bool] = []
    private var hasNull = false

    init(type: SourceFieldType) {
        switch type {
        case .integer: values = .integer([])
        case .real: values = .real([])
        case .boolean: values = .boolean([])
        case .binary: values = .binary(StringColumn())
        case .string, .date, .datetime: values = .string(StringColumn())
        }
    }

    var column: SourceColumn { SourceColumn(values: values, valid: hasNull ? valid : nil) }

    mutating func append(_ value: SourceValue) {
        let isValid: Bool
        // The payload is taken out of `values` while it grows, so that it is not copied.
        switch values {
        case .integer(var list):
            values = .integer([])
            let number = value.integer
            list.append(number ?? 0)
            isValid = number != nil
            values = .integer(list)
        case .real(var list):
            values = .real([])
            let number = value.real
            list.append(number ?? 0)
            isValid = number != nil
            values = .real(list)
        case .boolean(var list):
            values = .boolean([])
            let flag = value.boolean
            list.append(flag ?? false)
            isValid = flag != nil
            values = .boolean(list)
        case .string(var list):
            values = .string(StringColumn())
            let text = value.text
            list.append((text ?? "").utf8)
            isValid = text != nil
            values = .string(list)
        case .binary(var list):
            values = .binary(StringColumn())
            let bytes = value.bytes
            list.append(bytes ?? [])
            isValid = bytes != nil
            values = .binary(list)
        }
        valid.append(isValid)
        if !isValid { hasNull = true }
    }
}

extension SourceValue {
    /// The value as a whole number, if it is one exactly.
    var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .real(let number): Int64(exactly: number)
        case .boolean(let flag): flag ? 1 : 0
        case .text(let text): Int64(text)
        case .null, .bytes: nil
        }
    }

    var real: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number.isFinite ? number : nil
        case .text(let text): Double(text).flatMap { $0.isFinite ? $0 : nil }
        case .null, .boolean, .bytes: nil
        }
    }

    var boolean: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    var bytes: [UInt8]? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }

    var text: String? {
        switch self {
        case .null, .bytes: nil
        case .integer(let number): String(number)
        case .real(let number): "\(number)"
        case .boolean(let flag): flag ? "true" : "false"
        case .text(let text): text
        }
    }
}
