// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Filters on columns against the same filters on values, feature by feature.
@Suite struct QueryFilterTests {
    /// Random conditions over every column type, with nulls in the data and constants that hit and miss.
    struct RandomFilter {
        static let texts = ["住宅", "商业", "", "house", "House", "hotel", "a%b", "zz"]

        static func literal(_ field: String, _ random: inout SeededGenerator) -> FilterValue {
            switch field {
            case "n":
                return Bool.random(using: &random)
                    ? .integer(.random(in: -3...12, using: &random)) : .real(.random(in: -3...12, using: &random))
            case "x":
                return Bool.random(using: &random)
                    ? .real(Double(Int.random(in: -4...4, using: &random)) / 2)
                    : .integer(.random(in: -3...3, using: &random))
            case "b": return .boolean(.random(using: &random))
            default: return .text(texts.randomElement(using: &random) ?? "")
            }
        }

        static func make(_ depth: Int, _ random: inout SeededGenerator) -> ColumnFilter {
            let field = ["n", "x", "b", "t", "many"].randomElement(using: &random) ?? "n"
            switch Int.random(in: depth > 0 ? 0...12 : 4...12, using: &random) {
            case 0, 1: return .and((0..<Int.random(in: 0...3, using: &random)).map { _ in make(depth - 1, &random) })
            case 2: return .or((0..<Int.random(in: 0...3, using: &random)).map { _ in make(depth - 1, &random) })
            case 3: return .not(make(depth - 1, &random))
            case 4: return .isNull(field)
            case 5 where field != "b":
                return .between(field, literal(field, &random), literal(field, &random))
            case 6:
                return .isIn(
                    field, (0..<Int.random(in: 0...4, using: &random)).map { _ in literal(field, &random) })
            case 7, 8:
                let pattern =
                    ["%o%", "h%", "%e", "_o%", "h_t%l", "%", "", "住%", #"a\%b"#, "HOUSE", "%U%e"].randomElement(
                        using: &random) ?? ""
                return .like(
                    Bool.random(using: &random) ? "t" : "many",
                    LikePattern(pattern, ignoresCase: .random(using: &random)))
            case 9:
                let comparison = FilterComparison.allCases.randomElement(using: &random) ?? .equal
                return Bool.random(using: &random)
                    ? .compareFields("n", comparison, "x") : .compareFields("t", comparison, "many")
            case 10 where depth > 0: return .constant(.random(using: &random))
            default:
                let comparison =
                    field == "b"
                    ? [FilterComparison.equal, .notEqual].randomElement(using: &random) ?? .equal
                    : FilterComparison.allCases.randomElement(using: &random) ?? .equal
                return .compare(field, comparison, literal(field, &random))
            }
        }
    }

