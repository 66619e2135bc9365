// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

/// What departments send by mistake: each ends in a message that says what to do, and the old layer stays.
@Suite struct ImportBadInputTests {
    /// A store whose layer already holds three points.
    func fixtureWithOldLayer() throws -> ImportFixture {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(3)), to: "points.geojson")
        #expect(try fixture.runOne().kept == 3)
        return fixture
    }

    func expectFailure(_ fixture: ImportFixture, says parts: [String], location: SourceLocation = #_sourceLocation)
        throws
    {
        let report = try fixture.run(sourceLocation: location)
        #expect(report.hasFailures, sourceLocation: location)
        #expect(report.keptOld == ["things"], sourceLocation: location)
        let message = report.sources.first?.failure ?? ""
        for part in parts { #expect(message.contains(part), "'\(part)' not in: \(message)", sourceLocation: location) }
        let view = try fixture.view()
        #expect(view.count == 3, "the old layer is gone", sourceLocation: location)
        #expect(try StoreCheck.run(fixture.store).isGood, sourceLocation: location)
    }

    @Test func unknownCRS() throws {
        var fixture = try fixtureWithOldLayer()
        try fixture.folder.write("X,Y\n120.0,36.25\n120.01,36.26\n", to: "points.csv")
        fixture.source = "path: points.csv, format: csv, columns: {x: X, y: Y}"
        try expectFailure(fixture, says: ["coordinate system", "crs:", "EPSG:4326"])
    }

    @Test func wrongAxisOrder() throws {
        var fixture = try fixtureWithOldLayer()
        try fixture.folder.write("X,Y\n4013000,500000\n4013100,500200\n", to: "points.csv")
        fixture.source = "path: points.csv, format: csv, crs: EPSG:4549, columns: {x: X, y: Y}"
        try expectFailure(fixture, says: ["none of its 2 features", "axis_order: northing-easting"])
    }

    @Test func zonePrefix() throws {
        var fixture = try fixtureWithOldLayer()
        try fixture.folder.write("X,Y\n40500000,4013000\n40500100,4013200\n", to: "points.csv")
        fixture.source = "path: points.csv, format: csv, crs: EPSG:4549, columns: {x: X, y: Y}"
        try expectFailure(fixture, says: ["EPSG:4528"])
        fixture.source = "path: points.csv, format: csv, crs: EPSG:4528, columns: {x: X, y: Y}"
        #expect(try fixture.runOne().kept == 2)
    }

    @Test func swappedLatLon() throws {
        var fixture = try fixtureWithOldLayer()
        try fixture.folder.write("X,Y\n36.25,120.0\n36.26,120.01\n", to: "points.csv")
        fixture.source = "path: points.csv, format: csv, crs: EPSG:4326, columns: {x: X, y: Y}"
        try expectFailure(fixture, says: ["axis_order: lat-lon"])
        fixture.source += ", axis_order: lat-lon"
        #expect(try fixture.runOne().kept == 2)
    }

    @Test func contradictingCRS() throws {
        var fixture = try fixtureWithOldLayer()
        fixture.source = "path: points.geojson, crs: EPSG:4549"
        try expectFailure(fixture, says: ["the file says", "override_crs: true"])
    }

    @Test func truncatedShapefile() throws {
        var fixture = try fixtureWithOldLayer()
        let points = try fixture.folder.write(geoJSON(cityPoints(500)), to: "many.geojson")
        try ExternalTool("ogr2ogr").run([fixture.folder.file("cut.shp"), points])
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture.folder.file("cut.shp")))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: fixture.folder.file("cut.shp")))
        fixture.source = "path: cut.shp"
        let report = try fixture.runOne()
        // Either the source fails by name, or every feature that is lost is counted.
        if report.status == .failed {
            #expect(report.failure?.isEmpty == false)
        } else {
            #expect(report.read == 500)
            #expect(report.rejectedCount > 200)
        }
    }

    @Test(arguments: [
        "no-such.shp", "text.shp", "text.gpkg", "text.geojson", "empty.geojson", "text.dxf", "text.city.json",
    ])
    func notWhatItsNameSays(name: String) throws {
        var fixture = try fixtureWithOldLayer()
        try fixture.folder.write(name.hasPrefix("empty") ? "" : "<html>not found</html>", to: "text.shp")
        if name != "no-such.shp" { try fixture.folder.write("<html>not found</html>", to: name) }
        fixture.source = "path: \(name)"
        try expectFailure(fixture, says: [name])
    }

    @Test func missingLayerAndField() throws {
        var fixture = try fixtureWithOldLayer()
        fixture.source = "path: points.geojson, layer: pionts"
        try expectFailure(fixture, says: ["no layer 'pionts'", "points"])
        fixture.source = "path: points.geojson"
        fixture.fields = ["name: a, from: nn, type: integer"]
        try expectFailure(fixture, says: ["'nn'", "did you mean 'n'"])
        fixture.fields = ["name: a, from: N, type: integer"]
        #expect(try fixture.runOne().kept == 3)
        #expect(try fixture.values("a") == [.integer(0), .integer(1), .integer(2)])
    }

    @Test func badFilter() throws {
        var fixture = try fixtureWithOldLayer()
        fixture.source = "path: points.geojson, filter: \"n >> 3 AND\""
        try expectFailure(fixture, says: ["filter"])
        fixture.source = "path: points.geojson, filter: \"n >= 1\""
        #expect(try fixture.runOne().kept == 2)
    }

    @Test func emptyLayer() throws {
        let fixture = try fixtureWithOldLayer()
        try fixture.folder.write(geoJSON([]), to: "points.geojson")
        var empty = fixture
        empty.fields = []
        let report = try empty.runOne()
        #expect(report.status == .imported && report.read == 0)
        #expect(report.notes.contains { $0.contains("empty") })
        #expect(try empty.view().count == 0)
    }

    @Test func nullAndInvalidGeometry() throws {
        var fixture = try fixtureWithOldLayer()
        fixture.geometry = "polygon"
        let bowtie =
            #"{"type":"Polygon","coordinates":[[[119.95,36.25],[119.96,36.26],[119.96,36.25],[119.95,36.26],[119.95,36.25]]]}"#
        let square =
            #"{"type":"Polygon","coordinates":[[[119.95,36.25],[119.96,36.25],[119.96,36.26],[119.95,36.26],[119.95,36.25]]]}"#
        let flat = #"{"type":"Polygon","coordinates":[[[119.95,36.25],[119.96,36.25],[119.95,36.25],[119.95,36.25]]]}"#
        try fixture.folder.write(
            geoJSON([
                (square, #""n":0"#), ("null", #""n":1"#), (bowtie, #""n":2"#), (flat, #""n":3"#),
                (pointJSON(119.95, 36.25), #""n":4"#), (#"{"type":"Polygon","coordinates":[]}"#, #""n":5"#),
            ]), to: "points.geojson")
        let report = try fixture.runOne()
        #expect(report.read == 6 && report.kept == 2)
        #expect(
            Set(report.rejected.map(\.reason)).isSuperset(of: [
                "null-geometry", "wrong-geometry-type", "invalid-geometry",
            ]))
        #expect(report.repairedCount == 1)
        fixture.source += ", invalid: reject"
        let strict = try fixture.runOne()
        #expect(strict.kept == 1)
        #expect(strict.rejected.contains { $0.reason == "invalid-geometry" })
        #expect(try StoreCheck.run(fixture.store).isGood)
    }

    @Test func nothingUsable() throws {
        let fixture = try fixtureWithOldLayer()
        try fixture.folder.write(geoJSON([("null", #""n":1"#), ("null", #""n":2"#)]), to: "points.geojson")
        try expectFailure(fixture, says: ["none of its 2 features", "2 × null-geometry"])
    }

    @Test func duplicateCodes() throws {
        var fixture = try fixtureWithOldLayer()
        fixture.code = "code"
        func write(_ codes: [String]) throws {
            try fixture.folder.write(
                geoJSON(
                    zip(cityPoints(codes.count), codes).map { ($0.geometry, $0.properties + #","code":"\#($1)""#) }),
                to: "points.geojson")
        }
        try write(["A", "B", "A", "C"])
        let report = try fixture.runOne()
        #expect(report.kept == 3)
        #expect(report.rejected.map(\.reason) == ["duplicate-code"])
        let ids = try ids(fixture)
        // Ids stay with their codes, and an id that was given is not given to another code.
        try write(["C", "D", "A"])
        #expect(try fixture.runOne().kept == 3)
        let later = try self.ids(fixture)
        #expect(later["A"] == ids["A"] && later["C"] == ids["C"])
        #expect(!ids.values.contains(later["D"] ?? 0))
        try write(["A"])
        try fixture.run()
        try write(["A", "E"])
        try fixture.run()
        #expect(try !Set(later.values).contains(self.ids(fixture)["E"] ?? 0))
    }

    func ids(_ fixture: ImportFixture) throws -> [String: Int64] {
        let features = try fixture.view().items(in: nil, offset: 0, limit: 100).features
        return Dictionary(uniqueKeysWithValues: features.map { ($0.code ?? "", $0.id) })
    }

    @Test func outsideTheExtent() throws {
        let fixture = try fixtureWithOldLayer()
        let far = [(pointJSON(121.5, 31.2), #""n":10"#), (pointJSON(-0.1, 51.5), #""n":11"#)]
        try fixture.folder.write(geoJSON(cityPoints(3) + far), to: "points.geojson")
        let report = try fixture.runOne()
        #expect(report.kept == 4 && report.outside == 1)
        #expect(report.rejected.map(\.reason) == ["out-of-range"])
        #expect(try StoreCheck.run(fixture.store).isGood)
    }

    @Test(.enabled(if: SharedData.isAvailable)) func washingtonInTheAtlantic() throws {
        var fixture = try ImportFixture()
        fixture.crs = "EPSG:26985"
        fixture.extent = "[-77.125, 38.785, -76.905, 39.000]"
        fixture.geometry = "polygon"
        let folder = try #require(SharedData.path("nasty/wrong-crs"))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix("json") {
            fixture.source = "path: \(folder)/\(name)"
            let report = try fixture.runOne()
            #expect(report.status == .failed)
            #expect(report.failure?.contains("lies in the city's extent") == true, "\(report)")
        }
    }

    @Test func datumShift() throws {
        var fixture = try ImportFixture()
        try fixture.folder.write("X,Y\n120.0052,36.2507\n", to: "points.csv")
        fixture.source = "path: points.csv, format: csv, crs: EPSG:4326, datum_shift: gcj02, columns: {x: X, y: Y}"
        #expect(try fixture.runOne().kept == 1)
        let box = try #require(fixture.view().extent)
        #expect(abs(box.west - 120.0) < 0.001 && abs(box.south - 36.25) < 0.001)
    }
}
