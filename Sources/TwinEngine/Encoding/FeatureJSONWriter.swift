// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Writes features as GeoJSON (RFC 7946) from the columns into bytes: the one writer of routes, command line and exports.
///
/// Positions have 9 decimals in degrees (0.1 mm) and 3 in metres, so that what is sent back is the same; outer rings run counter-clockwise. Heights follow where the
/// layer has them. O(vertices + values), no allocation besides the output but for changed features.
package struct FeatureJSONWriter {
    private struct Column {
        var index: Int
        var type: SnapshotFormat.ColumnType
        var key: [UInt8]
    }

    private let view: LayerView
    private let snapshot: Snapshot
    private let columns: [Column]
    private let codeKey: [UInt8]?
    private let codeColumn: Int
    private let geometryWriter: GeoJSONGeometryWriter
    private let hasGeometry: Bool
    /// Bytes of a feature at most, without its geometry and its texts.
    private let fixedBytes: Int

    /// Features whose memory is asked for together.
    private static let group = 48

    /// - Parameters:
    ///   - fields: indexes of the fields to write.
    ///   - hasCode: whether the permanent code is a property too.
    ///   - output: the system of positions; nil is CRS84.
    package init(
        _ view: LayerView, fields: some Sequence<Int>, hasCode: Bool, output: GeometryOutput? = nil,
        hasGeometry: Bool = true
    ) {
        self.view = view
        let snapshot = view.snapshot
        self.snapshot = snapshot
        self.hasGeometry = hasGeometry
        geometryWriter = GeoJSONGeometryWriter(coordinates: view.coordinates, output: output)
        func column(_ index: Int, _ name: String) -> Column {
            var key = JSONBytes(capacity: 24)
            key.key(name)
            return Column(index: index, type: snapshot.metadata.columns[index].type, key: key.bytes)
        }
        codeKey = hasCode ? column(view.codeColumn, "code").key : nil
        codeColumn = view.codeColumn
        columns = fields.map { column($0, view.definition.fields[$0].name) }
        fixedBytes = columns.reduce(200) { $0 + $1.key.count + JSONCursor.number + 4 }
    }

    /// A Feature, with a member `distance` in metres where it is given, and without its closing brace where it is `open`.
    package func append(_ feature: Feature, distance: Double? = nil, open: Bool = false, to out: inout JSONBytes) {
        let row = feature.row
        let snapshot = snapshot
        var most = fixedBytes + textBytes(row)
        if hasGeometry { most += view.withGeometry(row: row) { GeoJSONGeometryWriter.most($0) } }
        out.reserving(most) { out in
            out.raw("{\"type\":\"Feature\",\"id\":")
            out.integer(row < 0 ? view.id(row: row) : snapshot.ids[row])
            if let distance {
                out.raw(",\"distance\":")
                out.metres(distance)
            }
            out.raw(",\"geometry\":")
            if hasGeometry { writeGeometry(row, &out) } else { out.raw("null") }
            out.raw(",\"properties\":{")
            writeProperties(row, &out)
            out.byte(UInt8(ascii: "}"))
            if !open { out.byte(UInt8(ascii: "}")) }
        }
    }

    /// Features with commas between, none before the first.
    ///
    /// What neighbours in the order of ids need lies anywhere in the columns, so the memory of many is asked for before the
    /// first is written.
    package func append(_ features: ArraySlice<Feature>, to out: inout JSONBytes) {
        var rest = features
        var isFirst = true
        while !rest.isEmpty {
            let group = rest.prefix(Self.group)
            rest = rest.dropFirst(Self.group)
            fetch(group)
            for feature in group {
                if !isFirst { out.byte(UInt8(ascii: ",")) }
                isFirst = false
                append(feature, to: &out)
            }
        }
    }

    // MARK: Parts

    private func writeGeometry(_ row: Int, _ out: inout JSONCursor) {
        if row < 0 {
            let flat = view.delta.features[-1 - row].geometry
            let heights = flat.z.span
            geometryWriter.write(flat.view, heights, to: &out)
            return
        }
        let snapshot = snapshot
        let geometry = snapshot.geometry(row)
        guard let all = snapshot.heights else {
            let none: [Int32] = []
            geometryWriter.write(geometry, none.span, to: &out)
            return
        }
        let heights = all.extracting(snapshot.vertices(row))
        geometryWriter.write(geometry, heights, to: &out)
    }

    private func writeProperties(_ row: Int, _ out: inout JSONCursor) {
        var isFirst = true
        // A feature of a layer with codes may lack one.
        if let codeKey, hasValue(row, codeColumn) {
            out.raw(codeKey)
            writeValue(row, codeColumn, .text, &out)
            isFirst = false
        }
        for index in columns.indices {
            if !isFirst { out.byte(UInt8(ascii: ",")) }
            isFirst = false
            out.raw(columns[index].key)
            writeValue(row, columns[index].index, columns[index].type, &out)
        }
    }

    private func hasValue(_ row: Int, _ textColumn: Int) -> Bool {
        if row < 0 { return view.delta.features[-1 - row].values[textColumn] != .null }
        let snapshot = snapshot
        let code = snapshot.textCodes(textColumn)[row]
        return code != 0 && Int(code) <= snapshot.dictionaryCount(textColumn)
    }

    /// Bytes that the texts of a row take at most.
    private func textBytes(_ row: Int) -> Int {
        var most = 0
        if row < 0 {
            for value in view.delta.features[-1 - row].values {
                if case .string(let text) = value { most += text.utf8.count * 6 + 2 }
            }
            return most
        }
        let snapshot = snapshot
        if codeKey != nil {
            most = snapshot.text(code: snapshot.textCodes(codeColumn)[row], column: codeColumn).count * 6 + 2
        }
        for index in columns.indices where columns[index].type == .text {
            let column = columns[index].index
            most += snapshot.text(code: snapshot.textCodes(column)[row], column: column).count * 6 + 2
        }
        return most
    }

    private func writeValue(_ row: Int, _ column: Int, _ type: SnapshotFormat.ColumnType, _ out: inout JSONCursor) {
        if row < 0 { return out.value(view.delta.features[-1 - row].values[column]) }
        let snapshot = snapshot
        switch type {
        case .text:
            let code = snapshot.textCodes(column)[row]
            if code != 0, Int(code) <= snapshot.dictionaryCount(column) {
                return out.string(snapshot.text(code: code, column: column))
            }
        case .binary: break
        case .integer: if snapshot.isValid(row, column: column) { return out.integer(snapshot.integers(column)[row]) }
        case .real: if snapshot.isValid(row, column: column) { return out.real(snapshot.reals(column)[row]) }
        case .boolean:
            if snapshot.isValid(row, column: column) {
                if snapshot.booleans(column)[row] != 0 { return out.raw("true") }
                return out.raw("false")
            }
        }
        out.raw("null")
    }

    // MARK: Memory

    /// Asks for what some features are going to need: places first, then what lies there.
    private func fetch(_ features: ArraySlice<Feature>) {
        let snapshot = snapshot
        for feature in features where feature.row >= 0 {
            let row = feature.row
            if hasGeometry { snapshot.fetchPlaces(row) }
            for index in columns.indices { snapshot.fetch(row, columns[index].index, columns[index].type) }
            if codeKey != nil { snapshot.fetch(row, codeColumn, .text) }
        }
        for feature in features where feature.row >= 0 {
            let row = feature.row
            if hasGeometry { snapshot.fetchVertices(row) }
            for index in columns.indices where columns[index].type == .text {
                snapshot.fetchOffset(row, columns[index].index)
            }
            if codeKey != nil { snapshot.fetchOffset(row, codeColumn) }
        }
        for feature in features where feature.row >= 0 {
            let row = feature.row
            for index in columns.indices where columns[index].type == .text {
                snapshot.fetchText(row, columns[index].index)
            }
            if codeKey != nil { snapshot.fetchText(row, codeColumn) }
        }
    }
}

extension JSONCursor {
    /// A field's value; null and binary are `null`.
    fileprivate mutating func value(_ value: FieldValue) {
        switch value {
        case .null, .binary: raw("null")
        case .string(let text): string(text.utf8.span)
        case .integer(let number): integer(number)
        case .real(let number): real(number)
        case .boolean(let flag): if flag { raw("true") } else { raw("false") }
        }
    }
}
