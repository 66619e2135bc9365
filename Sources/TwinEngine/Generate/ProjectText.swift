// SPDX-License-Identifier: Apache-2.0

/// Builds the text of `city.yaml`: one line for each entry, so that a person can read and change it.
struct ProjectText {
    private(set) var sources: [String] = []
    private(set) var layers: [String] = []
    private(set) var scenarios: [String] = []
    private(set) var layerIDs: [String] = []
    private(set) var lowestZoom: [String: Int] = [:]

    /// - Parameter more: further keys in YAML flow style.
    mutating func source(_ id: String, _ path: String, _ more: String = "") {
        sources.append("  - {id: \(id), path: sources/\(path)\(more.isEmpty ? "" : ", " + more)}")
    }

    /// A pipe survey part: two tables joined by point number.
    mutating func survey(_ id: String, prefix: String, part: String, encoding: String) {
        sources.append(
            "  - {id: \(id), format: pipe-survey, points: sources/\(prefix)_points.csv, lines: "
                + "sources/\(prefix)_lines.csv, "
                + "encoding: \(encoding), crs: EPSG:4549, axis_order: northing-easting, survey: {number: 物探点号, "
                + "north: X, east: Y, "
                + "ground: 地面高程, from: 起点点号, to: 终点点号, from_depth: 起点埋深, to_depth: 终点埋深, diameter: 管径, part: \(part)}}")
    }

    struct Layer {
        var id: String
        var zh: String
        var en: String
        var theme: String
        var department: String
        var geometry: String
        var source: String
        var code: String?
        var classification = "public"
        var isBase = false
        var zoom = 10...22
        /// Entries `name<-from:type[:unit]|zh|en`.
        var fields: [String]
        var style: String
        /// The code system, in YAML flow style.
        var codes: String?
        /// A further code field, in YAML flow style.
        var checks: String?
    }

    mutating func layer(_ layer: Layer) {
        layerIDs.append(layer.id)
        lowestZoom[layer.id] = layer.zoom.lowerBound
        var text = "  - id: \(layer.id)\n    title: {zh: \(layer.zh), en: \"\(layer.en)\"}\n    theme: \(layer.theme)\n"
        text += "    department: \(layer.department)\n    classification: \(layer.classification)\n"
        text +=
            "    geometry: \(layer.geometry)\n    \(layer.source.hasPrefix("[") ? "sources" : "source"): "
            + "\(layer.source)\n"
        if let code = layer.code { text += "    code: \(code)\n" }
        text +=
            "    base: \(layer.isBase)\n    zoom: [\(layer.zoom.lowerBound), \(layer.zoom.upperBound)]\n    fields:\n"
        for field in layer.fields { text += "      - \(Self.field(field))\n" }
        if let codes = layer.codes { text += "    codes: {\(codes)}\n" }
        if let checks = layer.checks { text += "    checks: [{\(checks)}]\n" }
        text += "    style: {\(layer.style)}"
        layers.append(text)
    }

    private static func field(_ entry: String) -> String {
        let parts = entry.split(separator: "|").map(String.init)
        let head = parts[0].split(separator: ":").map(String.init)
        let name = head[0].split(separator: "<").map(String.init)
        var text = "{name: \(name[0])"
        if name.count > 1 { text += ", from: \(name[1])" }
        text += ", type: \(head[1])"
        if head.count > 2 { text += ", unit: \"\(head[2])\"" }
        return text + ", title: {zh: \(parts[1]), en: \"\(parts[2])\"}}"
    }

    mutating func scenario(_ text: String) { scenarios.append(text) }
}
