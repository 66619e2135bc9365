// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Every broken and strange file of the collected corpora, imported alone as points, lines and polygons.
///
/// Each ends in a report that adds up or in an error that names the source; never in a crash or a silent loss.
@Suite(.enabled(if: SharedData.isAvailable), .serialized) struct NastyTests {
    static let folders = [
        "nts", "mapshaper", "mapnik", "fiona", "pyogrio", "planetiler", "shapefile-js", "pyshp", "dxf", "osm-testdata",
        "wrong-crs",
    ]
    static let suffixes: Set<String> = [
        "shp", "gpkg", "geojson", "json", "csv", "tsv", "zip", "gml", "dxf", "osm", "pbf", "gdb", "parquet", "topojson",
        "vrt",
        "dbf", "gz",
    ]

    func files(_ folder: String) throws -> [String] {
        let root = try #require(SharedData.path("nasty/\(folder)"))
        let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return all.filter { name in
            let url = URL(fileURLWithPath: name)
            guard Self.suffixes.contains(url.pathExtension.lowercased()) else { return false }
            let shape = "\(root)/\(url.deletingPathExtension().relativePath).shp"
            return url.pathExtension != "dbf" || !FileManager.default.fileExists(atPath: shape)
        }.sorted().map { "\(root)/\($0)" }
    }

    /// The layers of a file as the reader's own message lists them; one nil where the file has a single layer.
    func layers(_ path: String) -> [String?] {
        let source = self.source(path, layer: nil)
        do {
            _ = try ReaderFactory.open(source, fields: [])
            return [nil]
        } catch {
            let text = "\(error)"
            guard let range = text.range(of: "with one of ") else { return [nil] }
            return text[range.upperBound...].components(separatedBy: ", ").prefix(6).map { $0 }
        }
    }

    func source(_ path: String, layer: String?) -> SourceDefinition {
        SourceDefinition(
            id: "source", path: path, format: .gdal, layer: layer, encoding: nil, crs: "EPSG:3857", overridesCRS: true,
            axisOrder: nil, datumShift: nil, columns: nil, filter: nil, invalid: .repair, points: nil, lines: nil,
            survey: nil)
    }

    @Test(arguments: folders) func corpus(folder: String) throws {
        let temporary = try TemporaryFolder()
        let store = try CityStore.openForImport(temporary.path)
        let frame = try CityCoordinates(crs: "EPSG:3857", extent: LonLatBox(west: -9, south: -9, east: 9, north: 9))
        let yaml =
            "twin: 1\nid: a\ncrs: EPSG:3857\nvertical: {datum: unknown}\nextent: [-9, -9, 9, 9]\nthemes: [{id: base}]\n"
            + "sources: [{id: source, path: a}]\nlayers: [{id: things, theme: base, department: d, geometry: point, source: source}]"
        var project = try CityProject.parse(yaml, file: "city.yaml", folder: temporary.path)
        var outcomes: [String: Int] = [:]
        let files = try files(folder)
        #expect(!files.isEmpty)
        for path in files {
            for layer in layers(path) {
                for kind in [GeometryKind.point, .line, .polygon] {
                    project.sources = [source(path, layer: layer)]
                    project.layers[0].geometry = kind
                    let importer = LayerImporter(
                        project: project, layer: project.layers[0], frame: frame, progress: .silent)
                    let outcome = try importer.run(store)
                    let report = try #require(outcome.reports.first)
                    let where_ = "\(path) \(layer ?? "") \(kind)"
                    #expect(report.read == report.kept + report.rejectedCount, "\(where_): \(report)")
                    #expect(report.rejected.allSatisfy { $0.count > 0 && !$0.examples.isEmpty }, "\(where_)")
                    if report.status == .failed {
                        #expect(report.failure?.isEmpty == false, "\(where_)")
                        outcomes["named error", default: 0] += 1
                        for entry in report.rejected { outcomes["  rejected: \(entry.reason)", default: 0] += 1 }
                    } else {
                        #expect(outcome.replaced?.count == report.kept, "\(where_)")
                        #expect(try store.count(layer: "things") == report.kept, "\(where_)")
                        outcomes["imported", default: 0] += 1
                        let version = try SnapshotRebuild.build(store, layer: project.layers[0], coordinates: frame)
                        let snapshot = try Snapshot(
                            path: SnapshotRebuild.path(temporary.path, layer: "things", version: version))
                        #expect(snapshot.count == report.kept, "\(where_): the snapshot has \(snapshot.count)")
                        #expect(snapshot.checkInvariants() == nil, "\(where_)")
                        SnapshotRebuild.removeOld(temporary.path, layer: "things", keeping: .max)
                    }
                    if outcome.replaced != nil { try store.drop(layer: "things") }
                }
            }
        }
        print("nasty/\(folder): \(files.count) files")
        for (name, count) in outcomes.sorted(by: { $0.key > $1.key }) { print("    \(count) × \(name)") }
    }
}
