// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Compliance, site selection, land statistics and reach on small cities whose answers are known.
@Suite struct PlanningAnalysesTests {
    private func city() throws -> PlanningCity {
        try PlanningCity([
            PlanningCity.Layer(
                id: "parcels", fields: ["use", "far", "slope", "population"],
                features: [
                    PlanningCity.rectangle(
                        0, 0, 100, 100, ["use": "vacant", "far": "3.0", "slope": "2", "population": "100"]),
                    PlanningCity.rectangle(
                        200, 0, 50, 100, ["use": "vacant", "far": "1.0", "slope": "9", "population": "40"]),
                    PlanningCity.rectangle(400, 0, 200, 100, ["use": "park", "far": "0.1", "slope": "1"]),
                ]),
            PlanningCity.Layer(
                id: "control", fields: ["use", "far"],
                features: [
                    PlanningCity.rectangle(0, 0, 60, 100, ["use": "0701", "far": "2.5"]),
                    PlanningCity.rectangle(60, 0, 200, 100, ["use": "0901", "far": "3.5"]),
                ]),
            PlanningCity.Layer(id: "redline", features: [PlanningCity.rectangle(90, 90, 50, 50)]),
            PlanningCity.Layer(id: "boundary", features: [PlanningCity.rectangle(-10, -10, 90, 200)]),
            PlanningCity.Layer(
                id: "roads", geometry: "line",
                features: [PlanningCity.Feature(rings: [[(-100, -5), (700, -5)]], properties: ["use": "main"])]),
            PlanningCity.Layer(
                id: "schools", geometry: "point",
                features: [PlanningCity.Feature(rings: [[(150, 50)]]), PlanningCity.Feature(rings: [[(3000, 50)]])]),
            PlanningCity.Layer(
                id: "districts",
                features: [
                    PlanningCity.rectangle(-50, -50, 280, 400, ["use": "west"]),
                    PlanningCity.rectangle(230, -50, 300, 400, ["use": "east"]),
                ]),
            PlanningCity.Layer(
                id: "buildings", fields: ["use", "floors", "height"],
                features: [PlanningCity.rectangle(10, 10, 20, 50, ["floors": "12", "height": "36"])]),
        ])
    }

