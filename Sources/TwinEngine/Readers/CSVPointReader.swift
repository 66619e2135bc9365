// SPDX-License-Identifier: Apache-2.0

/// Reads a CSV table whose rows have a position in two or three columns, or a geometry as WKT.
///
/// Every column becomes a text field; the project's field map gives the types. The column named for x becomes the
/// first coordinate: for a table whose X is north, name the columns so (`columns: {x: Y坐标, y: X坐标}`) or say
/// `axis_order: northing-easting`, by which the importer swaps. Streams: a row at a time.
package struct CSVPointReader: FeatureReader {
    /// Which columns hold the geometry: `wkt`, or `x` and `y` and perhaps `z`.
    package struct Columns: Sendable {
        package var x: String?
        package var y: String?
        package var z: String?
        package var wkt: String?

        package init(x: String? = nil, y: String? = nil, z: String? = nil, wkt: String? = nil) {
            (self.x, self.y, self.z, self.wkt) = (x, y, z, wkt)
        }
    }

    private enum Position {
        case axes(x: Int, y: Int, z: Int?)
        case wkt(Int)
        case none
    }

    private var table: CSVTable
    private let position: Position
    private let fields: [SourceField]
    private var row: Int64 = 0

    /// - Parameter columns: none at all reads a table without geometry.
    package init(path: String, columns: Columns, encoding: String? = nil) throws {
        try self.init(bytes: SourceBytes(path: path), columns: columns, encoding: encoding)
    }

    package init(bytes: SourceBytes, columns: Columns, encoding: String? = nil) throws {
        table = try CSVTable(bytes: bytes, encoding: encoding)
        if let wkt = columns.wkt {
            position = .wkt(try table.column(wkt, as: "`wkt`"))
        } else if let x = columns.x, let y = columns.y {
            position = .axes(
                x: try table.column(x, as: "`x`"), y: try table.column(y, as: "`y`"),
                z: try columns.z.map { [table] in try table.column($0, as: "`z`") })
        } else if columns.x == nil && columns.y == nil {
            position = .none
        } else {
            throw ReaderError(.configuration, "\(bytes.path): `columns` needs both `x` and `y`, or `wkt`")
        }
        fields = table.names.map { SourceField(name: $0, type: .string) }
    }

    package var description: SourceDescription {
        let type =
            switch position {
            case .axes: "Point"
            case .wkt: "Unknown"
            case .none: "None"
            }
        return SourceDescription(
            driver: "CSV", layer: "rows", encoding: table.text.encoding, fields: fields, geometryType: type,
            notes: table.text.notes)
    }

    package mutating func next() throws -> FeatureBatch? {
        var builder = FeatureBatchBuilder(fields: fields)
        while !builder.isFull, let row = table.nextRow() {
            self.row += 1
            let id = "line \(row.line)"
            if row.isBroken {
                builder.reject(id: id, reason: "malformed-row", text: "a quotation mark is never closed")
                continue
            }
            guard row.cells.count <= fields.count else {
                builder.reject(
                    id: id, reason: "malformed-row", text: "\(row.cells.count) cells under \(fields.count) columns")
                continue
            }
            do {
                let wkb = try geometry(row.cells)
                builder.append(id: self.row, wkb: wkb, values: row.cells.padded(to: fields.count))
            } catch {
                builder.reject(id: id, reason: error.reason, text: error.text)
            }
        }
        return builder.isEmpty ? nil : builder.take()
    }

    private func geometry(_ cells: [String]) throws(TableRowError) -> [UInt8] {
        switch position {
        case .none: return []
        case .wkt(let column): return try WKTScanner.wkb(cells.cell(column))
        case .axes(let x, let y, let z):
            guard let east = try cells.number(x, "x"), let north = try cells.number(y, "y") else {
                throw TableRowError(reason: "missing-coordinates", text: "the row has no coordinates")
            }
            guard let z else { return SourceGeometry.point(x: east, y: north) }
            return SourceGeometry.point(x: east, y: north, z: try cells.number(z, "z"))
        }
    }
}

/// Why a row cannot become a feature.
struct TableRowError: Error {
    var reason: String
    var text: String
}

extension [String] {
    /// Cell `column`; rows may be short.
    func cell(_ column: Int) -> String { column < count ? self[column] : "" }

    /// A finite number, or nil for an empty cell.
    func number(
        _ column: Int, _ role: String, reason: String = "malformed-coordinates"
    ) throws(TableRowError) -> Double? {
        let text = cell(column)
        if text.isEmpty { return nil }
        guard let value = Double(text), value.isFinite else {
            throw TableRowError(reason: reason, text: "\(role) \"\(text)\" is not a number")
        }
        return value
    }

    /// The cells as values, an empty one as null.
    func padded(to count: Int) -> [SourceValue] {
        (0..<count).map { cell($0).isEmpty ? .null : .text(self[$0]) }
    }
}
