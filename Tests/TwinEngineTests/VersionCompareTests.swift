// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import TestSupport
import Testing

@testable import TwinEngine

/// The process over the past of a layer.
@Suite struct VersionCompareTests {
    @Test func twoMomentsAndTwoLayers() throws {
        let city = try PlanningCity([
            PlanningCity.Layer(
                id: "plan", fields: ["use", "note"],
                features: [
                    PlanningCity.rectangle(0, 0, 100, 100, ["use": "R2", "note": "a"]),
                    PlanningCity.rectangle(200, 0, 100, 100, ["use": "M1", "note": "b"]),
                    PlanningCity.rectangle(400, 0, 100, 100, ["use": "G1", "note": "c"]),
                ]),
            PlanningCity.Layer(
                id: "next", fields: ["use", "note"],
                features: [PlanningCity.rectangle(0, 0, 150, 100, ["use": "R2", "note": "a"])]),
        ])
        let before = city.city.view().version
        try CityStore.open(city.folder.file("store")).queue.write {
            try $0.execute(
                sql: """
                    DELETE FROM plan WHERE id = 3;
                    UPDATE plan SET use = 'R2', note = 'x' WHERE id = 2;
                    UPDATE plan SET geom = (SELECT geom FROM next WHERE id = 1) WHERE id = 1;
                    """)
        }
        try city.city.refresh()
        let found = try city.run("version-compare", "{\"layer\":\"plan\",\"from\":\(before)}")
        #expect(found["counts"] as? [String: Int] == ["added": 0, "removed": 1, "changed": 2])
        #expect((found["from"] as? [String: Any])?["version"] as? Int64 == before)
        #expect((found["to"] as? [String: Any])?["version"] as? Int64 == city.city.view().version)
        #expect((found["before"] as? [String: Any])?["area"] as? Double == 30_000)
        #expect((found["after"] as? [String: Any])?["area"] as? Double == 25_000)
        let areas = try #require(found["areas"] as? [String: [String: Double]])
        #expect(areas["changed"] == ["gained": 5000, "lost": 0] && areas["removed"] == ["gained": 0, "lost": 10_000])
        let features = try #require(found["features"] as? [[String: Any]])
        let second = try #require(features.first { $0["id"] as? Int == 2 }?["properties"] as? [String: Any])
        #expect(second["moved"] as? Bool == false)
        #expect((second["fields"] as? [String: [String]])?["use"] == ["M1", "R2"])
        #expect(found["process"] as? String == "version-compare" && found["storeVersion"] is Int)
        let csv = try city.text("version-compare", "{\"layer\":\"plan\",\"from\":\"\(before)\"}", "text/csv")
        #expect(csv.contains("removed,3,plan2,,0.000,10000.000,"))
        #expect(csv.contains("use: M1 → R2"))
        // Two layers, by code: no code is in both.
        let layers = try city.run("version-compare", #"{"layer":"plan","with":"next","by":"code","limit":1}"#)
        #expect(layers["counts"] as? [String: Int] == ["added": 1, "removed": 2, "changed": 0])
        #expect(layers["numberMatched"] as? Int == 3 && layers["numberReturned"] as? Int == 1)
        try masked(city, before)
        try statistics(city, before)
        for (inputs, words) in [
            (#"{"layer":"plan"}"#, "from:"), (#"{"layer":"plan","from":999999}"#, "from: the store has no version"),
            (#"{"layer":"plan","from":"yesterday"}"#, "from: 'yesterday' is no moment"),
            (#"{"layer":"plans","from":1}"#, "did you mean 'plan'"), (#"{"layer":"plan","from":0}"#, "history"),
            (#"{"layer":"plan","from":1,"by":"name"}"#, "by:"),
        ] {
            #expect(
                city.refusal("version-compare", inputs).contains(words), "\(city.refusal("version-compare", inputs))")
        }
    }

    private func statistics(_ city: PlanningCity, _ before: Int64) throws {
        let inputs =
            #"{"layers":[{"layer":"plan","field":"use","at":"\#(before)","label":"old"},{"layer":"plan","field":"use"}]}"#
        let found = try city.run("land-statistics", inputs)
        let rows = try #require(found["rows"] as? [[String: Any]])
        func area(_ period: String, _ name: String) -> Double? {
            rows.first { $0["period"] as? String == period && $0["class"] as? String == name }?["area"] as? Double
        }
        #expect(area("old", "M1") == 10_000 && area("old", "G1") == 10_000 && area("old", "R2") == 10_000)
        #expect(area("plan", "R2") == 25_000 && area("plan", "M1") == nil && area("plan", "G1") == nil)
        let page = try city.text("land-statistics", inputs, "text/html")
        #expect(page.contains("<svg") && page.contains("2.50") && !page.contains("<script"))
    }

    /// A change of a masked field alone is no change that the caller may hear of.
    private func masked(_ city: PlanningCity, _ before: Int64) throws {
        let scope = AnalysisScope(
            city: city.city, view: city.city.view(), decide: { _ in ["use", "note"] }, sees: { _ in ["use", "note"] })
        let inputs = try AnalysisInputs(json: Array("{\"layer\":\"plan\",\"from\":\(before)}".utf8))
        let run = try Analysis.named("version-compare").prepare(inputs, in: scope)
        let text = String(decoding: try run(AnalysisProgress()).bytes, as: UTF8.self)
        #expect(text.contains(#""changed":1"#) && !text.contains("M1") && !text.contains("note"))
    }
}
