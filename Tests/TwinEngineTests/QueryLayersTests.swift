// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Several layers at once, snapshots that are swapped between pages, and regions beyond all measure.
@Suite struct QueryLayersTests {
    /// Each layer answers as it does alone, whatever the region and the output; pages of all of them add up.
    @Test func layersAnswerTogetherAsAlone() throws {
        var random = SeededGenerator.printed()
        var cities = try [GeometryKind.point, .line, .polygon].enumerated().map { index, kind in
            try QueryCity(rows: 700 + 300 * index, kind: kind, sortedTexts: true, layer: "layer\(index)", &random)
        }
        for index in cities.indices { cities[index].edit(60, &random) }
        let view = CityView(version: 2, layers: cities.map(\.view))
        let coordinates = cities[0].coordinates
        for step in 0..<40 {
            var query = SpatialQuery(layers: [], region: QueryEngineTests.region(cities[0], &random))
            if step % 3 == 0 { query.filter = QueryFilterTests.RandomFilter.make(2, &random) }
            query.limit = 10_000
            query.output = [.features, .counts, .sums(by: "t", of: .field("n"))][step % 4 == 3 ? 0 : step % 3]
            var alone: [LayerAnswer] = []
            for city in cities {
                query.layers = [city.view.definition.id]
                alone += try city.city.answer(query, in: coordinates).layers
            }
            query.layers = cities.map(\.view.definition.id)
            let together = try view.answer(query, in: coordinates)
            #expect(together.layers.count == 3 && together.total == alone.reduce(0) { $0 + $1.count })
            for (one, other) in zip(together.layers, alone) {
                #expect(one.layer.definition.id == other.layer.definition.id && one.count == other.count)
                #expect(one.hits.map(\.feature.id) == other.hits.map(\.feature.id), "\(query)")
                #expect(one.hits.map(\.distance) == other.hits.map(\.distance))
                #expect(one.classes == other.classes)
            }
            guard query.output == .features else { continue }
            if case .nearest = query.region { continue }
            query.limit = 150
            var paged = [[Int64]](repeating: [], count: 3)
            while true {
                let page = try view.answer(query, in: coordinates)
                for (index, layer) in page.layers.enumerated() { paged[index] += layer.hits.map(\.feature.id) }
                guard let next = page.next else { break }
                query.cursor = try QueryCursor(token: next.token)
            }
            #expect(paged == alone.map { $0.hits.map(\.feature.id) }, "\(query)")
        }
    }

    /// Between two pages thousands of features change and the snapshot is built anew: what stays as it is comes once.
    @Test(arguments: [SpatialQuery.Order.id, .distance])
    func aNewSnapshotBetweenPages(order: SpatialQuery.Order) throws {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(6000)), to: "points.geojson")
        try fixture.run()
        let city = try fixture.open()
        let centre = city.coordinates.lonLat(GridPoint(x: 0, y: 0))
        var query = SpatialQuery(layers: ["things"], region: .circle(centre, metres: 100_000))
        query.order = order
        query.limit = 700
        var ids: [Int64] = []
        var swaps = 0
        while true {
            let answer = try city.view().answer(query, in: city.coordinates)
            ids += answer.layers[0].hits.map(\.feature.id)
            guard let next = answer.next else { break }
            query.cursor = try QueryCursor(token: next.token)
            let before = try #require(city.view().layer("things")).snapshot
            // Features above 3000 change and move, some go and as many come.
            try fixture.edit(
                """
                UPDATE things SET n = COALESCE(n, 0) + 1 WHERE id > 3000;
                UPDATE things SET geom = (SELECT o.geom FROM things o WHERE o.id = things.id - 3000)
                    WHERE id > 3000 AND id % 5 = \(swaps % 5) AND id <= 6000;
                DELETE FROM things WHERE id > 3000 AND id % 50 = \(swaps);
                INSERT INTO things (geom, n) SELECT geom, 5 FROM things WHERE id <= 60;
                """)
            try city.refresh()
            try city.finishCompactions()
            let after = try #require(city.view().layer("things")).snapshot
            swaps += before === after ? 0 : 1
        }
        #expect(swaps >= 5)
        let times = Dictionary(ids.map { ($0, 1) }, uniquingKeysWith: +)
        for id in 1...3000 as ClosedRange<Int64> {
            #expect(times[id] == 1, "feature \(id) came \(times[id] ?? 0) times")
        }
        if order == .id { #expect(times.values.allSatisfy { $0 == 1 } && ids == ids.sorted()) }
    }

    /// Ten million vertices: refused by their number before anything is made of them.
    @Test func tenMillionVerticesAreNamed() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 10, kind: .polygon, sortedTexts: false, &random)
        let here = city.coordinates.lonLat(GridPoint(x: 0, y: 0))
        let many = [LonLat](repeating: here, count: 10_000_000)
        for region: SpatialQuery.Region in [
            .polygon(QueryPolygon(ring: many)), .polygon(QueryPolygon(parts: [[[here], many]])),
            .corridor(many, metres: 5),
        ] {
            let error = #expect(throws: TwinError.self) {
                try city.city.answer(SpatialQuery(layers: ["things"], region: region), in: city.coordinates)
            }
            #expect(error?.message.contains("1000000") == true, "\(error?.message ?? "")")
        }
    }
}
