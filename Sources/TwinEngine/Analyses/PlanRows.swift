// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The polygons of a layer that an analysis looks at, with the class of each.
struct PlanRows: Sendable {
    /// What stands for features without a class.
    static let unclassified = "(none)"

    let layer: AnalysisLayer
    /// Rows in storage order, which is that of a space-filling curve; rows of the delta last.
    let rows: [Int]
    let classes: [String]
    /// Index in ``classes`` by slot; -1 for rows that are left out.
    private let codes: [Int32]

    /// - Parameters:
    ///   - field: the field that classes features; nil puts all into one class, the layer's id.
    ///   - region: only polygons that share a point with it; nil takes all.
    /// - Throws: `TwinError.argument` for a filter or field that does not fit the layer.
    init(_ layer: AnalysisLayer, field: String?, filter: ColumnFilter?, region: PreparedRegion?) throws {
        self.layer = layer
        let view = layer.view
        let column = try field.map { try layer.field($0, "field") }
        var passing = try filter.map { try RowFilter($0, view, masked: layer.masked) }
        var rows: [Int] = []
        var codes = [Int32](repeating: -1, count: view.snapshot.count + view.delta.features.count)
        var classes: [String] = []
        var known: [String: Int32] = [:]
        let first = view.snapshot.count
        view.searchRows(region?.box ?? Self.everywhere) { row in
            if let region, !view.withGeometry(row: row, { region.intersects($0) }) { return true }
            if passing?.passes(row) == false { return true }
            let name = column.map { view.value(row: row, column: $0).text ?? Self.unclassified } ?? layer.id
            let code: Int32
            if let found = known[name] {
                code = found
            } else {
                code = Int32(classes.count)
                known[name] = code
                classes.append(name)
            }
            rows.append(row)
            codes[row >= 0 ? row : first - 1 - row] = code
            return true
        }
        self.rows = rows
        self.classes = classes
        self.codes = codes
    }

    private static let everywhere = GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)

    /// The class of a row; nil for one that is left out.
    func classIndex(_ row: Int) -> Int? {
        let code = codes[row >= 0 ? row : layer.view.snapshot.count - 1 - row]
        return code < 0 ? nil : Int(code)
    }
}
