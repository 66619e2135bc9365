// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

/// A city that is open while another process imports it again.
@Suite struct RefreshTests {
    private func project(_ fields: String, source: String) -> String {
        """
        twin: 1
        id: refresh
        name: refresh
        crs: EPSG:4549
        vertical: {datum: unknown}
        extent: [119.9, 36.2, 120.1, 36.33]
        themes: [{id: base}]
        sources: [{id: s, path: "\(source)", format: csv, crs: "EPSG:4326", columns: {x: lon, y: lat}}]
        layers:
          - {id: things, theme: base, department: test, geometry: point, source: s, fields: [\(fields)]}
        """
    }

    @Test func reimportWithOtherFields() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-refresh-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appendingPathComponent("things.csv").path
        let yaml = folder.appendingPathComponent("city.yaml").path
        let store = folder.appendingPathComponent("store").path
        try "lon,lat,name,kind\n120.0,36.25,a,1\n120.01,36.26,b,2\n".write(
            toFile: source, atomically: true, encoding: .utf8)
        try project("{name: name}, {name: kind, type: integer}", source: source)
            .write(toFile: yaml, atomically: true, encoding: .utf8)
        _ = try CityImporter(projectFile: yaml).run(into: store, progress: .silent)
        let city = try City.open(store: store)
        let before = city.view()
        #expect(before.layer("things")?.feature(id: 2)?.value(1) == .integer(2))

        try project("{name: name}", source: source).write(toFile: yaml, atomically: true, encoding: .utf8)
        _ = try CityImporter(projectFile: yaml).run(into: store, progress: .silent)
        #expect(try city.refresh())
        #expect(city.project.layers[0].fields.map(\.name) == ["name"])
        #expect(city.view().layer("things")?.feature(id: 2)?.value(0) == .string("b"))
        // A request that began before keeps its view.
        #expect(before.layer("things")?.feature(id: 2)?.value(1) == .integer(2))
        #expect(try !city.refresh())
    }

    /// Layers whose snapshots are gone are built side by side, and answer as before.
    @Test func missingSnapshotsOfManyLayers() throws {
        let folder = try TemporaryFolder()
        var rows = "lon,lat,name\n"
        for index in 0..<200 { rows += "\(119.95 + 0.0004 * Double(index)),36.25,n\(index % 7)\n" }
        try folder.write(rows, to: "things.csv")
        let layers = (0..<9).map {
            "  - {id: things\($0), theme: base, department: test, geometry: point, source: s, fields: [{name: name}]}"
        }
        let text = project("{name: name}", source: folder.file("things.csv"))
        let head = text.components(separatedBy: "layers:")[0]
        try folder.write(head + "layers:\n" + layers.joined(separator: "\n") + "\n", to: "city.yaml")
        let store = folder.file("store")
        _ = try CityImporter(projectFile: folder.file("city.yaml")).run(into: store, progress: .silent)
        func answers() throws -> [String] {
            let city = try City.open(store: store)
            #expect(city.view().layers.map(\.count) == Array(repeating: 200, count: 9))
            return try city.view().layers.map { layer in
                try layer.items(in: nil, offset: 0, limit: 300).features.map { "\($0.id) \($0.box) \($0.value(0))" }
                    .joined(separator: "\n")
            }
        }
        let before = try answers()
        for name in try FileManager.default.contentsOfDirectory(atPath: "\(store)/snapshots") {
            try FileManager.default.removeItem(atPath: "\(store)/snapshots/\(name)")
        }
        #expect(try answers() == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store)/snapshots").count == 9)
    }
}
