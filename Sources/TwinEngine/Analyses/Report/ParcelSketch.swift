// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A plan of the parcel and its surroundings as SVG, in the layers' colours, with a scale bar, north, and what its colours
/// mean. What lies outside is veiled.
struct ParcelSketch {
    let report: ParcelReport
    /// Features drawn per layer; a report of a district is no plot of it.
    private static let featureLimit = 2000
    /// Width in units of the picture.
    private static let width = 760.0
    private static let height = 420.0

    private let box: CoordinateBox
    /// Picture units per millimetre.
    private let scale: Double
    private let drawn: [Entry]

    init(_ report: ParcelReport) {
        self.report = report
        let around = report.geometry.box
        let sizeX = max(1000, Double(around.maxX) - Double(around.minX))
        let sizeY = max(1000, Double(around.maxY) - Double(around.minY))
        let scale = min(Self.width / (sizeX * 1.6), Self.height / (sizeY * 1.6))
        let middleX = (Double(around.minX) + Double(around.maxX)) / 2
        let middleY = (Double(around.minY) + Double(around.maxY)) / 2
        self.scale = scale
        box = CoordinateBox(
            minX: middleX - Self.width / scale / 2, minY: middleY - Self.height / scale / 2,
            maxX: middleX + Self.width / scale / 2, maxY: middleY + Self.height / scale / 2)
        drawn = Self.entries(report, box)
    }

    func svg() -> String {
        var text =
            "<svg class=\"sketch\" viewBox=\"0 0 \(number(Self.width)) \(number(Self.height))\" role=\"img\">"
            + "<rect width=\"100%\" height=\"100%\" fill=\"#fbfaf7\"/>"
        for entry in drawn { text += draw(entry) }
        text +=
            "<path d=\"M0 0H\(number(Self.width))V\(number(Self.height))H0Z\(path(report.geometry))\" fill=\"#fff\" "
        text += "fill-opacity=\"0.5\" fill-rule=\"evenodd\"/>"
        text += "<path d=\"\(path(report.geometry))\" fill=\"none\" stroke=\"#c2185b\" stroke-width=\"3\" "
        text += "stroke-linejoin=\"round\"/>"
        return text + scaleBar() + north() + "</svg>"
    }

    /// A layer with its features in the picture.
    struct Entry {
        var layer: AnalysisLayer
        var rows: [Int]
        /// Of a polygon. Square metres.
        var meanArea: Double
        var isBuildings: Bool
    }

    /// The layers in the order in which they are drawn: surfaces, the large ones first, then lines, then points. Layers that
    /// the map shows when it opens, and those that the parcel touches, without those of points that it does not.
    private static func entries(_ report: ParcelReport, _ box: CoordinateBox) -> [Entry] {
        let around = GridBox(
            minX: Int32(clamping: Int(box.minX)), minY: Int32(clamping: Int(box.minY)),
            maxX: Int32(clamping: Int(box.maxX)), maxY: Int32(clamping: Int(box.maxY)))
        let entries = report.layers.compactMap { layer -> Entry? in
            let section = report.sections.first { $0.layer.id == layer.id }
            let definition = layer.definition
            guard section != nil || definition.style.visible && definition.geometry != .point else { return nil }
            var rows: [Int] = []
            layer.view.searchRows(around) { row in
                rows.append(row)
                return rows.count < featureLimit
            }
            guard !rows.isEmpty else { return nil }
            let area = rows.reduce(0) { $0 + layer.view.withGeometry(row: $1) { $0.area } }
            return Entry(
                layer: layer, rows: rows, meanArea: area / Double(rows.count), isBuildings: section?.buildings != nil)
        }
        let order: [GeometryKind] = [.polygon, .line, .point]
        return order.flatMap { kind in
            entries.filter { $0.layer.definition.geometry == kind }.sorted {
                ($1.meanArea, $0.layer.id) < ($0.meanArea, $1.layer.id)
            }
        }
    }

