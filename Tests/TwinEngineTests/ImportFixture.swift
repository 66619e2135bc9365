// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import TestSupport
import Testing

@testable import TwinEngine

/// A city of one layer in a temporary folder, for tests of import.
struct ImportFixture {
    let folder: TemporaryFolder
    /// Written into `city.yaml`.
    var crs = "EPSG:4549"
    var extent = "[119.9, 36.2, 120.1, 36.33]"
    var geometry = "point"
    /// The source's keys after `id`.
    var source = "path: points.geojson"
    var fields: [String] = []
    var code: String?
    /// The layer's `tiles:`.
    var tiles: String?

    init() throws { folder = try TemporaryFolder() }

    var store: String { folder.file("store") }

    var yaml: String {
        """
        twin: 1
        id: test
        crs: \(crs)
        vertical: {datum: unknown}
        extent: \(extent)
        themes: [{id: base, title: Base}]
        sources:
          - {id: source, \(source)}
        layers:
          - id: things
            theme: base
            department: test
            geometry: \(geometry)
            source: source
            \(code.map { "code: \($0)" } ?? "base: false")
            \(tiles.map { "tiles: \($0)" } ?? "title: things")
            fields: [\(fields.map { "{\($0)}" }.joined(separator: ", "))]
        """
    }

    /// Imports and checks that the report adds up.
    @discardableResult
    func run(sourceLocation: SourceLocation = #_sourceLocation) throws -> ImportReport {
        let path = try folder.write(yaml, to: "city.yaml")
        let report = try CityImporter(projectFile: path).run(into: store, progress: .silent)
        for source in report.sources {
            #expect(source.read == source.kept + source.rejectedCount, "\(source)", sourceLocation: sourceLocation)
            #expect(source.rejected.allSatisfy { !$0.examples.isEmpty && $0.examples.count <= 3 && $0.count > 0 })
            #expect((source.status == .failed) == (source.failure != nil), sourceLocation: sourceLocation)
        }
        return report
    }

    /// The report of the only source.
    func runOne(sourceLocation: SourceLocation = #_sourceLocation) throws -> SourceReport {
        try #require(run(sourceLocation: sourceLocation).sources.first)
    }

    func open() throws -> City { try City.open(store: store) }

    func view() throws -> LayerView { try #require(open().view().layer("things")) }

    /// All values of a field, by id.
    func values(_ field: String) throws -> [FieldValue] {
        let view = try view()
        let index = try #require(view.definition.fieldIndex(field))
        return try view.items(in: nil, offset: 0, limit: .max / 2).features.sorted { $0.id < $1.id }.map {
            $0.value(index)
        }
    }

    /// One value asked from the record with SQL.
    func ask<T: DatabaseValueConvertible & Sendable>(_ sql: String, _: T.Type = T.self) throws -> T? {
        try CityStore.open(store).queue.read { try T.fetchOne($0, sql: sql) }
    }

    /// Runs SQL on the record, as another program would.
    func edit(_ sql: String) throws {
        try CityStore.open(store).queue.write { try $0.execute(sql: sql) }
    }
}

/// GeoJSON of points with properties, lon/lat.
func geoJSON(_ features: [(geometry: String, properties: String)], crs: String? = nil) -> String {
    let head = crs.map { #""crs":{"type":"name","properties":{"name":"\#($0)"}},"# } ?? ""
    let body = features.map { #"{"type":"Feature","properties":{\#($0.properties)},"geometry":\#($0.geometry)}"# }
    return #"{"type":"FeatureCollection",\#(head)"features":[\#(body.joined(separator: ",\n"))]}"#
}

func pointJSON(_ x: Double, _ y: Double) -> String { #"{"type":"Point","coordinates":[\#(x),\#(y)]}"# }

/// `count` points in the test city, on a row.
func cityPoints(_ count: Int) -> [(geometry: String, properties: String)] {
    (0..<count).map {
        (pointJSON(119.95 + 0.0001 * Double($0 % 1000), 36.25 + 0.0001 * Double($0 / 1000)), #""n":\#($0)"#)
    }
}
