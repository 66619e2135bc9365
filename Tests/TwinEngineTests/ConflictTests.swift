// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Plan conflicts against brute force with GEOS, and what must be refused.
@Suite struct ConflictTests {
    private static let uses = ["housing", "industry", "park", "water"]

    /// A cut of the square into a grid whose lines are shifted, with some polygons missing and some twice.
    private static func plan(
        _ id: String, _ cells: Int, _ random: inout SeededGenerator, overlaps: Bool
    ) -> PlanningCity.Layer {
        let side = 1000.0
        func lines() -> [Double] {
            var lines = [0.0]
            for line in 1..<cells {
                let shift = Double.random(in: -0.3...0.3, using: &random)
                lines.append((Double(line) + shift) * side / Double(cells))
            }
            return lines + [side]
        }
        let columns = lines()
        let rows = lines()
        var features: [PlanningCity.Feature] = []
        for column in 0..<cells {
            for row in 0..<cells where Int.random(in: 0..<10, using: &random) > 0 {
                let use = uses.randomElement(using: &random) ?? "park"
                var feature = PlanningCity.rectangle(
                    columns[column], rows[row], columns[column + 1] - columns[column], rows[row + 1] - rows[row],
                    ["use": use])
                if Int.random(in: 0..<3, using: &random) == 0 {
                    // A corner pulled in: no longer a rectangle, still within its cell.
                    feature.rings[0].insert(
                        (
                            columns[column] + (columns[column + 1] - columns[column]) * 0.4,
                            rows[row] + (rows[row + 1] - rows[row]) * 0.5
                        ), at: 2)
                }
                features.append(feature)
                if overlaps, Int.random(in: 0..<12, using: &random) == 0 { features.append(feature) }
            }
        }
        return PlanningCity.Layer(id: id, features: features)
    }

