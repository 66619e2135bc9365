// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Clearances against brute force with GEOS, and buffers of drawn geometries.
@Suite struct ClearanceTests {
    private static func layer(_ id: String, _ kind: String, _ count: Int, _ random: inout SeededGenerator)
        -> PlanningCity.Layer
    {
        let features = (0..<count).map { _ -> PlanningCity.Feature in
            let x = (Double.random(in: 0..<800, using: &random) * 1000).rounded() / 1000
            let y = (Double.random(in: 0..<800, using: &random) * 1000).rounded() / 1000
            switch kind {
            case "polygon":
                // On a coarse lattice many touch.
                return PlanningCity.rectangle(
                    (x / 20).rounded() * 20, (y / 20).rounded() * 20,
                    Double(Int.random(in: 1...4, using: &random)) * 20,
                    Double.random(in: 5...60, using: &random).rounded())
            case "line":
                return PlanningCity.Feature(rings: [
                    [
                        (x, y), (x + Double.random(in: -80...80, using: &random), y + 31),
                        (x + Double.random(in: -80...80, using: &random), y + 77),
                    ]
                ])
            default: return PlanningCity.Feature(rings: [[(x, y)]])
            }
        }
        return PlanningCity.Layer(id: id, geometry: kind, features: features)
    }

    @Test func pairsAreThoseOfBruteForce() throws {
        var random = SeededGenerator.printed()
        let city = try PlanningCity([
            Self.layer("houses", "polygon", 120, &random), Self.layer("pipes", "line", 60, &random),
            Self.layer("wells", "point", 90, &random),
        ])
        for (first, second) in [
            ("houses", "pipes"), ("pipes", "houses"), ("wells", "houses"), ("pipes", "wells"), ("houses", nil),
            ("wells", nil), ("pipes", "pipes"),
        ] as [(String, String?)] {
            let metres = Double.random(in: 5...40, using: &random).rounded()
            let other = second.map { ",\"second\":\"\($0)\"" } ?? ""
            let found = try city.run("clearance", "{\"first\":\"\(first)\"\(other),\"distance\":\(metres)}")
            let a = try geometries(city, first)
            let b = try geometries(city, second ?? first)
            var truth: [String: Double] = [:]
            for (i, one) in a {
                for (j, two) in b where second != nil || j > i {
                    let distance = try withGEOS { context throws(SpatialError) in try context.distance(one, two) }
                    // At exactly the distance GEOS is off by its rounding.
                    if distance <= metres * 1000 + 1e-6 { truth["\(i) \(j)"] = distance / 1000 }
                }
            }
            let features = try #require(found["features"] as? [[String: Any]])
            var seen: [String: Double] = [:]
            for feature in features {
                let properties = try #require(feature["properties"] as? [String: Any])
                let i = try #require(properties["firstId"] as? Int)
                let j = try #require(properties["secondId"] as? Int)
                let distance = try #require(properties["distance"] as? Double)
                seen["\(i) \(j)"] = distance
                try check(city, feature, distance, a[Int64(i)], b[Int64(j)])
            }
            #expect(Set(seen.keys) == Set(truth.keys), "\(first) \(second ?? "-")")
            for (pair, distance) in truth { #expect(abs((seen[pair] ?? -1) - distance) < 2e-6, "\(pair)") }
            let summary = try #require(found["summary"] as? [String: Any])
            #expect(summary["pairs"] as? Int == truth.count)
            #expect(summary["touching"] as? Int == truth.values.count { $0 == 0 })
        }
    }

    /// The drawn line starts on the first geometry, ends on the second, and is as long as the distance.
    private func check(
        _ city: PlanningCity, _ feature: [String: Any], _ distance: Double, _ first: FlatCoordinates?,
        _ second: FlatCoordinates?
    ) throws {
        let geometry = try #require(feature["geometry"] as? [String: Any])
        let first = try #require(first)
        let second = try #require(second)
        #expect((geometry["type"] as? String) == (distance == 0 ? "Point" : "LineString"))
        let ends: [[Double]] =
            distance == 0
            ? [geometry["coordinates"], geometry["coordinates"]].compactMap { $0 as? [Double] }
            : geometry["coordinates"] as? [[Double]] ?? []
        try #require(ends.count == 2)
        for (end, shape) in zip(ends, [first, second]) {
            let point = try city.city.gridPoint(LonLat(longitude: end[0], latitude: end[1]))
            let flat = FlatCoordinates(
                kind: .point, xy: [Double(point.x), Double(point.y)], ringEnds: [1 | ringStartsPart])
            let away = try withGEOS { context throws(SpatialError) in try context.distance(flat, shape) }
            #expect(away <= 2.5, "\(away) mm")
        }
    }

    private func geometries(_ city: PlanningCity, _ id: String) throws -> [Int64: FlatCoordinates] {
        let view = try #require(city.city.view().layer(id))
        return Dictionary(
            uniqueKeysWithValues: (0..<view.snapshot.count).map {
                (view.id(row: $0), FlatCoordinates(grid: view.geometry(row: $0)))
            })
    }

    @Test func containmentTouchingAndFormats() throws {
        let city = try PlanningCity([
            PlanningCity.Layer(
                id: "zones", features: [PlanningCity.rectangle(0, 0, 500, 500), PlanningCity.rectangle(600, 0, 50, 50)]),
            PlanningCity.Layer(id: "houses", features: [PlanningCity.rectangle(240, 240, 10, 10)]),
        ])
        let all = #"{"first":"zones","second":"houses","distance":1"#
        let inner = try #require((try city.run("clearance", all + "}")["features"] as? [[String: Any]])?.first)
        #expect((inner["properties"] as? [String: Any])?["distance"] as? Double == 0)
        #expect((inner["geometry"] as? [String: Any])?["type"] as? String == "Point")
        #expect((try city.run("clearance", all + #","touching":false}"#)["features"] as? [Any])?.isEmpty == true)
        // Exactly the distance counts, a millimetre less does not.
        let within = #"{"first":"zones","distance":"#
        #expect((try city.run("clearance", within + "100}")["features"] as? [Any])?.count == 1)
        #expect((try city.run("clearance", within + "99.999}")["features"] as? [Any])?.isEmpty == true)
        #expect(
            try city.text("clearance", within + "100}", "text/csv").contains("zones,1,zones0,zones,2,zones1,100.000,"))
        #expect(try city.text("clearance", within + "100}", "text/plain").contains("1 pairs within 100.000 m"))
        #expect(city.refusal("clearance", #"{"first":"zones"}"#).contains("distance"))
        #expect(city.refusal("clearance", within + "-1}").contains("distance: write a number"))
        #expect(city.refusal("clearance", #"{"first":"zone","distance":1}"#).contains("did you mean 'zones'"))
    }

