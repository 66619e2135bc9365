// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

@Suite struct ReadersCityGMLTests {
    private static func read(_ text: String, type: String? = nil) throws -> ReaderOutcome {
        try ReaderOutcome(CityGMLReader(bytes: SourceBytes(copying: Array(text.utf8), path: "test.gml"), type: type))
    }

    private static func levels(_ outcome: ReaderOutcome) throws -> [[String]] {
        try outcome.texts("lods").map { ($0 ?? "").split(separator: ",").map(String.init) }
    }

    @Test(.enabled(if: SharedData.isAvailable)) func plateauBuildings() throws {
        let path = try #require(SharedData.path("cityjson/plateau/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml"))
        let outcome = try ReaderOutcome(CityGMLReader(path: path))
        // grep counts 13 bldg:Building, 14 lod1Solid (one in a part), 3 lod2Solid.
        #expect(outcome.count == 13 && outcome.problems.isEmpty, "\(outcome.problems)")
        #expect(outcome.description.crs == "EPSG:6668")
        let levels = try Self.levels(outcome)
        #expect(levels.count { $0.contains("2") } == 3 || levels.count { $0.contains("2") } == 2)
        #expect(levels.allSatisfy { $0.contains("1") })
        let solids = try outcome.solids()
        let kinds = Set(solids.flatMap { $0.surfaces.map(\.semantic) })
        #expect(kinds.isSuperset(of: [.roof, .wall, .ground]))
        // Longitude first: the file is latitude first.
        #expect(solids.allSatisfy { (139...140).contains($0.coordinates[0]) && (35...36).contains($0.coordinates[1]) })
        #expect(try outcome.texts("usage").contains { $0 == "411" })
        #expect(try outcome.reals("height").allSatisfy { $0 > 1 && $0 < 60 })
    }

    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            ("plateau/yokosuka-shi/udx/dem/523965_dem_6697_05_op.gml", 2), ("val3dity/csol1.gml", 1),
            ("val3dity/dh_1.gml", 1),
        ])
    func otherFiles(file: String, features: Int) throws {
        let path = try #require(SharedData.path("cityjson/" + file))
        let outcome = try ReaderOutcome(CityGMLReader(path: path))
        #expect(outcome.count == features, "\(outcome.problems) \(outcome.description.notes)")
    }

    /// A house whose solid refers to its surfaces, in the words of CityGML 3.
    static let house = """
        <?xml version="1.0"?><!-- a house -->
        <CityModel xmlns="http://www.opengis.net/citygml/3.0" xmlns:bldg="http://www.opengis.net/citygml/building/3.0"
         xmlns:con="http://www.opengis.net/citygml/construction/3.0" xmlns:gml="http://www.opengis.net/gml/3.2"
         xmlns:gen="http://www.opengis.net/citygml/generics/3.0" xmlns:xlink="http://www.w3.org/1999/xlink">
        <gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG::4549"/></gml:boundedBy>
        <cityObjectMember><bldg:Building gml:id="h1">
          <gml:name>市政府 &amp; &#x4E2D;心</gml:name>
          <genericAttribute><gen:StringAttribute><gen:name>code</gen:name><gen:value>007</gen:value></gen:StringAttribute></genericAttribute>
          <boundary><con:GroundSurface><lod2MultiSurface><gml:MultiSurface><gml:surfaceMember>
            <gml:Polygon gml:id="g"><gml:exterior><gml:LinearRing>
            <gml:posList>4000000 500000 1 4000000 500010 1 4000010 500010 1 4000000 500000 1</gml:posList>
            </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></lod2MultiSurface></con:GroundSurface></boundary>
          <boundary><con:RoofSurface><lod2MultiSurface><gml:MultiSurface><gml:surfaceMember>
            <gml:Polygon gml:id="r"><gml:exterior><gml:LinearRing>
            <gml:pos>4000000 500000 5</gml:pos><gml:pos>4000010 500010 5</gml:pos><gml:pos>4000000 500010 5</gml:pos>
            </gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></lod2MultiSurface></con:RoofSurface></boundary>
          <lod2Solid><gml:Solid><gml:exterior><gml:Shell><gml:surfaceMember xlink:href="#g"/><gml:surfaceMember xlink:href="#r"/>
            <gml:surfaceMember xlink:href="#elsewhere"/></gml:Shell></gml:exterior></gml:Solid></lod2Solid>
        </bldg:Building></cityObjectMember></CityModel>
        """

    @Test func aSolidOfReferencesIsDrawnOnce() throws {
        let outcome = try Self.read(Self.house)
        #expect(outcome.count == 1 && outcome.description.driver == "CityGML 3.0")
        let solid = try #require(try outcome.solids().first)
        #expect(solid.surfaces.map(\.semantic) == [.ground, .roof] && solid.ringSizes == [3, 3])
        // EPSG:4549 has northing first, and the URN says so.
        #expect(Array(solid.coordinates[0..<3]) == [500_000, 4_000_000, 1])
        #expect(try outcome.texts("name") == ["市政府 & 中心"] && outcome.texts("code") == ["007"])
        #expect(outcome.description.notes.contains { $0.contains("1 references to surfaces outside") })
    }

    @Test func badFilesAreNamed() {
        for (text, code) in [
            ("<a/>", ReaderError.Code.wrongFormat), ("", .wrongFormat), ("<CityModel><cityObjectMember><B>", .syntax),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><CityModel/>", .syntax),
            ("<CityModel><cityObjectMember><B>&nope;</B></cityObjectMember></CityModel>", .syntax),
            ("<CityModel><cityObjectMember a=b/></CityModel>", .syntax),
        ] {
            let error = #expect(throws: ReaderError.self) { try Self.read(text) }
            #expect(error?.code == code, "\(text)")
        }
        let deep = "<CityModel><cityObjectMember>" + String(repeating: "<x>", count: 100_000)
        #expect(throws: ReaderError.self) { try Self.read(deep) }
    }
}
