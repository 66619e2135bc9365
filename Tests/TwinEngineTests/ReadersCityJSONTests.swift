// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

/// Everything that a reader yields.
struct ReaderOutcome {
    var description: SourceDescription
    var count = 0
    var geometry = StringColumn()
    var problems: [SourceProblem] = []
    private var batches: [FeatureBatch] = []

    init(_ reader: consuming some FeatureReader) throws {
        var reader = reader
        description = reader.description
        while let batch = try reader.next() {
            #expect(batch.columns.count == description.fields.count)
            #expect(batch.geometry.count == batch.count)
            count += batch.count
            for index in 0..<batch.count { geometry.append(batch.geometry[index]) }
            problems += batch.problems
            batches.append(batch)
        }
        description = reader.description
    }

    /// The values of a field, null as nil, numbers as text.
    func texts(_ name: String) throws -> [String?] {
        let column = try #require(description.fields.firstIndex { $0.name == name })
        return batches.flatMap { batch in
            (0..<batch.count).map { row in
                if batch.columns[column].isNull(row) { return nil }
                return switch batch.columns[column].values {
                case .integer(let list): String(list[row])
                case .real(let list): "\(list[row])"
                case .boolean(let list): "\(list[row])"
                case .string(let list): list.text(row)
                case .binary(let list): "\(list[row].count) bytes"
                }
            }
        }
    }

    func reals(_ name: String) throws -> [Double] { try texts(name).map { try #require($0.flatMap { Double($0) }) } }

    func solids() throws -> [SolidBlob] {
        let column = try #require(description.fields.firstIndex { $0.name == "solid" })
        return try batches.flatMap { batch in
            guard case .binary(let list) = batch.columns[column].values else { return [SolidBlob]() }
            return try (0..<batch.count).map { try SolidBlob(decoding: list[$0]) }
        }
    }
}

@Suite struct ReadersCityJSONTests {
    static func read(_ text: String, type: String? = nil) throws -> ReaderOutcome {
        try ReaderOutcome(CityJSONReader(bytes: SourceBytes(copying: Array(text.utf8), path: "test.json"), type: type))
    }

    static let cube = """
        "vertices": [[0,0,0],[1000,0,0],[1000,1000,0],[0,1000,0],
        [0,0,3000],[1000,0,3000],[1000,1000,3000],[0,1000,3000]]
        """
    static let faces = "[[[0,3,2,1]],[[4,5,6,7]],[[0,1,5,4]],[[1,2,6,5]],[[2,3,7,6]],[[3,0,4,7]]]"

    static func document(_ objects: String, more: String = "", version: String = "2.0") -> String {
        """
        {"type":"CityJSON","version":"\(version)","CityObjects":{\(objects)},\(more)
         "transform":{"scale":[0.001,0.001,0.001],"translate":[85000,446000,-1]},\(cube)}
        """
    }

    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            // File and city objects without a parent, as Python's json module counts them.
            ("rotterdam/3-20-DELFSHAVEN.city.json", 853), ("cjio/DH_01_subs.city.json", 4), ("cjio/delft_1b.json", 1),
            ("cjio/multi_lod.json", 10), ("cjio/rotterdam_subset.json", 16), ("3dbag/3dbag_b2.city.jsonl", 2),
            ("val3dity/csol.json", 1), ("val3dity/cube.json", 1), ("val3dity/msol.json", 1),
            ("val3dity/nonmanifold.json", 1), ("val3dity/several_lods_invalid.json", 1),
            ("val3dity/torus.city.json", 1),
            ("val3dity/twobuildings_m.json", 2),
        ])
    func realFiles(file: String, features: Int) throws {
        let path = try #require(SharedData.path("cityjson/" + file))
        let outcome = try ReaderOutcome(CityJSONReader(path: path))
        print(file, outcome.count, outcome.description.crs ?? "-", outcome.description.notes, outcome.problems)
        #expect(outcome.count == features)
        #expect(outcome.problems.isEmpty)
        #expect(outcome.description.featureCount == features)
        #expect(try outcome.reals("height").allSatisfy { $0 >= 0 })
        #expect(try outcome.solids().allSatisfy { !$0.surfaces.isEmpty })
    }

