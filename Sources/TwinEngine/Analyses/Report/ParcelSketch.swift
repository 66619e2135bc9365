// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A plan of the parcel as SVG: what the report lists, in the layers' colours, with a scale bar and north.
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

    init(_ report: ParcelReport) {
        self.report = report
        let around = report.geometry.box
        let sizeX = max(1000, Double(around.maxX) - Double(around.minX))
        let sizeY = max(1000, Double(around.maxY) - Double(around.minY))
        let scale = min(Self.width / (sizeX * 1.3), Self.height / (sizeY * 1.3))
        let middleX = (Double(around.minX) + Double(around.maxX)) / 2
        let middleY = (Double(around.minY) + Double(around.maxY)) / 2
        self.scale = scale
        box = CoordinateBox(
            minX: middleX - Self.width / scale / 2, minY: middleY - Self.height / scale / 2,
            maxX: middleX + Self.width / scale / 2, maxY: middleY + Self.height / scale / 2)
    }

    func svg() -> String {
        var text =
            "<svg class=\"sketch\" viewBox=\"0 0 \(number(Self.width)) \(number(Self.height))\" role=\"img\">"
            + "<rect width=\"100%\" height=\"100%\" fill=\"#fbfaf7\"/>"
        let order: [GeometryKind] = [.polygon, .line, .point]
        for kind in order {
            for section in drawn(kind) { text += draw(section) }
        }
        text += "<path d=\"\(path(report.geometry))\" fill=\"none\" stroke=\"#c2185b\" stroke-width=\"3\" "
        text += "stroke-linejoin=\"round\"/>"
        return text + scaleBar() + north() + "</svg>"
    }

    /// Layers of a kind, large surfaces first so that buildings lie on land use.
    private func drawn(_ kind: GeometryKind) -> [ParcelReport.Section] {
        report.sections.filter { $0.layer.definition.geometry == kind }.sorted {
            let left = $0.covered / Double(max(1, $0.count))
            let right = $1.covered / Double(max(1, $1.count))
            return (right, $0.layer.id) < (left, $1.layer.id)
        }
    }

    private func draw(_ section: ParcelReport.Section) -> String {
        let style = section.layer.definition.style
        var text = ""
        for feature in section.features.prefix(Self.featureLimit) {
            let color = color(section, feature.row)
            let geometry = section.layer.view.geometry(row: feature.row)
            switch geometry.kind {
            case .polygon:
                let opacity = style.kind == .line ? 0 : min(style.opacity, section.buildings == nil ? 0.55 : 0.9)
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

    private func color(_ section: ParcelReport.Section, _ row: Int) -> String {
        let definition = section.layer.definition
        guard let category = definition.style.category, !section.layer.masked.contains(category.field),
            let column = definition.fieldIndex(category.field),
            let value = section.layer.view.value(row: row, column: column).text
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
