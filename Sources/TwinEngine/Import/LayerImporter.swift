// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Spatial

/// Replaces one layer of a store by what its sources hold now, in one transaction.
///
/// A kill at any moment leaves the old layer whole. A bad feature is counted; a bad source is undone alone. If a source
/// fails and the layer existed before, the whole old layer stays.
struct LayerImporter {
    let project: CityProject
    let layer: LayerDefinition
    let frame: CityCoordinates
    let progress: ImportProgress

    struct Outcome {
        var reports: [SourceReport]
        /// Nil when the old layer was kept.
        var replaced: (count: Int, version: Int64)?
    }

    func run(_ store: CityStore) throws -> Outcome {
        var outcome = Outcome(reports: [], replaced: nil)
        try store.explaining {
            try store.queue.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    outcome = try replace(database)
                    return outcome.replaced == nil ? .rollback : .commit
                }
            }
        }
        return outcome
    }

    private func replace(_ database: Database) throws -> Outcome {
        let srid = try StoreReferenceSystem.register(frame.system, database)
        let exists = try database.tableExists(layer.id)
        var identities = FeatureIdentities()
        if exists { try identities.load(layer, database) }
        let staging = "twin_new_\(layer.id)"
        var table = LayerTable(layer: layer, srid: srid, hasZ: false, hasSolid: needsSolid)
        table.layer.id = staging
        try database.execute(sql: "DROP TABLE IF EXISTS \(quoted(staging))")
        try table.create(database)

        var state = LayerImportState(identities: identities)
        var reports: [SourceReport] = []
        for id in layer.sources {
            guard let source = project.source(id) else { continue }
            reports.append(try importSource(source, table, &state, database))
        }
        let isAnyFailed = reports.contains { $0.status == .failed }
        let isAllFailed = reports.allSatisfy { $0.status == .failed }
        if isAllFailed || (isAnyFailed && exists) { return Outcome(reports: reports, replaced: nil) }

        try state.identities.save(layer, database)
        if state.hasZ && state.hasFlat { try table.raiseFlatFeatures(database) }
        try database.execute(sql: "INSERT INTO twin_changes (layer, kind) VALUES (?, 'replace')", arguments: [layer.id])
        let version = database.lastInsertedRowID
        table.layer.id = layer.id
        if exists { try keepPast(table, replacedBy: staging, version, database) }
        try CityStore.drop(layer.id, database)
        try database.execute(sql: "ALTER TABLE \(quoted(staging)) RENAME TO \(quoted(layer.id))")
        table.hasZ = state.hasZ
        try table.history?.prepare(from: version, database)
        try table.finish(database, hasMultiPoints: state.hasMultiPoints)
        let json = try encodeJSON(["sources": reports.map(\.jsonObject)])
        try database.execute(
            sql: "INSERT INTO twin_layers (id, version, has_z, has_solid, report) VALUES (?, ?, ?, ?, ?)",
            arguments: [layer.id, version, table.hasZ, table.hasSolid, json])
        return Outcome(reports: reports, replaced: (state.count, version))
    }

    /// Keeps what the new table changes. The old one may lack the surfaces that the new one has.
    private func keepPast(
        _ table: LayerTable, replacedBy staging: String, _ version: Int64, _ database: Database
    ) throws {
        if table.hasSolid, try !database.columns(in: layer.id).contains(where: { $0.name == "solid" }) {
            try database.execute(sql: "ALTER TABLE \(quoted(layer.id)) ADD COLUMN solid BLOB")
        }
        try table.history?.prepare(from: version, database)
        try table.history?.keepReplaced(by: staging, version: version, database)
    }

    /// CityJSON and CityGML bring surfaces; the table keeps them beside the footprint.
    private var needsSolid: Bool {
        layer.sources.contains { id in
            project.source(id).map(ReaderFactory.bringsSolids) ?? false
        }
    }

    // MARK: One source

    private func importSource(
        _ source: SourceDefinition, _ table: LayerTable, _ state: inout LayerImportState, _ database: Database
    ) throws -> SourceReport {
        let started = ContinuousClock.now
        var report = SourceReport(source: source.id, layer: layer.id, path: source.path)
        try database.execute(sql: "SAVEPOINT twin_source")
        let before = state
        do {
            try read(source, table, &state, &report, database)
            try database.execute(sql: "RELEASE twin_source")
        } catch let error where Self.isOfSource(error) {
            state = before
            try database.execute(sql: "ROLLBACK TO twin_source; RELEASE twin_source")
            report.status = .failed
            report.fail("\(error)")
        }
        report.seconds = (ContinuousClock.now - started).seconds
        progress.finished(report)
        return report
    }

    /// Errors of a source leave the import going; errors of the store or the system end it.
    private static func isOfSource(_ error: any Error) -> Bool {
        if error is ReaderError || error is SpatialError { return true }
        guard let error = error as? TwinError else { return false }
        return error.code == .source
    }

    private func read(
        _ source: SourceDefinition, _ table: LayerTable, _ state: inout LayerImportState,
        _ report: inout SourceReport, _ database: Database
    ) throws {
        var reader = try ReaderFactory.open(source, fields: wantedFields)
        report.driver = reader.description.driver
        report.encoding = reader.description.encoding
        var bindings = try FieldBinding.plan(layer, reader.description)
        let codeColumn = try codeColumn(reader.description)
        let resolver = SourceSystemResolver(source: source, frame: frame)
        var batch = try reader.next()
        while let current = batch, current.count == 0 {
            add(current.problems, &report)
            batch = try reader.next()
        }
        let sample = batch.map { Self.sample($0) } ?? []
        let system = try resolver.resolve(stated: reader.description.crs, sample: sample)
        report.sourceCRS = system.code ?? system.name
        bindings.sort { $0.column < $1.column }
        var writer = try LayerWriter(
            layer: layer, table: table, bindings: bindings, codeColumn: codeColumn,
            solidColumn: reader.description.fields.firstIndex { $0.name == "solid" && $0.type == .binary },
            pipeline: GeometryPipeline(source: source, sourceSystem: system, frame: frame, kind: layer.geometry),
            solidTransformer: table.hasSolid ? CoordinateTransformer(from: system, to: frame.system) : nil,
            extent: frame.extent, database: database)
        while let current = batch {
            add(current.problems, &report)
            try writer.write(current, &state, &report)
            progress.advanced(source.id, report.read, of: reader.description.featureCount)
            batch = try reader.next()
        }
        finish(reader, system, sample, &report)
        if report.kept == report.outside, report.read > 0, report.kept > 0 || report.isAllOutOfPlace {
            throw resolver.misplaced(report, sample)
        }
        // A layer is never replaced by nothing because all that came was unusable.
        if report.read > 0, report.kept == 0 { throw unusable(report) }
    }

    private func unusable(_ report: SourceReport) -> TwinError {
        let reasons = report.rejected.sorted { $0.count > $1.count }.map { "\($0.count) × \($0.reason)" }
        let example = report.rejected.first?.examples.first.map { " (\($0))" } ?? ""
        return TwinError(
            .source,
            "source '\(report.source)': none of its \(report.read) features can be kept in layer '\(layer.id)', which holds "
                + "\(layer.geometry)s: \(reasons.joined(separator: ", "))\(example); correct the source, its `layer:`, or the "
                + "layer's `geometry:`")
    }

    private func finish(
        _ reader: any FeatureReader, _ system: CoordinateSystem, _ sample: [Double], _ report: inout SourceReport
    ) {
        report.notes += reader.description.notes
        report.encoding = reader.description.encoding ?? report.encoding
        if let reader = reader as? GDALReader {
            report.lose(reader.lostCount)
            report.notes += reader.warnings.prefix(5).map { "GDAL: \($0)" }
        }
        if report.read == 0 { report.notes.append("the source is empty") }
        if let extent = report.extent {
            report.extentLonLat = frame.lonLatBox(frame.grid.gridBox(extent))
        }
    }

    private func add(_ problems: [SourceProblem], _ report: inout SourceReport) {
        for problem in problems {
            report.read += 1
            report.reject(problem.reason, problem.id, problem.text)
        }
    }

    private var wantedFields: Set<String> {
        var names = Set(
            layer.fields.map { field -> String in
                let name = field.sourceName
                return name.range(of: "->").map { String(name[..<$0.lowerBound]) } ?? name
            })
        if let code = layer.code { names.insert(code) }
        return names
    }

    private func codeColumn(_ description: SourceDescription) throws -> Int? {
        guard let code = layer.code else { return nil }
        let names = description.fields.map(\.name)
        guard let column = names.firstIndex(of: code) else {
            throw TwinError(
                .source,
                "layer '\(layer.id)' takes its codes from '\(code)', which the source does not have; it has "
                    + names.joined(separator: ", "))
        }
        return column
    }

    /// The first vertex of up to 200 features of a batch, as the source states it.
    static func sample(_ batch: FeatureBatch) -> [Double] {
        var points: [Double] = []
        var geometry = FlatCoordinates()
        let reader = WKBReader(rings: .repair)
        let step = max(1, batch.count / 200)
        for row in stride(from: 0, to: batch.count, by: step) {
            let wkb = batch.geometry[row]
            guard !wkb.isEmpty else { continue }
            do {
                // Safe: the bytes outlive the call.
                try unsafe reader.decode(wkb.span.bytes, into: &geometry)
            } catch {
                // No sample; why it cannot be read is reported with its row when that is imported.
                continue
            }
            guard geometry.xy.count >= 2 else { continue }
            points += [geometry.xy[0], geometry.xy[1]]
        }
        return points
    }
}

extension SourceReport {
    /// Nothing was kept, and what was rejected was rejected for its position.
    var isAllOutOfPlace: Bool {
        kept == 0 && rejected.contains { $0.reason == "out-of-range" || $0.reason == "not-transformable" }
    }
}

extension Duration {
    /// Seconds as a number.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
