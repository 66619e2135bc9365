// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

/// Images on surfaces: from CityJSON and CityGML to the tiles.
@Suite struct ModelTextureTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]

    /// A block of 10 x 10 x 4 m whose roof, south and east walls have images.
    private static let cube = """
        {"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[500000,4010000,0]},
         "metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/4549"},
         "appearance":{"textures":[{"type":"PNG","image":"a/roof.png"},{"type":"JPG","image":"gone.jpg"},
           {"type":"PNG","image":"../secret.png"},{"type":"PNG","image":"text.png"}],
           "vertices-texture":[[0,0],[1,0],[1,1],[0,1.5]]},
         "CityObjects":{"b":{"type":"Building","geometry":[{"type":"Solid","lod":"2","boundaries":[[
           [[4,5,6,7]],[[3,2,1,0]],[[0,1,5,4]],[[1,2,6,5]],[[2,3,7,6]],[[3,0,4,7]]]],
           "texture":{"summer":{"values":[[[[0,0,1,2,3]],[[null]],[[0,0,1,2,3]],[[1,0,1,2,3]],[[2,0,1,2,3]],[[3,0,1,2,3]]]]}}}]}},
         "vertices":[[0,0,0],[10,0,0],[10,10,0],[0,10,0],[0,0,4],[10,0,4],[10,10,4],[0,10,4]]}
        """

    private static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.file("city/a"), withIntermediateDirectories: true)
        try Data(png).write(to: URL(fileURLWithPath: folder.file("city/a/roof.png")))
        try Data(png).write(to: URL(fileURLWithPath: folder.file("secret.png")))
        try Data("no image".utf8).write(to: URL(fileURLWithPath: folder.file("city/text.png")))
        return folder
    }

    @Test func imagesOfCityJSON() throws {
        let folder = try Self.folder()
        try Data(Self.cube.utf8).write(to: URL(fileURLWithPath: folder.file("city/cube.json")))
        let outcome = try ReaderOutcome(CityJSONReader(path: folder.file("city/cube.json")))
        let solid = try #require(try outcome.solids().first)
        #expect(solid.images.count == 1 && solid.images[0].hasSuffix("/city/a/roof.png"))
        #expect(solid.surfaces.map(\.texture) == [0, nil, 0, nil, nil, nil])
        #expect(solid.textureCoordinates.count * 3 == solid.coordinates.count * 2)
        #expect(Array(solid.textureCoordinates[0..<8]) == [0, 0, 1, 0, 1, 1, 0, 1.5])
        let notes = outcome.description.notes
        #expect(notes.contains { $0.hasPrefix("1 texture images found") })
        for words in ["missing and left out: gone.jpg", "outside the source's folder and", "neither JPEG nor PNG"] {
            #expect(notes.contains { $0.contains(words) }, "\(notes)")
        }
        let bytes = SolidLevels([.init(lod: "2", solid: solid)]).encoded()
        #expect(try SolidLevels(decoding: bytes).levels[0].solid == solid)
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: ReaderError.self) { try SolidLevels(decoding: bytes.prefix(length)) }
        }
    }

    @Test(arguments: [
        "<app:textureCoordinates ring=\"#ring\">0 0 1 0 1 1 0 0</app:textureCoordinates>",
        "<app:textureCoordinates>0 0 1 0 1 1 0 0</app:textureCoordinates><app:ring>#ring</app:ring>",
    ])
    func imagesOfCityGML(places: String) throws {
        let folder = try Self.folder()
        let text = """
            <CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml" xmlns:bldg="b" xmlns:app="a">
            <app:appearanceMember><app:Appearance><app:surfaceDataMember><app:ParameterizedTexture>
            <app:imageURI>a/roof.png</app:imageURI><app:target uri="#p"><app:TexCoordList>\(places)</app:TexCoordList></app:target>
            </app:ParameterizedTexture></app:surfaceDataMember></app:Appearance></app:appearanceMember>
            <cityObjectMember><bldg:Building gml:id="b"><bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember>
            <gml:Polygon gml:id="p"><gml:exterior><gml:LinearRing gml:id="ring">
            <gml:posList>0 0 5 10 0 5 10 10 5 0 0 5</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>
            </gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface></bldg:Building></cityObjectMember></CityModel>
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file("city/house.gml")))
        let outcome = try ReaderOutcome(CityGMLReader(path: folder.file("city/house.gml")))
        let solid = try #require(try outcome.solids().first)
        #expect(solid.images.count == 1 && solid.surfaces.map(\.texture) == [0])
        #expect(solid.textureCoordinates == [0, 0, 1, 0, 1, 1])
    }

    /// A prototype of one triangle, held by one object and referred to by another, turned by 90° and moved.
    @Test func prototypesArePlaced() throws {
        func member(_ id: String, _ geometry: String, _ place: String) -> String {
            """
            <cityObjectMember><frn:CityFurniture gml:id="\(id)"><frn:lod2ImplicitRepresentation><ImplicitGeometry>
            <transformationMatrix>0 -1 0 5 1 0 0 0 0 0 2 0 0 0 0 1</transformationMatrix>\(geometry)
            <referencePoint><gml:Point><gml:pos>\(place)</gml:pos></gml:Point></referencePoint>
            </ImplicitGeometry></frn:lod2ImplicitRepresentation></frn:CityFurniture></cityObjectMember>
            """
        }
        let shape = """
            <relativeGMLGeometry><gml:MultiSurface gml:id="lamp"><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing>
            <gml:posList>0 0 1 2 0 1 2 1 1 0 0 1</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>
            </gml:MultiSurface></relativeGMLGeometry>
            """
        let library = "<libraryObject>lamp.vrml</libraryObject>"
        let text = """
            <CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml" xmlns:frn="f" xmlns:xlink="x">
            \(member("one", shape, "100 200 3"))
            \(member("two", "<relativeGMLGeometry xlink:href=\"#lamp\"/>", "1000 2000 30"))
            \(member("lost", library, "0 0 0"))
            </CityModel>
            """
        let outcome = try ReaderOutcome(
            CityGMLReader(bytes: SourceBytes(copying: Array(text.utf8), path: "test.gml")))
        let solids = try outcome.solids()
        #expect(solids.count == 2 && outcome.problems.map(\.id) == ["lost"])
        // x = -y + 5, y = x, z = 2 z.
        #expect(solids[0].coordinates == [105, 200, 5, 105, 202, 5, 104, 202, 5])
        #expect(solids[1].coordinates == [1005, 2000, 32, 1005, 2002, 32, 1004, 2002, 32])
        let notes = outcome.description.notes
        #expect(
            notes.contains { $0.hasPrefix("2 implicit geometries") } && notes.contains { $0.hasPrefix("1 implicit") })
    }

    /// PLATEAU's sample: three buildings with photographs of their walls.
    @Test(.enabled(if: SharedData.isAvailable), arguments: [false, true])
    func plateau(implicit: Bool) async throws {
        let source = "cityjson/plateau/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml"
        let path = try #require(SharedData.path(source))
        let folder = try TemporaryFolder()
        try folder.write(
            """
            twin: 1
            id: yokosuka
            crs: EPSG:6677
            vertical: {datum: EPSG:6695, geoid_separation: 36.6}
            extent: [139.5, 35.2, 139.8, 35.4]
            themes: [{id: base}]
            sources: [{id: s, path: \(path), format: citygml}]
            layers:
              - {id: houses, theme: base, department: test, geometry: polygon, source: s, code: cityobject_id,
                 fields: [{name: height, type: real}, {name: ground_height, type: real}]}
            models:
              - {id: houses, kind: buildings, layer: houses, height: height, base: ground_height}
            """, to: "city.yaml")
        _ = try CityImporter(projectFile: folder.file("city.yaml")).run(into: folder.file("store"), progress: .silent)
        let city = try City.open(store: folder.file("store"))
        let model = try #require(try city.model("houses"))
        #expect(
            model.images.count == 3 && model.missingImages == [] && model.imageNames == ["0.jpg", "1.jpg", "2.jpg"])
        for (number, image) in model.images.enumerated() {
            let file = try Data(contentsOf: URL(fileURLWithPath: image))
            #expect(try model.content(path: "i/\(number).jpg") == Array(file))
        }
        for name in ["i/3.jpg", "i/0.png", "i/../0.jpg", "i/", "i/-1.jpg"] {
            #expect(try model.content(path: name) == nil, "\(name)")
        }
        var build = TilesetBuild()
        build.isImplicit = implicit
        let account = try build.run(city, model: "houses", ground: .ellipsoid, into: folder.file("tiles"))
        #expect(account.images == 3 && account.missingImages == 0)
        let report = try await Tiles3DChecker.run(folder.file("tiles"))
        #expect(report.findings == [] && report.features >= 13)
        #expect(report.images >= 3)
        let words = try #require(try city.modelReports("houses").first)
        #expect(words.solids == 13 && words.levels["1"] == 13 && words.images == 3 && words.roofs == [:])
    }

    @Test func aReportNamesWhatIsWrong() throws {
        let square = BuildingModelTests.square
        let town = try BuildingModelTests.Town(
            [
                (square(0, 0, 20, 10), "\"height\":30,\"shape\":\"gabled\""),
                (square(50, 0, 20, 10), "\"height\":9,\"shape\":\"moebius\""),
                (
                    [(100, 0), (120, 0), (120, 20), (110, 20), (110, 10), (100, 10)],
                    "\"height\":9,\"shape\":\"hipped\""
                ),
            ], model: BuildingModelTests.Town.model)
        let report = try #require(try town.city.modelReports().first)
        #expect(report.features == 3 && report.roofs == ["gabled": 1, "hipped": 1, "flat": 1] && report.fitted == 1)
        #expect(report.unknownRoofs.map(\.name) == ["moebius"] && !report.isGood)
        #expect(report.table().contains("moebius") && ModelReport.json([report]).contains("\"fittedRoofs\":1"))
        #expect(throws: TwinError.self) { try town.city.modelReports("nope") }
    }
}
