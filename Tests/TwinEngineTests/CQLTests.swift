// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// CQL2's two forms and what they mean.
@Suite struct CQLTests {
    /// Random expressions over the fields of ``QueryCity``.
    struct RandomExpression {
        var random: SeededGenerator
        static let geometries = [
            "POINT(120.0 36.27)", "LINESTRING(119.99 36.25, 120.01 36.28)",
            "POLYGON((119.99 36.25, 120.01 36.25, 120.012 36.28, 119.99 36.25))",
            "MULTIPOINT((120 36.27), (120.001 36.27))", "BBOX(119.98, 36.25, 120.005, 36.28)",
            "MULTIPOLYGON(((119.98 36.25, 119.99 36.25, 119.99 36.26, 119.98 36.25)), ((120 36.25, 120.02 36.25, 120.02 36.27, 120 36.25)))",
            "GEOMETRYCOLLECTION(POINT(120 36.27), LINESTRING(119.98 36.26, 120 36.27))", "BBOX(170, 30, -170, 40)",
        ]

        mutating func pick<Element>(_ list: [Element]) -> Element {
            list[Int.random(in: 0..<list.count, using: &random)]
        }

        mutating func number(_ depth: Int) -> String {
            switch Int.random(in: 0...(depth > 0 ? 7 : 3), using: &random) {
            case 0, 1: pick(["n", "x", "\"n\""])
            case 2: String(Int.random(in: -5...12, using: &random))
            case 3:
                Int.random(in: 0..<8, using: &random) == 0
                    ? pick(["9223372036854775807", "-9223372036854775807", "1e300", "9007199254740993"])
                    : String(Double(Int.random(in: -8...8, using: &random)) / 4)
            case 4, 5: "(\(number(depth - 1)) \(pick(["+", "-", "*", "/", "%", "div"])) \(number(depth - 1)))"
            case 6: "\(pick(["abs", "floor", "ceil", "round"]))(\(number(depth - 1)))"
            default:
                pick([
                    "char_length(t)", "max(n, x, 1)", "min(n, 2)", "year(day)", "n ^ 2", "sqrt(x)", "area(geometry)",
                    "length(geometry)", "id", "max(x, 0.5)",
                ])
            }
        }

        mutating func text(_ depth: Int) -> String {
            switch Int.random(in: 0...(depth > 0 ? 5 : 2), using: &random) {
            case 0, 1: pick(["t", "many", "code"])
            case 2: pick(["'house'", "'HOUSE'", "'住宅'", "''", "'it''s'", "'hôtel'"])
            case 3: "CASEI(\(text(depth - 1)))"
            case 4: "ACCENTI(\(text(depth - 1)))"
            default: pick(["upper(t)", "lower(t)", "concat(t, 'x')"])
            }
        }

        mutating func time() -> String {
            pick([
                "day", "DATE('2026-05-11')", "TIMESTAMP('2026-05-11T12:00:00Z')",
                "INTERVAL('2026-03-11', '2026-06-11')",
                "INTERVAL(day, '..')", "INTERVAL('..', '2026-06-11')", "INTERVAL(day, '2026-12-31T00:00:00+08:00')",
            ])
        }

