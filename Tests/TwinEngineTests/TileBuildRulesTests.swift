// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Testing
import Tiles

@testable import TwinEngine

/// The keys of `tiles:` in city.yaml: what each means, and where a mistake is reported.
@Suite struct TileBuildRulesTests {
    private static func project(_ geometry: String, _ tiles: String) -> String {
        """
        twin: 1
        id: demo
        name: Demo
        crs: EPSG:4549
        vertical: {datum: EPSG:5737}
        extent: [119.90, 36.20, 120.10, 36.33]
        themes: [{id: base, title: Base}]
        sources: [{id: s, path: s.gpkg}]
        layers:
          - id: things
            theme: base
            department: office
            geometry: \(geometry)
            source: s
            fields:
              - {name: name, type: string}
              - {name: height, type: real}
            zoom: [3, 20]
            tiles:
        \(tiles.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))
        """
    }
    /// The line of the first key under `tiles:`.
    private static let firstLine = 20

    private static func parse(_ geometry: String, _ tiles: String) throws -> LayerTiles {
        let project = try CityProject.parse(project(geometry, tiles), file: "city.yaml", folder: "/tmp")
        return try #require(project.layers[0].tiles)
    }

    @Test func aLayerWithoutRulesHasTheStandardOnes() throws {
        let text = Self.project("polygon", "buffer: 64")
            .replacingOccurrences(of: "    tiles:\n      buffer: 64", with: "")
        let layer = try CityProject.parse(text, file: "city.yaml", folder: "/tmp").layers[0]
        #expect(layer.tiles == nil)
        var expected = LayerTiles.standard(.polygon).rules
        expected.zooms = 3...20
        #expect(layer.tileRules == expected)
    }

    @Test func keysOfEveryGeometry() throws {
        for geometry in ["point", "line", "polygon"] {
            let tiles = try Self.parse(
                geometry,
                """
                fields: [name, {name: height, from: 13}]
                simplify: false
                buffer: 128
                max_features: 500
                max_bytes: 200000
                order: height
                max_age: 60
                """)
            #expect(tiles.rules.fields == [.init(name: "name"), .init(name: "height", fromZoom: 13)])
            #expect(!tiles.rules.keepsField("height", zoom: 12) && tiles.rules.keepsField("height", zoom: 13))
            #expect(!tiles.rules.simplifies)
            #expect(tiles.rules.buffer == 128)
            #expect(tiles.rules.maximumFeatures == 500)
            #expect(tiles.rules.maximumBytes == 200_000)
            #expect(tiles.rules.order == .attribute("height"))
            #expect(tiles.maximumAge == 60)
        }
    }

    @Test func filtersOfZooms() throws {
        let one = try Self.parse("polygon", "filter: \"height > 10 AND name IS NOT NULL\"").filters
        #expect(one.map(\.zooms) == [0...24] && one[0].text.hasPrefix("height"))
        let list = try Self.parse(
            "line",
            """
            filter:
              - {where: "height > 10", below: 12}
              - {where: "name LIKE 'a%'", from: 8, below: 14}
            """)
        #expect(list.filters.map(\.zooms) == [0...11, 8...13])
        for (text, words) in [
            ("filter: \"heigt > 10\"", "did you mean 'height'"), ("filter: \"height >\"", "filter"),
            ("filter: [{where: \"height > 1\", from: 9, below: 9}]", "above `from`"),
            ("filter: [{where: \"height > 1\", to: 9}]", "to"),
        ] {
            let error = #expect(throws: (any Error).self) { try Self.parse("polygon", text) }
            #expect("\(error.map { "\($0)" } ?? "")".contains(words), "\(text)")
        }
    }

    @Test func aLimitOfZeroIsNone() throws {
        let rules = try Self.parse("point", "max_features: 0\nmax_bytes: 0\norder: row").rules
        #expect(rules.maximumFeatures == nil && rules.maximumBytes == nil && rules.order == .row)
        #expect(try Self.parse("point", "order: size").rules.order == .size)
    }

    @Test func noFieldAtAll() throws {
        #expect(try Self.parse("point", "fields: []").rules.fields == [])
    }

    @Test func keysOfPoints() throws {
        for (word, meaning) in [("all", TileRules.Points.all), ("thin", .thin), ("cluster", .cluster)] {
            let rules = try Self.parse("point", "points: \(word)\ncell: 64\nall_from: 11").rules
            #expect(rules.points == meaning && rules.pointCell == 64 && rules.pointsBelowZoom == 11)
        }
    }

    @Test func keysOfLines() throws {
        let rules = try Self.parse("line", "min_length: 2.5\njoin: true\nall_from: 12").rules
        #expect(rules.minimumLineLength == 2.5 && rules.joinsLines && rules.joinsBelowZoom == 12)
    }