    @Test(arguments: [false, true])
    func randomFiltersEqualTheirMeaning(sorted: Bool) throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 3000, kind: .point, sortedTexts: sorted, &random)
        let view = city.view
        for _ in 0..<150 {
            let filter = RandomFilter.make(3, &random)
            let program = try FilterCompiler.compile(filter, view, rows: Bool.random(using: &random) ? 10 : .max)
            var scratch = program.scratch
            for row in 0..<view.snapshot.count {
                if row % ColumnProgram.blockRows == 0 {
                    program.evaluate(
                        block: row / ColumnProgram.blockRows, words: 0..<ColumnProgram.blockWords, into: &scratch)
                }
                let bit = scratch[row % ColumnProgram.blockRows / 64] >> UInt64(row % 64) & 1 == 1
                let meant = filter.holds(view.definition, SnapshotRow(snapshot: view.snapshot, row: row)) ?? false
                guard bit == meant else {
                    Issue.record("row \(row): \(bit), meant \(meant), \(filter)")
                    return
                }
            }
            #expect((0...1.0001).contains(program.estimatedShare), "\(filter)")
        }
    }

    @Test func nullIsNeitherTrueNorFalse() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 2000, kind: .point, sortedTexts: false, &random)
        func count(_ filter: ColumnFilter) throws -> Int { try city.count(filter) }
        let nulls = try count(.isNull("n"))
        #expect(nulls > 0)
        let below = ColumnFilter.compare("n", .less, .integer(5))
        #expect(try count(below) + count(.not(below)) + nulls == 2000)
        let member = ColumnFilter.isIn("t", [.text("house"), .text("住宅")])
        #expect(try count(member) + count(.not(member)) + count(.isNull("t")) == 2000)
        #expect(try count(.and([below, .not(below)])) == 0)
        #expect(try count(.or([below, .not(below), .isNull("n")])) == 2000)
        #expect(try count(.and([])) == 2000 && count(.or([])) == 0)
    }

    @Test func numbersAtTheEndsOfTheirTypes() throws {
        let rows: [Int64] = [.min, .min + 1, -1, 0, 1, 1 << 53, (1 << 53) + 1, .max - 1, .max]
        for literal: FilterValue in [
            .integer(.min), .integer(.max), .real(0x1p63), .real(-0x1p63), .real(0x1p53), .real(1e300), .real(-1e300),
            .real(0.5), .real(-0.5), .integer(0),
        ] {
            for comparison in FilterComparison.allCases {
                let range = try IntegerBounds(comparison, literal, "n").range
                for row in rows {
                    let inside = range?.contains(row) ?? false
                    let meant = comparison.holds(.integer(row), literal) ?? false
                    #expect((comparison == .notEqual ? !inside : inside) == meant, "\(row) \(comparison) \(literal)")
                }
            }
        }
    }

    @Test func mistakesNameTheFieldAndAnExample() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 100, kind: .point, sortedTexts: false, &random)
        for (filter, words) in [
            (ColumnFilter.compare("nn", .equal, .integer(1)), ["filter", "'nn'", "n"]),
            (.compare("n", .equal, .text("x")), ["filter", "n", "integer", "'x'", ">="]),
            (.compare("t", .equal, .integer(1)), ["t", "string"]),
            (.compare("b", .less, .boolean(true)), ["b", "order"]),
            (.compare("n", .less, .real(.nan)), ["n", "finite"]),
            (.compare("x", .less, .real(.infinity)), ["x", "finite"]),
            (.like("n", LikePattern("a%")), ["n", "texts"]),
            (.like("t", LikePattern(#"a\"#)), ["t", "backslash"]),
            (.isIn("n", [.integer(1), .text("a")]), ["n", "'a'"]),
            (.compareFields("n", .equal, "t"), ["n", "t"]),
            (.compare("secret", .equal, .integer(1)), ["secret"]),
        ] {
            let error = #expect(throws: TwinError.self) {
                try FilterCompiler.compile(filter, city.view, masked: ["secret"])
            }
            for word in words { #expect(error?.message.contains(word) == true, "\(word): \(error?.message ?? "")") }
        }
    }

    @Test func deepAndLongFiltersAreRefused() throws {
        var random = SeededGenerator.printed()
        let city = try QueryCity(rows: 10, kind: .point, sortedTexts: false, &random)
        let one = ColumnFilter.compare("n", .equal, .integer(1))
        var deep = one
        for _ in 0..<10_000 { deep = .not(deep) }
        var comb = one
        for _ in 0..<10_000 { comb = .and([one, comb]) }
        let wide = ColumnFilter.or([ColumnFilter](repeating: one, count: 10_001))
        let list = ColumnFilter.isIn("n", (0..<10_001).map { .integer($0) })
        for filter in [deep, comb, wide, list] {
            let error = #expect(throws: TwinError.self) { try city.count(filter) }
            #expect(error?.message.hasPrefix("filter: ") == true)
        }
        #expect(try city.count(.or([ColumnFilter](repeating: one, count: 9_000))) == city.count(one))
    }

    @Test func patternsOfTexts() throws {
        for (pattern, text, matches) in [
            ("", "", true), ("", "a", false), ("%", "", true), ("_", "住", true), ("_", "", false), ("__", "住", false),
            ("a%c", "abc", true), ("a%c", "ac", true), ("a%c", "acb", false), ("%a%b%", "xxaxxbxx", true),
            ("%a%b%", "xxbxxaxx", false), (#"\%"#, "%", true), (#"\%"#, "x", false), (#"\_a"#, "_a", true),
            ("%aab", "aaab", true), ("a_c%", "a宅c!", true), ("%%x", "x", true),
        ] {
            let test = try TextTest(like: LikePattern(pattern), field: "t")
            #expect(test.matches(text) == matches, "\(pattern) \(text)")
        }
        #expect(try TextTest(like: LikePattern("É%", ignoresCase: true), field: "t").matches("école"))
        // Many stars against a long text: no exponential search.
        let stars = try TextTest(like: LikePattern(String(repeating: "%a", count: 200)), field: "t")
        #expect(!stars.matches(String(repeating: "a", count: 150) + String(repeating: "b", count: 20_000)))
    }
}
