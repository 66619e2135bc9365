// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Parcel reports: shares sum to the parcel, and each kind of layer is measured.
@Suite struct ParcelReportTests {
    private func city() throws -> PlanningCity {
        try PlanningCity([
            PlanningCity.Layer(
                id: "parcels", fields: ["use", "population"],
                features: [
                    PlanningCity.rectangle(0, 0, 100, 100, ["use": "R2", "population": "80"]),
                    PlanningCity.rectangle(50, 50, 100, 100, ["use": "M1", "population": "20"]),
                ]),
            PlanningCity.Layer(
                id: "plan",
                features: [
                    PlanningCity.rectangle(-10, -10, 60, 200, ["use": "0701"]),
                    PlanningCity.rectangle(50, -10, 30, 200, ["use": "1401"]),
                    PlanningCity.rectangle(70, 0, 10, 100, ["use": "1401"]),
                ]),
            PlanningCity.Layer(
                id: "buildings", fields: ["use", "floors"],
                features: [
                    PlanningCity.rectangle(10, 10, 10, 20, ["use": "home", "floors": "6"]),
                    PlanningCity.rectangle(95, 10, 10, 20, ["use": "shop", "floors": "2"]),
                    PlanningCity.rectangle(300, 10, 10, 20, ["use": "shop", "floors": "9"]),
                ]),
            PlanningCity.Layer(
                id: "pipes", geometry: "line",
                features: [
                    PlanningCity.Feature(rings: [[(-50, 20), (150, 20)]], properties: ["use": "gas"]),
                    PlanningCity.Feature(rings: [[(10, 90), (20, 90), (20, 80)]], properties: ["use": "water"]),
                ]),
            PlanningCity.Layer(
                id: "lamps", geometry: "point",
                features: [PlanningCity.Feature(rings: [[(5, 5)]]), PlanningCity.Feature(rings: [[(500, 5)]])]),
            PlanningCity.Layer(
                id: "schools", geometry: "point",
                features: [PlanningCity.Feature(rings: [[(400, 50)]]), PlanningCity.Feature(rings: [[(1400, 50)]])]),
        ])
    }

    private func section(_ report: [String: Any], _ id: String) throws -> [String: Any] {
        let layers = try #require(report["layers"] as? [[String: Any]])
        return try #require(layers.first { $0["layer"] as? String == id })
    }

    @Test func partsSumToTheParcel() throws {
        let city = try city()
        let view = try #require(city.city.view().layer("parcels"))
        let id = try #require(view.row(code: "parcels0").map { view.id(row: $0) })
        let report = try city.run("parcel-report", #"{"parcel":{"layer":"parcels","id":\#(id)}}"#)
        let parcel = try #require(report["parcel"] as? [String: Any])
        #expect(abs((parcel["area"] as? Double ?? 0) - 10_000) < 1e-6)
        #expect((parcel["code"] as? String) == "parcels0")
        let plan = try section(report, "plan")
        let classes = try #require(plan["classes"] as? [[String: Any]])
        let areas = Dictionary(
            uniqueKeysWithValues: classes.map { ($0["class"] as? String ?? "", $0["area"] as? Double ?? 0) })
        #expect(abs((areas["0701"] ?? 0) - 5000) < 1e-6 && abs((areas["1401"] ?? 0) - 4000) < 1e-6)
        let rest = plan["uncovered"] as? Double ?? .nan
        let twice = plan["coveredMoreThanOnce"] as? Double ?? .nan
        #expect(abs(rest - 2000) < 1e-6 && abs(twice - 1000) < 1e-6)
        #expect(abs(areas.values.reduce(0, +) - twice + rest - 10_000) < 1e-6)
        let buildings = try #require(try section(report, "buildings")["buildings"] as? [String: Any])
        #expect(buildings["whole"] as? Int == 1 && buildings["partial"] as? Int == 1)
        // 200 m² with 6 storeys, and half of 200 m² with 2.
        #expect(abs((buildings["floorArea"] as? Double ?? 0) - 1400) < 1e-6)
        #expect(abs((buildings["floorAreaRatio"] as? Double ?? 0) - 0.14) < 1e-6)
        let pipes = try #require(try section(report, "pipes")["classes"] as? [[String: Any]])
        #expect(pipes.map { $0["length"] as? Double } == [100, 20])
        #expect(try section(report, "lamps")["count"] as? Int == 1)
        // The other parcel, with the share of its people.
        let others = try section(report, "parcels")
        #expect(others["count"] as? Int == 1)
        #expect(abs(((others["people"] as? [String: Any])?["population"] as? Double ?? 0) - 5) < 1e-6)
        let nearest = try #require(report["nearest"] as? [[String: Any]])
        #expect(nearest.map { $0["layer"] as? String } == ["schools"])
        #expect(nearest.first?["distance"] as? Double == 300)
    }

    @Test func drawnPolygonsAndPages() throws {
        let city = try city()
        let corner = city.city.coordinates.lonLat(
            try city.city.coordinates.grid.checkedGridPoint(x: 500_020, y: 4_010_020))
        let (x, y) = (corner.longitude, corner.latitude)
        let ring = "[[\(x),\(y)],[\(x + 0.0002),\(y)],[\(x + 0.0002),\(y + 0.0002)],[\(x),\(y + 0.0002)]]"
        let inputs = #"{"parcel":{"type":"Polygon","coordinates":[\#(ring)]},"language":"en","reach":50}"#
        let report = try city.run("parcel-report", inputs)
        let nearest = try #require(report["nearest"] as? [[String: Any]])
        #expect(nearest.map { $0["layer"] as? String } == ["lamps"])
        let page = try city.text("parcel-report", inputs, "text/html")
        #expect(page.hasPrefix("<!doctype html>") && page.contains("<svg") && page.contains("Area (ellipsoid)"))
        #expect(!page.contains("http://") && !page.contains("<script"))
        for (wrong, words) in [
            (#"{"parcel":{"layer":"parcels","id":999999}}"#, "no such feature"),
            (#"{"parcel":{"layer":"pipes","id":1}}"#, "name a layer of polygons"),
            (#"{"parcel":5}"#, "parcel:"), (#"{"parcel":{"layer":"parcels"}}"#, "parcel:"),
            (#"{"parcel":{"layer":"parcels","code":"parcels0"},"language":"fr"}"#, "language"),
            (#"{"parcel":{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}}"#, "parcel:"),
        ] {
            #expect(city.refusal("parcel-report", wrong).contains(words), "\(wrong)")
        }
    }
}
