// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing
import Tiles

@testable import TileServer

/// `?filter=` and `?field=value` of tiles, against `POST /query` with the same filter.
@Suite struct QueryTileTests {
    /// Tiles of zoom 14 that hold the shops, and in degrees of level 13, zoom 14.
    private static let mercator = (13_653...13_655).map { "/tiles/shops/14/\($0)/6419.mvt" }
    private static let ogc = (13_653...13_655).map { "/collections/shops/tiles/WebMercatorQuad/14/6419/\($0)" }
    private static let bare = (13_653...13_655).map { "/tiles/shops/14/\($0)/6419" }
    private static let dataset = (13_653...13_655).map { "/tiles/WebMercatorQuad/14/6419/\($0)" }
    private static let degrees = (13_653...13_655).map { "/collections/shops/tiles/WorldCRS84Quad/13/2446/\($0)" }

    /// The ids of the features in some tiles.
    private func ids(
        _ paths: [String], _ query: String, _ client: any TestClientProtocol, _ headers: HTTPFields = [:]
    ) async throws -> Set<Int64> {
        var found: Set<Int64> = []
        for path in paths {
            let response = try await client.get(path + query, headers)
            #expect(response.status == .ok || response.status == .noContent, "\(path)\(query)")
            guard response.status == .ok else { continue }
            for layer in try MVTDecoder.decode(Array(response.body.readableBytesView)) {
                for feature in layer.features { found.insert(Int64(feature.id ?? 0)) }
            }
        }
        return found
    }

    private func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = byte.isASCIILetterOrDigit
            return isPlain ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
        }.joined()
    }

    @Test func filteredTilesHoldWhatTheQueryFinds() async throws {
        try await TestCity.run { client in
            let all = try await ids(Self.mercator, "", client)
            #expect(all.count == 25)
            for filter in [
                #"{"op":">=","args":[{"property":"floors"},1]}"#, #"{"op":"=","args":[{"property":"name"},"店7"]}"#,
                #"{"op":"like","args":[{"property":"name_en"},"Shop 1%"]}"#, "true", "false",
                #"{"op":"not","args":[{"op":"in","args":[{"property":"floors"},[0,2]]}]}"#,
                #"{"op":"=","args":[{"property":"code"},"s3"]}"#,
            ] {
                let answer = try await json(
                    client.ask(#"{"layers":["shops"],"output":"ids","filter":\#(filter)}"#))
                let layer = try #require((answer["layers"] as? [[String: Any]])?.first)
                let expected = Set((layer["features"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int64 })
                let query = "?filter=" + escaped(filter)
                for paths in [Self.mercator, Self.bare, Self.ogc, Self.dataset, Self.degrees] {
                    #expect(try await ids(paths, query, client) == expected, "\(filter) \(paths[0])")
                }
            }
            #expect(try await ids(Self.mercator, "?floors=1", client).count == 8)
            #expect(try await ids(Self.ogc, "?floors=1&f=mvt&code=s4", client).count == 1)
            #expect(try await ids(Self.dataset, "?floors=1&f=mvt", client).count == 8)
            #expect(try await ids(Self.degrees, "?name=\(escaped("店7"))", client).count == 1)
            #expect(try await ids(Self.mercator, "?name=null", client).isEmpty)
            // The same conditions share a cached tile; others do not, and the whole tile is still whole.
            let one = try await client.get(Self.mercator[0] + "?floors=1&code=s4").headers[.eTag]
            let other = try await client.get(Self.mercator[0] + "?code=s4&floors=1").headers[.eTag]
            #expect(one == other)
            #expect(try await ids(Self.mercator, "", client) == all)
        }
    }

    @Test func mistakesNameTheParameter() async throws {
        try await TestCity.run { client in
            for (query, parameter) in [
                ("filter=", "filter"), ("filter=5", "filter"), ("filter=floors%3E", "filter"),
                ("filter=true&filter=true", "filter"), ("floors=abc", "floors"), ("floor=1", "floor"),
                ("floors=1&floors=2", "floors"), ("zoom=1", "zoom"),
                ("filter=" + escaped(#"{"op":"=","args":[{"property":"floors"},"x"]}"#), "filter"),
                ("filter=" + escaped(#"{"op":"=","args":[{"property":"none"},1]}"#), "filter"),
                ("filter=" + String(repeating: "%5B", count: 10_000), "filter"),
                ("name=" + String(repeating: "a", count: 5000), "name"),
            ] {
                // Also where the tile is empty, and below the layer's zooms.
                for path in [Self.mercator[0], Self.ogc[0], Self.degrees[0], "/tiles/shops/3/0/0.mvt"] {
                    let response = try await client.get("\(path)?\(query)")
                    #expect(response.status == .badRequest, "\(path)?\(query.prefix(80))")
                    #expect(try json(response)["parameter"] as? String == parameter, "\(path)?\(query.prefix(80))")
                }
            }
        }
    }

    @Test func maskedFieldsAreNoConditions() async throws {
        try await TestCity.run { client in
            for query in ["NAME=1", "NAME=x", "filter=" + escaped(#"{"op":">","args":[{"property":"NAME"},3]}"#)] {
                for path in [Self.mercator[0], Self.ogc[0], Self.degrees[0]] {
                    // The holder of a token made the tile before; the cache must not hand it out.
                    if query != "NAME=x" {
                        let seen = try await client.get("\(path)?\(query.replacing("NAME", with: "ratio"))", .bearer)
                        #expect(seen.status.code < 300)
                    }
                    let masked = try await client.get("\(path)?\(query.replacing("NAME", with: "ratio"))")
                    let absent = try await client.get("\(path)?\(query.replacing("NAME", with: "zzzzz"))")
                    #expect(masked.status == .badRequest)
                    #expect(
                        String(buffer: masked.body).replacing("ratio", with: "zzzzz") == String(buffer: absent.body))
                }
            }
        }
    }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