        mutating func condition(_ depth: Int) -> String {
            let comparison = pick(["=", "<>", "<", "<=", ">", ">="])
            switch Int.random(in: 0...(depth > 0 ? 13 : 9), using: &random) {
            case 0: return "\(number(2)) \(comparison) \(number(2))"
            case 1: return "\(text(2)) \(comparison) \(text(2))"
            case 2:
                return "\(text(1)) \(pick(["LIKE", "NOT LIKE"])) \(pick(["'h%'", "'%o_s%'", "CASEI('%OUS%')", "'%'"]))"
            case 3: return "\(number(1)) \(pick(["BETWEEN", "NOT BETWEEN"])) \(number(1)) AND \(number(1))"
            case 4: return "\(number(1)) \(pick(["IN", "NOT IN"])) (\(number(1)), \(number(0)), 3)"
            case 5: return "\(pick(["n", "t", "day", "x", "b"])) IS \(pick(["", "NOT "]))NULL"
            case 6:
                let relation = pick(CQLOperator.temporal.map { $0.uppercased() })
                return "\(relation)(\(time()), \(time()))"
            case 7:
                let relation = pick(CQLOperator.spatial.map { $0.uppercased() })
                let simple = relation == "S_INTERSECTS" || relation == "S_DISJOINT"
                let geometry = pick(simple ? Self.geometries : Array(Self.geometries.prefix(6)))
                return Bool.random(using: &random)
                    ? "\(relation)(geometry, \(geometry))" : "\(relation)(\(geometry), geometry)"
            case 8:
                return
                    "\(pick(["A_CONTAINS", "A_CONTAINEDBY", "A_EQUALS", "A_OVERLAPS"]))((t, 'house'), ('house', many, 'hotel'))"
            case 9: return pick(["b", "b = TRUE", "TRUE", "b <> FALSE", "id > 500000", "code LIKE 'c1%'"])
            case 10, 11: return "(\(condition(depth - 1)) AND \(condition(depth - 1)))"
            case 12: return "(\(condition(depth - 1)) OR \(condition(depth - 1)))"
            default: return "NOT \(condition(depth - 1))"
            }
        }
    }

    @Test(arguments: [GeometryKind.point, .line, .polygon])
    func programsEqualEvaluationAndBothFormsReadBack(_ kind: GeometryKind) throws {
        var random = SeededGenerator.printed()
        var city = try QueryCity(rows: 1500, kind: kind, sortedTexts: true, &random)
        city.edit(60, &random)
        var maker = RandomExpression(random: random)
        for _ in 0..<150 {
            let text = maker.condition(3)
            let expression = try CQLExpression(text: text)
            #expect(try CQLExpression(text: expression.text) == expression, "\(text)")
            #expect(try CQLExpression(json: Array(expression.json.utf8)) == expression, "\(text)")
            let bound = try CQLBinder.bind(expression, nil, city.view, masked: [])
            let meant = city.truth.values.filter { bound.holds($0) == true }.count
            let found = try city.count(ColumnFilter(expression))
            #expect(found == meant, "\(text): \(found), meant \(meant)")
            let negated = try city.count(ColumnFilter(.call("not", [expression])))
            #expect(negated == city.truth.values.filter { bound.holds($0) == false }.count, "NOT \(text)")
        }
    }

    @Test func precedenceAndForms() throws {
        for (text, json) in [
            (
                "a = 1 OR b = 2 AND NOT c = 3",
                #"{"op":"or","args":[{"op":"=","args":[{"property":"a"},1]},{"op":"and","args":[{"op":"=","args":[{"property":"b"},2]},{"op":"not","args":[{"op":"=","args":[{"property":"c"},3]}]}]}]}"#
            ),
            (
                "a + 2 * b ^ 2 > -1.5",
                #"{"op":">","args":[{"op":"+","args":[{"property":"a"},{"op":"*","args":[2,{"op":"^","args":[{"property":"b"},2]}]}]},-1.5]}"#
            ),
            (
                "name NOT LIKE 'a%' and x is not null",
                #"{"op":"and","args":[{"op":"not","args":[{"op":"like","args":[{"property":"name"},"a%"]}]},{"op":"not","args":[{"op":"isNull","args":[{"property":"x"}]}]}]}"#
            ),
            (
                "T_DURING(day, INTERVAL('2026-01-01', '..'))",
                #"{"op":"t_during","args":[{"property":"day"},{"interval":["2026-01-01",".."]}]}"#
            ),
            (
                "S_WITHIN(geometry, BBOX(1,2,3,4))",
                #"{"op":"s_within","args":[{"property":"geometry"},{"bbox":[1.0,2.0,3.0,4.0]}]}"#
            ),
            (
                "casei(\"户 名\") = casei('Ä')",
                #"{"op":"=","args":[{"op":"casei","args":[{"property":"户 名"}]},{"op":"casei","args":["Ä"]}]}"#
            ),
        ] {
            let expression = try CQLExpression(text: text)
            #expect(expression.json == json)
            #expect(try CQLExpression(json: Array(json.utf8)) == expression)
        }
    }