    @Test func rulesAreJudgedWithEvidence() throws {
        let city = try city()
        let rules = """
            [{"id":"redline","type":"outside","layer":"redline"},
             {"id":"boundary","type":"inside","layer":"boundary"},
             {"id":"use","type":"classes","layer":"control","field":"use","allowed":["0701"]},
             {"id":"setback","type":"distance","layer":"roads","metres":10},
             {"id":"setback5","type":"distance","layer":"roads","metres":5},
             {"id":"far","type":"at-most","figure":"far","limit":{"layer":"control","field":"far"}},
             {"id":"green","type":"at-least","figure":"green_ratio","limit":0.3},
             {"id":"height","type":"at-most","figure":"height","limit":36}]
            """
        let found = try city.run(
            "compliance-check",
            #"{"proposal":{"layer":"parcels","code":"parcels0"},"buildings":"buildings","rules":\#(rules)}"#)
        let proposal = try #require((found["proposals"] as? [[String: Any]])?.first)
        #expect(proposal["verdict"] as? String == "fail")
        var verdicts: [String: String] = [:]
        var measured: [String: Double] = [:]
        for rule in try #require(proposal["rules"] as? [[String: Any]]) {
            let id = rule["rule"] as? String ?? ""
            verdicts[id] = rule["verdict"] as? String
            measured[id] = rule["measured"] as? Double
        }
        #expect(
            verdicts == [
                "redline": "fail", "boundary": "fail", "use": "fail", "setback": "fail", "setback5": "pass",
                "far": "pass", "green": "unknown", "height": "pass",
            ])
        #expect(abs((measured["redline"] ?? 0) - 100) < 1e-6)
        #expect(abs((measured["boundary"] ?? 0) - 2000) < 1e-6)
        #expect(abs((measured["use"] ?? 0) - 4000) < 1e-6)
        #expect(measured["setback"] == 5 && measured["height"] == 36)
        // 1,000 m² with 12 storeys on 10,000 m².
        #expect(abs((measured["far"] ?? 0) - 1.2) < 1e-9)
        // Broken rules with a place: redline, boundary, use.
        #expect((found["features"] as? [Any])?.count == 3)
        let all = try city.run(
            "compliance-check",
            #"{"proposals":"parcels","rules":[{"type":"outside","layer":"redline","tolerance":{"area":100}}]}"#)
        #expect((all["verdicts"] as? [String: Int]) == ["pass": 3, "fail": 0, "unknown": 0])
        let text = try city.text(
            "compliance-check", #"{"proposals":"parcels","rules":[{"type":"inside","layer":"control"}]}"#, "text/plain")
        #expect(text.contains("3 proposals: 2 pass, 1 fail"))
        for (inputs, words) in [
            (#"{"rules":[]}"#, "rules"), (#"{"proposals":"parcels","rules":[{"type":"over"}]}"#, "type:"),
            (#"{"rules":[{"type":"outside","layer":"redline"}]}"#, "proposal"),
            (#"{"proposals":"parcels","rules":[{"type":"distance","layer":"roads"}]}"#, "metres"),
            (#"{"proposals":"parcels","rules":[{"type":"at-most","figure":"far"}]}"#, "limit"),
        ] {
            #expect(city.refusal("compliance-check", inputs).contains(words), "\(inputs)")
        }
    }

    @Test func sitesAreRankedWithReasons() throws {
        let city = try city()
        let inputs = """
            {"candidates":"parcels",
             "constraints":[{"field":"use","in":["vacant"]},{"measure":"field","field":"slope","max":25},
                            {"measure":"share","layer":"redline","max":0.5}],
             "criteria":[{"measure":"area","worst":0,"best":10000,"weight":1},
                         {"measure":"distance","layer":"schools","worst":1000,"best":0,"weight":3},
                         {"measure":"count","layer":"roads","metres":6,"worst":0,"best":1,"weight":0.5}]}
            """
        let found = try city.run("site-selection", inputs)
        let summary = try #require(found["summary"] as? [String: Any])
        #expect(summary["examined"] as? Int == 3 && summary["qualified"] as? Int == 2)
        let features = try #require(found["features"] as? [[String: Any]])
        let first = try #require(features.first?["properties"] as? [String: Any])
        #expect(first["code"] as? String == "parcels0" && first["rank"] as? Int == 1)
        // Area 1, school at 50 m of 1000 m, a road at 5 m.
        #expect(abs((first["score"] as? Double ?? 0) - (1 + 3 * 0.95 + 0.5) / 4.5) < 1e-6)
        let reasons = try #require(first["reasons"] as? [[String: Any]])
        #expect(reasons.map { $0["value"] as? Double } == [10_000, 50, 1])
        let excluded = try #require(summary["excluded"] as? [[String: Any]])
        #expect(excluded.map { $0["count"] as? Int } == [1, 0, 0])
        #expect(try city.text("site-selection", inputs, "text/csv").split(separator: "\n").count == 3)
        for (inputs, words) in [
            (#"{"candidates":"parcels","criteria":[]}"#, "criteria"),
            (#"{"candidates":"parcels","criteria":[{"measure":"area","worst":1,"best":1}]}"#, "worst and best"),
            (#"{"candidates":"parcels","criteria":[{"measure":"age","worst":1,"best":2}]}"#, "measure"),
            (
                #"{"candidates":"parcels","constraints":[{"measure":"area"}],"#
                    + #""criteria":[{"measure":"area","worst":1,"best":2}]}"#, "min or max"
            ),
        ] {
            #expect(city.refusal("site-selection", inputs).contains(words), "\(inputs)")
        }
    }

    @Test func statisticsSumToTheWhole() throws {
        let city = try city()
        let found = try city.run(
            "land-statistics",
            #"{"layers":[{"layer":"parcels","field":"use","label":"now"},{"layer":"control","field":"use"}],"#
                + #""districts":{"layer":"districts","field":"use"}}"#)
        let rows = try #require(found["rows"] as? [[String: Any]])
        func area(_ period: String, _ district: String?, _ name: String) -> Double {
            rows.first {
                $0["period"] as? String == period && $0["district"] as? String == district
                    && $0["class"] as? String == name
            }?["area"] as? Double ?? 0
        }
        #expect(abs(area("now", "west", "vacant") - 13_000) < 1e-6)
        #expect(abs(area("now", "east", "vacant") - 2000) < 1e-6)
        #expect(abs(area("now", "east", "park") - 13_000) < 1e-6 && abs(area("now", nil, "park") - 7000) < 1e-6)
        let totals = try #require(found["totals"] as? [[String: Any]])
        #expect(totals.map { abs($0["residual"] as? Double ?? 1) < 1e-6 } == [true, true])
        #expect(abs((totals[0]["area"] as? Double ?? 0) - 35_000) < 1e-6)
        #expect(try city.text("land-statistics", #"{"layers":["parcels"]}"#, "text/csv").contains("vacant,2,15000.00"))
    }

    @Test func reachCountsWhatLiesWithin() throws {
        let city = try city()
        let found = try city.run(
            "reach", #"{"sources":"schools","distance":60,"targets":["parcels","roads","buildings"]}"#)
        let area = try #require(found["area"] as? Double)
        // Two circles of 60 m radius, as polygons of 64 corners.
        #expect(area < 2 * .pi * 3600 && area > 0.998 * 2 * .pi * 3600)
        let targets = try #require(found["targets"] as? [[String: Any]])
        // The road passes the first school at 55 m.
        #expect(targets.map { $0["within"] as? Int } == [2, 1, 0])
        let walk = try city.run("reach", #"{"sources":"schools","minutes":5,"speed":20,"targets":["parcels"]}"#)
        #expect(walk["distance"] as? Double == 100)
        let people = try #require(
            ((walk["targets"] as? [[String: Any]])?.first?["people"] as? [[String: Any]])?.first)
        #expect(people["total"] as? Double == 140)
        let within = try #require(people["within"] as? Double)
        #expect(within > 0 && within < 140)
        #expect(city.refusal("reach", #"{"sources":"schools"}"#).contains("distance"))
    }

    @Test func slopeIsThatOfTheTerrain() throws {
        // Level to x = 500 m, then 12 m up for each 100 m to the east, and 5 down for each 100 m to the north.
        let rows = (0..<80).map { row in
            (0..<80).map { column -> String in
                let x = -200 + 20 * (Double(column) + 0.5)
                let y = 1400 - 20 * (Double(row) + 0.5)
                return String(x < 500 ? 100 : 100 + 0.12 * (x - 500) - 0.05 * y)
            }.joined(separator: " ")
        }
        let head = "ncols 80\nnrows 80\nxllcorner 499800\nyllcorner 4009800\ncellsize 20\n"
        let projection =
            "PROJCS[\"CGCS2000_3_Degree_GK_CM_120E\",GEOGCS[\"GCS_China_Geodetic_Coordinate_System_2000\","
            + "DATUM[\"D_China_2000\",SPHEROID[\"CGCS2000\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],"
            + "UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Gauss_Kruger\"],PARAMETER[\"False_Easting\",500000.0],"
            + "PARAMETER[\"False_Northing\",0.0],PARAMETER[\"Central_Meridian\",120.0],PARAMETER[\"Scale_Factor\",1.0],"
            + "PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]"
        let sites = PlanningCity.Layer(
            id: "sites",
            features: [
                PlanningCity.rectangle(100, 100, 100, 100), PlanningCity.rectangle(700, 100, 200, 300),
                PlanningCity.rectangle(800, 600, 3, 3), PlanningCity.rectangle(5000, 5000, 50, 50),
            ])
        let city = try PlanningCity(
            [sites], files: ["ground.asc": head + rows.joined(separator: "\n") + "\n", "ground.prj": projection],
            more: "terrain: {file: ground.asc}")
        let found = try city.run(
            "site-selection",
            #"{"candidates":"sites","constraints":[{"measure":"slope","max":20}],"#
                + #""criteria":[{"measure":"slope","worst":20,"best":0}]}"#)
        let features = try #require(found["features"] as? [[String: Any]])
        #expect(features.count == 3)
        for feature in features {
            let properties = try #require(feature["properties"] as? [String: Any])
            let id = try #require(feature["id"] as? Int)
            let slope = try #require((properties["reasons"] as? [[String: Any]])?.first?["value"] as? Double)
            #expect(abs(slope - (id == 1 ? 0 : 13)) < 0.2, "\(id): \(slope)")
        }
        let flat = try PlanningCity([sites])
        #expect(
            flat.refusal(
                "site-selection", #"{"candidates":"sites","criteria":[{"measure":"slope","worst":9,"best":0}]}"#
            )
            .contains("name its rasters under `terrain`"))
    }
}
