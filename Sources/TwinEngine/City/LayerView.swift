// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// One layer as one request sees it: a snapshot and what changed since. Immutable; any thread.
public final class LayerView: Sendable {
    public let definition: LayerDefinition
    let snapshot: Snapshot
    let delta: LayerDelta
    let coordinates: CityCoordinates

    init(definition: LayerDefinition, snapshot: Snapshot, delta: LayerDelta, coordinates: CityCoordinates) {
        self.definition = definition
        self.snapshot = snapshot
        self.delta = delta
        self.coordinates = coordinates
    }

    /// Features in the layer, exactly. O(1).
    public var count: Int { snapshot.count - delta.hiddenRows.count + delta.features.count }

    /// Change-log version of the layer's last change; of a past state, the version that was asked for.
    public var version: Int64 { delta.isPast ? delta.version : max(snapshot.version, delta.version) }

    /// The box around all features; empty for an empty layer.
    public var box: GridBox {
        var box = snapshot.box
        for feature in delta.features { box.formUnion(feature.box) }
        return box
    }

    public var extent: LonLatBox? { coordinates.lonLatBox(box) }

    /// Whether features carry 3D surfaces from a city model.
    public var hasSolids: Bool { snapshot.metadata.columns.contains { $0.name == "solid" } }

    // MARK: Search

    /// Calls `visit` with every row whose box intersects `box`; false stops. Rows below zero are of the delta.
    ///
    /// O(log features + hits).
    func searchRows(_ box: GridBox, _ visit: (Int) -> Bool) {
        let hidden = delta.hiddenRows
        let goesOn: Bool
        if hidden.isEmpty {
            goesOn = snapshot.searchRanges(box) { first, end in
                for row in first..<end where !visit(row) { return false }
                return true
            }
        } else {
            goesOn = snapshot.searchRanges(box) { first, end in
                for row in first..<end where !hidden.contains(row) {
                    if !visit(row) { return false }
                }
                return true
            }
        }
        guard goesOn else { return }
        for (index, feature) in delta.features.enumerated() where feature.box.intersects(box) {
            if !visit(-1 - index) { return }
        }
    }

    /// Calls `visit` with every feature whose box intersects `box`; false stops.
    public func search(_ box: GridBox, _ visit: (Feature) -> Bool) {
        searchRows(box) { visit(Feature(view: self, row: $0)) }
    }

    /// The feature of an id, or nil. O(log features).
    public func feature(id: Int64) -> Feature? {
        if let index = delta.index[id] { return Feature(view: self, row: -1 - index) }
        guard let row = snapshot.row(id: id), !delta.hiddenRows.contains(row) else { return nil }
        return Feature(view: self, row: row)
    }

    // MARK: Rows

    func id(row: Int) -> Int64 {
        let snapshot = snapshot
        return row < 0 ? delta.features[-1 - row].id : snapshot.ids[row]
    }

    func box(row: Int) -> GridBox {
        row < 0 ? delta.features[-1 - row].box : snapshot.box(row: row)
    }

    /// Hands out a row's geometry; the spans die with the call.
    func withGeometry<R>(row: Int, _ body: (borrowing GeometryView) throws -> R) rethrows -> R {
        if row < 0 {
            let geometry = delta.features[-1 - row].geometry
            return try body(geometry.view)
        }
        let snapshot = snapshot
        return try body(snapshot.geometry(row))
    }

    /// Hands out a row's vertices in Web Mercator world units and its ring ends.
    ///
    /// Computed from the grid vertex by vertex, so equal vertices of the layer are equal here. Many rows: keep a scratch
    /// buffer and call the other form.
    func withWorld<R>(row: Int, _ body: (Span<UInt32>, Span<UInt32>) throws -> R) rethrows -> R {
        var scratch: [UInt32] = []
        return try withWorld(row: row, scratch: &scratch, body)
    }

