// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import TwinEngine

/// Files that are wrong as a whole: what can be built is built, and the rest is named.
@Suite struct CityJSONBadInputTests {
    private static func templates(_ list: String) -> String {
        #""geometry-templates":{"vertices-templates":[[0,0,0],[1,0,0],[0,1,0]],"templates":[\#(list)]},"#
    }

    private static let instance = """
        "a":{"type":"SolitaryVegetationObject","geometry":[{"type":"GeometryInstance","template":0,"boundaries":[6],
        "transformationMatrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]}]},
        "b":{"type":"Building","geometry":[{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}]}
        """

    @Test(arguments: [
        (#"{"type":"GeometryInstance","template":1},{"type":"GeometryInstance","template":0}"#, "template-cycle"),
        (#"{"type":"GeometryInstance","template":0}"#, "template-cycle"),
        (
            #"{"type":"GeometryInstance","template":1},{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}"#,
            "template-nested"
        ),
        (#""no object""#, "malformed-object"),
    ])
    func templatesThatLeadNowhere(list: String, reason: String) throws {
        let outcome = try ReadersCityJSONTests.read(
            ReadersCityJSONTests.document(Self.instance, more: Self.templates(list)))
        #expect(try outcome.texts("cityobject_id") == ["b"])
        #expect(outcome.problems.map(\.id) == ["a"] && outcome.problems.map(\.reason) == [reason])
    }

    @Test func aMissingTransformIsNoted() throws {
        let outcome = try ReadersCityJSONTests.read(
            """
            {"type":"CityJSON","version":"2.0","CityObjects":{"b":{"type":"Building","geometry":[
             {"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}]}},"vertices":[[0,0,0],[4,0,0],[0,4,0.5]]}
            """)
        #expect(outcome.count == 1)
        #expect(try outcome.solids()[0].coordinates == [0, 0, 0, 4, 0, 0, 0, 4, 0.5])
        #expect(outcome.description.notes.contains { $0.hasPrefix("no `transform`") })
    }

    /// Types, attributes and members of the root that an extension defines are kept or named.
    @Test func unknownExtensionsPassThrough() throws {
        let outcome = try ReadersCityJSONTests.read(
            ReadersCityJSONTests.document(
                """
                "n":{"type":"+NoiseBuilding","attributes":{"+noise-level":{"value":70,"uom":"dB"}},"+more":[1,{"x":2}],
                 "geometry":[{"type":"MultiSurface","lod":"2.7","boundaries":[[[0,1,2]]],
                 "semantics":{"surfaces":[{"type":"+SoundWall"}],"values":[0]}}]}
                """,
                more:
                    #""extensions":{"Noise":{"url":"https://nowhere.example/noise.json","version":"9"}},"+census":{"a":[]},"#
            ))
        #expect(outcome.problems == [])
        #expect(try outcome.texts("cityobject_type") == ["+NoiseBuilding"])
        #expect(try outcome.texts("+noise-level") == [#"{"value":70,"uom":"dB"}"#])
        #expect(try outcome.texts("lods") == ["2.7"])
        #expect(outcome.description.notes.contains { $0.contains("Noise") && $0.contains("+census") })
    }
}
