// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Writes features as GeoJSON (RFC 7946) from the columns into bytes: the one writer of routes, command line and exports.
///
/// Positions have 9 decimals in degrees (0.1 mm) and 3 in metres, so that what is sent back is the same; outer rings run counter-clockwise. Heights follow where the
/// layer has them. O(vertices + values), no allocation besides the output but for changed features.
package struct FeatureJSONWriter {
    private let view: LayerView
    private let columns: [(index: Int, key: [UInt8])]
    private let hasCode: Bool
    private let output: GeometryOutput?
    private let hasGeometry: Bool

    /// - Parameters:
    ///   - fields: indexes of the fields to write.
    ///   - hasCode: whether the permanent code is a property too.
    ///   - output: the system of positions; nil is CRS84.
    package init(
        _ view: LayerView, fields: some Sequence<Int>, hasCode: Bool, output: GeometryOutput? = nil,
        hasGeometry: Bool = true
    ) {
        self.view = view
        self.hasCode = hasCode
        self.output = output
        self.hasGeometry = hasGeometry
        columns = fields.map { index in
            var key = JSONBytes(capacity: 24)
            key.key(view.definition.fields[index].name)
            return (index, key.bytes)
        }
    }

    /// A Feature, with a member `distance` in metres where it is given, and without its closing brace where it is `open`.
    package func append(_ feature: Feature, distance: Double? = nil, open: Bool = false, to out: inout JSONBytes) {
        let row = feature.row
        out.raw("{\"type\":\"Feature\",\"id\":")
        out.integer(view.id(row: row))
        if let distance {
            out.raw(",\"distance\":")
            out.fixed(distance, 3)
        }
        out.raw(",\"geometry\":")
        if hasGeometry {
            let heights = view.heights(row: row)
            view.withGeometry(row: row) { geometry in
                GeoJSONGeometryWriter(coordinates: view.coordinates, heights: heights, output: output)
                    .write(geometry, to: &out)
            }
        } else {
            out.raw("null")
        }
        out.raw(",\"properties\":{")
        var isFirst = true
        if hasCode {
            let start = out.bytes.count
            out.raw("\"code\":")
            isFirst = false
            // A feature of a layer with codes may lack one.
            if !appendValue(row, view.codeColumn, &out) {
                out.bytes.removeSubrange(start...)
                isFirst = true
            }
        }
        for column in columns {
            if !isFirst { out.byte(UInt8(ascii: ",")) }
            isFirst = false
            out.raw(column.key)
            if !appendValue(row, column.index, &out) { out.raw("null") }
        }
        out.byte(UInt8(ascii: "}"))
        if !open { out.byte(UInt8(ascii: "}")) }
    }

    /// Appends a value; false, and nothing, for null.
    private func appendValue(_ row: Int, _ column: Int, _ out: inout JSONBytes) -> Bool {
        if row < 0 {
            let value = view.delta.features[-1 - row].values[column]
            if value == .null { return false }
            out.value(value)
            return true
        }
        let snapshot = view.snapshot
        switch snapshot.metadata.columns[column].type {
        case .text:
            let code = snapshot.textCodes(column)[row]
            if code == 0 || Int(code) > snapshot.dictionaryCount(column) { return false }
            out.string(snapshot.text(code: code, column: column))
            return true
        case .binary: return false
        case .integer:
            guard snapshot.isValid(row, column: column) else { return false }
            out.integer(snapshot.integers(column)[row])
        case .real:
            guard snapshot.isValid(row, column: column) else { return false }
            out.real(snapshot.reals(column)[row])
        case .boolean:
            guard snapshot.isValid(row, column: column) else { return false }
            out.boolean(snapshot.booleans(column)[row] != 0)
        }
        return true
    }
}