    /// Hands out a row's vertices in Web Mercator world units and its ring ends; `scratch` holds the units meanwhile.
    ///
    /// Allocates only where the buffer has to grow. O(vertices).
    func withWorld<R>(
        row: Int, scratch: inout [UInt32], _ body: (Span<UInt32>, Span<UInt32>) throws -> R
    ) rethrows -> R {
        if row < 0 {
            let geometry = delta.features[-1 - row].geometry
            coordinates.worldUnits(geometry.xy.span, into: &scratch)
            return try body(scratch.span, geometry.ringEnds.span)
        }
        let snapshot = snapshot
        let geometry = snapshot.geometry(row)
        coordinates.worldUnits(geometry.xy, into: &scratch)
        return try body(scratch.span, geometry.ringEnds)
    }

    /// Hands out the zoom from which on each vertex of a row is needed: 0 always, 255 only at full detail. Empty where
    /// all vertices are needed: points, changed features, layers without levels.
    func withVertexZoom<R>(row: Int, _ body: (Span<UInt8>) throws -> R) rethrows -> R {
        let snapshot = snapshot
        let zooms = snapshot.vertexZoom(max(0, row))
        return try body(row < 0 ? zooms.extracting(0..<0) : zooms)
    }

    /// Heights of a row's vertices in millimetres; empty where the layer is flat.
    func heights(row: Int) -> [Int32] {
        if row < 0 { return delta.features[-1 - row].geometry.z }
        let snapshot = snapshot
        guard let heights = snapshot.heights else { return [] }
        return snapshot.vertices(row).map { heights[$0] }
    }

    /// A row's value; `column` counts the fields, then `code`, then `solid`.
    func value(row: Int, column: Int) -> FieldValue {
        if row < 0 { return delta.features[-1 - row].values[column] }
        let snapshot = snapshot
        switch snapshot.metadata.columns[column].type {
        case .text:
            let code = Int(snapshot.textCodes(column)[row])
            return code == 0 || code > snapshot.dictionaryCount(column) ? .null : .string(dictionaryText(column, code))
        case .binary:
            let bytes = snapshot.binary(row, column: column)
            return bytes.isEmpty ? .null : .binary(bytes.indices.map { bytes[$0] })
        case .integer: return snapshot.isValid(row, column: column) ? .integer(snapshot.integers(column)[row]) : .null
        case .real: return snapshot.isValid(row, column: column) ? .real(snapshot.reals(column)[row]) : .null
        case .boolean:
            return snapshot.isValid(row, column: column) ? .boolean(snapshot.booleans(column)[row] != 0) : .null
        }
    }

    /// The text of a dictionary code.
    func dictionaryText(_ column: Int, _ code: Int) -> String {
        let snapshot = snapshot
        let bytes = snapshot.text(code: UInt32(clamping: code), column: column)
        return unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Column of the permanent code.
    var codeColumn: Int { definition.fields.count }
    /// Column of the 3D surfaces, if there is one.
    var solidColumn: Int? { hasSolids ? definition.fields.count + 1 : nil }
}

/// A feature of a view: a reference that keeps the view alive.
public struct Feature: Sendable {
    let view: LayerView
    let row: Int

    public var layer: LayerDefinition { view.definition }
    public var id: Int64 { view.id(row: row) }
    /// The permanent code (永久编码), where the layer has codes.
    public var code: String? { view.value(row: row, column: view.codeColumn).text }
    public var box: GridBox { view.box(row: row) }

    /// The value of the layer's field of that position.
    public func value(_ field: Int) -> FieldValue { view.value(row: row, column: field) }

    /// Hands out the geometry on the grid.
    public func withGeometry<R>(_ body: (borrowing GeometryView) throws -> R) rethrows -> R {
        try view.withGeometry(row: row, body)
    }

    /// Metres from a point to the nearest part of the feature; 0 inside a polygon.
    public func distance(to point: GridPoint) -> Double {
        view.withGeometry(row: row) { $0.distance(to: point) }
    }

    /// The 3D surfaces, where the source had them.
    var solid: [UInt8]? {
        guard let column = view.solidColumn, case .binary(let bytes) = view.value(row: row, column: column) else {
            return nil
        }
        return bytes
    }
}
