// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import TestSupport
import Testing

@testable import TwinEngine

/// Real files of many formats, with GDAL's own SQL as the judge of counts, areas, lengths and texts.
@Suite struct ImportFormatTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var path: String
        var layer: String?
        var crs: String
        var extent: String
        var geometry: String
        /// The source's further keys.
        var keys = ""
        /// A text field to compare.
        var field: String?
        var filter: String?
        var testDescription: String { path + (layer.map { ":\($0)" } ?? "") + " \(geometry)" }

        static let wuhan = "[114.37, 30.49, 114.42, 30.53]"
        static let all = [
            Case(
                path: "osm/cn/wuhan_nextzen.gpkg", layer: "buildings", crs: "EPSG:4547", extent: wuhan,
                geometry: "polygon", field: "kind"),
            Case(
                path: "osm/cn/wuhan_nextzen.gpkg", layer: "roads", crs: "EPSG:4547", extent: wuhan, geometry: "line",
                field: "name"),
            Case(
                path: "nasty/nts/chinese_encoding.shp", crs: "EPSG:4549", extent: "[114.8, 29.3, 119.7, 34.7]",
                geometry: "polygon", keys: ", crs: EPSG:4326", field: "NAME99"),
            Case(
                path: "osm/cn/cafe-beijing.geojson", crs: "EPSG:4548", extent: "[115.9, 39.6, 116.9, 40.3]",
                geometry: "point"),
            Case(
                path: "nasty/fiona/gre.shp", crs: "EPSG:32620", extent: "[-61.9, 11.9, -61.2, 12.6]",
                geometry: "polygon"),
            Case(
                path: "osm/helsinki-center.osm.pbf", layer: "lines", crs: "EPSG:3879",
                extent: "[24.9, 60.1, 25.0, 60.2]", geometry: "line", field: "highway", filter: "highway IS NOT NULL"),
            Case(
                path: "osm/helsinki-center.osm.pbf", layer: "multipolygons", crs: "EPSG:3879",
                extent: "[24.9, 60.1, 25.0, 60.2]", geometry: "polygon", field: "building",
                filter: "building IS NOT NULL"),
            Case(
                path: "networks/dc-storm-sewer-system.geojson", crs: "EPSG:26985",
                extent: "[-77.13, 38.78, -76.9, 39.0]", geometry: "polygon"),
        ]
    }

    /// One row of `ogrinfo -sql`, as field to value.
    func judge(_ path: String, _ sql: String) throws -> [String: String] {
        let text = try ExternalTool("ogrinfo").run([
            "-ro", "-q", "--config", "SHAPE_RESTORE_SHX", "NO", path, "-dialect", "SQLite", "-sql", sql,
        ])
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.range(of: " = "), let name = line.split(separator: " ").first else { continue }
            values[String(name)] = String(line[equals.upperBound...])
        }
        return values
    }

    func wrongKind(_ report: SourceReport) -> Int {
        report.rejected.first { $0.reason == "wrong-geometry-type" }?.count ?? 0
    }

    @Test(.enabled(if: SharedData.isAvailable && ExternalTool("ogrinfo").isAvailable), arguments: Case.all)
    func againstGDAL(item: Case) throws {
        var fixture = try ImportFixture()
        let path = try #require(SharedData.path(item.path))
        fixture.crs = item.crs
        fixture.extent = item.extent
        fixture.geometry = item.geometry
        fixture.source = "path: \(path)\(item.keys)"
        if let layer = item.layer { fixture.source += ", layer: \(layer)" }
        if let filter = item.filter { fixture.source += ", filter: \"\(filter)\"" }
        // A repair changes areas on purpose, and is counted; here the geometry must come through as it is.
        fixture.source += ", invalid: keep"
        if let field = item.field { fixture.fields = ["name: value, from: \"\(field)\", type: string"] }
        let report = try fixture.runOne()
        #expect(report.status == .imported, "\(report.failure ?? "")")

        let code = item.crs.split(separator: ":")[1]
        let table = item.layer ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        let wanted = ["point": "POINT", "line": "LINESTRING", "polygon": "POLYGON"][item.geometry] ?? ""
        // The judge transforms from lon/lat, whatever the file's own declaration is.
        let shape = path.hasSuffix(".gpkg") ? "geom" : "geometry"
        let moved = "ST_Transform(SetSRID(\(shape), 4326), \(code))"
        var sql = "SELECT count(*) AS n, sum(ST_Area(\(moved))) AS area, sum(ST_Length(\(moved))) AS length"
        if let field = item.field {
            sql += ", count(\"\(field)\") AS filled, count(DISTINCT \"\(field)\") AS kinds, max(\"\(field)\") AS last"
        }
        sql += " FROM \"\(table)\" WHERE GeometryType(\(shape)) LIKE '%\(wanted)%'"
        if let filter = item.filter { sql += " AND \(filter)" }
        let judged = try judge(path, sql)
        let n = try #require(judged["n"].flatMap { Int($0) })
        // Rings without an area are rejected, each counted; they add nothing to the areas.
        let flat = report.rejected.first { $0.reason == "invalid-geometry" }?.count ?? 0
        #expect(report.kept + flat == n, "\(report)")
        #expect(flat * 20 < n && flat == report.rejectedCount - wrongKind(report), "\(report)")
        #expect(try fixture.view().count == report.kept)
        func close(_ name: String, _ ours: Double?) {
            guard let theirs = judged[name].flatMap({ Double($0) }), theirs > 0 else { return }
            #expect(abs((ours ?? 0) - theirs) < 1e-7 * theirs, "\(name): \(ours ?? 0) against \(theirs)")
        }
        if item.geometry == "polygon", item.path != "nasty/fiona/gre.shp" {
            close("area", try fixture.ask("SELECT sum(ST_Area(geom)) FROM things"))
        }
        if item.geometry == "line" { close("length", try fixture.ask("SELECT sum(ST_Length(geom)) FROM things")) }
        if item.field != nil, flat == 0 {
            #expect(try fixture.ask("SELECT count(value) FROM things") == judged["filled"].flatMap { Int($0) })
            #expect(try fixture.ask("SELECT count(DISTINCT value) FROM things") == judged["kinds"].flatMap { Int($0) })
            // GDAL alone does not know the encoding of a table without a hint; then only our text is looked at.
            let last = try fixture.ask("SELECT max(value) FROM things", String.self)
            if item.path.contains("chinese") {
                #expect(last?.unicodeScalars.allSatisfy { $0.value >= 0x4E00 } == true, "\(last ?? "")")
            } else {
                #expect(last == judged["last"])
            }
        }
        #expect(try StoreCheck.run(fixture.store).isGood)
    }

    /// The same table in every format that GDAL writes here comes out the same.
    @Test(
        .enabled(if: ExternalTool("ogr2ogr").isAvailable),
        arguments: [
            ("GPKG", "out.gpkg"), ("ESRI Shapefile", "out.shp"), ("GeoJSON", "out.geojson"), ("GML", "out.gml"),
            ("SQLite", "out.sqlite"), ("FlatGeobuf", "out.fgb"), ("KML", "out.kml"), ("MapInfo File", "out.tab"),
            ("GeoJSONSeq", "out.geojsonl"), ("OpenFileGDB", "out.gdb"),
        ])
    func everyFormat(driver: String, file: String) throws {
        var fixture = try ImportFixture()
        fixture.geometry = "polygon"
        func square(_ index: Int) -> String {
            let x = 119.95 + 0.001 * Double(index)
            return
                #"{"type":"Polygon","coordinates":[[[\#(x),36.25],[\#(x + 0.0005),36.25],[\#(x + 0.0005),36.2505],[\#(x),36.2505],[\#(x),36.25]]]}"#
        }
        let rows = (0..<50).map {
            (square($0), #""whole":\#($0 * 1000),"share":\#(Double($0) / 8),"title":"住宅\#($0)""#)
        }
        let input = try fixture.folder.write(geoJSON(rows), to: "in.geojson")
        do {
            try ExternalTool("ogr2ogr").run([
                "-f", driver, "-nln", "out", "-lco", "ENCODING=UTF-8", fixture.folder.file(file), input,
            ])
        } catch {
            print("everyFormat: \(driver) skipped, because this GDAL does not write it: \(error)")
            return
        }
        fixture.source = "path: \(file)" + (driver == "SQLite" ? ", layer: out" : "")
        fixture.fields = ["name: whole, type: integer", "name: share, type: real", "name: title, type: string"]
        let report = try fixture.runOne()
        #expect(report.kept == 50 && report.read == 50, "\(report)")
        // Not every format keeps the order.
        let values = try zip(zip(fixture.values("whole"), fixture.values("share")), fixture.values("title"))
            .map { "\($0.0) \($0.1) \($1)" }
        let expected = (Int64(0)..<50).map {
            "\(FieldValue.integer($0 * 1000)) \(FieldValue.real(Double($0) / 8)) \(FieldValue.string("住宅\($0)"))"
        }
        #expect(values.sorted() == expected.sorted())
    }

    /// GBK tables with a right, a wrong and no `.cpg`, and with a language driver.
    @Test(.enabled(if: ExternalTool("ogr2ogr").isAvailable), arguments: ["GBK", "936", "<html>", "", "none", "GB2312"])
    func chineseShapefile(codePage: String) throws {
        var fixture = try ImportFixture()
        let rows = cityPoints(30).map { ($0.geometry, #""title":"胶州市人民医院""#) }
        let input = try fixture.folder.write(geoJSON(rows), to: "in.geojson")
        try ExternalTool("ogr2ogr").run(["-lco", "ENCODING=CP936", fixture.folder.file("out.shp"), input])
        let page = fixture.folder.file("out.cpg")
        if FileManager.default.fileExists(atPath: page) { try FileManager.default.removeItem(atPath: page) }
        var table = try Data(contentsOf: URL(fileURLWithPath: fixture.folder.file("out.dbf")))
        table[29] = 0
        try table.write(to: URL(fileURLWithPath: fixture.folder.file("out.dbf")))
        if codePage != "none" { try fixture.folder.write(codePage, to: "out.cpg") }
        fixture.source = "path: out.shp"
        fixture.fields = ["name: title, type: string"]
        let report = try fixture.runOne()
        #expect(try Set(fixture.values("title").map(\.text)) == ["胶州市人民医院"], "\(report)")
        #expect(report.encoding != nil)
        if codePage == "none" { #expect(report.notes.contains { $0.contains("encoding:") }) }
    }

    /// A wrong `encoding:` is seen in the report, and nothing but the text suffers.
    @Test(.enabled(if: ExternalTool("ogr2ogr").isAvailable)) func wrongEncoding() throws {
        var fixture = try ImportFixture()
        let rows = cityPoints(5).map { ($0.geometry, #""title":"胶州市""#) }
        let input = try fixture.folder.write(geoJSON(rows), to: "in.geojson")
        try ExternalTool("ogr2ogr").run(["-lco", "ENCODING=CP936", fixture.folder.file("out.shp"), input])
        fixture.source = "path: out.shp, encoding: UTF-8"
        fixture.fields = ["name: title, type: string"]
        let report = try fixture.runOne()
        #expect(report.kept == 5)
        #expect(
            report.repaired.contains { $0.reason == "encoding" && $0.examples[0].contains("encoding:") }, "\(report)")
        fixture.source = "path: out.shp, encoding: KLINGON"
        let other = try fixture.runOne()
        #expect(other.status == .failed && other.failure?.contains("KLINGON") == true, "\(other)")
    }

    @Test(.enabled(if: SharedData.isAvailable)) func cityJSON() throws {
        var fixture = try ImportFixture()
        fixture.crs = "EPSG:28992"
        fixture.extent = "[4.40, 51.88, 4.50, 51.94]"
        fixture.geometry = "polygon"
        let path = try #require(SharedData.path("cityjson/rotterdam/3-20-DELFSHAVEN.city.json"))
        fixture.source = "path: \(path)"
        let report = try fixture.runOne()
        #expect(report.read == 853)
        #expect(try fixture.view().hasSolids)
        #expect(try StoreCheck.run(fixture.store).isGood)
    }

    @Test(.enabled(if: SharedData.isAvailable)) func epanet() throws {
        var fixture = try ImportFixture()
        fixture.crs = "EPSG:3547"
        fixture.extent = "[-86.5, 36.4, -82.0, 39.3]"
        let path = try #require(SharedData.path("networks/epanet/ky4.inp"))
        fixture.source = "path: \(path), crs: EPSG:3547, layer: nodes"
        let nodes = try fixture.runOne()
        fixture.geometry = "line"
        fixture.source = "path: \(path), crs: EPSG:3547, layer: links"
        let links = try fixture.runOne()
        #expect(nodes.read >= 963 && links.read >= 1156, "\(nodes) \(links)")
    }

    @Test(.enabled(if: SharedData.isAvailable)) func csv() throws {
        var fixture = try ImportFixture()
        fixture.crs = "EPSG:26985"
        fixture.extent = "[-77.13, 38.78, -76.9, 39.0]"
        let path = try #require(SharedData.path("assets/dc-downtown/streetlights.csv"))
        fixture.source = "path: \(path), format: csv, crs: EPSG:4326, columns: {x: XCOORD, y: YCOORD}"
        #expect(try fixture.runOne().read == 3963)
    }
}
