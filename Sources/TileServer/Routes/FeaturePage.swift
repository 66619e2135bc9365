// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// HTML pages of layers and features, for people: tables beside a map.
enum FeaturePage {
    /// The layers that the caller may read.
    static func collections(_ layers: [ReadableLayer], _ request: RouteRequest, _ server: CityServer) -> Reply {
        var body = "<ul class=\"list\">"
        for layer in layers {
            let title = layer.definition.title
            body +=
                "<li><a href=\"/collections/\(escaped(layer.id))?f=html\">\(escaped(title.zh)) · \(escaped(title.en))</a> "
            body += "<span class=\"quiet\">\(layer.view.count)</span></li>"
        }
        return page("图层 · Layers", trail: [], body + "</ul>", request, server)
    }

    static func collection(_ layer: ReadableLayer, _ request: RouteRequest, _ server: CityServer) -> Reply {
        let here = "/collections/\(escaped(layer.id))"
        var body = "<p>\(escaped(layer.definition.department)) · \(layer.view.count)</p><p class=\"links\">"
        body += "<a href=\"\(here)/items?f=html\">要素 · Features</a>"
        for format in FeatureFormat.allCases where format.ending != nil {
            body += " <a href=\"\(here)/items?f=\(format.rawValue)\">\(format.title)</a>"
        }
        body += " <a href=\"\(here)/items?f=shp&amp;encoding=GBK\">Shapefile (GBK)</a>"
        body += "</p><table><thead><tr><th>字段 · Field</th><th></th><th>类型 · Type</th></tr></thead><tbody>"
        for index in layer.visibleFields {
            let field = layer.definition.fields[index]
            body +=
                "<tr><td>\(escaped(field.name))</td><td>\(escaped(field.title.zh)) · \(escaped(field.title.en))</td>"
            body += "<td>\(field.type.rawValue)\(field.unit.map { " (\(escaped($0)))" } ?? "")</td></tr>"
        }
        body += "</tbody></table>"
        return page(title(layer), trail: [], body, request, server, data: "\(here)/items?limit=1000&f=json")
    }

    static func items(
        _ layer: ReadableLayer, _ asked: ItemsRequest, _ request: RouteRequest, _ server: CityServer
    ) throws -> Reply {
        var query = asked.query
        query.limit = min(query.limit, 1000)
        let answer = try layer.view.features(query, masked: layer.masked)
        let fields = layer.visibleFields.filter { asked.names?.contains(layer.definition.fields[$0].name) ?? true }
        let here = "/collections/\(escaped(layer.id))/items"
        var body = "<p>\(answer.matched) 个要素 · features</p><div class=\"scroll\"><table><thead><tr><th>id</th>"
        if layer.showsCode { body += "<th>code</th>" }
        for index in fields { body += "<th>\(escaped(layer.definition.fields[index].name))</th>" }
        body += "</tr></thead><tbody>"
        for feature in answer.features {
            body += "<tr><td><a href=\"\(here)/\(feature.id)?f=html\">\(feature.id)</a></td>"
            if layer.showsCode { body += "<td>\(escaped(feature.code ?? ""))</td>" }
            for index in fields { body += "<td>\(escaped(feature.value(index).text ?? ""))</td>" }
            body += "</tr>"
        }
        body += "</tbody></table></div>"
        if let next = answer.next {
            let link = request.query.text(without: ["offset"], with: ["cursor": next.token, "f": "html"])
            body += "<p class=\"links\"><a rel=\"next\" href=\"\(here)\(escaped(link))\">下一页 · Next page</a></p>"
        }
        let data = here + request.query.text(with: ["f": "json", "limit": String(query.limit)])
        return page(title(layer), trail: [layer], body, request, server, data: data)
    }

    static func item(_ layer: ReadableLayer, _ feature: Feature, _ request: RouteRequest, _ server: CityServer) -> Reply
    {
        var body = "<table><tbody><tr><th>id</th><td>\(feature.id)</td></tr>"
        if layer.showsCode, let code = feature.code { body += "<tr><th>code</th><td>\(escaped(code))</td></tr>" }
        for index in layer.visibleFields {
            let field = layer.definition.fields[index]
            body += "<tr><th>\(escaped(field.title.zh)) · \(escaped(field.title.en))</th>"
            body += "<td>\(escaped(feature.value(index).text ?? "—")) \(escaped(field.unit ?? ""))</td></tr>"
        }
        body += "</tbody></table>"
        let here = "/collections/\(escaped(layer.id))/items/\(feature.id)"
        return page("\(title(layer)) \(feature.id)", trail: [layer], body, request, server, data: here + "?f=json")
    }

    private static func title(_ layer: ReadableLayer) -> String {
        "\(layer.definition.title.zh) · \(layer.definition.title.en)"
    }

    /// - Parameter data: the GeoJSON that the map shows; nil for a page without one.
    private static func page(
        _ title: String, trail: [ReadableLayer], _ body: String, _ request: RouteRequest, _ server: CityServer,
        data: String? = nil
    ) -> Reply {
        let city = server.city.project.name
        var html = "<!doctype html><html lang=\"zh\"><head><meta charset=\"utf-8\">"
        html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        html += "<title>\(escaped(title)) · \(escaped(city.zh))</title>"
        html += "<link rel=\"icon\" href=\"/web/icon.svg\" type=\"image/svg+xml\">"
        html += "<link rel=\"stylesheet\" href=\"/vendor/maplibre-5.24.0/maplibre-gl.css\">"
        html += "<link rel=\"stylesheet\" href=\"/web/css/data.css\">"
        html += "<script src=\"/vendor/maplibre-5.24.0/maplibre-gl.js\" defer></script>"
        html += "<script type=\"module\" src=\"/web/js/data.js\"></script></head><body><nav>"
        html +=
            "<a href=\"/?f=html\">\(escaped(city.zh)) · \(escaped(city.en))</a> / <a href=\"/collections?f=html\">图层 · Layers</a>"
        for layer in trail {
            html += " / <a href=\"/collections/\(escaped(layer.id))?f=html\">\(escaped(self.title(layer)))</a>"
        }
        let json = request.query.text(with: ["f": "json"])
        html += "</nav><main><section><h1>\(escaped(title))</h1>\(body)"
        html += "<p class=\"links quiet\"><a href=\"\(escaped(json))\">JSON</a> <a href=\"/api\">API</a></p></section>"
        if let data { html += "<div id=\"map\" data-features=\"\(escaped(data))\"></div>" }
        html += "</main></body></html>"
        var reply = Reply(Array(html.utf8), type: "text/html; charset=utf-8")
        reply.headers[.vary] = "Accept, Accept-Encoding, Authorization"
        reply.cacheControl = "no-cache"
        return reply
    }

    /// Text inside elements and quoted attributes.
    private static func escaped(_ text: some StringProtocol) -> String {
        var out = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }
}
