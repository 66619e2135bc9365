// SPDX-License-Identifier: Apache-2.0
import Testing
import TestSupport
@testable import TwinEngine

@Suite struct LiveParserTests {
    private func parse(_ text: String) -> LiveParser {
        var parser = LiveParser(now: 1000)
        parser.parse(Array(text.utf8))
        return parser
    }

    @Test func readsALine() throws {
        let parser = parse(
            #"{"id":"T-1","lon":120.0,"lat":36.2,"t":"2026-11-21T08:00:00Z","kind":"air","values":{"pm25":31}}"#)
        let observation = try #require(parser.observations.first?.observation)
        #expect(observation.code == "T-1")
        #expect(observation.position == LonLat(longitude: 120, latitude: 36.2))
        #expect(LiveTime.format(observation.time) == "2026-11-21T08:00:00Z")
        #expect(observation.kind == "air")
        #expect(String(decoding: observation.values, as: UTF8.self) == #"{"pm25":31}"#)
        #expect(parser.rejections.isEmpty)
    }

    @Test func rejectsBadLinesByNumberAndKeepsTheOthers() {
        let parser = parse(
            """
            {"id":"a","lon":120,"lat":36}

            {"id":"b","lon":220,"lat":36}
            not json
            {"id":"c","lon":120}
            {"lon":120,"lat":36}
            {"id":"d","lon":120,"lat":36,"t":"yesterday"}
            {"id":"e","lon":120,"lat":36,"pm25":3}
            {"id":"f","lon":120,"lat":36} {}
            {"id":"g","lon":1e999,"lat":36}
            {"id":"h","lon":120,"lat":36}
            """)
        #expect(parser.observations.map(\.observation.code) == ["a", "h"])
        #expect(parser.observations.map(\.line) == [1, 11])
        #expect(parser.rejections.map(\.line) == [3, 4, 5, 6, 7, 8, 9, 10])
        #expect(parser.rejections[0].reason.contains("not on Earth"))
        #expect(parser.rejections[4].reason.contains("2026-11-21T08:00:00Z"))
        #expect(parser.rejections[5].reason.contains("pm25"))
    }

    @Test func readsGeoJSON() {
        let parser = parse(
            """
            {"type":"FeatureCollection","features":[
              {"type":"Feature","id":7,"geometry":{"type":"Point","coordinates":[120.1,36.1,5]},
               "properties":{"kind":"bus","speed":12.5,"name":"1 路"}},
              {"type":"Feature","id":"x","geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]},"properties":{}},
              {"type":"Feature","geometry":{"type":"Point","coordinates":[120.2,36.2]},"properties":{"code":"k"}}
            ]}
            """)
        #expect(parser.observations.map(\.observation.code) == ["7", "k"])
        #expect(parser.observations[0].observation.name == "1 路")
        #expect(String(decoding: parser.observations[0].observation.values, as: UTF8.self) == #"{"speed":12.5}"#)
        #expect(parser.rejections.map(\.line) == [2])
    }

    @Test func unescapesTexts() throws {
        let parser = parse(#"{"id":"a\u4e2d\"\ud83d\ude00\n","lon":120,"lat":36}"#)
        #expect(parser.observations.first?.observation.code == "a中\"😀\n")
        for escape in [#"\ud83d"#, #"\u+041"#, #"\u-041"#, #"\u004"#, #"\u００４１"#, #"\q"#] {
            #expect(parse("{\"id\":\"\(escape)\",\"lon\":120,\"lat\":36}").rejections.count == 1, "\(escape)")
        }
    }

    @Test func numbersAreStrict() {
        for text in ["01", "1.", ".5", "+1", "1e", "--1", "0x10", "NaN", "1.2.3"] {
            #expect(parse("{\"id\":\"a\",\"lon\":\(text),\"lat\":1}").rejections.count == 1, "\(text)")
        }
        for (text, value) in [
            ("0", 0), ("-0.5", -0.5), ("1e1", 10), ("1.25E-1", 0.125), ("120.123456789", 120.123456789),
        ] {
            let parser = parse("{\"id\":\"a\",\"lon\":\(text),\"lat\":1}")
            #expect(parser.observations.first?.observation.position?.longitude == value, "\(text)")
        }
    }

    @Test func garbageNeverTraps() {
        var random = SeededGenerator.printed()
        let seed = Array(
            #"{"id":"T-1","lon":120.0,"lat":36.2,"t":"2026-11-21T08:00:00Z","values":{"a":[1,"\u00e9"]}}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...8, using: &random))
            var parser = LiveParser(now: 0)
            parser.parse(bytes)
            #expect(parser.observations.count + parser.rejections.count >= 1)
        }
    }

    @Test func deepNestingIsRefused() {
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        #expect(parse("{\"id\":\"a\",\"lon\":1,\"lat\":1,\"values\":{\"x\":\(deep)}}").rejections.count == 1)
    }

    @Test func timesRoundTrip() {
        for text in [
            "1970-01-01T00:00:00Z", "2024-02-29T23:59:59.250Z", "2026-11-21T08:00:00Z", "1969-12-31T23:59:59Z",
        ] {
            #expect(LiveTime.parse(text.utf8).map(LiveTime.format) == text)
        }
        #expect(LiveTime.parse("2026-11-21T16:00:00+08:00".utf8) == LiveTime.parse("2026-11-21T08:00:00Z".utf8))
        #expect(LiveTime.parse("1969-12-31T23:59:59.9999Z".utf8) == -1)
        for text in [
            "2026-02-29T00:00:00Z", "2026-11-21", "2026-11-21T24:00:00Z", "2026-11-21T08:00:00.Z",
            "2026-11-21T25:00:00Z", "2026-11-21T08:00:00", "",
        ] {
            #expect(LiveTime.parse(text.utf8) == nil, "\(text)")
        }
    }

    @Test func fixedPointNumbersCutZeros() {
        var out = JSONBytes()
        for value in [0, 1.5, -0.0000001, 120.1234567, 36.1, -7, 1e-9, .nan] {
            out.fixed(value, 7)
            out.raw(" ")
        }
        #expect(
            String(decoding: out.bytes, as: UTF8.self) == "0 1.5 -0.0000001 120.1234567 36.1 -7 0 null ")
    }
}
