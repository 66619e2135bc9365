// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct ProfileTests {
    @Test func theProfilesThatComeWithTheEngine() throws {
        let profiles = try ProfileSet([:])
        let pipes = profiles.pipes
        #expect(
            pipes.codes.classes.map(\.id)
                == ["water", "storm", "sewage", "gas", "heat", "power", "telecom", "industrial"])
        let (water, sewage, gas) = (0, 2, 3)
        #expect(pipes.codes.position(" js ") == water)
        #expect(pipes.codes.position("污水") == sewage)
        #expect(pipes.codes.position("中水") == nil)
        #expect(pipes.rules[sewage].level == .invert)
        #expect(pipes.rules[gas].level == .top)
        #expect(pipes.crossingClearance(water, sewage) == 0.4)
        #expect(pipes.crossingClearance(sewage, water) == 0.4)
        // Every pair has a clearance at crossings.
        for a in pipes.rules.indices {
            for b in pipes.rules.indices { #expect(pipes.crossingClearance(a, b) != nil) }
        }
        #expect(profiles.parts.rules.count == profiles.parts.codes.classes.count)
        #expect(profiles["parts"]?.class("消火栓")?.id == "hydrant")
    }

    @Test func hierarchicalCodesFindTheirLongestPrefix() throws {
        let text = """
            profile: 1
            kind: land_use
            matching: prefix
            classes:
              - {id: "07", title: 居住用地}
              - {id: "0701", title: 城镇住宅用地, color: "#ffe58a"}
            """
        let set = try ProfileSet(["land_use": (text, "use.yaml")])
        let profile = try #require(set["land_use"])
        #expect(profile.class("070102")?.id == "0701")
        #expect(profile.class("0703")?.id == "07")
        #expect(profile.class("0802") == nil)
    }

    @Test func mistakesAreNamedWithTheirLines() throws {
        let text = """
            profile: 1
            kind: pipes
            classes:
              - {id: water, codes: [给水], depth_to: bottom, flow: pressure}
              - {id: gas, codes: [给水], depth_to: top, flow: pressure, color: red, covr: 1}
            clearance:
              crossing: {water: {gas: 0.2, steam: 1}, gas: {water: 0.3}}
            """
        let error = try #require(throws: TwinError.self) { try PipeProfile(yaml: text, file: "p.yaml") }
        for part in [
            "p.yaml:4: 'bottom'", "did you mean 'cover'", "already means class 'water'", "'red' is not a colour",
            "unknown key 'steam'", "stated twice",
        ] {
            #expect(error.message.contains(part), "\(part) in \(error.message)")
        }
    }

    @Test func aCityBringsItsOwnProfileAndUnmappedCodesAreReported() throws {
        let own = """
            profile: 1
            kind: pipes
            classes:
              - {id: raw, codes: [原水], color: "#123456", depth_to: axis, flow: pressure, diameter_unit: cm}
            """
        let made = try PipeCity(
            points: ["A,原水,0,0,10,阀门,1", "B,原水,50,0,10,火车站,1", "C,原水,50,60,10,,1"],
            lines: ["1,原水,A,B,1,1,,,30,", "2,中水,B,C,1,1,,,30,"], files: ["own.yaml": own],
            more: "profiles: {pipes: own.yaml}")
        #expect(made.report.unmapped.map(\.value).sorted() == ["中水", "火车站"])
        #expect(made.report.unmapped.first { $0.value == "中水" }?.example == "2")
        #expect(made.report.table().contains("'中水' is no code of the profile 'pipes'"))
        // The store keeps the profile: the city opens without the file.
        try FileManager.default.removeItem(atPath: made.folder.file("own.yaml"))
        let city = try City.open(store: made.folder.file("store"))
        #expect(city.profiles.pipes.codes.classes.map(\.id) == ["raw"])
        let category = try #require(city.project.layer("mains")?.style.category)
        #expect(category.field == "class")
        #expect(category.values.contains { $0.value == "原水" && $0.color == "#123456" })
        let layer = try #require(city.view().layer("mains"))
        let rows = PipeRows(layer, city.project.models[0], city.profiles.pipes, nil)
        #expect(rows.section(0, rows.classIndex(0)).radius == 0.15)
    }

    @Test func aLayerThatNamesNoKnownClassIsRefused() throws {
        let error = try #require(throws: TwinError.self) {
            try PipeCity(
                points: [], lines: [], files: ["own.yaml": "profile: 1\nkind: pipes\n"],
                more: "profiles: {pipes: own.yaml}")
        }
        #expect(error.message.contains("has no `classes`"))
    }
}
