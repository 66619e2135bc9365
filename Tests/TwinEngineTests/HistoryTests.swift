// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// The past of a layer, against copies of its state that the test kept.
@Suite struct HistoryTests {
    func fixture(_ count: Int, code: String? = nil) throws -> ImportFixture {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer", "name: label, type: string", "name: share, type: real"]
        fixture.code = code
        try write(fixture, (0..<count).map { ($0, "v0", 0.1) })
        try fixture.run()
        return fixture
    }

    func write(_ fixture: ImportFixture, _ rows: [(Int, String, Double)]) throws {
        try fixture.folder.write(
            geoJSON(
                rows.map { number, label, share in
                    (
                        pointJSON(119.95 + 0.0001 * Double(number), 36.25),
                        #""n":\#(number),"label":"\#(label)","share":\#(share)"#
                    )
                }), to: "points.geojson")
    }

    /// Every feature of a view as text, by id.
    func state(_ view: LayerView) throws -> [String] {
        try view.items(in: nil, offset: 0, limit: 1_000_000).features.sorted { $0.id < $1.id }.map {
            "\($0.id) \($0.box) \($0.value(0)) \($0.value(1)) \($0.value(2)) \($0.code ?? "-")"
        }
    }

    @Test func everyVersionCanBeAskedFor() throws {
        var random = SeededGenerator.printed()
        let fixture = try fixture(120)
        let city = try fixture.open()
        var kept: [(version: Int64, state: [String])] = []
        func keep() throws {
            try city.refresh()
            let view = try #require(city.view().layer("things"))
            kept.append((city.view().version, try state(view)))
        }
        try keep()
        for step in 1...25 {
            var sql = ""
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let id = Int.random(in: 1...160, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: sql += "DELETE FROM things WHERE id = \(id);"
                case 1: sql += "UPDATE things SET label = 'v\(step)', share = share + 0.1 WHERE id = \(id);"
                case 2:
                    sql +=
                        "UPDATE things SET geom = (SELECT geom FROM things WHERE id > \(id) ORDER BY id LIMIT 1) "
                        + "WHERE id = \(id) AND EXISTS (SELECT 1 FROM things WHERE id > \(id));"
                default:
                    sql +=
                        "INSERT OR IGNORE INTO things (id, n, geom) SELECT \(id), \(step), geom FROM things ORDER BY id LIMIT 1;"
                }
            }
            if step == 9 { sql += "UPDATE things SET id = 5000 WHERE id = (SELECT min(id) FROM things);" }
            try fixture.edit(sql)
            // An import in between replaces some and keeps some.
            if step == 14 {
                try write(fixture, (0..<100).map { ($0, $0 % 3 == 0 ? "imported" : "v0", 0.1) })
                try fixture.run()
            }
            try keep()
        }
        for (version, expected) in kept {
            let past = try city.past(layer: "things", at: version)
            #expect(try state(past) == expected, "version \(version)")
            #expect(past.count == expected.count)
        }
        // The same from a store that was closed and compacted since.
        let again = try fixture.open()
        for (version, expected) in kept where version.isMultiple(of: 2) {
            #expect(try state(again.past(layer: "things", at: version)) == expected)
        }
    }

    @Test func momentsAreUnderstood() throws {
        let fixture = try fixture(10)
        let city = try fixture.open()
        let first = try #require(city.moment("now").time)
        #expect(try city.moment(first).version == city.moment("now").version)
        #expect(try city.moment("2999-01-01").version == city.moment("now").version)
        #expect(try city.moment("2001-01-01T00:00:00+08:00").version == 0)
        #expect(try city.moment("1").version == 1)
        for text in ["yesterday", "-1", "99", "2026-13-01", "2026-11-21T08:00", ""] {
            #expect(throws: TwinError.self, "\(text)") { try city.moment(text) }
        }
        #expect(throws: TwinError.self) { try city.past(layer: "things", at: 0) }
        #expect(throws: TwinError.self) { try city.past(layer: "nothing", at: 1) }
    }

    @Test func layersMayKeepNoPast() throws {
        var fixture = try fixture(10)
        fixture.crs = "EPSG:4549"
        let plain = fixture.yaml.replacingOccurrences(of: "    geometry:", with: "    history: false\n    geometry:")
        let path = try fixture.folder.write(plain, to: "city.yaml")
        _ = try CityImporter(projectFile: path).run(into: fixture.store, progress: .silent)
        try fixture.edit("UPDATE things SET label = 'x' WHERE id = 1")
        #expect(try fixture.ask("SELECT count(*) FROM sqlite_master WHERE name LIKE 'twin_past%'", Int.self) == 0)
        #expect(throws: TwinError.self) { try fixture.open().past(layer: "things", at: 1) }
        #expect(try StoreCheck.run(fixture.store).isGood)
        // Asked for again, it begins anew.
        try fixture.run()
        let city = try fixture.open()
        let version = try city.moment("now").version
        try fixture.edit("UPDATE things SET label = 'y' WHERE id = 1")
        #expect(try city.past(layer: "things", at: version).feature(id: 1)?.value(1) == .string("v0"))
    }

    /// A field that comes later is null in the past; a store without history gets it with the next import.
    @Test func columnsAndOldStores() throws {
        var fixture = try fixture(20)
        try fixture.edit(
            """
            DROP TABLE twin_past_things; DELETE FROM twin_metadata WHERE key LIKE 'history:%';
            DROP TRIGGER twin_insert_things; DROP TRIGGER twin_update_things;
            DROP TRIGGER twin_delete_things; DROP TRIGGER twin_rename_things;
            """)
        fixture.fields.append("name: extra, type: string, from: label")
        let before = try #require(try fixture.ask("SELECT max(version) FROM twin_changes", Int64.self))
        try fixture.run()
        let city = try fixture.open()
        let past = try city.past(layer: "things", at: before)
        #expect(past.feature(id: 3)?.value(3) == .null)
        #expect(try city.past(layer: "things", at: before + 1).feature(id: 3)?.value(3) == .string("v0"))
        #expect(try StoreCheck.run(fixture.store).isGood)
    }

    @Test func unchangedImportsCostNothing() throws {
        let fixture = try fixture(50)
        try fixture.run()
        #expect(try fixture.ask("SELECT count(*) FROM twin_past_things", Int.self) == 0)
    }

    @Test func comparison() throws {
        let fixture = try fixture(30, code: "n")
        let city = try fixture.open()
        let start = try city.moment("now").version
        try fixture.edit(
            "DELETE FROM things WHERE id = 4; UPDATE things SET label = 'new', share = 2 WHERE id = 7;"
                + "UPDATE things SET geom = (SELECT geom FROM things WHERE id = 9) WHERE id = 8;"
                + "INSERT INTO things (id, code, label, geom) SELECT 900, 'N', 'added', geom FROM things WHERE id = 10;"
                + "UPDATE things SET label = 'x' WHERE id = 11; UPDATE things SET label = 'v0' WHERE id = 11;")
        try city.refresh()
        let older = try city.past(layer: "things", at: start)
        let newer = try #require(city.view().layer("things"))
        for key in [LayerComparison.Key.id, .code] {
            let comparison = try LayerComparison(from: older, to: newer, by: key)
            #expect(
                comparison.changes.map { "\($0.kind) \($0.feature?.id ?? 0)" } == [
                    "added 900", "removed 4", "changed 7", "changed 8",
                ])
            #expect(comparison.changes[2].fields.map(\.name) == ["label", "share"] && !comparison.changes[2].isMoved)
            #expect(comparison.changes[3].fields.isEmpty && comparison.changes[3].isMoved)
            #expect(comparison.before.count == 30 && comparison.after.count == 30)
            let json = try #require(
                JSONSerialization.jsonObject(with: Data(comparison.geoJSON())) as? [String: Any])
            #expect((json["features"] as? [Any])?.count == 4)
            #expect(comparison.table(limit: 2).contains("and 2 more"))
        }
    }
}

