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
        let part = try #require(CodePattern.all.first { $0.id == "part" })
        #expect(try part.parts("3702810101000001").map(\.text) == ["370281", "01", "01", "000001"])
        for code in ["370281010100000", "37028101010000011", "37028101010000A1", "3702810901000001", ""] {
            #expect(throws: TwinError.self, "\(code)") { try part.parts(code) }
        }
        let grid = try #require(CodePattern.all.first { $0.id == "grid" })
        #expect(grid.length == 15 && part.length == 16)
        #expect(try grid.parts("370281001002003").map(\.text) == ["370281", "001", "002", "003"])
    }
}
