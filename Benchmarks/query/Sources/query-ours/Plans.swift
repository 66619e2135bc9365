// SPDX-License-Identifier: Apache-2.0
import Foundation
import TwinEngine

struct PlanRow: Encodable {
    var region: String
    var filter: String
    var count: Int
    /// What the planner takes of its own accord, and what that takes over the fastest.
    var chosen: String
    var overBest: Double
    /// Microseconds of CPU, the least of some runs, and what the planner believed.
    var measured: [String: Double]
    var believed: [String: Double]
}

/// Asks filtered counts in every way and prints how long each takes, a JSON line a question.
func comparePlans(
    _ city: City, _ layer: String, _ center: LonLat, className: String, number: String, value: String
) throws {
    let ring = (0..<100).map { step in
        let angle = Double(step) / 100 * 2 * .pi
        return LonLat(longitude: center.longitude + 0.03 * cos(angle), latitude: center.latitude + 0.02 * sin(angle))
    }
    let regions: [(String, SpatialQuery.Region)] = [
        ("circle 100 m", .circle(center, metres: 100)), ("circle 500 m", .circle(center, metres: 500)),
        ("circle 5 km", .circle(center, metres: 5000)), ("polygon of 100", .polygon(QueryPolygon(ring: ring))),
        ("everywhere", .everywhere),
    ]
    let filters: [(String, ColumnFilter)] = [
        ("code", .compare("code", .equal, .text("B0700000"))),
        ("number, rare", .compare(number, .greaterOrEqual, .integer(24))),
        ("number, some", .compare(number, .greaterOrEqual, .integer(12))),
        ("class", .compare(className, .equal, .text(value))),
        (
            "class and number",
            .and([.compare(className, .equal, .text(value)), .compare(number, .greaterOrEqual, .integer(12))])
        ),
    ]
    for (regionName, region) in regions {
        for (filterName, filter) in filters {
            var query = SpatialQuery(layers: [layer], region: region, output: .counts)
            query.filter = filter
            try compare(query, city, regionName, filterName)
        }
    }
}

private func compare(_ query: SpatialQuery, _ city: City, _ region: String, _ filter: String) throws {
    var query = query
    let view = city.view()
    var measured: [String: Double] = [:]
    var count = 0
    for access in [SpatialQuery.Access.spaceFirst, .attributeFirst, .sortedFirst] {
        query.access = access
        for _ in 0..<7 {
            let start = processMilliseconds()
            count = try view.answer(query, in: city.coordinates).total
            measured[access.rawValue] = min(
                measured[access.rawValue] ?? .infinity, (processMilliseconds() - start) * 1000)
        }
    }
    // The order of the column is there now, so it is free to choose.
    query.access = .automatic
    guard let plan = try view.answer(query, in: city.coordinates).layers.first?.plan else { return }
    var believed: [String: Double] = [:]
    believed["space-first"] = plan.spaceCost
    believed["attribute-first"] = plan.attributeCost
    believed["sorted-first"] = plan.sortedCost
    let best = measured.values.min() ?? 0
    let row = PlanRow(
        region: region, filter: filter, count: count, chosen: plan.access,
        overBest: (measured[plan.access] ?? .nan) / best, measured: measured, believed: believed)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    print(String(decoding: try encoder.encode(row), as: UTF8.self))
}
