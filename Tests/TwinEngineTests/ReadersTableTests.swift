// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct ReadersTableTests {
    static func read(_ bytes: [UInt8], _ columns: CSVPointReader.Columns, encoding: String? = nil) throws
        -> ReaderOutcome
    {
        try ReaderOutcome(
            CSVPointReader(bytes: SourceBytes(copying: bytes, path: "test.csv"), columns: columns, encoding: encoding))
    }

    static let xy = CSVPointReader.Columns(x: "x", y: "y")

    @Test func quotesSeparatorsAndLineEnds() throws {
        let text =
            "\u{FEFF}x;y;name\r\n1;2;\"a \"\"b\"\";c\r\nd\"\r\n\r\n3;4;e\r\n5;six;f\r\n;;g\r\n"
            + "7;8;9;10\r\n1;2;\"open\r\n3;3;h"
        let outcome = try Self.read(Array(text.utf8), Self.xy)
        #expect(try outcome.texts("name") == ["a \"b\";c\r\nd", "e", "h"])
        #expect(
            outcome.problems.map(\.reason) == [
                "malformed-coordinates", "missing-coordinates", "malformed-row", "malformed-row",
            ])
        #expect(outcome.problems.map(\.id) == ["line 6", "line 7", "line 8", "line 9"])
    }

    /// 地面 in GBK, found without being told, and with a name given.
    @Test(arguments: [nil, "GBK"])
    func chineseEncoding(encoding: String?) throws {
        let bytes =
            Array("x,y,".utf8) + [0xB5, 0xD8, 0xC3, 0xE6] + Array("\n1,2,".utf8) + [0xB5, 0xD8] + Array("\n".utf8)
        let outcome = try Self.read(bytes, Self.xy, encoding: encoding)
        #expect(try outcome.texts("地面") == ["地"])
        #expect(outcome.description.notes.isEmpty)
    }

    @Test func wrongEncodingIsSaid() throws {
        let bytes = Array("x,y,n\n1,2,".utf8) + [0xFF, 0xFF] + Array("\n".utf8)
        let outcome = try Self.read(bytes, Self.xy, encoding: "GBK")
        #expect(outcome.count == 1)
        #expect(outcome.description.notes.count == 1)
        #expect(throws: ReaderError.self) { try Self.read(bytes, Self.xy, encoding: "KLINGON-8") }
    }

    @Test func sixteenBitText() throws {
        let units = Array("x,y,名\n1,2,城\n".utf16)
        let bytes: [UInt8] =
            [0xFF, 0xFE] + units.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        #expect(try Self.read(bytes, Self.xy).texts("名") == ["城"])
    }

    @Test func wellKnownText() throws {
        let rows = [
            "POINT (1 2)", "point z(1 2 3)", "LINESTRING(0 0, 1 1)", "POLYGON ((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 0))",
            "SRID=4326;MULTIPOINT((0 0),(1 1))", "MULTIPOINT(0 0,1 1)", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
            "POINT EMPTY", "POINT(1)", "CIRCLE(1 2)", "POLYGON((0 0,1 0", "POINT(1 x)", "POINT(1 2) x", "",
        ]
        let text = "wkt|n\n" + rows.map { "\($0)|1\n" }.joined()
        let outcome = try Self.read(Array(text.utf8), .init(wkt: "wkt"))
        #expect(outcome.count == 7)
        #expect(outcome.problems.count == 7)
        #expect(Array(outcome.geometry[1]) == SourceGeometry.point(x: 1, y: 2, z: 3))
        #expect(Array(outcome.geometry[2]) == SourceGeometry.line([0, 0, 1, 1], hasZ: false))
    }

    @Test(.enabled(if: SharedData.isAvailable)) func downtownStreetLights() throws {
        let path = try #require(SharedData.path("assets/dc-downtown/streetlights.csv"))
        let outcome = try ReaderOutcome(CSVPointReader(path: path, columns: .init(x: "XCOORD", y: "YCOORD")))
        #expect(outcome.count + outcome.problems.count == 3963)
        #expect(outcome.problems == [])
        #expect(outcome.description.fields.count == 67)
    }

    @Test func batchesAreBounded() throws {
        let text = "x,y\n" + String(repeating: "1,2\n", count: 10_000)
        var reader = try CSVPointReader(bytes: SourceBytes(copying: Array(text.utf8), path: "t.csv"), columns: Self.xy)
        var sizes: [Int] = []
        while let batch = try reader.next() { sizes.append(batch.count) }
        #expect(sizes == [4096, 4096, 1808])
    }
}
