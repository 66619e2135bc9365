// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Synchronization
import TestSupport
import Testing

@testable import TwinEngine

/// Pages while others write.
@Suite struct QueryCursorTests {
    /// Every question paged to its end equals the same question asked at once.
    @Test func pagesAddUp() throws {
        var random = SeededGenerator.printed()
        var city = try QueryCity(rows: 3000, kind: .polygon, sortedTexts: true, &random)
        city.edit(200, &random)
        for step in 0..<20 {
            var query = SpatialQuery(layers: ["things"], region: QueryEngineTests.region(city, &random))
            if case .nearest = query.region { continue }
            if step % 2 == 0 { query.filter = QueryFilterTests.RandomFilter.make(2, &random) }
            query.limit = 10_000
            let whole = try city.city.answer(query, in: city.coordinates).layers[0].hits.map(\.feature.id)
            query.limit = [1, 7, 100].randomElement(using: &random) ?? 7
            if query.limit == 1, whole.count > 300 { query.limit = 50 }
            #expect(try pages(city, query) { _ in } == whole, "\(query)")
        }
    }

    /// Asks page by page; `between` runs before each page but the first.
    func pages(
        _ start: QueryCity, _ question: SpatialQuery, between: (inout QueryCity) -> Void
    ) throws -> [Int64] {
        var city = start
        var query = question
        var ids: [Int64] = []
        while true {
            let answer = try city.city.answer(query, in: city.coordinates)
            ids += answer.layers[0].hits.map(\.feature.id)
            guard let next = answer.next else { return ids }
            query.cursor = try QueryCursor(token: next.token)
            #expect(query.cursor == next && next.version == start.view.version)
            between(&city)
        }
    }

    /// Features that are there throughout and do not change come exactly once; nothing comes twice in order of id.
    @Test(arguments: [SpatialQuery.Order.id, .distance])
    func stableFeaturesComeOnceWhileOthersChange(order: SpatialQuery.Order) throws {
        var random = SeededGenerator.printed()
        for _ in 0..<2 {
            let city = try QueryCity(rows: 2000, kind: .polygon, sortedTexts: false, &random)
            var query = SpatialQuery(
                layers: ["things"],
                region: .circle(city.coordinates.lonLat(GridPoint(x: 0, y: 0)), metres: 2500))
            query.order = order
            query.filter = .compare("n", .greaterOrEqual, .integer(0))
            query.limit = 37
            let first = try QueryEngineTests.Expected(city, query).rows.map(\.id)
            var stable = Set(first)
            let ids = try pages(city, query) { city in
                let before = city.truth
                city.edit(25, &random)
                for (id, feature) in before
                where city.truth[id]?.geometry != feature.geometry
                    || city.truth[id]?.values != feature.values
                {
                    stable.remove(id)
                }
            }
            let times = Dictionary(ids.map { ($0, 1) }, uniquingKeysWith: +)
            for id in stable { #expect(times[id] == 1, "feature \(id) came \(times[id] ?? 0) times") }
            if order == .id { #expect(times.values.allSatisfy { $0 == 1 }) }
        }
    }

    /// The same through the record and real refreshes, with a writer on another thread and a compaction on the way.
    @Test func concurrentWriters() throws {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(3000)), to: "points.geojson")
        try fixture.run()
        let city = try fixture.open()
        let isDone = Mutex(false)
        let problems = Mutex<[String]>([])
        let edits = Mutex(0)
        let shared = fixture
        let writer = Thread {
            var step = 0
            while !isDone.withLock({ $0 }) {
                do {
                    // Moves and deletes features above 2000, and adds new ones; below nothing changes.
                    try shared.edit(
                        """
                        UPDATE things SET n = n + 1 WHERE id > 2000 AND id % 7 = \(step % 7);
                        DELETE FROM things WHERE id = \(2001 + step % 900);
                        INSERT INTO things (geom, n) SELECT geom, 5 FROM things WHERE id = \(1 + step % 2000);
                        """)
                    try city.refresh()
                } catch {
                    problems.withLock { $0.append("\(error)") }
                }
                step += 1
                edits.withLock { $0 += 1 }
            }
        }
        writer.start()
        for round in 0..<4 {
            let before = edits.withLock { $0 }
            while edits.withLock({ $0 }) < before + 2, problems.withLock({ $0.isEmpty }) { usleep(1000) }
            var query = SpatialQuery(layers: ["things"], region: .everywhere)
            query.limit = 100
            if round % 2 == 1 { query.filter = .compare("n", .greaterOrEqual, .integer(0)) }
            var ids: [Int64] = []
            while true {
                let answer = try city.view().answer(query, in: city.coordinates)
                ids += answer.layers[0].hits.map(\.feature.id)
                guard let next = answer.next else { break }
                query.cursor = next
                usleep(2000)
            }
            #expect(Set(ids).count == ids.count)
            #expect(ids == ids.sorted())
            #expect(Set(1...2000).isSubset(of: Set(ids)))
        }
        isDone.withLock { $0 = true }
        while !writer.isFinished { usleep(1000) }
        #expect(problems.withLock { $0 } == [])
    }

    @Test func foreignCursorsAreRefused() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 50, kind: .point, sortedTexts: false, &random)
        var query = SpatialQuery(layers: ["things"], region: .everywhere)
        query.limit = 5
        let next = try #require(try city.city.answer(query, in: city.coordinates).next)
        query.cursor = next
        query.limit = 20
        #expect(try city.city.answer(query, in: city.coordinates).layers[0].hits.count == 20)
        query.filter = .isNull("n")
        let error = #expect(throws: TwinError.self) { try city.city.answer(query, in: city.coordinates) }
        #expect(error?.message.hasPrefix("cursor: ") == true)
        for token in [
            "", "x", "MTs=", "%%%", String(repeating: "A", count: 200_000),
            "MTthYjsxO3RoaW5ncyxmZmZmZmZmZmZmZmZmZmZmLDE",
        ] {
            let error = #expect(throws: TwinError.self, "\(token.prefix(50))") { try QueryCursor(token: token) }
            #expect(error?.message.hasPrefix("cursor: ") == true)
        }
        for _ in 0..<300 {
            var bytes = Array(next.token.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 33...126, using: &random)
            query.filter = nil
            // Refused by name, or one that another question could have had: never a crash.
            do {
                query.cursor = try QueryCursor(token: String(decoding: bytes, as: UTF8.self))
                _ = try city.city.answer(query, in: city.coordinates)
            } catch let error as TwinError {
                #expect(error.message.hasPrefix("cursor: "))
            }
        }
    }
}