    @Test func drawnGeometriesHaveBuffersToo() throws {
        let city = try PlanningCity([
            PlanningCity.Layer(
                id: "wells", geometry: "point",
                features: [PlanningCity.Feature(rings: [[(0, 0)]]), PlanningCity.Feature(rings: [[(50, 0)]])])
        ])
        let place = try #require(city.city.view().layer("wells")?.items(in: nil, offset: 0, limit: 1).features.first)
        let middle = city.city.coordinates.lonLat(GridPoint(x: place.box.minX, y: place.box.minY))
        let position = "[\(middle.longitude),\(middle.latitude)]"
        let drawn = try city.run(
            "reach",
            "{\"sources\":{\"type\":\"Point\",\"coordinates\":\(position)},\"distance\":60,\"targets\":[\"wells\"]}")
        let circle = Double.pi * 3600
        #expect(abs((drawn["area"] as? Double ?? 0) / circle - 1) < 0.002)
        #expect((drawn["targets"] as? [[String: Any]])?.first?["within"] as? Int == 2)
        let each = try city.run("reach", #"{"sources":"wells","distance":60,"dissolve":false}"#)
        let features = try #require(each["features"] as? [[String: Any]])
        #expect(features.count == 2)
        for feature in features {
            let properties = try #require(feature["properties"] as? [String: Any])
            #expect(abs((properties["area"] as? Double ?? 0) / circle - 1) < 0.002)
            #expect(properties["sourceId"] is Int)
        }
        #expect((each["area"] as? Double ?? 0) < 2 * circle)
        for wrong in [
            #"{"type":"Point","coordinates":[]}"#, #"{"type":"Circle","coordinates":[1,2]}"#,
            #"{"type":"LineString","coordinates":[[120,36.25]]}"#, #"{"type":"Point","coordinates":[10,10]}"#,
        ] {
            #expect(city.refusal("reach", "{\"sources\":\(wrong),\"distance\":1}").contains("sources"), "\(wrong)")
        }
    }
}