    /// Sums of the heights as Python's json module gives them for the highest level of detail.
    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            ("rotterdam/3-20-DELFSHAVEN.city.json", 11038.84), ("cjio/multi_lod.json", 66.384),
            ("cjio/DH_01_subs.city.json", 36.234), ("cjio/delft_1b.json", 6.1),
        ])
    func heights(file: String, sum: Double) throws {
        let path = try #require(SharedData.path("cityjson/" + file))
        let heights = try ReaderOutcome(CityJSONReader(path: path)).reals("height")
        #expect((heights.reduce(0, +) * 1000).rounded() == (sum * 1000).rounded())
    }

    @Test(.enabled(if: SharedData.isAvailable)) func notJSON() throws {
        let path = try #require(SharedData.path("cityjson/val3dity/with-errors.json"))
        let error = #expect(throws: ReaderError.self) { try CityJSONReader(path: path) }
        #expect(error?.code == .syntax)
        // The vertex that is not closed; a parser that builds a tree notices at the end, byte 53042.
        #expect(error?.message.contains("byte 52243 (line 1888)") == true, "\(error?.message ?? "")")
    }

    @Test(.enabled(if: SharedData.isAvailable)) func delfshaven() throws {
        let path = try #require(SharedData.path("cityjson/rotterdam/3-20-DELFSHAVEN.city.json"))
        let outcome = try ReaderOutcome(CityJSONReader(path: path))
        #expect(outcome.description.crs == "EPSG:28992")
        #expect(
            outcome.description.notes == [
                "footprint of 853 objects: GroundSurface polygons",
                "148 texture images are missing and left out: appearances/0320_2_9.jpg, appearances/0320_2_10.jpg, "
                    + "appearances/0320_2_16.jpg, …",
            ])
    }

    @Test func cubeHasFootprintHeightAndSolid() throws {
        let outcome = try Self.read(
            Self.document(
                #"""
                "b1":{"type":"Building","attributes":{"n":1,"名称":"楼","x":null,"o":{"a":[1]}},
                "geometry":[{"type":"Solid","lod":"2.2","boundaries":[\#(Self.faces)]}]}
                """#,
                more: #""metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/7415"},"#))
        #expect(outcome.count == 1)
        #expect(outcome.description.crs == "EPSG:28992")
        #expect(try outcome.texts("lod") == ["2.2"])
        #expect(try outcome.texts("名称") == ["楼"])
        #expect(try outcome.texts("o") == [#"{"a":[1]}"#])
        #expect(try outcome.texts("x") == [nil])
        #expect(try outcome.reals("height") == [3])
        #expect(try outcome.reals("ground_height") == [-1])
        #expect(try outcome.solids()[0].surfaces.count == 6)
        let square = SourceGeometry.multiPolygon([[[85000, 446000, 85001, 446000, 85001, 446001, 85000, 446001]]])
        #expect(outcome.geometry[0].count == square.count)
    }

    @Test func badObjectsAreProblems() throws {
        let good = #"{"type":"Building","geometry":[{"type":"Solid","lod":1,"boundaries":[\#(Self.faces)]}]}"#
        let outcome = try Self.read(
            Self.document(
                """
                "a":\(good),"b":7,"c":{"type":"Building"},"d":{"geometry":[]},"a":\(good),
                "e":{"type":"Building","geometry":[{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,99]]]}]},
                "f":{"type":"+Tree","geometry":[{"type":"MultiPoint","lod":"1","boundaries":[0]}]},
                "g":{"type":"Building","geometry":[{"type":"Solid","lod":"1","boundaries":[[[0,1,2]]]}]},
                "h":{"type":"Building","parents":["i"]},"i":{"type":"Building","parents":["h"]},
                "j":{"type":"BuildingPart","parents":["nowhere"],
                "geometry":[{"type":"Solid","lod":"1","boundaries":[\(Self.faces)]}]}
                """))
        #expect(try outcome.texts("cityobject_id") == ["a", "j"])
        let reasons = Dictionary(grouping: outcome.problems, by: \.id).mapValues { $0.map(\.reason) }
        #expect(reasons["a"] == ["duplicate-id"])
        #expect(reasons["b"] == ["not-an-object"])
        #expect(reasons["c"] == ["no-geometry"])
        #expect(reasons["d"] == ["no-type"])
        #expect(reasons["e"] == ["vertex-index"])
        #expect(reasons["f"] == ["geometry-type"])
        #expect(reasons["g"] == ["malformed-object"])
        #expect(outcome.count + outcome.problems.count == 10, "\(outcome.problems)")
    }

    @Test func partsJoinTheirRoot() throws {
        let geometry = #""geometry":[{"type":"Solid","lod":"2","boundaries":[\#(Self.faces)]}]"#
        let outcome = try Self.read(
            Self.document(
                """
                "root":{"type":"Building","attributes":{"year":1990},"children":["part"]},
                "part":{"type":"BuildingPart","parents":["root"],"attributes":{"year":2000,"roof":"flat"},\(geometry)},
                "group":{"type":"CityObjectGroup","children":["root"]}
                """))
        #expect(try outcome.texts("cityobject_id") == ["root"])
        #expect(try outcome.texts("year") == ["1990"])
        #expect(try outcome.texts("roof") == ["flat"])
        #expect(outcome.problems.map(\.id) == ["group"])
    }

    @Test func templatesArePlaced() throws {
        let outcome = try Self.read(
            Self.document(
                """
                "tree":{"type":"SolitaryVegetationObject","geometry":[{"type":"GeometryInstance","template":0,
                "boundaries":[6],"transformationMatrix":[2,0,0,0, 0,2,0,0, 0,0,2,0, 0,0,0,1]}]}
                """,
                more: """
                    "geometry-templates":{"vertices-templates":[[0,0,0],[1,0,0],[0,1,0],[0,0,5]],"templates":[
                    {"type":"MultiSurface","lod":"3","boundaries":[[[0,2,1]],[[0,1,3]]]}]},
                    """))
        #expect(outcome.problems == [])
        #expect(try outcome.reals("height") == [10])
        #expect(try outcome.solids()[0].coordinates.prefix(3) == [85001, 446001, 2])
    }

    @Test func sequenceSurvivesABrokenLine() throws {
        let head =
            #"{"type":"CityJSON","version":"2.0","CityObjects":{},"vertices":[],"#
            + #""transform":{"scale":[1,1,1],"translate":[0,0,0]}}"#
        let body =
            #"{"type":"CityJSONFeature","id":"f","CityObjects":{"f":{"type":"LandUse","geometry":[{"lod":"1","#
            + #""type":"MultiSurface","boundaries":[[[0,1,2]]]}]}},"vertices":[[0,0,0],[4,0,0],[0,4,0]]}"#
        let outcome = try Self.read([head, body, "{\"type\":", "", "7", body].joined(separator: "\n"))
        #expect(outcome.count == 2)
        #expect(outcome.problems.map(\.id) == ["line 3", "line 5"])
        #expect(outcome.description.driver == "CityJSONSeq")
    }

    @Test(arguments: [
        (#"{"type":"FeatureCollection"}"#, ReaderError.Code.wrongFormat),
        (#"{"type":"CityJSON","version":"0.9"}"#, .version),
        (#"{"type":"CityJSON","version":"2.0"} x"#, .syntax),
        (#"{"type":"CityJSONFeature"}"#, .missing), ("[1,2", .syntax), ("{", .syntax),
    ])
    func namedErrors(text: String, code: ReaderError.Code) {
        #expect(throws: ReaderError.self) { try Self.read(text) }
        do { _ = try Self.read(text) } catch let error as ReaderError { #expect(error.code == code) } catch {
            Issue.record("\(error)")
        }
    }

    @Test func deepNestingIsAnErrorAndNotACrash() {
        let text = "{\"a\":" + String(repeating: "[", count: 100_000)
        let error = #expect(throws: ReaderError.self) { try Self.read(text) }
        #expect(error?.code == .syntax)
    }

    @Test func solidBlobChecksItsBounds() throws {
        var blob = SolidBlob()
        blob.surfaces = [.init(semantic: .roof, ringCount: 1)]
        blob.ringSizes = [3]
        blob.coordinates = [0, 0, 0, 1, 0, 0, 0, 1, 0]
        let bytes = blob.encoded()
        #expect(try SolidBlob(decoding: bytes) == blob)
        for length in 0..<bytes.count {
            #expect(throws: ReaderError.self) { try SolidBlob(decoding: bytes.prefix(length)) }
        }
        for index in bytes.indices.prefix(17) {
            var broken = bytes
            broken[index] = 0xFF
            #expect(throws: ReaderError.self) { try SolidBlob(decoding: broken) }
        }
        blob.transform { ($0.x + 1, $0.y, $0.z * 2) }
        #expect(blob.coordinates.prefix(3) == [1, 0, 0])
    }
}
