// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct CodeListTests {
    private static let list = """
        <?xml version="1.0" encoding="UTF-8"?><gml:Dictionary xmlns:gml="http://www.opengis.net/gml">
        <gml:name>Building_usage</gml:name>
        <gml:dictionaryEntry><gml:Definition><gml:description>住宅</gml:description><gml:name>411</gml:name></gml:Definition></gml:dictionaryEntry>
        <gml:dictionaryEntry><gml:Definition><gml:description>业务设施</gml:description><gml:name>401</gml:name></gml:Definition></gml:dictionaryEntry>
        </gml:Dictionary>
        """

    /// A building whose usage is a code of a list.
    private static func building(_ id: String, _ code: String, _ list: String) -> String {
        """
        <cityObjectMember><Building gml:id="\(id)"><usage codeSpace="\(list)">\(code)</usage>
        <lod1Solid><Solid><exterior><CompositeSurface><surfaceMember><Polygon><exterior><LinearRing>
        <posList>500000 4000000 1 500010 4000000 1 500010 4000010 1 500000 4000000 1</posList>
        </LinearRing></exterior></Polygon></surfaceMember></CompositeSurface></exterior></Solid></lod1Solid>
        </Building></cityObjectMember>
        """
    }

    /// Reads buildings from `data/udx/bldg/a.gml` of a folder that `prepare` fills.
    private static func read(
        _ buildings: [String], _ prepare: (TemporaryFolder) throws -> Void = { _ in }
    ) throws -> ReaderOutcome {
        let folder = try TemporaryFolder()
        let place = folder.file("data/udx/bldg")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        try prepare(folder)
        let text =
            "<CityModel><boundedBy><Envelope srsName=\"EPSG:4549\"/></boundedBy>" + buildings.joined() + "</CityModel>"
        try text.write(toFile: place + "/a.gml", atomically: true, encoding: .utf8)
        return try ReaderOutcome(CityGMLReader(path: place + "/a.gml"))
    }

    private static func write(_ text: String, _ folder: TemporaryFolder, _ path: String) throws {
        let file = URL(fileURLWithPath: folder.file(path))
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    private static let usual = "../../codelists/Building_usage.xml"

    @Test func codesGetWhatTheyStandFor() throws {
        let outcome = try Self.read([
            Self.building("a", "411", Self.usual), Self.building("b", "401", Self.usual),
            Self.building("c", "999", Self.usual),
        ]) { try Self.write(Self.list, $0, "data/codelists/Building_usage.xml") }
        #expect(try outcome.texts("usage") == ["411", "401", "999"])
        #expect(try outcome.texts("usage_name") == ["住宅", "业务设施", nil])
        #expect(outcome.description.notes.contains { $0.hasPrefix("1 code lists read") })
        #expect(outcome.description.notes.contains { $0.hasPrefix("1 codes are not in their lists") })
    }

    /// Each list that cannot be taken is one note, and its codes stay.
    @Test(arguments: [
        ("../../codelists/none.xml", "missing"), ("../../../secret/list.xml", "outside the source's folder"),
        ("../../codelists/../../secret/list.xml", "outside the source's folder"),
        ("../../codelists/link.xml", "outside the source's folder"), ("/etc/passwd", "not fetched"),
        ("http://example.com/list.xml", "not fetched"), ("../../codelists/other.xml", "no gml:Dictionary"),
        ("../../codelists/broken.xml", "not readable as XML"), ("../../codelists/entity.xml", "not readable as XML"),
        ("../../codelists/empty.xml", "no gml:Dictionary"), ("../../codelists", "outside the source's folder"),
    ])
    func listsThatAreNotTaken(name: String, reason: String) throws {
        let outcome = try Self.read([Self.building("a", "411", name), Self.building("b", "411", name)]) { folder in
            try Self.write(Self.list, folder, "secret/list.xml")
            try Self.write("<note/>", folder, "data/codelists/other.xml")
            try Self.write("<gml:Dictionary><gml:Definition><gml:name>x", folder, "data/codelists/broken.xml")
            try Self.write(
                "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Dictionary>&x;</Dictionary>", folder,
                "data/codelists/entity.xml")
            try Self.write("<Dictionary/>", folder, "data/codelists/empty.xml")
            try FileManager.default.createSymbolicLink(
                atPath: folder.file("data/codelists/link.xml"), withDestinationPath: folder.file("secret/list.xml"))
        }
        #expect(try outcome.texts("usage") == ["411", "411"])
        #expect(!outcome.description.fields.contains { $0.name == "usage_name" })
        let notes = outcome.description.notes.filter { $0.contains("code lists are") }
        #expect(notes.count == 1 && notes[0].contains(reason), "\(outcome.description.notes)")
    }

    @Test(.enabled(if: SharedData.isAvailable)) func plateau() throws {
        let path = try #require(
            SharedData.path("planning/plateau/numazu-shi/udx/luse/523836_luse_6668_op.gml"))
        let outcome = try ReaderOutcome(CityGMLReader(path: path))
        let (codes, names) = (try outcome.texts("class"), try outcome.texts("class_name"))
        #expect(codes.count == 225 && !names.contains(nil))
        // The list says 201 is a rice field and 203 forest.
        for (code, name) in zip(codes, names) where code == "201" || code == "203" {
            #expect(name == (code == "201" ? "田" : "山林（樹林地）"))
        }
        #expect(try outcome.texts("city_name").contains("静岡県沼津市"))
        #expect(outcome.description.notes.contains { $0.contains("code lists read") })
    }
}