    private func draw(_ entry: Entry) -> String {
        let style = entry.layer.definition.style
        var text = ""
        for row in entry.rows {
            let color = color(entry.layer, row)
            let geometry = entry.layer.view.geometry(row: row)
            switch geometry.kind {
            case .polygon:
                let opacity = style.kind == .line ? 0 : min(style.opacity, entry.isBuildings ? 0.9 : 0.55)
                text += "<path d=\"\(path(geometry))\" fill=\"\(color)\" fill-opacity=\"\(number(opacity))\" "
                text += "fill-rule=\"evenodd\" stroke=\"\(escaped(style.outline ?? color))\" stroke-width=\"0.8\"/>"
            case .line:
                text += "<path d=\"\(path(geometry))\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.6\"/>"
            case .point:
                for vertex in 0..<geometry.vertexCount {
                    let point = place(Double(geometry.xy[2 * vertex]), Double(geometry.xy[2 * vertex + 1]))
                    text += "<circle cx=\"\(number(point.x))\" cy=\"\(number(point.y))\" r=\"2.6\" fill=\"\(color)\"/>"
                }
            }
        }
        return text
    }

    /// What the colours mean: each class that was drawn of a layer with classes, else the layer.
    func legend(_ say: (LocalizedText) -> String) -> String {
        var text = ""
        for entry in drawn.reversed() {
            let definition = entry.layer.definition
            var known: Set<String> = []
            var items: [(color: String, name: String)] = []
            let field = definition.style.category?.field
            let column = field.flatMap { entry.layer.masked.contains($0) ? nil : definition.fieldIndex($0) }
            for row in entry.rows {
                let value = column.flatMap { entry.layer.view.value(row: row, column: $0).text }
                if known.insert(value ?? "").inserted { items.append((color(entry.layer, row), value ?? "")) }
            }
            let isOne = Set(items.map(\.color)).count < 2 || items.count > 8
            text += "<span class=\"layer\">"
            if isOne {
                text += "<i style=\"background:\(items.first?.color ?? "#888")\"></i>\(escaped(say(definition.title)))"
            } else {
                text += "\(escaped(say(definition.title))): "
                text += items.map { "<i style=\"background:\($0.color)\"></i>\(escaped($0.name)) " }.joined()
            }
            text += "</span> "
        }
        return "<p class=\"legend\">\(text)</p>"
    }

    private func color(_ layer: AnalysisLayer, _ row: Int) -> String {
        let definition = layer.definition
        guard let category = definition.style.category, !layer.masked.contains(category.field),
            let column = definition.fieldIndex(category.field),
            let value = layer.view.value(row: row, column: column).text
        else { return escaped(definition.style.color) }
        return escaped(category.values.first { $0.value == value }?.color ?? category.other)
    }

    private func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        ((x - box.minX) * scale, (box.maxY - y) * scale)
    }

    private func path(_ geometry: FlatGeometry) -> String {
        var text = ""
        var first = 0
        for end in geometry.ringEnds {
            let last = Int(end & ringEndMask)
            for vertex in first..<last {
                // Far beyond the picture nothing is seen, and short numbers are enough.
                let point = place(Double(geometry.xy[2 * vertex]), Double(geometry.xy[2 * vertex + 1]))
                text += (vertex == first ? "M" : "L") + number(point.x) + " " + number(point.y)
            }
            if geometry.kind == .polygon { text += "Z" }
            first = last
        }
        return text
    }

    /// A round length of about a fifth of the picture.
    private func scaleBar() -> String {
        let wanted = Self.width / 5 / scale / 1000
        var length = 1.0
        while length * 10 <= wanted { length *= 10 }
        for factor in [5.0, 2] where length * factor <= wanted {
            length *= factor
            break
        }
        let units = length * 1000 * scale
        let label = length >= 1000 ? "\(number(length / 1000)) km" : "\(number(length)) m"
        let y = Self.height - 18
        return "<g stroke=\"#333\" stroke-width=\"1.4\" fill=\"none\"><path d=\"M18 \(number(y - 5))V\(number(y))H"
            + "\(number(18 + units))V\(number(y - 5))\"/></g><text x=\"\(number(18 + units + 6))\" y=\"\(number(y))\" "
            + "font-size=\"12\" fill=\"#333\">\(label)</text>"
    }

    private func north() -> String {
        let x = Self.width - 26
        return
            "<g fill=\"#333\"><path d=\"M\(number(x)) 12L\(number(x + 7)) 34L\(number(x)) 29L\(number(x - 7)) 34Z\"/>"
            + "<text x=\"\(number(x))\" y=\"48\" font-size=\"12\" text-anchor=\"middle\">N</text></g>"
    }

    private func number(_ value: Double) -> String {
        var out = JSONBytes(capacity: 12)
        out.fixed(value, 1)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private func escaped(_ text: String) -> String { HTMLText.escaped(text) }
}

/// Text inside HTML and SVG.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
