// SPDX-License-Identifier: Apache-2.0
import GRDB
import Spatial

/// Ids of features: new ones count up, and a feature whose code was there before keeps its id.
struct FeatureIdentities {
    private var old: [String: Int64] = [:]
    private(set) var next: Int64 = 1

    /// Reads codes and ids of the layer that is being replaced.
    mutating func load(_ layer: LayerDefinition, _ database: Database) throws {
        guard layer.code != nil, try database.columns(in: layer.id).contains(where: { $0.name == "code" }) else {
            return
        }
        let rows = try RawStatement(
            database, "SELECT id, code FROM \(quoted(layer.id)) WHERE code IS NOT NULL")
        while try rows.step() {
            let id = rows.int64(0)
            old[rows.string(1)] = id
            next = max(next, id + 1)
        }
        let kept = try String.fetchOne(
            database, sql: "SELECT value FROM twin_metadata WHERE key = ?", arguments: [Self.key(layer)])
        next = max(next, kept.flatMap { Int64($0) } ?? 1)
    }

    /// Keeps the next id, so that an id is not given again after its feature has gone.
    func save(_ layer: LayerDefinition, _ database: Database) throws {
        guard layer.code != nil else { return }
        try database.execute(
            sql: "INSERT OR REPLACE INTO twin_metadata (key, value) VALUES (?, ?)",
            arguments: [Self.key(layer), String(next)])
    }

    private static func key(_ layer: LayerDefinition) -> String { "next-id:\(layer.id)" }

    mutating func id(code: String?) -> Int64 {
        if let code, let known = old[code] { return known }
        defer { next += 1 }
        return next
    }
}

/// What a layer's import carries from source to source.
struct LayerImportState {
    var identities: FeatureIdentities
    var codes: Set<String> = []
    var count = 0
    /// Whether features with heights, and without, were kept.
    var hasZ = false
    var hasFlat = false
    var hasMultiPoints = false

    init(identities: FeatureIdentities) {
        self.identities = identities
    }
}

/// Writes batches of one source into the layer's new table.
struct LayerWriter: ~Copyable {
    private let layer: LayerDefinition
    private let table: LayerTable
    private let binder: ValueBinder
    private let codeColumn: Int?
    private let solidColumn: Int?
    private var pipeline: GeometryPipeline
    /// Only for layers with surfaces: PROJ takes milliseconds to make one.
    private let solidTransformer: CoordinateTransformer?
    private let extent: CoordinateBox
    private let statement: RawStatement
    private var blob: [UInt8] = []
    private let geometryParameter: Int

    init(
        layer: LayerDefinition, table: LayerTable, bindings: [FieldBinding], codeColumn: Int?, solidColumn: Int?,
        pipeline: consuming GeometryPipeline, solidTransformer: consuming CoordinateTransformer?, extent: CoordinateBox,
        database: Database
    ) throws {
        self.layer = layer
        self.table = table
        let names = layer.fields.map(\.name)
        let parameters = bindings.compactMap { binding in names.firstIndex(of: binding.field.name).map { $0 + 3 } }
        binder = ValueBinder(bindings: bindings, parameters: parameters)
        self.codeColumn = codeColumn
        self.solidColumn = solidColumn
        self.pipeline = pipeline
        self.solidTransformer = solidTransformer
        self.extent = extent
        geometryParameter = layer.fields.count + 3
        statement = try RawStatement(database, table.insertSQL)
        for parameter in 0..<table.columns.count { statement.bindNull(parameter + 1) }
    }

    /// Writes the features of a batch; each is kept or counted as rejected.
    mutating func write(_ batch: FeatureBatch, _ state: inout LayerImportState, _ report: inout SourceReport) throws {
        for row in 0..<batch.count {
            report.read += 1
            do throws(FeatureRejection) {
                try pipeline.take(batch.geometry[row])
                try pipeline.validate()
            } catch {
                report.reject(error.reason, "\(batch.sourceIDs[row])", error.text)
                continue
            }
            var code: String?
            if let codeColumn {
                code = Self.text(batch.columns[codeColumn], row)
                if let code, !state.codes.insert(code).inserted {
                    report.reject("duplicate-code", "\(batch.sourceIDs[row])", "the code '\(code)' was there already")
                    continue
                }
            }
            if let repair = pipeline.repair {
                report.repair(repair.reason, "\(batch.sourceIDs[row])", repair.text)
            }
            try insert(batch, row, code, &state, &report)
        }
    }

    private mutating func insert(
        _ batch: FeatureBatch, _ row: Int, _ code: String?, _ state: inout LayerImportState,
        _ report: inout SourceReport
    ) throws {
        statement.bind(1, state.identities.id(code: code))
        if let code { statement.bind(2, text: code) } else { statement.bindNull(2) }
        binder.bind(batch, row: row, to: statement, report: &report)
        let hasZ = pipeline.geometry.hasZ
        if hasZ { state.hasZ = true } else { state.hasFlat = true }
        blob.removeAll(keepingCapacity: true)
        SpatiaLiteBlob.encode(pipeline.geometry, srid: table.srid, hasZ: hasZ, into: &blob)
        statement.bind(geometryParameter, blob: blob[...])
        if table.hasSolid { try bindSolid(batch, row, &report) }
        try statement.run()
        state.count += 1
        report.kept += 1
        if layer.geometry == .point, pipeline.geometry.vertexCount > 1 { state.hasMultiPoints = true }
        if let bounds = pipeline.geometry.bounds {
            if !bounds.intersects(extent) { report.outside += 1 }
            report.extent.formUnion(bounds)
        }
    }

    /// Surfaces of a 3D object, moved into the city's system.
    private func bindSolid(_ batch: FeatureBatch, _ row: Int, _ report: inout SourceReport) throws {
        guard let solidColumn, !batch.columns[solidColumn].isNull(row),
            case .binary(let blobs) = batch.columns[solidColumn].values, !blobs[row].isEmpty
        else {
            statement.bindNull(geometryParameter + 1)
            return
        }
        var solid = try SolidLevels(decoding: blobs[row])
        var failed = false
        solid.transform { x, y, z in
            guard let moved = solidTransformer?.transform(x: x, y: y) else {
                failed = true
                return (x, y, z)
            }
            return (moved.x, moved.y, z)
        }
        if failed {
            statement.bindNull(geometryParameter + 1)
            report.null("solid", "\(batch.sourceIDs[row])", "PROJ has no position for one of its vertices")
        } else {
            for fault in try solid.faults() {
                report.fault(fault.rawValue, code(batch, row) ?? "\(batch.sourceIDs[row])", fault.words)
            }
            statement.bind(geometryParameter + 1, blob: solid.encoded()[...])
        }
    }

    private func code(_ batch: FeatureBatch, _ row: Int) -> String? {
        codeColumn.flatMap { Self.text(batch.columns[$0], row) }
    }

    private static func text(_ column: SourceColumn, _ row: Int) -> String? {
        guard !column.isNull(row) else { return nil }
        switch column.values {
        case .integer(let values): return String(values[row])
        case .real(let values): return values[row].isFinite ? plainText(values[row]) : nil
        case .boolean(let values): return values[row] ? "1" : "0"
        case .string(let values), .binary(let values):
            let text = values.text(row).trimmingWhitespace()
            return text.isEmpty ? nil : text
        }
    }
}

extension CoordinateBox? {
    /// Grows an optional box, which starts as nothing.
    mutating func formUnion(_ other: CoordinateBox) {
        guard var box = self else {
            self = other
            return
        }
        box.formUnion(x: other.minX, y: other.minY)
        box.formUnion(x: other.maxX, y: other.maxY)
        self = box
    }
}
