// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

@testable import TileServer

/// `POST /query` over the routes: answers, errors that name the member, access, pages, and hostile bodies.
@Suite struct QueryRouteTests {
    private static let centre = #"{"at":[120.0,36.25],"radius":500}"#

    private func layer(_ response: TestResponse) throws -> [String: Any] {
        #expect(response.status == .ok, "\(String(buffer: response.body).prefix(300))")
        return try #require((try json(response)["layers"] as? [[String: Any]])?.first)
    }

    @Test func everyOutputAnswers() async throws {
        try await TestCity.run { client in
            let listed = try await layer(client.ask(#"{"layers":["shops"],"region":\#(Self.centre),"limit":3}"#))
            // 0.001 degrees are 90 m here: five shops after the first.
            #expect(listed["count"] as? Int == 6 && listed["returned"] as? Int == 3)
            let features = try #require(listed["features"] as? [[String: Any]])
            #expect(
                features.compactMap { ($0["properties"] as? [String: Any])?["name_en"] as? String } == [
                    "Shop 0", "Shop 1", "Shop 2",
                ])
            #expect(((features[0]["geometry"] as? [String: Any])?["coordinates"] as? [Double])?.first == 120)
            let ids = try await layer(
                client.ask(#"{"layers":["shops"],"region":\#(Self.centre),"output":"ids","order":"id"}"#))
            let hits = try #require(ids["features"] as? [[String: Any]])
            #expect(hits.count == 6 && hits.allSatisfy { Set($0.keys) == ["id", "distance"] })
            let counts = try await layer(client.ask(#"{"layers":["shops"],"output":"counts","where":["floors>=1"]}"#))
            #expect(counts["count"] as? Int == 16)
            let sums = try await layer(
                client.ask(#"{"layers":["shops"],"output":"sums","by":"floors","sum":"floors","explain":true}"#))
            let classes = try #require(sums["classes"] as? [[String: Any]])
            #expect(classes.compactMap { $0["value"] as? Int } == [0, 1, 2])
            #expect(classes.compactMap { $0["count"] as? Int } == [9, 8, 8])
            #expect(classes.compactMap { $0["sum"] as? Double } == [0, 8, 16])
            #expect((sums["plan"] as? [String: Any])?["access"] as? String != nil)
        }
    }

    @Test func regionsAgreeWithTheOtherRoutes() async throws {
        try await TestCity.run { client in
            for (region, count) in [
                (#"{"bbox":[120.0005,36.24,120.0035,36.26]}"#, 3), (#"{"at":[120,36.25],"nearest":4}"#, 4),
                (#"{"polygon":[[[120.0005,36.24],[120.0045,36.24],[120.0045,36.26],[120.0005,36.26]]]}"#, 4),
                (#"{"line":[[120.0005,36.25],[120.0045,36.25]],"radius":1}"#, 4), (#"{"bbox":[-180,-90,180,90]}"#, 25),
            ] {
                let found = try await json(client.ask(#"{"layers":["shops"],"region":\#(region)}"#))
                #expect(found["total"] as? Int == count, "\(region)")
            }
            for metres in [0, 89, 91, 500, 5000] {
                let posted = try await json(
                    client.ask(#"{"layers":["shops","sensors"],"region":{"at":[120,36.25],"radius":\#(metres)}}"#))
                let got = try await json(
                    client.get("/query/radius?at=120,36.25&radius=\(metres)&layers=shops,sensors"))
                #expect(posted["total"] as? Int == got["total"] as? Int, "\(metres)")
            }
        }
    }

    @Test func mistakesNameTheMemberWithAnExample() async throws {
        try await TestCity.run { client in
            for (body, parameter) in [
                ("", "body"), ("[]", "body"), ("{", "body"), ("\u{feff}{}", "body"),
                (#"{"limit":1,"limit":2}"#, "body"),
                ("{} {}", "body"), (#"{"layer":["shops"]}"#, "layer"), (#"{"layers":["shop"]}"#, "layers"),
                (#"{"layers":[]}"#, "layers"), (#"{"layers":["shops"],"region":5}"#, "region"),
                (#"{"layers":["shops"],"region":{"at":[1000,0],"radius":5}}"#, "at"),
                (#"{"layers":["shops"],"region":{"at":[0,0],"radius":5}}"#, "at"),
                (#"{"layers":["shops"],"region":{"at":[120,36.25],"radius":-1}}"#, "radius"),
                (#"{"layers":["shops"],"region":{"at":[120,36.25],"radius":1e9}}"#, "radius"),
                (#"{"layers":["shops"],"region":{"at":[120,36.25],"nearest":0}}"#, "nearest"),
                (#"{"layers":["shops"],"region":{"bbox":[121,36,120,37]}}"#, "bbox"),
                (#"{"layers":["shops"],"region":{"polygon":[[[120,36],[120.1,36]]]}}"#, "polygon"),
                (
                    #"{"layers":["shops"],"region":{"polygon":[[[120,36.2],[120.1,36.3],[120.1,36.2],[120,36.3]]]}}"#,
                    "polygon"
                ),
                (#"{"layers":["shops"],"region":{"polygon":[]}}"#, "polygon"),
                (#"{"layers":["shops"],"region":{"line":[[120,36.2]],"radius":5}}"#, "line"),
                (#"{"layers":["shops"],"filter":{"op":">","args":[{"property":"floor"},1]}}"#, "filter"),
                (#"{"layers":["shops"],"filter":{"op":">","args":[{"property":"floors"},"x"]}}"#, "filter"),
                (#"{"layers":["shops"],"filter":{"op":"t_after","args":[]}}"#, "filter"),
                (#"{"layers":["shops"],"where":["floors"]}"#, "where"),
                (#"{"layers":["shops"],"where":["floor>1"]}"#, "where"),
                (#"{"layers":["shops"],"output":"sums","by":"nothing"}"#, "by"),
                (#"{"layers":["shops"],"output":"sums","sum":"name"}"#, "sum"),
                (#"{"layers":["shops"],"output":"sum"}"#, "output"),
                (#"{"layers":["shops"],"order":"distance"}"#, "order"),
                (#"{"layers":["shops"],"limit":10001}"#, "limit"), (#"{"layers":["shops"],"limit":-1}"#, "limit"),
                (#"{"layers":["shops"],"cursor":"x"}"#, "cursor"), (#"{"layers":["shops"],"explain":0}"#, "explain"),
            ] {
                let response = try await client.ask(body)
                #expect(response.status == .badRequest, "\(body)")
                #expect(response.headers[.contentType] == "application/problem+json")
                let problem = try json(response)
                #expect(problem["parameter"] as? String == parameter, "\(body): \(problem)")
                #expect((problem["detail"] as? String)?.isEmpty == false)
            }
            #expect(try await client.get("/query").status == .methodNotAllowed)
            #expect(try await client.ask("{}", [.contentEncoding: "gzip"]).status == .unsupportedMediaType)
            #expect(try await client.ask("{}", [.authorization: "Bearer no"]).status == .unauthorized)
        }
    }

    /// Nothing about a masked field can be found out: not its values, its type, or that it is there.
    @Test func maskedFieldsTellNothing() async throws {
        try await TestCity.run { client in
            let bodies = [
                #"{"layers":["shops"],"filter":{"op":">","args":[{"property":"NAME"},3]}}"#,
                #"{"layers":["shops"],"filter":{"op":"isNull","args":[{"property":"NAME"}]}}"#,
                #"{"layers":["shops"],"filter":{"op":"or","args":[true,{"op":">","args":[{"property":"NAME"},3]}]}}"#,
                #"{"layers":["shops"],"filter":{"op":"=","args":[{"property":"floors"},{"property":"NAME"}]}}"#,
                #"{"layers":["shops"],"filter":{"op":"like","args":[{"property":"NAME"},"a%"]}}"#,
                #"{"layers":["shops"],"filter":{"op":"in","args":[{"property":"NAME"},[]]}}"#,
                #"{"layers":["shops"],"where":["NAME>3"]}"#, #"{"layers":["shops"],"where":["NAME>abc"]}"#,
                #"{"layers":["shops"],"where":["NAME=null"]}"#, #"{"layers":["shops"],"where":["NAME~a%"]}"#,
                #"{"layers":["shops"],"output":"sums","by":"NAME"}"#,
                #"{"layers":["shops"],"output":"sums","by":"floors","sum":"NAME"}"#,
            ]
            for body in bodies {
                // `ratio` is masked; there is no `zzzzz`. The answers differ in the name alone.
                let masked = try await client.ask(body.replacing("NAME", with: "ratio"))
                let absent = try await client.ask(body.replacing("NAME", with: "zzzzz"))
                #expect(masked.status == .badRequest, "\(body)")
                #expect(
                    String(buffer: masked.body).replacing("ratio", with: "zzzzz") == String(buffer: absent.body),
                    "\(body)")
            }
            for body in bodies
            where !body.contains("like") && !body.contains("abc") && !body.contains("~")
                && !body.contains("\"by\":\"NAME\"")
            {
                let seen = try await client.ask(body.replacing("NAME", with: "ratio"), .bearer)
                #expect(seen.status == .ok, "\(body): \(String(buffer: seen.body))")
            }
            let whole = try await client.ask(#"{"layers":["shops"]}"#)
            #expect(!String(buffer: whole.body).contains("ratio"))
            #expect(String(buffer: try await client.ask(#"{"layers":["shops"]}"#, .bearer).body).contains("ratio"))
        }
    }

    @Test func restrictedLayersStayClosed() async throws {
        try await TestCity.run { client in
            #expect(try await client.ask(#"{"layers":["valves"]}"#).status == .forbidden)
            #expect(try await client.ask(#"{"layers":["shops","valves"],"output":"counts"}"#).status == .forbidden)
            let all = try await json(client.ask(#"{"output":"counts"}"#))
            #expect((all["layers"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == ["shops", "sensors"])
            #expect(all["total"] as? Int == 27)
            let holder = try await json(client.ask(#"{"output":"counts"}"#, .bearer))
            #expect(holder["total"] as? Int == 28)
            let unknown = try await client.ask(#"{"layers":["valve"]}"#)
            #expect(!String(buffer: unknown.body).contains("valves"))
            // A page that began with a token does not go on without it.
            let page = try await json(client.ask(#"{"layers":["shops","valves"],"limit":1}"#, .bearer))
            let cursor = try #require(page["cursor"] as? String)
            let next = #"{"layers":["shops","valves"],"limit":1,"cursor":"\#(cursor)"}"#
            #expect(try await client.ask(next).status == .forbidden)
            #expect(try await client.ask(next, .bearer).status == .ok)
        }
    }

    @Test(arguments: [#""order":"id""#, #""region":{"at":[120.01,36.25],"radius":99999}"#])
    func pagesAddUp(question: String) async throws {
        try await TestCity.run { client in
            var cursor = ""
            var ids: [String: [Int]] = [:]
            for _ in 0..<20 {
                let page = try await json(
                    client.ask(#"{"layers":["shops","sensors"],\#(question),"output":"ids","limit":4\#(cursor)}"#))
                #expect(page["total"] as? Int == 27)
                for layer in page["layers"] as? [[String: Any]] ?? [] {
                    let hits = layer["features"] as? [[String: Any]] ?? []
                    #expect(hits.count <= 4 && hits.count == layer["returned"] as? Int)
                    ids[layer["id"] as? String ?? "", default: []] += hits.compactMap { $0["id"] as? Int }
                }
                guard let next = page["cursor"] as? String else { break }
                cursor = #","cursor":"\#(next)""#
            }
            #expect(ids["shops"]?.count == 25 && Set(ids["shops"] ?? []).count == 25)
            #expect(ids["sensors"]?.count == 2 && Set(ids["sensors"] ?? []).count == 2)
        }
    }

    // MARK: Hostile bodies

    @Test func largeAndDeepBodiesAreRefusedEarly() async throws {
        try await TestCity.run { client in
            let deep = String(repeating: "[", count: 10_000)
            for body in [
                deep, deep + String(repeating: "]", count: 10_000), String(repeating: #"{"filter":"#, count: 10_000),
                #"{"filter":\#(String(repeating: #"{"op":"not","args":["#, count: 10_000))true"#,
                #"{"layers":["shops"],"region":{"polygon":\#(deep)"#,
                #"{"layers":["shops"],"filter":{"op":"and","args":[\#(String(repeating: "true,", count: 20_000))true]}}"#,
                // A million positions in less than the limit of a body.
                #"{"region":{"polygon":[[\#(String(repeating: "[1,2],", count: 1_000_000))[1,2]]]}}"#,
                #"{"region":{"polygon":[[\#(String(repeating: "[120.1,36],", count: 100_001))[1,2]]]}}"#,
                #"{"region":{"line":[\#(String(repeating: "[120,36],", count: 100_001))[1,2]],"radius":5}}"#,
                String(repeating: " ", count: 1_000_000), String(repeating: "\"", count: 100_000),
                #"{"where":[\#((0..<1001).map { "\"floors>\($0)\"" }.joined(separator: ","))]}"#,
            ] {
                let response = try await client.ask(body)
                #expect(response.status == .badRequest, "\(body.prefix(60)): \(response.status)")
            }
            let huge = #"{"region":{"polygon":[[\#(String(repeating: "[120.1,36.2],", count: 1_000_000))[1,2]]]}}"#
            #expect(try await client.ask(huge).status == .contentTooLarge)
        }
    }

    @Test func largePolygonsAnswer() async throws {
        try await TestCity.run { client in
            // A star of 90,000 corners around the first 13 shops, and one whose corners are in no order.
            let ring = (0..<90_000).map { step in
                let angle = Double(step) / 90_000 * 2 * .pi
                let reach = step % 2 == 0 ? 0.0125 : 0.01249
                return "[\(120 + reach * cos(angle)),\(36.25 + reach * sin(angle))]"
            }
            let star =
                #"{"layers":["shops"],"output":"counts","region":{"polygon":[[\#(ring.joined(separator: ","))]]}}"#
            #expect(try await json(client.ask(star))["total"] as? Int == 13)
            var random = SeededGenerator.printed()
            let knot = ring.shuffled(using: &random).joined(separator: ",")
            let response = try await client.ask(#"{"layers":["shops"],"region":{"polygon":[[\#(knot)]]}}"#)
            #expect(response.status == .badRequest)
            #expect(try json(response)["parameter"] as? String == "polygon")
        }
    }

    @Test func brokenBodiesAreRefused() async throws {
        try await TestCity.run { client in
            var random = SeededGenerator.printed()
            let good = Array(
                #"""
                {"layers":["shops"],"region":{"at":[120.0,36.25],"radius":500},"filter":{"op":"and","args":[{"op":">=",
                "args":[{"property":"floors"},1]},{"op":"like","args":[{"property":"name"},"店%"]}]},"where":["floors<9"],
                "output":"ids","order":"distance","limit":5,"explain":true}
                """#.utf8)
            #expect(try await client.ask(String(decoding: good, as: UTF8.self)).status == .ok)
            let alphabet = Array(#"{}[]",:\0123456789.-+eEtfnu %_店"#.utf8) + [0, 0xC0, 0xFF]
            for _ in 0..<600 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    let byte = alphabet.randomElement(using: &random) ?? 0
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[place] = byte
                    case 1: bytes.insert(byte, at: place)
                    case 2: bytes.remove(at: place)
                    default: bytes.removeSubrange(place..<min(bytes.count, place + 40))
                    }
                    if bytes.isEmpty { bytes = [0x20] }
                }
                let response = try await client.execute(
                    uri: "/query", method: .post, body: ByteBuffer(bytes: bytes))
                #expect([200, 400, 404].contains(response.status.code), "\(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    @Test func theDescriptionNamesTheQuestion() async throws {
        try await TestCity.run { client in
            let paths = try #require(try await json(client.get("/api"))["paths"] as? [String: [String: [String: Any]]])
            let operation = try #require(paths["/query"]?["post"])
            let content = try #require((operation["requestBody"] as? [String: Any])?["content"] as? [String: Any])
            #expect(Array(content.keys) == ["application/json"])
            #expect(paths["/query"]?["get"] == nil)
        }
    }
}

extension TestClientProtocol {
    /// Posts a question.
    func ask(_ body: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        var headers = headers
        headers[.contentType] = "application/json"
        return try await execute(uri: "/query", method: .post, headers: headers, body: ByteBuffer(string: body))
    }
}
