// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Synchronization
import TestSupport
import Testing

@testable import TwinEngine

/// Edits of the record by SQL, as QGIS makes them, against a city built afresh from the same record.
@Suite struct DeltaTests {
    func fixture(_ count: Int) throws -> ImportFixture {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer", "name: label, type: string"]
        try fixture.folder.write(
            geoJSON(cityPoints(count).map { ($0.geometry, $0.properties + #","label":"点""#) }), to: "points.geojson")
        try fixture.run()
        return fixture
    }

    static let here = "SELECT max(srid) FROM geometry_columns"

    /// The same answers from a view with a delta and from one without.
    func expectSame(_ view: LayerView, _ fixture: ImportFixture, location: SourceLocation = #_sourceLocation) throws {
        let store = try CityStore.open(fixture.store)
        let city = try fixture.open()
        let fresh = try City.rebuild(view.definition, store, city.coordinates)
        #expect(view.count == fresh.count, sourceLocation: location)
        func all(_ view: LayerView) throws -> [String] {
            try view.items(in: nil, offset: 0, limit: 100_000).features.map(describe).sorted()
        }
        #expect(try all(view) == all(fresh), sourceLocation: location)
        let box = LonLatBox(west: 119.96, south: 36.249, east: 119.98, north: 36.3)
        #expect(
            try view.items(in: box, offset: 0, limit: 10).matched == fresh.items(in: box, offset: 0, limit: 10).matched)
        let centre = try city.gridPoint(LonLat(longitude: 119.97, latitude: 36.25))
        let near = view.radius(around: centre, metres: 400, limit: 20)
        let freshNear = fresh.radius(around: centre, metres: 400, limit: 20)
        #expect(near.count == freshNear.count, sourceLocation: location)
        #expect(
            near.hits.map { describe($0.feature) } == freshNear.hits.map { describe($0.feature) },
            sourceLocation: location)
        for id in Int64(0)..<40 {
            #expect(view.feature(id: id).map(describe) == fresh.feature(id: id).map(describe), sourceLocation: location)
        }
        var pages: [String] = []
        for offset in stride(from: 0, to: view.count + 7, by: 7) {
            pages += try view.items(in: nil, offset: offset, limit: 7).features.map(describe)
        }
        #expect(try pages.sorted() == all(fresh), sourceLocation: location)
    }

    func describe(_ feature: Feature) -> String {
        "\(feature.id) \(feature.box) \(feature.value(0)) \(feature.value(1)) \(feature.code ?? "-")"
    }

    func edit(_ fixture: ImportFixture, _ id: Int, lon: Double, lat: Double) -> String {
        "UPDATE things SET geom = ST_Transform(SetSRID(MakePoint(\(lon), \(lat)), 4326), (\(Self.here))), label = 'moved' WHERE id = \(id);"
    }

    @Test func editsAppear() throws {
        let fixture = try fixture(200)
        let city = try fixture.open()
        #expect(try !city.refresh())
        try fixture.edit("DELETE FROM things WHERE id IN (3, 4, 5)")
        #expect(try city.refresh())
        var view = try #require(city.view().layer("things"))
        #expect(view.count == 197)
        #expect(view.feature(id: 3) == nil)
        try expectSame(view, fixture)
        try fixture.edit("UPDATE things SET label = 'neu', n = NULL WHERE id = 7")
        try fixture.edit(
            "INSERT INTO things (id, n, label, geom) SELECT 999, 5, '新', geom FROM things WHERE id = 10")
        try city.refresh()
        view = try #require(city.view().layer("things"))
        #expect(view.count == 198)
        #expect(view.feature(id: 7)?.value(1) == .string("neu"))
        #expect(view.feature(id: 7)?.value(0) == .null)
        #expect(view.feature(id: 999)?.value(1) == .string("新"))
        try expectSame(view, fixture)
        try fixture.edit("UPDATE things SET id = 5000 WHERE id = 12")
        try fixture.edit("DELETE FROM things WHERE id = 999")
        try city.refresh()
        view = try #require(city.view().layer("things"))
        #expect(view.feature(id: 12) == nil && view.feature(id: 5000) != nil && view.feature(id: 999) == nil)
        try expectSame(view, fixture)
    }

    @Test func movedFeatures() throws {
        let fixture = try fixture(300)
        try fixture.edit("SELECT InsertEpsgSrid(4326)")
        let city = try fixture.open()
        try fixture.edit(edit(fixture, 20, lon: 119.97, lat: 36.2505) + edit(fixture, 21, lon: 120.05, lat: 36.3))
        try city.refresh()
        let view = try #require(city.view().layer("things"))
        #expect(view.count == 300)
        #expect(view.feature(id: 20)?.value(1) == .string("moved"))
        try expectSame(view, fixture)
    }

    @Test func rowsThatCannotBeShown() throws {
        let fixture = try fixture(20)
        let city = try fixture.open()
        try fixture.edit("UPDATE things SET geom = NULL WHERE id = 1; UPDATE things SET geom = x'0001' WHERE id = 2")
        try city.refresh()
        #expect(city.view().layer("things")?.count == 18)
        // The city still opens, and the check tells.
        #expect(try fixture.view().count == 18)
        #expect(try !StoreCheck.run(fixture.store).isGood)
    }

    @Test func randomEdits() throws {
        var random = SeededGenerator.printed()
        let fixture = try fixture(150)
        let city = try fixture.open()
        for step in 0..<12 {
            var sql = ""
            for _ in 0..<Int.random(in: 1...25, using: &random) {
                let id = Int.random(in: 1...220, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: sql += "DELETE FROM things WHERE id = \(id);"
                case 1: sql += "UPDATE things SET n = \(step), label = 'v\(step)' WHERE id = \(id);"
                default:
                    sql +=
                        "INSERT OR IGNORE INTO things (id, n, geom) SELECT \(id), \(step), geom FROM things ORDER BY id LIMIT 1;"
                }
            }
            try fixture.edit(sql)
            try city.refresh()
            try expectSame(#require(city.view().layer("things")), fixture)
        }
        #expect(try StoreCheck.run(fixture.store).isGood)
    }

    @Test func compaction() throws {
        let fixture = try fixture(3000)
        let city = try fixture.open()
        let before = try #require(city.view().layer("things"))
        try fixture.edit("UPDATE things SET label = 'all' WHERE id <= 2500")
        try city.refresh()
        // The edits show at once, the new snapshot when it is built.
        #expect(city.view().layer("things")?.feature(id: 2500)?.value(1) == .string("all"))
        try fixture.edit("UPDATE things SET label = 'late' WHERE id = 2600")
        try city.finishCompactions()
        let view = try #require(city.view().layer("things"))
        #expect(view.delta.changeCount <= 2, "it was not compacted")
        #expect(view.feature(id: 2600)?.value(1) == .string("late"))
        #expect(view.feature(id: 2500)?.value(1) == .string("all"))
        #expect(SnapshotRebuild.files(fixture.store, layer: "things").count == 1)
        // A reader of the old view keeps its mapping.
        #expect(before.feature(id: 2500)?.value(1) == .string("点"))
        try expectSame(view, fixture)
    }

    @Test func replacedByAnImport() throws {
        let fixture = try fixture(50)
        let city = try fixture.open()
        try fixture.folder.write(geoJSON(cityPoints(60)), to: "points.geojson")
        try fixture.run()
        try city.refresh()
        #expect(city.view().layer("things")?.count == 60)
    }

    /// What the reading threads and the test tell each other.
    final class Readers: Sendable {
        let isDone = Mutex(false)
        let reads = Mutex([0, 0, 0])
        let problems = Mutex<[String]>([])

        /// Reads until told to stop; every view must be of one edit, with all features.
        func run(_ city: City, _ number: Int) {
            while !isDone.withLock({ $0 }) {
                do {
                    guard let view = city.view().layer("things") else { continue }
                    let features = try view.items(in: nil, offset: 0, limit: 1000).features
                    let labels = Set(features.filter { $0.id <= 100 }.map { "\($0.value(1))" })
                    if labels.count != 1 || view.count != 1000 || features.count != 1000 {
                        problems.withLock { $0.append("\(labels) \(view.count) \(features.count)") }
                    }
                } catch {
                    problems.withLock { $0.append("\(error)") }
                }
                reads.withLock { $0[number] += 1 }
            }
        }
    }

    /// Readers never see half of a change: every edit changes 100 features at once.
    @Test func readersWhileRefreshing() throws {
        let fixture = try fixture(1000)
        let city = try fixture.open()
        let readers = Readers()
        let threads = (0..<3).map { number in Thread { readers.run(city, number) } }
        threads.forEach { $0.start() }
        var step = 0
        while step < 20 || readers.reads.withLock({ $0.min() ?? 0 }) < 20 {
            try fixture.edit("UPDATE things SET label = 's\(step)' WHERE id <= 100")
            try city.refresh()
            step += 1
        }
        readers.isDone.withLock { $0 = true }
        #expect(readers.problems.withLock { $0 }.isEmpty)
        for thread in threads {
            while !thread.isFinished { usleep(1000) }
        }
    }
}
