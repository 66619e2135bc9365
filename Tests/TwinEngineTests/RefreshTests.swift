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
}
