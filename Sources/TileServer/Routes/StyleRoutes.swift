// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// `/style.json`: the map style that the page and other MapLibre clients load.
enum StyleRoutes {
    static let routes: [Route] = [
        Route(
            .get, "/style.json", "MapLibre style, version 8, of the layers that the caller may read",
            parameters: [
                .query(
                    "lang", "Language of the labels.", schema: #"{"type":"string","enum":["zh","en"],"default":"zh"}"#,
                    example: "\"zh\""),
                .query(
                    "theme", "Look of the map.",
                    schema: #"{"type":"string","enum":["light","dark"],"default":"light"}"#, example: "\"light\""),
            ], handler: style)
    ]

    @Sendable private static func style(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let language = request.query["lang"] ?? "zh"
        guard language == "zh" || language == "en" else {
            throw Problem.parameter("lang", "'\(language.prefix(20))' is not served; write lang=zh or lang=en")
        }
        guard let theme = StyleTheme(rawValue: request.query["theme"] ?? "light") else {
            throw Problem.parameter("theme", "write theme=light or theme=dark")
        }
        let style = MapStyle(
            layers: server.readableLayers(server.city.view(), request.principal), project: server.city.project,
            base: request.base, language: language, theme: theme)
        var reply = Reply(style.bytes(), type: "application/json")
        reply.cacheControl = "no-cache"
        return reply
    }
}