    @Test func conflictsAreThoseOfBruteForce() throws {
        var random = SeededGenerator.printed()
        let city = try PlanningCity([
            Self.plan("old", 13, &random, overlaps: false), Self.plan("new", 11, &random, overlaps: true),
        ])
        let inputs =
            #"{"layers":[{"layer":"old","field":"use"},{"layer":"new","field":"use"}],"#
            + #""table":{"conflicts":[["park","park"]],"allowed":[["water","park"]]},"tolerance":{"area":40}}"#
        let found = try city.run("plan-conflict", inputs)
        let features = try #require(found["features"] as? [[String: Any]])
        var areas: [String: Double] = [:]
        for feature in features {
            let properties = try #require(feature["properties"] as? [String: Any])
            let first = try #require(properties["firstId"] as? Int)
            let second = try #require(properties["secondId"] as? Int)
            let area = try #require(properties["area"] as? Double)
            areas["\(first) \(second)"] = area
            let ellipsoidal = try #require(properties["ellipsoidalArea"] as? Double)
            #expect(abs(ellipsoidal / area - 1) < 2e-3)
        }
        let truth = try bruteForce(city)
        #expect(Set(areas.keys) == Set(truth.conflicts.keys))
        for (pair, area) in truth.conflicts { #expect(abs((areas[pair] ?? 0) - area) < 1e-5, "\(pair)") }
        let summary = try #require(found["summary"] as? [String: Any])
        #expect(summary["conflicts"] as? Int == truth.conflicts.count)
        #expect(abs((summary["area"] as? Double ?? 0) - truth.conflicts.values.reduce(0, +)) < 1e-3)
        let comparison = try #require((summary["comparisons"] as? [[String: Any]])?.first)
        func part(_ name: String) -> Double { comparison[name] as? Double ?? .nan }
        let whole =
            part("conflicting") + part("tolerated") + part("agreeing") - part("coveredMoreThanOnce") + part("uncovered")
        #expect(abs(whole - part("firstArea")) < 1e-3)
        #expect(abs(part("uncovered") - truth.uncovered) < 1e-3)
        #expect(part("coveredMoreThanOnce") > 1)
        #expect(abs(part("residual")) < 1e-3)
        // The same without the parts that do not conflict.
        let quick = try city.run("plan-conflict", inputs.dropLast() + #","reconcile":false}"#)
        #expect((quick["features"] as? [[String: Any]])?.count == features.count)
    }

    private func bruteForce(_ city: PlanningCity) throws -> (conflicts: [String: Double], uncovered: Double) {
        func polygons(_ id: String) throws -> [(id: Int64, use: String, flat: FlatCoordinates)] {
            let view = try #require(city.city.view().layer(id))
            return (0..<view.snapshot.count).map { row in
                (
                    view.id(row: row), view.value(row: row, column: 0).text ?? "",
                    FlatCoordinates(grid: view.geometry(row: row))
                )
            }
        }
        let old = try polygons("old")
        let new = try polygons("new")
        var conflicts: [String: Double] = [:]
        var uncovered = 0.0
        for first in old {
            var rest = first.flat
            for second in new {
                let shared = try withGEOS { context throws(SpatialError) in
                    try context.overlay(.intersection, first.flat, second.flat, kind: .polygon)
                }
                let area = shared.parts.map { $0.planarArea / 1e6 }.filter { $0 > 40 }.reduce(0, +)
                let pair = Set([first.use, second.use])
                let agrees = pair == ["water", "park"] || pair.count == 1 && pair != ["park"]
                if !agrees, area > 0 { conflicts["\(first.id) \(second.id)"] = area }
                if !rest.isEmpty {
                    let before = rest
                    rest = try withGEOS { context throws(SpatialError) in
                        try context.overlay(.difference, before, second.flat, kind: .polygon)
                    }
                }
            }
            uncovered += rest.planarArea / 1e6
        }
        return (conflicts, uncovered)
    }

    @Test func toleranceRegionDistrictsAndFormats() throws {
        let city = try PlanningCity([
            PlanningCity.Layer(
                id: "a",
                features: [
                    PlanningCity.rectangle(0, 0, 100, 100, ["use": "housing"]),
                    PlanningCity.rectangle(100, 0, 100, 100, ["use": "CMOD, RMED"]),
                ]),
            PlanningCity.Layer(
                id: "b",
                features: [
                    PlanningCity.rectangle(0, 0, 99.7, 100, ["use": "housing"]),
                    PlanningCity.rectangle(99.7, 0, 100.3, 100, ["use": "RMED"]),
                ]),
            PlanningCity.Layer(
                id: "districts",
                features: [
                    PlanningCity.rectangle(0, 0, 200, 30, ["use": "south"]),
                    PlanningCity.rectangle(0, 30, 200, 50, ["use": "north"]),
                ]),
        ])
        let sliver = try city.run(
            "plan-conflict",
            #"{"layers":["a","b"],"table":{"separator":","},"tolerance":{"area":0},"districts":"districts"}"#)
        // Housing against RMED in a strip of 0.3 m × 100 m; CMOD, RMED and RMED agree.
        #expect((sliver["features"] as? [Any])?.count == 1)
        let summary = try #require(sliver["summary"] as? [String: Any])
        #expect(abs((summary["area"] as? Double ?? 0) - 30) < 1e-6)
        let districts = try #require(summary["byDistrict"] as? [[String: Any]])
        #expect(districts.compactMap { $0["area"] as? Double }.map { ($0 * 1000).rounded() / 1000 } == [9, 15, 6])
        #expect(districts.last?["district"] is NSNull)
        let narrow = try city.run(
            "plan-conflict",
            #"{"layers":["a","b"],"table":{"separator":","},"tolerance":{"area":0,"width":0.5}}"#)
        #expect((narrow["features"] as? [Any])?.count == 0)
        #expect(abs(((narrow["summary"] as? [String: Any])?["toleratedArea"] as? Double ?? 0) - 30) < 1e-6)
        let csv = try city.text("plan-conflict", #"{"layers":["a","b"]}"#, "text/csv")
        #expect(csv.split(separator: "\n").count == 3 && csv.contains("\"CMOD, RMED\""))
        #expect(try city.text("plan-conflict", #"{"layers":["a","b"]}"#, "text/plain").contains("2 conflicts"))
        // A layer with itself: these do not overlap.
        let alone = try city.run("plan-conflict", #"{"layers":["a"]}"#)
        #expect(alone["numberMatched"] as? Int == 0)
    }

    @Test func whatIsWrongIsNamed() throws {
        let city = try PlanningCity([
            PlanningCity.Layer(id: "a", features: [PlanningCity.rectangle(0, 0, 10, 10, ["use": "x"])]),
            PlanningCity.Layer(id: "p", geometry: "point", features: [PlanningCity.Feature(rings: [[(1, 1)]])]),
        ])
        for (inputs, words) in [
            (#"{}"#, "layers: this input is missing"), (#"{"layers":[]}"#, "layers:"),
            (#"{"layers":["aa"]}"#, "did you mean 'a'"), (#"{"layers":["p"]}"#, "name a layer of polygons"),
            (#"{"layers":[{"layer":"a","field":"uses"}]}"#, "did you mean 'use'"),
            (#"{"layers":["a"],"tolerance":{"area":-1}}"#, "area:"),
            (#"{"layers":["a"],"tolerance":{"length":1}}"#, "length: there is no such input"),
            (#"{"layers":["a"],"table":{"default":"some"}}"#, "none of different, none, all"),
            (#"{"layers":["a"],"table":{"conflicts":[["x"]]}}"#, "conflicts:"),
            (#"{"layers":["a"],"limit":1.5}"#, "limit: write a whole number"),
            (#"{"layers":["a"],"colour":1}"#, "colour: there is no such input"),
            (#"{"layers":["a"],"region":{"type":"Point","coordinates":[1,2]}}"#, "polygon"),
        ] {
            #expect(city.refusal("plan-conflict", inputs).contains(words), "\(inputs)")
        }
        #expect(throws: TwinError.self) { try Analysis.named("plan-conflicts") }
    }
}
