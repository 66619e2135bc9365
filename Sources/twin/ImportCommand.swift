// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take a city's sources into a store.",
        discussion: """
            Reads the sources that city.yaml names (GeoPackage, Shapefile, GeoJSON, FileGDB, OSM PBF, GML, DXF, CSV, \
            CityJSON, EPANET, pipe survey tables), checks and repairs them, and writes them into STORE/city.sqlite \
            (SpatiaLite) and STORE/snapshots. Each layer is replaced in one transaction: stop it at any moment and the \
            old layer is whole.

            Every source ends in a report: what was read, kept, repaired and rejected, with reasons and examples. It is \
            printed as a table and written to STORE/import-report.json.

            Exit status: 0 all sources landed; 1 at least one source failed (the others landed), or the project file has a \
            mistake.
            """)

    @Argument(help: "The project file, city.yaml.")
    var project: String

    @Option(name: .long, help: "The store's folder; it is made if it is not there.")
    var store: String

    @Option(name: .long, parsing: .upToNextOption, help: "Import only these layers.")
    var layers: [String] = []

    @Flag(name: .long, help: "Print the report as JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let importer = try CityImporter(projectFile: project)
            let report = try importer.run(
                into: store, layers: layers.isEmpty ? nil : Set(layers), progress: .toStandardError(quiet: json))
            print(json ? try report.json() : report.table())
            if !json {
                let features = report.layers.reduce(0) { $0 + $1.count }
                say(
                    "\(report.layers.count) layers, \(features) features in \(String(format: "%.1f", report.seconds)) s -> \(store)"
                )
            }
            if report.hasFailures {
                let failed = report.sources.filter { $0.status == .failed }.map(\.source)
                say("twin: these sources failed: \(failed.joined(separator: ", ")); the report says why")
                throw ExitCode(1)
            }
        }
    }
}