    @Test func mistakesNameThePlaceAndAnExample() throws {
        for (text, words) in [
            ("floors >=", ["character 10", "the end"]), ("floors >= 6 AND", ["character 16"]),
            ("户数 == 6", ["character 5"]), ("a LIKE", ["character 7"]), ("a = 'x", ["quote"]),
            ("S_INTERSECTS(geometry)", ["2 arguments"]), ("DATE('2026-02-30') < day", ["date such as"]),
            ("a = 1 b", ["AND, OR or the end"]), ("BBOX(1,2,3) = 1", ["4 or 6"]), ("(a = 1", ["')'"]),
            ("", ["character 1"]),
            (String(repeating: "(", count: 5000), ["nested deeper"]),
            (String(repeating: "NOT ", count: 5000) + "a = 1", ["nested deeper"]),
            ("a = 1" + String(repeating: "+1", count: 5000), ["nested deeper"]),
            ("a IN (" + (0..<30_000).map(String.init).joined(separator: ",") + ")", ["10000 terms"]),
        ] {
            let error = #expect(throws: TwinError.self, "\(text.prefix(40))") { try ColumnFilter(text: text) }
            for word in words + ["filter: "] {
                #expect(error?.message.contains(word) == true, "\(word): \(error?.message ?? "")")
            }
        }
        for (json, words) in [
            (#"{"op":"and","args":[{"op":"like","args":[1]}]}"#, ["args[0]", "like"]),
            (#"{"op":"=","args":[{"property":"a"},null]}"#, ["args[1]", "null"]),
            (#"{"op":"=","args":[{"property":"a"},{"date":"x"}]}"#, ["args[1]", "date"]),
            (#"{"op":"s_within","args":[{"property":"g"},{"type":"Point","coordinates":[1]}]}"#, ["coordinates"]),
            (#"{"op":"=","args":[1,2],"x":1}"#, ["'x'"]), ("[]", ["filter"]),
        ] {
            let error = #expect(throws: TwinError.self, "\(json)") { try ColumnFilter(json: Array(json.utf8)) }
            for word in words { #expect(error?.message.contains(word) == true, "\(word): \(error?.message ?? "")") }
        }
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 20, kind: .polygon, sortedTexts: false, &random)
        for (text, words) in [
            ("nn + 1 = 2", ["'nn'", "It has"]), ("t + 1 > 2", ["a text where a number"]), ("n", ["integer"]),
            ("nosuch(n) = 1", ["nosuch", "/functions"]), ("S_INTERSECTS(t, POINT(120 36.2))", ["geometry"]),
            ("S_INTERSECTS(geometry, POINT(36.2 120))", ["not near the city"]),
            ("S_INTERSECTS(geometry, POLYGON((120 36.2, 120.1 36.3, 120.1 36.2, 120 36.3, 120 36.2)))", ["not valid"]),
            ("INTERVAL('2026-05-01', '2026-04-01') = day", ["ends before"]), ("secret + 1 = 1", ["'secret'"]),
            ("abs(n, 2) = 1", ["2 arguments"]), ("day > 5 + 1", ["compares"]),
        ] {
            let error = #expect(throws: TwinError.self, "\(text)") {
                try city.view.check(ColumnFilter(text: text), masked: ["secret"])
            }
            for word in words { #expect(error?.message.contains(word) == true, "\(word): \(error?.message ?? "")") }
        }
    }

    @Test func timesAndFolds() throws {
        #expect(CQLInstant("2026-11-21")?.microseconds == 1_795_219_200_000_000)
        #expect(CQLInstant("2026-11-21T08:00:00.5+08:00")?.microseconds == 1_795_219_200_500_000)
        #expect(CQLInstant("1969-12-31T23:59:59Z")?.day == -1)
        for bad in ["2026-13-01", "2026-02-29", "2026-1-1", "2026-11-21T08:00", "2026-11-21T08:00:00", "x"] {
            #expect(CQLInstant(bad) == nil, "\(bad)")
        }
        #expect(CQLFold.lowercase("STRAßE") == CQLFold.lowercase("Strasse"))
        #expect(CQLFold.withoutAccents("Crème Brûlée Åé 한국") == "Creme Brulee Ae 한국")
    }
}
