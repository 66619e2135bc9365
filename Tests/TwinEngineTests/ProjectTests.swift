// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct ProjectTests {
    static let good = """
        twin: 1
        id: demo
        name: {zh: 示范城, en: Demo}
        crs: EPSG:4549
        vertical: {datum: EPSG:5737, geoid_separation: 8.0}
        extent: [119.90, 36.20, 120.10, 36.33]
        themes:
          - {id: base, title: {zh: 基础, en: Base}}
        sources:
          - {id: b, path: b.shp, encoding: GBK}
          - {id: w, format: pipe-survey, points: p.csv, lines: l.csv}
        layers:
          - id: buildings
            theme: base
            department: 自然资源和规划局
            geometry: polygon
            source: b
            zoom: [13, 22]
            fields:
              - {name: floors, type: integer}
            style: {kind: fill, color: "#d9d0c7", label: floors}
        models:
          - {id: m, kind: buildings, layer: buildings, floors: floors}
        scenarios:
          - {id: fire, department: 消防, layers: [buildings], query: {at: [120.0, 36.25], radius: 500, layers: [buildings]}}
        """

    func mistakes(_ yaml: String) -> String {
        do {
            _ = try CityProject.parse(yaml, file: "city.yaml", folder: "/tmp")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func wholeProject() throws {
        let project = try CityProject.parse(Self.good, file: "city.yaml", folder: "/data")
        #expect(project.sources.map(\.path) == ["/data/b.shp", "/data/l.csv"])
        #expect(project.layers[0].zoom == 13...22)
        #expect(project.layers[0].fields[0].type == .integer)
        #expect(project.models[0].layers == ["buildings"])
        #expect(project.vertical.geoidSeparation == 8)
        #expect(project.scenarios[0].query?.radius == 500)
    }

    /// A line of the project replaced by a wrong one: where it is reported, and what the message must say.
    struct Mistake: CustomTestStringConvertible, Sendable {
        var old: String
        var new: String
        var line: Int
        var says: [String]
        var testDescription: String { new }
    }

    @Test(arguments: [
        Mistake(old: "twin: 1", new: "twin: 2", line: 1, says: ["twin: 1"]),
        Mistake(old: "id: demo", new: "idd: demo", line: 2, says: ["unknown key 'idd'", "did you mean 'id'"]),
        Mistake(old: "crs: EPSG:4549", new: "crs: EPSG:99999", line: 4, says: ["EPSG:99999", "EPSG:4549"]),
        Mistake(old: "crs: EPSG:4549", new: "crs: EPSG:4326", line: 4, says: ["not projected", "EPSG:4549"]),
        Mistake(
            old: "[119.90, 36.20, 120.10, 36.33]", new: "[119.90, 36.20, 120.10]", line: 6,
            says: ["4 numbers", "[119.9"]),
        Mistake(
            old: "[119.90, 36.20, 120.10, 36.33]", new: "[36.20, 119.90, 36.33, 120.10]", line: 6, says: ["west, south"]
        ),
        Mistake(old: "datum: EPSG:5737", new: "datun: EPSG:5737", line: 5, says: ["datun", "did you mean 'datum'"]),
        Mistake(old: "geoid_separation: 8.0", new: "geoid_separation: high", line: 5, says: ["must be a number"]),
        Mistake(old: "encoding: GBK", new: "encodign: GBK", line: 10, says: ["encodign", "did you mean 'encoding'"]),
        Mistake(
            old: "format: pipe-survey", new: "format: pipe-survy", line: 11,
            says: ["did you mean 'pipe-survey'", "cityjson"]),
        Mistake(old: ", points: p.csv", new: "", line: 11, says: ["points:", "lines:"]),
        Mistake(old: "id: buildings", new: "id: Buildings", line: 13, says: ["a-z, 0-9 and _"]),
        Mistake(old: "theme: base", new: "theme: bsae", line: 14, says: ["no theme 'bsae'", "did you mean 'base'"]),
        Mistake(old: "geometry: polygon", new: "geometry: area", line: 13, says: ["point, line or polygon"]),
        Mistake(old: "source: b", new: "source: bb", line: 17, says: ["no source 'bb'", "did you mean 'b'"]),
        Mistake(old: "zoom: [13, 22]", new: "zoom: [22, 13]", line: 18, says: ["lowest, highest"]),
        Mistake(old: "type: integer", new: "type: int", line: 20, says: ["'int' is not a value", "string, integer"]),
        Mistake(old: "name: floors, type", new: "name: geom, type", line: 20, says: ["reserved"]),
        Mistake(old: "\"#d9d0c7\"", new: "brown", line: 21, says: ["not a colour", "#d9d0c7"]),
        Mistake(old: "label: floors", new: "label: flors", line: 21, says: ["no field", "did you mean 'floors'"]),
        Mistake(
            old: "layer: buildings, floors", new: "layer: building, floors", line: 23,
            says: ["no layer 'building'", "did you mean"]),
        Mistake(old: "layers: [buildings], query", new: "layers: [pipes], query", line: 25, says: ["no layer 'pipes'"]),
        Mistake(old: "at: [120.0, 36.25]", new: "at: [120.0]", line: 25, says: ["2 numbers"]),
        Mistake(old: "themes:", new: "themes: 3\nthemess:", line: 8, says: ["themess"]),
    ])
    func mistake(_ mistake: Mistake) throws {
        #expect(Self.good.contains(mistake.old))
        let text = mistakes(Self.good.replacingOccurrences(of: mistake.old, with: mistake.new))
        let line = text.split(separator: "\n").first { $0.hasPrefix("city.yaml:\(mistake.line): ") }
        #expect(line != nil, "no mistake on line \(mistake.line) in:\n\(text)")
        for part in mistake.says { #expect(text.contains(part), "'\(part)' is not said in:\n\(text)") }
    }

    @Test func allMistakesAtOnce() {
        let text = mistakes(
            Self.good.replacingOccurrences(of: "theme: base", with: "theme: bsae")
                .replacingOccurrences(of: "encoding: GBK", with: "encodign: GBK"))
        #expect(text.contains("city.yaml:10:") && text.contains("city.yaml:14:"))
    }

    @Test func usedTwice() {
        let text = mistakes(Self.good.replacingOccurrences(of: "{id: w, ", with: "{id: b, "))
        #expect(text.contains("city.yaml:11:") && text.contains("used twice"))
    }

    @Test(arguments: ["", "twin: [1", "- a\n- b", "twin: 1", "a: &x [*x]", "? {a: 1}\n: b"])
    func notAProject(text: String) {
        let message = mistakes(text)
        #expect(message.contains("city.yaml"), "\(message)")
    }

    @Test func missingFile() {
        #expect(throws: TwinError.self) { try CityProject.load("/nowhere/city.yaml") }
    }

    @Test func missingEnvironmentVariable() {
        let text = mistakes(Self.good.replacingOccurrences(of: "b.shp", with: "\"${TWIN_NO_SUCH_VARIABLE}/b.shp\""))
        #expect(text.contains("TWIN_NO_SUCH_VARIABLE") && text.contains("set it"))
    }

    @Test(.enabled(if: SharedData.isAvailable)) func citiesOfTheProject() throws {
        unsafe setenv("TWIN_DATA", SharedData.root?.path ?? "", 1)
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("cities")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 4)
        for name in names {
            let project = try CityProject.load(folder.appendingPathComponent(name).path)
            #expect(!project.layers.isEmpty)
            for source in project.sources where source.path.hasPrefix("/") && !source.path.hasPrefix("/vsi") {
                #expect(FileManager.default.fileExists(atPath: source.path), "\(source.path)")
            }
        }
    }
}