/// Areas of changed polygons, on squares whose answers are known.
@Suite struct HistoryPolygonTests {
    @Test func gainedAndLost() throws {
        var fixture = try ImportFixture()
        fixture.geometry = "polygon"
        fixture.source = "path: points.geojson, crs: EPSG:4549, override_crs: true"
        func square(_ x: Double, _ size: Double) -> String {
            let (left, right, low, high) = (500_000 + x, 500_000 + x + size, 4_010_000.0, 4_010_000 + size)
            let ring = [(left, low), (right, low), (right, high), (left, high), (left, low)]
            return #"{"type":"Polygon","coordinates":[["#
                + ring.map { "[\($0.0),\($0.1)]" }.joined(separator: ",") + "]]}"
        }
        fixture.extent = "[119.9, 36.1, 120.1, 36.33]"
        func importSquares(_ squares: [String]) throws {
            try fixture.folder.write(geoJSON(squares.map { ($0, "") }), to: "points.geojson")
            try fixture.run()
        }
        try importSquares([square(0, 100), square(1000, 100), square(2000, 50)])
        let city = try fixture.open()
        let start = try city.moment("now").version
        try importSquares([square(0, 100), square(1050, 100), square(2000, 60)])
        try city.refresh()
        let comparison = try LayerComparison(
            from: city.past(layer: "things", at: start), to: #require(city.view().layer("things")))
        #expect(comparison.changes.map(\.gained) == [5000, 1100])
        #expect(comparison.changes.map(\.lost) == [5000, 0])
        #expect(comparison.before.area == 22_500 && comparison.after.area == 23_600)
    }
}
