// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

/// Files that are larger than the window that readers hold of them, that are cut, or whose one text never ends. The same with
/// gigabytes: Benchmarks/big_files.py.
@Suite struct LargeFileTests {
    private static func write(_ text: [String], _ folder: TemporaryFolder, _ name: String) throws -> String {
        let path = folder.file(name)
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: path))
        for part in text { try file.write(contentsOf: Data(part.utf8)) }
        try file.close()
        return path
    }

    /// The reader of a file by its name.
    private static func open(_ path: String) throws -> any FeatureReader {
        path.hasSuffix(".gml") ? try CityGMLReader(path: path) : try CityJSONReader(path: path)
    }

    private static let head =
        #"{"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[0,0,0]},"#
        + #""metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/4549"},"#

    private static let count = 20_000
    private static let padding = String(repeating: "住", count: 400)

    private static func object(_ number: Int, first: Int) -> String {
        let ring = (first..<first + 4).map(String.init).joined(separator: ",")
        return #""b\#(number)":{"type":"Building","attributes":{"number":\#(number),"words":"\#(padding)"},"#
            + #""geometry":[{"type":"MultiSurface","lod":"1","boundaries":[[[\#(ring)]]]}]}"#
    }

    private static func corners(_ number: Int) -> String {
        let (x, y) = (500_000 + number % 300 * 20, 4_000_000 + number / 300 * 20)
        return "[\(x),\(y),1],[\(x + 9),\(y),1],[\(x + 9),\(y + 9),1],[\(x),\(y + 9),1]"
    }

    /// Every object of a file larger than the window comes out once and as it is.
    @Test(arguments: ["a.city.json", "a.city.jsonl", "a.gml"]) func allOfALargeFile(name: String) throws {
        let folder = try TemporaryFolder()
        var parts: [String] = []
        switch name {
        case "a.city.json":
            parts = [Self.head + #""CityObjects":{"#]
            for number in 0..<Self.count {
                parts.append((number > 0 ? "," : "") + Self.object(number, first: 4 * number))
            }
            parts.append(#"},"vertices":["#)
            for number in 0..<Self.count { parts.append((number > 0 ? "," : "") + Self.corners(number)) }
            parts.append("]}")
        case "a.city.jsonl":
            parts = [Self.head + #""CityObjects":{},"vertices":[]}"# + "\n"]
            for number in 0..<Self.count {
                parts.append(
                    #"{"type":"CityJSONFeature","id":"b\#(number)","CityObjects":{"# + Self.object(number, first: 0)
                        + #"},"vertices":["# + Self.corners(number) + "]}\n")
            }
        default:
            parts = ["<CityModel><boundedBy><Envelope srsName=\"EPSG:4549\"/></boundedBy>"]
            for number in 0..<Self.count {
                let (x, y) = (500_000 + number % 300 * 20, 4_000_000 + number / 300 * 20)
                parts.append(
                    """
                    <cityObjectMember><Building gml:id="b\(number)"><number>\(number)</number><words>\(Self.padding)</words>
                    <lod1Solid><Solid><exterior><CompositeSurface><surfaceMember><Polygon><exterior><LinearRing>
                    <posList>\(x) \(y) 1 \(x + 9) \(y) 1 \(x + 9) \(y + 9) 1 \(x) \(y + 9) 1 \(x) \(y) 1</posList>
                    </LinearRing></exterior></Polygon></surfaceMember></CompositeSurface></exterior></Solid></lod1Solid>
                    </Building></cityObjectMember>

                    """)
            }
            parts.append("</CityModel>")
        }
        let path = try Self.write(parts, folder, name)
        let outcome = try ReaderOutcome(Self.open(path))
        #expect(outcome.count == Self.count && outcome.problems.isEmpty)
        #expect(try outcome.texts("cityobject_id") == (0..<Self.count).map { "b\($0)" })
        #expect(try outcome.texts("words").allSatisfy { $0 == Self.padding })
        let last = try #require(try outcome.solids().last).coordinates
        #expect(last[0] == Double(500_000 + (Self.count - 1) % 300 * 20))
    }

    /// Cut anywhere, a file is an error that names the byte, or of a sequence the lines that are whole.
    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            "cityjson/rotterdam/3-20-DELFSHAVEN.city.json",
            "cityjson/plateau/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml",
            "cityjson/3dbag/3dbag_b2.city.jsonl",
        ])
    func cutFiles(name: String) throws {
        let source = try Data(contentsOf: URL(fileURLWithPath: try #require(SharedData.path(name))))
        let folder = try TemporaryFolder()
        var random = SeededGenerator.printed()
        for _ in 0..<12 {
            let length = Int.random(in: 2..<source.count - 1, using: &random)
            let path = folder.file("cut" + (name.hasSuffix("gml") ? ".gml" : ".city.jsonl"))
            try source.prefix(length).write(to: URL(fileURLWithPath: path))
            do {
                let outcome = try ReaderOutcome(Self.open(path))
                #expect(name.hasSuffix("jsonl") && outcome.count + outcome.problems.count <= 2, "\(length)")
            } catch let error as ReaderError {
                #expect("\(error)".contains("byte") || "\(error)".contains("line"), "\(error)")
            }
        }
    }

    @Test(arguments: [
        ("a.city.json", head + #""vertices":[],"CityObjects":{"a":{"type":"Building","attributes":{"x":""#),
        ("a.city.json", #"{"type":"CityJSON","version":"2.0","vertices":["#),
        ("a.gml", "<CityModel><cityObjectMember><Building><name>"), ("a.gml", "<CityModel><!--"),
        ("a.gml", "<CityModel><cityObjectMember><Building id=\""),
    ])
    func aTextWithoutAnEnd(name: String, begin: String) throws {
        let folder = try TemporaryFolder()
        let filler = begin.hasSuffix("[") ? "[0,0,0]," : "0 0 0 0 "
        let path = try Self.write([begin, String(repeating: filler, count: 3 << 20)], folder, name)
        let error = #expect(throws: ReaderError.self) { try ReaderOutcome(Self.open(path)) }
        #expect(error?.code == .syntax)
    }

    /// An archive says that it is one, and what to do.
    @Test(arguments: [("PK\u{3}\u{4}rest", "ZIP"), ("\u{1F}\u{8B}rest", "gzip")])
    func archives(text: String, word: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.gml")
        try Data(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }).write(to: URL(fileURLWithPath: path))
        for open in [{ _ = try CityGMLReader(path: path) }, { _ = try CityJSONReader(path: path) }] {
            let error = #expect(throws: ReaderError.self) { try open() }
            #expect(error?.message.contains(word) == true && error?.message.contains("unpack") == true)
        }
        #expect(throws: ReaderError.self) { try CityJSONReader(path: "/vsizip/a.zip/b.json") }
    }

    /// Of a sequence the lines before it stay.
    @Test func aLineWithoutAnEnd() throws {
        let folder = try TemporaryFolder()
        let line =
            #"{"type":"CityJSONFeature","id":"b1","CityObjects":{"# + Self.object(1, first: 0) + #"},"vertices":["#
            + Self.corners(1) + "]}\n"
        let path = try Self.write(
            [
                Self.head + #""CityObjects":{},"vertices":[]}"# + "\n", line, #"{"type":"CityJSONFeature","id":""#,
                String(repeating: "0 0 0 0 ", count: 3 << 20),
            ], folder, "a.city.jsonl")
        let outcome = try ReaderOutcome(Self.open(path))
        #expect(outcome.count == 1 && outcome.problems.map(\.id) == ["line 3"])
    }
}
