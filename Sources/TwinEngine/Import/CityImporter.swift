// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

/// Imports a city: every layer of its project into the record, and a snapshot of each.
///
/// ```swift
/// let report = try CityImporter(project: try CityProject.load("city.yaml"), yaml: text).run(into: "store", progress: .silent)
/// ```
public struct CityImporter {
    public let project: CityProject
    /// The project file's text, kept in the store.
    public let yaml: String
    private let profiles: ProfileSet
    /// The texts of the city's own profile files, kept in the store.
    private let profileTexts: [String: String]

    public init(projectFile path: String) throws {
        project = try CityProject.load(path)
        (profiles, profileTexts) = try ProfileSet.load(project)
        do {
            yaml = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw TwinError(.project, "cannot read the project file \(path)", cause: error.localizedDescription)
        }
    }

    /// Runs the import.
    ///
    /// Each layer is replaced in a transaction of its own; a source that fails is named in the report and the others land.
    /// - Parameter layers: import only these; nil imports all and forgets layers that the project no longer has.
    /// - Throws: `TwinError` when the store cannot be written, or another importer holds it.
    public func run(
        into directory: String, layers only: Set<String>? = nil, progress: ImportProgress
    ) throws -> ImportReport {
        let started = ContinuousClock.now
        if let unknown = only?.first(where: { project.layer($0) == nil }) {
            throw TwinError(
                .argument,
                "there is no layer '\(unknown)'; the project has "
                    + project.layers.map(\.id).joined(separator: ", "))
        }
        let coordinates = try coordinates()
        let store = try CityStore.openForImport(directory)
        try store.begin(project, yaml: yaml, profiles: profileTexts, system: coordinates.system)
        return try store.explaining { try run(store, coordinates, only, progress, started) }
    }

    private func coordinates() throws -> CityCoordinates {
        do {
            return try CityCoordinates(crs: project.crs, extent: project.extent)
        } catch let error as SpatialError {
            throw TwinError(
                .project,
                "the extent does not suit \(project.crs); make it a city's, at most some hundred kilometres wide, within "
                    + "the system's area of use", cause: error.message)
        }
    }

    private func run(
        _ store: CityStore, _ coordinates: CityCoordinates, _ only: Set<String>?, _ progress: ImportProgress,
        _ started: ContinuousClock.Instant
    ) throws -> ImportReport {
        let directory = store.directory
        var report = ImportReport(city: project.id)
        for layer in project.layers where only?.contains(layer.id) ?? true {
            let importer = LayerImporter(project: project, layer: layer, frame: coordinates, progress: progress)
            let outcome = try importer.run(store)
            report.sources += outcome.reports
            if let replaced = outcome.replaced {
                let version = try SnapshotRebuild.build(store, layer: layer, coordinates: coordinates)
                SnapshotRebuild.removeOld(directory, layer: layer.id, keeping: version)
                report.layers.append((layer.id, replaced.count, replaced.version))
                report.unmapped += try unmapped(layer, store)
            } else {
                report.keptOld.append(layer.id)
            }
        }
        if only == nil { try forgetOtherLayers(store) }
        try store.checkpoint()
        report.version = try store.version()
        report.seconds = (ContinuousClock.now - started).seconds
        try write(report, to: "\(directory)/import-report.json")
        return report
    }

    /// The values of a layer's code fields that mean nothing in their profiles: of classes each value, of codes with places
    /// each kind of mistake.
    private func unmapped(_ layer: LayerDefinition, _ store: CityStore) throws -> [UnmappedCode] {
        var found: [UnmappedCode] = []
        var fields = layer.checks
        if let codes = layer.codes, let field = codes.field {
            fields.insert(CodeCheck(profile: codes.profile, field: field), at: 0)
        }
        for check in fields {
            let isPattern = profiles.patterns[check.profile] != nil
            var places: [String: Int] = [:]
            for (value, count, example) in try store.values(layer: layer.id, field: check.field) {
                guard let mistake = profiles.mistake(value, in: check.profile) else { continue }
                if isPattern, let place = places[mistake] {
                    found[place].count += count
                    continue
                }
                places[mistake] = found.count
                found.append(
                    UnmappedCode(
                        layer: layer.id, field: check.field, profile: check.profile, value: value, count: count,
                        example: example, reason: isPattern ? mistake : nil))
            }
        }
        return found
    }

    private func forgetOtherLayers(_ store: CityStore) throws {
        for layer in try store.layers() where project.layer(layer.id) == nil {
            try store.drop(layer: layer.id)
            SnapshotRebuild.removeOld(store.directory, layer: layer.id, keeping: .max)
        }
    }

    private func write(_ report: ImportReport, to path: String) throws {
        do {
            try report.json().write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw TwinError(.system, "cannot write \(path)", cause: error.localizedDescription)
        }
    }
}
