// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Random questions against brute force over the truth: every region, filter, output and plan, with edits and deletes.
@Suite struct QueryEngineTests {
    /// One question with its answer from a look at every feature.
    struct Expected {
        var rows: [(id: Int64, squared: Double)] = []

        /// By GEOS; where it cannot tell because a distance is the limit but for rounding, by exact integers.
        init(_ city: QueryCity, _ query: SpatialQuery) throws {
            let extent = try #require(city.view.extent)
            let judge = try QueryJudge(query.region, city.coordinates, extent: extent)
            let region = try GridRegion(query.region, city.coordinates)
            for feature in city.truth.values {
                let verdict = query.filter.map { $0.holds(city.view.definition, feature) == true }
                guard verdict ?? true else { continue }
                var isDoubtful = false
                var squared = try judge.squared(feature.geometry, doubtful: &isDoubtful)
                if isDoubtful { squared = region.distanceSquared(feature.geometry.view) }
                if let squared { rows.append((feature.id, squared)) }
            }
            if query.order == .distance {
                rows.sort { ($0.squared, $0.id) < ($1.squared, $1.id) }
            } else {
                rows.sort { $0.id < $1.id }
            }
        }
    }

    static func region(_ city: QueryCity, _ random: inout SeededGenerator) -> SpatialQuery.Region {
        func place() -> LonLat {
            city.coordinates.lonLat(
                GridPoint(
                    x: .random(in: -QueryCity.side...QueryCity.side, using: &random),
                    y: .random(in: -QueryCity.side...QueryCity.side, using: &random)))
        }
        let centre = Bool.random(using: &random) ? place() : city.coordinates.lonLat(GridPoint(x: 0, y: 0))
        let lengths: [Double] = [0, 1, 50, 333.3, 900, 2500, 9000]
        let metres = lengths.randomElement(using: &random) ?? 50
        switch Int.random(in: 0..<7, using: &random) {
        case 0: return .everywhere
        case 1:
            let other = place()
            return .box(
                LonLatBox(
                    west: min(centre.longitude, other.longitude), south: min(centre.latitude, other.latitude),
                    east: max(centre.longitude, other.longitude), north: max(centre.latitude, other.latitude)))
        case 2:
            let reach = Double.random(in: 0.001...0.03, using: &random)
            let corners = (0..<7).map { step in
                let angle = Double(step) / 7 * 2 * .pi
                let length = reach * (step % 2 == 0 ? 1 : 0.4)
                return LonLat(
                    longitude: centre.longitude + length * cos(angle), latitude: centre.latitude + length * sin(angle))
            }
            guard Bool.random(using: &random) else { return .polygon(QueryPolygon(ring: corners)) }
            // With a hole, and a second part far enough away not to touch the first.
            func scaled(_ factor: Double, _ east: Double) -> [LonLat] {
                corners.map { corner in
                    LonLat(
                        longitude: centre.longitude + east + (corner.longitude - centre.longitude) * factor,
                        latitude: centre.latitude + (corner.latitude - centre.latitude) * factor)
                }
            }
            return .polygon(QueryPolygon(parts: [[corners, scaled(0.5, 0)], [scaled(0.3, reach * 1.5)]]))
        case 3: return .corridor([centre, place(), place()], metres: min(metres, 900))
        case 4:
            return .nearest(
                centre, count: [1, 7, 60, 700].randomElement(using: &random) ?? 1,
                metres: Bool.random(using: &random) ? nil : metres)
        default: return .circle(centre, metres: metres)
        }
    }

    @Test(arguments: [GeometryKind.point, .line, .polygon])
    func randomQuestionsEqualBruteForce(kind: GeometryKind) throws {
        var random = SeededGenerator.printed()
        var city = try QueryCity(rows: 4000, kind: kind, sortedTexts: true, &random)
        for step in 0..<45 {
            if step % 12 == 6 { city.edit(120, &random) }
            var query = SpatialQuery(layers: ["things"], region: Self.region(city, &random))
            if step % 3 != 0 { query.filter = QueryFilterTests.RandomFilter.make(2, &random) }
            query.limit = [0, 1, 10, 500, 10_000].randomElement(using: &random) ?? 10
            if case .corridor = query.region, step % 2 == 0 { query.order = .distance }
            let expected = try Expected(city, query)
            for access in SpatialQuery.Access.allCases {
                query.access = access
                try expectFeatures(city, query, expected)
                try expectSums(city, query, expected)
            }
        }
    }

    func expectFeatures(_ city: QueryCity, _ question: SpatialQuery, _ expected: Expected) throws {
        var query = question
        query.output = .features
        let answer = try #require(try city.city.answer(query, in: city.coordinates).layers.first)
        var rows = expected.rows
        if case .nearest(_, let count, _) = query.region {
            rows = Array(rows.prefix(min(count, query.limit)))
            #expect(answer.count == rows.count)
        } else {
            #expect(answer.count == rows.count, "\(query)")
        }
        // Equal but for the last bit of a distance, which may swap two of them.
        let found = answer.hits.map(\.feature.id)
        let wanted = rows.prefix(query.limit)
        #expect(found.count == wanted.count)
        for (hit, row) in zip(answer.hits, wanted) {
            let metres: Double = row.squared.squareRoot() / 1000
            let found: Double = hit.distance ?? .infinity
            let isClose = abs(found - metres) < 1e-6
            #expect(isClose || (hit.feature.id == row.id && query.order == .id), "\(query)")
        }
        query.output = .counts
        if case .nearest = query.region { return }
        #expect(try city.city.answer(query, in: city.coordinates).total == expected.rows.count, "\(query)")
    }

