// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Questions that cannot be answered: an error that names the part and shows a valid one.
@Suite struct QueryBadInputTests {
    @Test func mistakesAreNamed() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 200, kind: .polygon, sortedTexts: false, &random)
        let here = city.coordinates.lonLat(GridPoint(x: 0, y: 0))
        func near(_ x: Double, _ y: Double) -> LonLat {
            LonLat(longitude: here.longitude + x, latitude: here.latitude + y)
        }
        let bowtie = [near(0, 0), near(0.01, 0.01), near(0.01, 0), near(0, 0.01)]
        var cases: [(SpatialQuery.Region, String)] = [
            (.polygon(QueryPolygon(ring: bowtie)), "polygon: "), (.polygon(QueryPolygon(ring: [])), "polygon: "),
            (.polygon(QueryPolygon(ring: [here, near(0.1, 0)])), "polygon: "),
            (.polygon(QueryPolygon(ring: [here, here, here])), "polygon: "),
            (.polygon(QueryPolygon(parts: [[bowtie.map { _ in near(.nan, 0) }]])), "polygon: "),
            (.corridor([here], metres: 5), "line: "),
            (.corridor([here, near(.infinity, 0)], metres: 5), "line: "),
            (.nearest(here, count: 0, metres: nil), "nearest: "), (.nearest(here, count: -1, metres: nil), "nearest: "),
            (.nearest(here, count: 10_001, metres: nil), "nearest: "),
            (.nearest(here, count: 5, metres: -1), "radius: "),
            (.box(LonLatBox(west: 1, south: 2, east: 0, north: 3)), "bbox: "),
            (.box(LonLatBox(west: .nan, south: 2, east: 0, north: 3)), "bbox: "),
            (.polygon(QueryPolygon(ring: (0...100_000).map { near(Double($0) * 1e-9, 0) })), "polygon: "),
        ]
        for metres in [-1, -0.001, Double.nan, .infinity, -.infinity, 100_001, 1e300] {
            cases.append((.circle(here, metres: metres), "radius: "))
            cases.append((.corridor([here, near(0.01, 0)], metres: metres), "radius: "))
        }
        for place in [
            near(.nan, 0), near(0, .infinity), LonLat(longitude: 200, latitude: 0), LonLat(longitude: 0, latitude: 91),
            LonLat(longitude: -60, latitude: 10),
        ] {
            cases.append((.circle(place, metres: 5), "at: "))
            cases.append((.nearest(place, count: 5, metres: nil), "at: "))
        }
        for (region, start) in cases {
            let error = #expect(throws: TwinError.self, "\(start)") {
                try city.city.answer(SpatialQuery(layers: ["things"], region: region), in: city.coordinates)
            }
            #expect(error?.message.hasPrefix(start) == true, "\(error?.message ?? "") for \(start)")
        }
    }

    @Test func otherPartsAreNamed() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 200, kind: .polygon, sortedTexts: false, &random)
        func fails(_ start: String, _ change: (inout SpatialQuery) -> Void) {
            var query = SpatialQuery(layers: ["things"], region: .everywhere)
            change(&query)
            let error = #expect(throws: TwinError.self) { try city.city.answer(query, in: city.coordinates) }
            #expect(error?.message.hasPrefix(start) == true, "\(error?.message ?? "") for \(start)")
        }
        fails("layers: ") { $0.layers = ["thing"] }
        fails("layers: ") { $0.layers = [] }
        fails("limit: ") { $0.limit = -1 }
        fails("limit: ") { $0.limit = 10_001 }
        fails("order: ") { $0.order = .distance }
        fails("by: ") { $0.output = .sums(by: "nothing", of: nil) }
        fails("sum: ") { $0.output = .sums(by: "x", of: nil) }
        fails("sum: ") { $0.output = .sums(by: "t", of: .field("nothing")) }
        fails("sum: ") { $0.output = .sums(by: "t", of: .field("t")) }
        // What the caller may not see, the caller may not group, sum or filter by.
        fails("by: ") {
            $0.output = .sums(by: "t", of: nil)
            $0.maskedFields = ["things": ["t"]]
        }
        fails("sum: ") {
            $0.output = .sums(by: "t", of: .field("n"))
            $0.maskedFields = ["things": ["n"]]
        }
        fails("filter: ") {
            $0.filter = .isNull("n")
            $0.maskedFields = ["things": ["n"]]
        }
        fails("filter: ") {
            $0.filter = .compare("code", .equal, .text("c1"))
            $0.maskedFields = ["things": ["code"]]
        }
    }

    @Test func emptyLayersAnswer() throws {
        var random = SeededGenerator.printed()
        var city = try QueryCity(rows: 0, kind: .point, sortedTexts: false, &random)
        for round in 0..<2 {
            let here = city.coordinates.lonLat(GridPoint(x: 0, y: 0))
            for region: SpatialQuery.Region in [
                .everywhere, .circle(here, metres: 9000), .nearest(here, count: 3, metres: nil),
            ] {
                for output: SpatialQuery.Output in [.features, .counts, .sums(by: "t", of: .field("n"))] {
                    var query = SpatialQuery(layers: ["things"], region: region, output: output)
                    query.filter = .compare("n", .greater, .integer(3))
                    let answer = try city.city.answer(query, in: city.coordinates)
                    #expect(answer.total <= round)
                }
            }
            city.truth[1] = nil
            let feature = QueryCity.feature(1, .point, &random)
            city.view = LayerView(
                definition: city.view.definition, snapshot: city.view.snapshot,
                delta: LayerDelta(features: [feature], hiddenRows: [], version: 2), coordinates: city.coordinates)
        }
    }
}

