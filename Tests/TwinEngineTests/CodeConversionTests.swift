// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import TwinEngine

/// Conversions between code systems, and codes whose digits have places.
@Suite struct CodeConversionTests {
    @Test func codesAreConverted() throws {
        let conversions = try CodeConversions.builtin()
        func code(_ value: String, _ from: String, _ to: String) throws -> String? {
            try conversions.convert(value, from: from, to: to).map { "\($0.code) \($0.isExact)" }
        }
        #expect(try code("R2", "gb50137", "land_use") == "0701 true")
        // A small class is found by its middle one, and is then not the same.
        #expect(try code("r21", "gb50137", "land_use") == "0701 false")
        #expect(try code("M3", "gb50137", "land_use") == "1001 false")
        #expect(try code("0301", "dlbm", "land_use") == "0301 true")
        #expect(try code("0305A", "dlbm", "land_use") == "0303 false")
        #expect(try code("05H1", "dlbm", "land_use") == "09 false")
        // The way back, for exact pairs.
        #expect(try code("0701", "land_use", "gb50137") == "R2 true")
        #expect(try code("070102", "land_use", "gb50137") == "R2 false")
        #expect(try code("2306", "land_use", "dlbm") == "1206 true")
        #expect(try code("16", "land_use", "gb50137") == nil)
        #expect(throws: TwinError.self) { try conversions.convert("X9", from: "gb50137", to: "land_use") }
        #expect(throws: TwinError.self) { try conversions.convert("R2", from: "gb50137", to: "dlbm") }
    }

    @Test func everyClassOfASourceSystemHasAPartnerOrNone() throws {
        let conversions = try CodeConversions.builtin()
        let land = try #require(conversions.profiles["land_use"])
        for kind in ["gb50137", "dlbm"] {
            let source = try #require(conversions.profiles[kind])
            for item in source.classes {
                guard let found = try conversions.convert(item.id, from: kind, to: "land_use") else { continue }
                #expect(land.class(found.code)?.id == found.code, "\(kind) \(item.id)")
            }
        }
    }

    @Test func mistakesInTablesAreNamed() throws {
        let profiles = try CodeConversions.builtin().profiles
        for (yaml, words) in [
            ("tables: [{from: x, to: land_use, pairs: []}]", "there are the systems"),
            ("tables: [{from: dlbm, to: land_use, pairs: [{from: \"0101\", to: \"9999\"}]}]", "must be a class"),
            (
                "tables: [{from: dlbm, to: land_use, pairs: [{from: \"0101\", to: \"0101\"}, {from: \"0101\", to: \"0102\"}]}]",
                "twice"
            ), ("table: []", "unknown key"),
        ] {
            do {
                _ = try CodeConversions(yaml: yaml, file: "c.yaml", profiles: profiles)
                Issue.record("\(yaml) was taken")
            } catch let error as TwinError {
                #expect(error.message.contains(words), "\(error)")
            }
        }
    }

    @Test func placesOfDigits() throws {
        let part = try #require(try CodePattern.builtin().first { $0.kind == "part_code" })
        #expect(try part.parts("3702810101000001").map(\.text) == ["370281", "01", "01", "000001"])
        for code in ["370281010100000", "37028101010000011", "37028101010000A1", "3702810901000001", ""] {
            #expect(throws: TwinError.self, "\(code)") { try part.parts(code) }
        }
        let grid = try #require(try CodePattern.builtin().first { $0.kind == "grid_code" })
        #expect(grid.length == 15 && part.length == 16)
        #expect(try grid.parts("370281001002003").map(\.text) == ["370281", "001", "002", "003"])
    }

    @Test func codesWithPlacesAreCheckedAtImport() throws {
        func parts(_ codes: [String]) -> PlanningCity.Layer {
            PlanningCity.Layer(
                id: "assets", geometry: "point", fields: ["part"],
                features: codes.enumerated().map {
                    PlanningCity.Feature(rings: [[(Double($0), 0)]], properties: ["part": $1])
                }, more: "checks: [{profile: part_code, field: part}, {profile: grid_code, field: code}]")
        }
        let codes = ["3702810101000001", "37028101", "370281019", "3702810901000001", "37028101010000AB", "37028102"]
        let city = try PlanningCity([parts(codes)])
        let found = city.report.unmapped.filter { $0.profile == "part_code" }
        #expect(found.map(\.count).sorted() == [1, 1, 1, 2])
        let short = try #require(found.first { $0.count == 2 })
        #expect(short.reason?.contains("it has 8 digits where 16 are needed") == true)
        #expect(found.contains { $0.reason?.contains("group 09 is none of 01, 02, 03, 04, 05") == true })
        // `code` is the permanent code, which no grid cell's is.
        #expect(city.report.unmapped.filter { $0.profile == "grid_code" }.map(\.count) == [6])
        #expect(city.report.table().contains("2 × part is no part_code: it has 8 digits"))

        let own = """
            profile: 1
            kind: part_code
            segments:
              - {id: group, length: 2, values: [{code: "37", title: Here}]}
              - {id: number, length: 6}
            """
        let other = try PlanningCity([parts(codes)], files: ["own.yaml": own], more: "profiles: {part_code: own.yaml}")
        #expect(other.report.unmapped.filter { $0.profile == "part_code" }.map(\.count).reduce(0, +) == 4)
        #expect(other.city.profiles.patterns["part_code"]?.length == 8)
        for (text, words) in [
            ("segments: [{id: a, length: 0}]", "1 to 32 digits"), ("segments: []", "no `segments`"),
            ("segments: [{id: a, length: 2, values: [{code: \"1\"}]}]", "it has 2 digits"),
            ("segments: [{id: a, length: 1, values: [{code: \"1\"}, {code: \"1\"}]}]", "twice"),
            ("segment: []", "did you mean 'segments'"),
        ] {
            let error = try #require(throws: TwinError.self) {
                try CodePattern(yaml: "profile: 1\nkind: part_code\n\(text)\n", file: "p.yaml", kind: "part_code")
            }
            #expect(error.message.contains(words), "\(error.message)")
        }
        var wrong = parts(codes)
        wrong.more = "codes: {profile: part_code, field: part}"
        let refused = try #require(throws: TwinError.self) { try PlanningCity([wrong]) }
        #expect(refused.message.contains("checks: [{profile: part_code"))
        wrong.more = "checks: [{profile: nothing, field: part}]"
        let unknown = try #require(throws: TwinError.self) { try PlanningCity([wrong]) }
        #expect(unknown.message.contains("there is no profile 'nothing'"))
    }
}