    func expectSums(_ city: QueryCity, _ question: SpatialQuery, _ expected: Expected) throws {
        var query = question
        if case .nearest = query.region { return }
        let kinds: [(field: String?, measure: SpatialQuery.Measure?)] = [
            ("t", .area), ("n", .field("x")), ("b", nil), (nil, .field("n")),
        ]
        for (field, measure) in kinds {
            query.order = .id
            query.output = .sums(by: field, of: measure)
            let answer = try #require(try city.city.answer(query, in: city.coordinates).layers.first)
            var sums: [ClassValue?: (count: Int, sum: Double)] = [:]
            for row in expected.rows {
                let feature = try #require(city.truth[row.id])
                let definition = city.view.definition
                let value = field.map { ClassValue(feature.values[definition.fieldIndex($0) ?? 0]) }
                let amount: Double =
                    switch measure {
                    case .area?: feature.geometry.area
                    case .field(let name)?: feature.values[definition.fieldIndex(name) ?? 0].number ?? 0
                    case nil: 0
                    }
                sums[value, default: (0, 0)].count += 1
                sums[value, default: (0, 0)].sum += amount
            }
            #expect(answer.count == expected.rows.count)
            #expect(answer.classes.count == sums.count)
            for found in answer.classes {
                let wanted = sums[found.value] ?? (0, 0)
                #expect(found.count == wanted.count, "\(query)")
                #expect((found.sum != nil) == (measure != nil))
                #expect(abs((found.sum ?? 0) - (measure == nil ? 0 : wanted.sum)) < 1e-6 * max(1, wanted.sum.magnitude))
            }
        }
    }

    /// A filter that hardly anything passes is asked first where the region is expensive, and last where it is small.
    @Test func thePlannerChooses() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 20_000, kind: .polygon, sortedTexts: true, &random)
        let centre = city.coordinates.lonLat(GridPoint(x: 0, y: 0))
        func plan(_ region: SpatialQuery.Region, _ filter: ColumnFilter) throws -> QueryPlan {
            var query = SpatialQuery(layers: ["things"], region: region, output: .counts)
            query.filter = filter
            return try #require(try city.city.answer(query, in: city.coordinates).layers.first).plan
        }
        let rare = ColumnFilter.compare("many", .equal, .text("h17"))
        let corners = (0..<400).map { step in
            let angle = Double(step) / 400 * 2 * .pi
            return LonLat(
                longitude: centre.longitude + 0.02 * cos(angle), latitude: centre.latitude + 0.02 * sin(angle))
        }
        let wide = try plan(.polygon(QueryPolygon(ring: corners)), rare)
        #expect(wide.access == "attribute-first" && wide.filterShare < 0.01, "\(wide)")
        // So many pass that looking at each of them costs more than the circle's rim.
        let small = try plan(.circle(centre, metres: 20), .compare("n", .greaterOrEqual, .integer(0)))
        #expect(small.access == "space-first" && small.regionRows < 5000, "\(small)")
        #expect(try plan(.circle(centre, metres: 20), .not(.isNull("n"))).access == "space-first")
        var walk = SpatialQuery(layers: ["things"], region: .everywhere)
        #expect(try city.city.answer(walk, in: city.coordinates).layers.first?.plan.access == "id-order")
        walk.region = .nearest(centre, count: 3, metres: nil)
        walk.order = .distance
        #expect(try city.city.answer(walk, in: city.coordinates).layers.first?.plan.access == "nearest")
    }

    /// A column is sorted once questions would have gained as much by it, and then asked by its order.
    @Test func sortedColumnsAreMadeWhenTheyPay() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 20_000, kind: .point, sortedTexts: false, &random)
        var query = SpatialQuery(layers: ["things"], region: .everywhere, output: .counts)
        query.filter = ColumnFilter.compare("many", .equal, .text("h17"))
        let first = try #require(try city.city.answer(query, in: city.coordinates).layers.first)
        #expect(first.plan.access != "sorted-first" && first.count > 0, "\(first.plan)")
        var plans: [String] = []
        for _ in 0..<200 where plans.last != "sorted-first" {
            let answer = try #require(try city.city.answer(query, in: city.coordinates).layers.first)
            #expect(answer.count == first.count)
            plans.append(answer.plan.access)
        }
        #expect(plans.last == "sorted-first" && plans.count > 2, "\(plans.count)")
        query.filter = .not(.isNull("n"))
        #expect(try city.city.answer(query, in: city.coordinates).layers.first?.plan.access != "sorted-first")
    }

    /// Everything at the same place: the ids decide, and the answer does not depend on the order of rows.
    @Test func tiesAreOrderedById() throws {
        var random = SeededGenerator.printed()
        var city = try QueryCity(rows: 900, kind: .point, sortedTexts: false, &random)
        city.edit(300, &random)
        let centre = city.coordinates.lonLat(GridPoint(x: 0, y: 0))
        for count in [1, 5, 50, 400] {
            let query = SpatialQuery(layers: ["things"], region: .nearest(centre, count: count, metres: nil))
            var wide = query
            wide.limit = 10_000
            try expectFeatures(city, wide, try Expected(city, wide))
        }
    }

    @Test func estimatesAreNotFarOff() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 20_000, kind: .point, sortedTexts: true, &random)
        for filter in [
            ColumnFilter.compare("t", .equal, .text("house")), .compare("n", .greater, .integer(4)), .isNull("b"),
            .and([.compare("t", .notEqual, .text("hotel")), .between("x", .real(-1), .real(0.5))]),
            .like("t", LikePattern("h%")), .like("many", LikePattern("h1%")), .isIn("n", [.integer(1), .integer(2)]),
        ] {
            let share = try FilterCompiler.compile(filter, city.view).estimatedShare
            let real = Double(try city.count(filter)) / 20_000
            #expect(abs(share - real) < 0.2, "\(filter): \(share), in truth \(real)")
        }
    }
}