/// Questions as JSON.
@Suite struct QueryRequestTests {
    @Test func everyMemberIsRead() throws {
        let asked = try QueryRequest(
            json: Array(
                #"""
                {"layers":["a","b"],"region":{"line":[[120,36],[120.1,36.1]],"radius":50},"where":["n>=3"],
                 "filter":{"op":"and","args":[{"op":"not","args":[{"op":"isNull","args":[{"property":"t"}]}]},
                   {"op":"<","args":[3,{"property":"x"}]},{"op":"=","args":[{"property":"b"},true]},
                   {"op":"between","args":[{"property":"x"},1,2.5]},{"op":"in","args":[{"property":"t"},["u","v"]]},
                   {"op":"like","args":[{"op":"casei","args":[{"property":"t"}]},{"op":"casei","args":["A%"]}]},
                   {"op":">","args":[{"property":"day"},{"date":"2026-01-31"}]},
                   {"op":"<>","args":[{"property":"n"},{"property":"x"}]}]},
                 "output":"sums","by":"t","sum":"area","limit":7,"explain":true}
                """#.utf8))
        #expect(asked.layers == ["a", "b"] && asked.conditions == ["n>=3"] && asked.explains)
        #expect(asked.query.output == .sums(by: "t", of: .area) && asked.query.limit == 7)
        #expect(
            try asked.query.filter
                == .and([
                    .not(.isNull("t")), .compare("x", .greater, .integer(3)), .compare("b", .equal, .boolean(true)),
                    .between("x", .integer(1), .real(2.5)), .isIn("t", [.text("u"), .text("v")]),
                    .like("t", LikePattern("A%", ignoresCase: true)), ColumnFilter(text: "day > DATE('2026-01-31')"),
                    .compareFields("n", .notEqual, "x"),
                ]))
        let one = #"[[120,36],[120.1,36],[120.1,36.1],[120,36]]"#
        for (text, parts) in [
            ("[\(one)]", 1), ("[[\(one)],[\(one)]]", 2), (#"{"type":"Polygon","coordinates":[\#(one)]}"#, 1),
            (#"{"type":"MultiPolygon","coordinates":[[\#(one)],[\#(one)]]}"#, 2),
        ] {
            let asked = try QueryRequest(json: Array(#"{"region":{"polygon":\#(text)}}"#.utf8))
            guard case .polygon(let polygon) = asked.query.region else {
                Issue.record("\(asked.query.region)")
                continue
            }
            #expect(polygon.parts.count == parts && polygon.parts.allSatisfy { $0.count == 1 && $0[0].count == 4 })
        }
    }

    @Test func shortConditionsFollowTheFieldsTypes() throws {
        var random = SeededGenerator.printed()
        let layer = try QueryCity(rows: 1, kind: .point, sortedTexts: false, &random).view.definition
        for (text, filter) in [
            ("n>=6", ColumnFilter.compare("n", .greaterOrEqual, .integer(6))),
            ("n < 2.5", .compare("n", .less, .real(2.5))),
            ("t=6", .compare("t", .equal, .text("6"))), ("t~%路%", .like("t", LikePattern("%路%"))),
            ("t!=a=b", .compare("t", .notEqual, .text("a=b"))), ("b=true", .compare("b", .equal, .boolean(true))),
            ("x=null", .isNull("x")), ("x<>null", .not(.isNull("x"))),
            ("code=c7", .compare("code", .equal, .text("c7"))),
        ] {
            #expect(try ColumnFilter.condition(text, layer: layer) == filter, "\(text)")
        }
        for text in ["", "n", "=5", "n>=x", "b=2", "zz=1", "n>=nan"] {
            #expect(throws: TwinError.self, "\(text)") { try ColumnFilter.condition(text, layer: layer) }
        }
    }

    @Test func mistakesNameTheMember() throws {
        for (text, start) in [
            ("", "body: "), ("[]", "body: "), ("{", "body: "), (#"{"layer":[]}"#, "layer: "),
            (#"{"layers":[]}"#, "layers: "),
            (#"{"layers":[1]}"#, "layers: "), (#"{"limit":"a"}"#, "limit: "), (#"{"limit":1.5}"#, "limit: "),
            (#"{"output":"sum"}"#, "output: "), (#"{"by":"a"}"#, "by: "), (#"{"region":{}}"#, "region: "),
            (#"{"region":{"at":[1],"radius":5}}"#, "at: "), (#"{"region":{"at":[1,2],"radius":"x"}}"#, "radius: "),
            (#"{"region":{"at":[1,2],"nearest":1.5}}"#, "nearest: "),
            (#"{"region":{"bbox":[1,2,3]}}"#, "bbox: "), (#"{"cursor":"!"}"#, "cursor: "),
            (#"{"order":"up"}"#, "order: "),
            (#"{"filter":5}"#, "filter: "), (#"{"filter":{"op":"s_intersects","args":[]}}"#, "filter: "),
            (#"{"filter":{"op":"=","args":[{"property":"a"},null]}}"#, "filter: "),
            (#"{"filter":{"op":"=","args":[1]}}"#, "filter: "), (#"{"filter":{"op":"not","args":[]}}"#, "filter: "),
            (#"{"filter":{"op":"and","args":[],"x":1}}"#, "filter: "), (#"{"explain":1}"#, "explain: "),
            (
                #"{"filter":\#(String(repeating: #"{"op":"not","args":["#, count: 150))true\#(String(repeating: "]}", count: 150))}"#,
                "filter: "
            ),
            (String(repeating: "[", count: 100_000), "body: "),
        ] {
            let error = #expect(throws: TwinError.self, "\(text.prefix(200))") {
                try QueryRequest(json: Array(text.utf8))
            }
            #expect(error?.message.hasPrefix(start) == true, "\(error?.message ?? "") for \(text.prefix(100))")
        }
    }
}
