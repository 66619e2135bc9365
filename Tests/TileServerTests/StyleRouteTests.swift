// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing
@testable import TileServer
import TwinEngine

@Suite struct StyleRouteTests {
    private static func legend(_ response: TestResponse) throws -> [String: Any] {
        try #require((try json(response)["metadata"] as? [String: Any])?["twin:legend"] as? [String: Any])
    }

    private static func layers(_ response: TestResponse) throws -> [[String: Any]] {
        try #require(try json(response)["layers"] as? [[String: Any]])
    }

    /// 25 shops: `floors` 0, 1, 2 in turn, `ratio` 0, 0.25 … 6, a name of its own each.
    @Test func wholeNumbersAreCategoriesWithCounts() async throws {
        try await TestCity.run { client in
            for query in ["theme=thematic:shops.floors", "theme=dark&thematic=shops.floors"] {
                let response = try await client.get("/style.json?\(query)")
                let legend = try Self.legend(response)
                let entries = try #require(legend["entries"] as? [[String: Any]])
                #expect(legend["type"] as? String == "categories")
                #expect(entries.compactMap { $0["value"] as? String } == ["0", "1", "2"])
                #expect(entries.compactMap { $0["count"] as? Int } == [9, 8, 8])
                let shops = try #require(try Self.layers(response).first { $0["id"] as? String == "shops" })
                let color = (shops["paint"] as? [String: Any])?["circle-color"] as? [Any]
                #expect(color?.first as? String == "case")
                #expect((color?.last as? [Any])?.first as? String == "match")
            }
        }
    }

    @Test(arguments: ["quantile", "equal", "jenks"])
    func numbersAreClassesWithCounts(method: String) async throws {
        try await TestCity.run { client in
            let legend = try await Self.legend(
                client.get("/style.json?thematic=shops.ratio&classes=4&method=\(method)", .bearer))
            let entries = try #require(legend["entries"] as? [[String: Any]])
            #expect(legend["method"] as? String == method)
            #expect(entries.count == 4)
            #expect(entries.compactMap { $0["count"] as? Int }.reduce(0, +) == 25)
            #expect(entries.first?["from"] as? Double == 0 && entries.last?["to"] as? Double == 6)
            for (lower, upper) in zip(entries, entries.dropFirst()) {
                #expect(lower["to"] as? Double == upper["from"] as? Double)
            }
        }
    }

    @Test func textsBeyondTheLimitAreOther() async throws {
        try await TestCity.run { client in
            let legend = try await Self.legend(client.get("/style.json?thematic=shops.name&classes=3"))
            #expect((legend["entries"] as? [Any])?.count == 3)
            let other = try #require(legend["other"] as? [String: Any])
            #expect(other["values"] as? Int == 22 && other["count"] as? Int == 22)
            #expect((legend["missing"] as? [String: Any])?["count"] as? Int == 0)
        }
    }

    @Test(arguments: [
        "thematic=shops", "thematic=shops.nope", "thematic=shops.ratio", "thematic=shops.name&method=jenks",
        "thematic=shops.floors&classes=1", "thematic=shops.floors&method=magic", "classes=3",
        "theme=thematic:shops.floors&thematic=shops.floors", "theme=thematic:",
    ])
    func whatCannotBeShownIsRefused(query: String) async throws {
        try await TestCity.run { client in
            // `ratio` is masked for callers without a token: to them there is no such field.
            let response = try await client.get("/style.json?\(query)")
            #expect(response.status == .badRequest)
            #expect(!String(buffer: response.body).contains("internal error"))
        }
    }

    @Test func layersThatMayNotBeReadAreNotCounted() async throws {
        try await TestCity.run { client in
            let refused = try await client.get("/style.json?thematic=valves.owner")
            let allowed = try await client.get("/style.json?thematic=valves.owner", .bearer)
            let unknown = try await client.get("/style.json?thematic=nothing.owner")
            #expect(refused.status == .forbidden && allowed.status == .ok && unknown.status == .notFound)
        }
    }

    @Test(arguments: ["light", "light@2x", "dark", "dark@2x"])
    func spritesHoldTheSymbolsThatTheStyleNames(sheet: String) async throws {
        try await TestCity.run { client in
            let index = try await json(client.get("/sprites/\(sheet).json"))
            let image = Array(try await client.get("/sprites/\(sheet).png").body.readableBytesView)
            #expect(Array(image[1...3]) == Array("PNG".utf8))
            let (width, height) = (image[16..<20], image[20..<24])
            func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
            for (name, value) in index {
                let place = try #require(value as? [String: Any], "\(name)")
                let x = try #require(place["x"] as? Int), y = try #require(place["y"] as? Int)
                let side = try #require(place["width"] as? Int)
                #expect(side == 24 * (sheet.hasSuffix("2x") ? 2 : 1) && place["height"] as? Int == side)
                #expect(x + side <= number(width) && y + side <= number(height))
            }
            let theme = sheet.hasPrefix("dark") ? "dark" : "light"
            let response = try await client.get("/style.json?theme=\(theme)", .bearer)
            #expect(try json(response)["sprite"] as? String == "http://localhost/sprites/\(theme)")
            let icons = try Self.layers(response).compactMap {
                ($0["layout"] as? [String: Any])?["icon-image"] as? String
            }
            #expect(Set(icons) == ["market", "valve", "sensor"])
            for icon in icons { #expect(index[icon] != nil) }
            #expect(try await client.get("/sprites/pink.json").status == .notFound)
        }
    }

    @Test func everySymbolIsDrawnInsideItsBox() throws {
        #expect(Set(MapSymbol.all.map(\.name)).count == MapSymbol.all.count)
        for symbol in MapSymbol.all {
            for shape in symbol.shapes {
                switch shape {
                case .line(let points), .loop(let points):
                    #expect(points.count >= 4 && points.count.isMultiple(of: 2), "\(symbol.name)")
                    #expect(points.allSatisfy { (2...22).contains($0) }, "\(symbol.name)")
                case .ring(let x, let y, let radius), .disc(let x, let y, let radius),
                    .arc(let x, let y, let radius, _, _):
                    #expect(x - radius >= 2 && x + radius <= 22, "\(symbol.name)")
                    #expect(y - radius >= 2 && y + radius <= 22, "\(symbol.name)")
                }
            }
        }
    }
}