    @Test func keysOfPolygons() throws {
        let policies: [(String, TinyPolygonPolicy)] = [("keep", .keep), ("drop", .drop), ("square", .square)]
        for (word, meaning) in policies {
            let rules = try Self.parse("polygon", "tiny: \(word)\ntiny_area: 9\nlabels: true\nall_from: 16").rules
            #expect(rules.tinyPolygons == meaning && rules.tinyArea == 9)
            #expect(rules.labelsPolygons && rules.tinyBelowZoom == 16)
        }
    }

    /// A wrong value: of which geometry, and what is said on its line.
    struct Mistake: CustomTestStringConvertible, Sendable {
        var geometry = "polygon"
        var tiles: String
        /// Lines after the first key.
        var below = 0
        var says: [String]
        var testDescription: String { tiles }
    }

    @Test(arguments: [
        Mistake(tiles: "buffre: 64", says: ["unknown key 'buffre'", "did you mean 'buffer'"]),
        Mistake(tiles: "points: thin", says: ["unknown key 'points'", "tiny_area"]),
        Mistake(tiles: "join: true", says: ["unknown key 'join'"]),
        Mistake(geometry: "point", tiles: "tiny: drop", says: ["unknown key 'tiny'", "points, cell"]),
        Mistake(geometry: "line", tiles: "cell: 32", says: ["unknown key 'cell'", "min_length"]),
        Mistake(tiles: "fields: [nmae]", says: ["'nmae' is no field", "did you mean 'name'"]),
        Mistake(tiles: "fields: name", says: ["must be a list"]),
        Mistake(tiles: "fields:\n  - name\n  - {name: heigth, from: 3}", below: 2, says: ["did you mean 'height'"]),
        Mistake(tiles: "fields: [{name: name, from: 25}]", says: ["from", "whole number from 0 to 24"]),
        Mistake(tiles: "fields: [{name: name, form: 5}]", says: ["unknown key 'form'", "did you mean 'from'"]),
        Mistake(tiles: "fields: [{from: 5}]", says: ["name", "height"]),
        Mistake(tiles: "simplify: maybe", says: ["simplify' must be true or false"]),
        Mistake(tiles: "simplify: true\nbuffer: 4000", below: 1, says: ["buffer", "0 to 2048"]),
        Mistake(tiles: "buffer: 1.5", says: ["buffer", "whole number from 0 to 2048"]),
        Mistake(tiles: "buffer: wide", says: ["buffer' must be a number"]),
        Mistake(tiles: "max_features: -1", says: ["max_features", "whole number from 0"]),
        Mistake(tiles: "max_bytes: 2000000001", says: ["max_bytes", "whole number from 0"]),
        Mistake(tiles: "max_bytes: 100", says: ["100 bytes", "1024 or more"]),
        Mistake(tiles: "max_age: forever", says: ["max_age' must be a number"]),
        Mistake(tiles: "max_age: 40000000", says: ["max_age", "0 to 31536000"]),
        Mistake(tiles: "order: hieght", says: ["'hieght' is no field", "did you mean 'height'"]),
        Mistake(tiles: "tiny: squares", says: ["'squares' is not a value", "did you mean 'square'", "keep, drop"]),
        Mistake(tiles: "tiny_area: big", says: ["tiny_area' must be a number"]),
        Mistake(tiles: "tiny_area: -1", says: ["tiny area of -1", "0 to 65536"]),
        Mistake(tiles: "labels: 7", says: ["labels' must be true or false"]),
        Mistake(tiles: "all_from: 30", says: ["all_from", "0 to 25"]),
        Mistake(geometry: "line", tiles: "min_length: 5000", says: ["5000", "0 to 4096"]),
        Mistake(geometry: "line", tiles: "join: all", says: ["join' must be true or false"]),
        Mistake(geometry: "line", tiles: "all_from: low", says: ["all_from' must be a number"]),
        Mistake(geometry: "point", tiles: "points: clusters", says: ["did you mean 'cluster'", "all, thin"]),
        Mistake(geometry: "point", tiles: "cell: 4", says: ["cell", "8 to 4096"]),
        Mistake(geometry: "point", tiles: "all_from: -3", says: ["all_from", "0 to 25"]),
        Mistake(tiles: "- buffer", says: ["must be a mapping"]),
    ])
    func mistake(_ mistake: Mistake) {
        var text = ""
        do {
            _ = try Self.parse(mistake.geometry, mistake.tiles)
        } catch {
            text = "\(error)"
        }
        let line = Self.firstLine + mistake.below
        let said = text.split(separator: "\n").filter { $0.hasPrefix("city.yaml:\(line): ") }
        #expect(!said.isEmpty, "no mistake on line \(line) in:\n\(text)")
        for part in mistake.says { #expect(said.contains { $0.contains(part) }, "'\(part)' is not said in:\n\(text)") }
    }
}
