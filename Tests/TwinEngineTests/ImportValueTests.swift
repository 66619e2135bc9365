// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import TestSupport
import Testing

@testable import TwinEngine

/// Values and geometries that are easily lost on the way in.
@Suite struct ImportValueTests {
    /// A city fed from a GeoPackage that `sql` fills; the table is `t`, its geometry `geom`.
    func fixture(_ sql: String, geometry: String = "point", fields: [String]) throws -> ImportFixture {
        var fixture = try ImportFixture()
        fixture.geometry = geometry
        fixture.fields = fields
        let input = try fixture.folder.write(geoJSON(cityPoints(1)), to: "in.geojson")
        try ExternalTool("ogr2ogr").run([
            "-f", "GPKG", "-nln", "t", "-nlt", "GEOMETRY", "-lco", "SPATIAL_INDEX=NO", fixture.folder.file("in.gpkg"),
            input,
        ])
        let queue = try DatabaseQueue(path: fixture.folder.file("in.gpkg"))
        try queue.write { database in
            // GeoPackage's own triggers call functions that only GDAL's connection has.
            for name in try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                try database.execute(sql: "DROP TRIGGER \"\(name)\"")
            }
            try database.execute(sql: sql)
        }
        fixture.source = "path: in.gpkg, layer: t"
        return fixture
    }

    @Test(.enabled(if: ExternalTool("ogr2ogr").isAvailable)) func numbersAndTruth() throws {
        let fixture = try fixture(
            """
            ALTER TABLE t ADD COLUMN big INTEGER; ALTER TABLE t ADD COLUMN yes BOOLEAN;
            ALTER TABLE t ADD COLUMN small SMALLINT; ALTER TABLE t ADD COLUMN share FLOAT;
            ALTER TABLE t ADD COLUMN day DATE; ALTER TABLE t ADD COLUMN moment DATETIME;
            ALTER TABLE t ADD COLUMN long TEXT;
            INSERT INTO t (geom, n, big, yes, small, share, day, moment, long) SELECT geom, 2, 9007199254740993, 1, -7, 0.25,
                '2016-02-29', '2016-02-29T23:59:58.123Z', printf('%.*c', 300000, 'x') FROM t WHERE n = 0;
            INSERT INTO t (geom, n) SELECT geom, 3 FROM t WHERE n = 0;
            """,
            fields: [
                "name: n, type: integer", "name: big, type: integer", "name: yes, type: boolean",
                "name: small, type: integer",
                "name: share, type: real", "name: day, type: date", "name: moment, type: datetime",
                "name: long, type: string",
                "name: text, from: big, type: string",
            ])
        #expect(try fixture.runOne().kept == 3)
        #expect(try fixture.values("big") == [.null, .integer(9_007_199_254_740_993), .null])
        #expect(try fixture.values("yes") == [.null, .boolean(true), .null])
        #expect(try fixture.values("small") == [.null, .integer(-7), .null])
        #expect(try fixture.values("share") == [.null, .real(0.25), .null])
        #expect(try fixture.values("day") == [.null, .string("2016-02-29"), .null])
        #expect(try fixture.values("moment") == [.null, .string("2016-02-29T23:59:58.123Z"), .null])
        #expect(try fixture.values("text") == [.null, .string("9007199254740993"), .null])
        #expect(try fixture.values("long")[1].text?.utf8.count == 300_000)
        #expect(try StoreCheck.run(fixture.store).isGood)
    }

    /// Texts in fields of other types: converted where nothing is lost, else null and counted.
    @Test func textsAsOtherTypes() throws {
        var fixture = try ImportFixture()
        let texts = ["9007199254740993", "12", " 13 ", "14 层", "many", "1e30", "", "2.5"]
        try fixture.folder.write(
            geoJSON(zip(cityPoints(texts.count), texts).map { ($0.geometry, #""v":"\#($1)""#) }), to: "points.geojson")
        fixture.fields = ["name: v, type: integer, unit: 层", "name: r, from: v, type: real"]
        let report = try fixture.runOne()
        #expect(
            try fixture.values("v") == [
                .integer(9_007_199_254_740_993), .integer(12), .integer(13), .integer(14), .null, .null, .null,
                .integer(3),
            ] || fixture.values("v").last == .integer(2))
        #expect(report.nulled.first { $0.reason == "v" }?.count == 2, "\(report.nulled)")
        #expect(report.repaired.first { $0.reason == "rounded-v" }?.count == 1)
        #expect(report.nulled.first { $0.reason == "r" }?.count == 2)
    }

    @Test(arguments: [
        ("2016-10-02", "2016-10-02", "2016-10-02T00:00:00Z"), ("2016/1/2", "2016-01-02", "2016-01-02T00:00:00Z"),
        ("20161002", "2016-10-02", "2016-10-02T00:00:00Z"), ("2016年10月2日", "2016-10-02", "2016-10-02T00:00:00Z"),
        ("2016-10-02 8:05", "2016-10-02", "2016-10-02T08:05:00Z"),
        ("2016-10-02T08:05:06.5+08:00", "2016-10-02", "2016-10-02T08:05:06.5+08:00"),
        ("yesterday", nil, nil), ("2016-13-02", nil, nil), ("2016-10", nil, nil), ("2015-02-29", nil, nil),
        ("2016-10-02 99:00", "2016-10-02", nil), ("2016-10-02 24:00", "2016-10-02", nil),
        ("2016-10-02 08:05 +0800", "2016-10-02", "2016-10-02T08:05:00+08:00"),
        ("2016-10-02 08:05:59+08", "2016-10-02", "2016-10-02T08:05:59+08:00"),
        ("2016-10-02 08:05::::", "2016-10-02", nil), ("2016-10-02 08:05+-:Z", "2016-10-02", nil),
    ])
    func dates(text: String, day: String?, moment: String?) {
        #expect(ISODate.normalized(text, withTime: false) == day)
        #expect(ISODate.normalized(text, withTime: true) == moment)
    }

    @Test func listsAndTypesMixed() throws {
        var fixture = try ImportFixture()
        let points = cityPoints(4)
        try fixture.folder.write(
            geoJSON([
                (points[0].geometry, #""list":["a","\"b\"","住"],"m":1"#), (points[1].geometry, #""list":[],"m":"x""#),
                (points[2].geometry, #""list":null,"m":2.5"#), (points[3].geometry, #""m":null"#),
            ]), to: "points.geojson")
        fixture.fields = ["name: list, type: string", "name: m, type: string"]
        let report = try fixture.runOne()
        #expect(report.kept == 4)
        #expect(try fixture.values("list").map(\.text) == [#"["a","\"b\"","住"]"#, "[]", nil, nil], "\(report)")
        #expect(try fixture.values("m")[1] == .string("x"))
    }

    /// Names that differ in case only, and names with quotes.
    @Test func strangeNames() throws {
        var fixture = try ImportFixture()
        try fixture.folder.write(
            geoJSON([(cityPoints(1)[0].geometry, #""a":1,"A":2,"x y":3,"q'\"":4"#)]), to: "points.geojson")
        fixture.fields = [
            "name: one, from: a, type: integer", "name: two, from: A, type: integer",
            "name: three, from: x y, type: integer",
        ]
        #expect(try fixture.runOne().kept == 1)
        #expect(try fixture.values("one") == [.integer(1)])
        #expect(try fixture.values("two") == [.integer(2)])
        #expect(try fixture.values("three") == [.integer(3)])
    }

    /// Heights stay although the first feature has none.
    @Test func mixedHeights() throws {
        let fixture = try ImportFixture()
        try fixture.folder.write(
            geoJSON([
                (pointJSON(119.95, 36.25), ""), (#"{"type":"Point","coordinates":[119.96,36.25,12.5]}"#, ""),
                (#"{"type":"Point","coordinates":[119.97,36.25,-1e38]}"#, ""),
            ]), to: "points.geojson")
        let report = try fixture.runOne()
        #expect(report.kept == 3)
        #expect(report.repaired.map(\.reason) == ["impossible-height"])
        #expect(try fixture.ask("SELECT count(*) FROM things WHERE ST_NDims(geom) = 3") == 3)
        #expect(try fixture.ask("SELECT max(ST_Z(geom)) FROM things") == 12.5)
        #expect(try fixture.ask("SELECT coord_dimension FROM geometry_columns") == 3)
        let view = try fixture.view()
        let feature = try #require(view.feature(id: 2))
        #expect(view.heights(row: feature.row) == [12_500])
    }

    @Test(.enabled(if: SharedData.isAvailable)) func curves() throws {
        var fixture = try ImportFixture()
        fixture.crs = "EPSG:3857"
        fixture.extent = "[-9, -9, 9, 9]"
        for (name, geometry) in [
            ("pyogrio/curve.gpkg", "line"), ("pyogrio/curvepolygon.gpkg", "polygon"),
            ("pyogrio/multisurface.gpkg", "polygon"),
            ("fiona/multicurve.gml", "line"),
        ] {
            fixture.geometry = geometry
            fixture.source =
                "path: \(try #require(SharedData.path("nasty/\(name)"))), crs: EPSG:3857, override_crs: true"
            let report = try fixture.runOne()
            #expect(report.status == .imported && report.kept > 0, "\(report)")
        }
    }

    /// A missing `.shx` is restored without writing into the source's folder.
    @Test(.enabled(if: ExternalTool("ogr2ogr").isAvailable)) func missingIndex() throws {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        let input = try fixture.folder.write(geoJSON(cityPoints(20)), to: "in.geojson")
        try FileManager.default.createDirectory(atPath: fixture.folder.file("sent"), withIntermediateDirectories: true)
        try ExternalTool("ogr2ogr").run([fixture.folder.file("sent/out.shp"), input])
        try FileManager.default.removeItem(atPath: fixture.folder.file("sent/out.shx"))
        let before = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.file("sent")).sorted()
        fixture.source = "path: sent/out.shp"
        let report = try fixture.runOne()
        #expect(report.kept == 20 && report.notes.contains { $0.contains(".shx") })
        #expect(try fixture.values("n").last == .integer(19))
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.file("sent")).sorted() == before)
    }

    @Test(.enabled(if: ExternalTool("ogr2ogr").isAvailable && ExternalTool("zip").isAvailable)) func archive() throws {
        var fixture = try ImportFixture()
        let input = try fixture.folder.write(geoJSON(cityPoints(20)), to: "in.geojson")
        try ExternalTool("ogr2ogr").run([fixture.folder.file("out.shp"), input])
        let parts = ["shp", "shx", "dbf", "prj"].map { fixture.folder.file("out.\($0)") }
        try ExternalTool("zip").run(["-j", "-q", fixture.folder.file("out.zip")] + parts)
        fixture.source = "path: out.zip"
        #expect(try fixture.runOne().kept == 20)
    }

    /// Collections of one kind are parts; of several kinds they are rejected with the reason.
    @Test func collections() throws {
        let fixture = try ImportFixture()
        func collection(_ members: String...) -> String {
            #"{"type":"GeometryCollection","geometries":[\#(members.joined(separator: ","))]}"#
        }
        let line = #"{"type":"LineString","coordinates":[[119.95,36.25],[119.96,36.25]]}"#
        try fixture.folder.write(
            geoJSON([
                (collection(pointJSON(119.95, 36.25), pointJSON(119.96, 36.25)), ""),
                (collection(pointJSON(119.95, 36.25), line), ""), (collection(), ""),
            ]), to: "points.geojson")
        let report = try fixture.runOne()
        #expect(report.kept == 1 && report.rejectedCount == 2)
        #expect(report.rejected.contains { $0.examples[0].contains("mixes") })
        #expect(try fixture.view().count == 1)
    }

    /// One source that fails leaves the others, and the layers that they feed.
    @Test func otherSourcesLand() throws {
        let fixture = try ImportFixture()
        try fixture.folder.write(geoJSON(cityPoints(7)), to: "points.geojson")
        let yaml = fixture.yaml.replacingOccurrences(
            of: "layers:\n",
            with:
                "  - {id: gone, path: gone.gpkg}\nlayers:\n  - {id: more, theme: base, department: d, geometry: point, sources: [source, gone]}\n  - {id: none, theme: base, department: d, geometry: point, source: gone}\n"
        )
        let path = try fixture.folder.write(yaml, to: "city.yaml")
        let report = try CityImporter(projectFile: path).run(into: fixture.store, progress: .silent)
        #expect(report.hasFailures)
        #expect(report.sources.filter { $0.status == .failed }.map(\.source) == ["gone", "gone"])
        let city = try fixture.open()
        // A new layer takes what there is; one with nothing at all is not made.
        #expect(city.view().layers.map { "\($0.definition.id) \($0.count)" } == ["more 7", "things 7"])
        #expect(report.table().contains("FAILED gone") && report.table().contains("gone.gpkg"))
    }
}
