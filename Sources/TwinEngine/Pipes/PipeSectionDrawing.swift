// SPDX-License-Identifier: Apache-2.0

/// Draws a section as a picture to print: ground, pipes in their colours and shapes, levels, covers and clearances.
struct PipeSectionDrawing {
    let answer: PipeSectionAnswer
    private let left = 70.0
    private let top = 40.0
    private let width = 1_000.0
    private let height = 420.0
    private let low: Double
    private let high: Double
    private let perStation: Double
    private let perMetre: Double

    init(_ answer: PipeSectionAnswer) {
        self.answer = answer
        var levels = answer.ground.map(\.height)
        for item in answer.crossings { levels += [item.top, item.invert] }
        for item in answer.stretches {
            levels += [item.from.axis + item.height / 2, item.to.axis + item.height / 2]
            levels += [item.from.axis - item.height / 2, item.to.axis - item.height / 2]
        }
        let (least, most) = (levels.min() ?? 0, levels.max() ?? 1)
        let margin = max(0.5, (most - least) * 0.08)
        (low, high) = (least - margin, most + margin)
        perStation = width / max(answer.length, 0.001)
        perMetre = height / max(high - low, 0.001)
    }

    private func x(_ station: Double) -> Double { left + station * perStation }
    private func y(_ level: Double) -> Double { top + (high - level) * perMetre }
    private func text(_ value: Double, _ decimals: Int = 1) -> String { fixed(value, decimals) }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "&": out += "&amp;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }

    func svg() -> String {
        let total = (left + width + 30, top + height + 150)
        var out =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(text(total.0, 0))\" height=\"\(text(total.1, 0))\" "
        out += "viewBox=\"0 0 \(text(total.0, 0)) \(text(total.1, 0))\" font-family=\"Noto Sans CJK SC, sans-serif\" "
        out += "font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        out += "<text x=\"\(text(left))\" y=\"22\" font-size=\"15\">管线断面 Section, \(text(answer.length, 2)) m; "
        out += "1:\(text(perMetre / perStation, 2)) 竖向放大 vertical exaggeration; \(Self.escaped(answer.datum))</text>\n"
        out += axes() + groundLine()
        for item in answer.stretches { out += stretch(item) }
        for (index, item) in answer.crossings.enumerated() { out += crossing(item, index) }
        for item in answer.clearances { out += clearance(item) }
        return out + "</svg>\n"
    }

    /// Round steps of which at most `most` fit into a span.
    private static func step(_ span: Double, most: Double) -> Double {
        var step = 0.1
        for factor in [2, 2.5, 2].cycled(24) where span / step > most { step *= factor }
        return step
    }

    private func axes() -> String {
        var out = ""
        let step = Self.step(high - low, most: 12)
        var level = (low / step).rounded(.up) * step
        while level <= high {
            out += "<line x1=\"\(text(left))\" x2=\"\(text(left + width))\" y1=\"\(text(y(level)))\" "
            out += "y2=\"\(text(y(level)))\" stroke=\"#e3e3e3\"/>"
            out +=
                "<text x=\"\(text(left - 6))\" y=\"\(text(y(level) + 4))\" text-anchor=\"end\">\(text(level, 1))</text>\n"
            level += step
        }
        let stations = Self.step(answer.length, most: 14)
        var station = 0.0
        while station <= answer.length {
            out += "<line x1=\"\(text(x(station)))\" x2=\"\(text(x(station)))\" y1=\"\(text(top + height))\" "
            out += "y2=\"\(text(top + height + 5))\" stroke=\"#888\"/><text x=\"\(text(x(station)))\" "
            out += "y=\"\(text(top + height + 17))\" text-anchor=\"middle\">\(text(station, 1))</text>\n"
            station += stations
        }
        return out
    }

    private func groundLine() -> String {
        guard answer.ground.count > 1 else { return "" }
        let points = answer.ground.map { "\(text(x($0.station))),\(text(y($0.height)))" }.joined(separator: " ")
        return "<polyline points=\"\(points)\" fill=\"none\" stroke=\"#7a5c3a\" stroke-width=\"2\"/>\n"
    }

    private func stretch(_ item: PipeSectionAnswer.Stretch) -> String {
        let (a, b, half) = (item.from, item.to, item.height / 2)
        let points = [
            (a.station, a.axis + half), (b.station, b.axis + half), (b.station, b.axis - half),
            (a.station, a.axis - half),
        ].map { "\(text(x($0.0))),\(text(y($0.1)))" }.joined(separator: " ")
        let color = Self.escaped(item.color ?? "#888888")
        return "<polygon points=\"\(points)\" fill=\"\(color)\" fill-opacity=\"0.45\" stroke=\"\(color)\"><title>"
            + "\(Self.escaped(item.layer))/\(item.id)</title></polygon>\n"
    }

    private func crossing(_ item: PipeSectionAnswer.Crossing, _ index: Int) -> String {
        let color = Self.escaped(item.color ?? "#888888")
        let (cx, cy) = (x(item.station), y(item.axis))
        let (rx, ry) = (max(2, item.halfSpan * perStation), max(2, item.height / 2 * perMetre))
        var out = ""
        if item.isRound {
            out += "<ellipse cx=\"\(text(cx))\" cy=\"\(text(cy))\" rx=\"\(text(rx))\" ry=\"\(text(ry))\" "
        } else {
            out +=
                "<rect x=\"\(text(cx - rx))\" y=\"\(text(cy - ry))\" width=\"\(text(2 * rx))\" height=\"\(text(2 * ry))\" "
        }
        let size =
            item.isRound
            ? "DN\(text(item.width * 1000, 0))" : "\(text(item.width * 1000, 0))×\(text(item.height * 1000, 0))"
        out +=
            "fill=\"#ffffff\" stroke=\"\(color)\" stroke-width=\"2\"><title>\(Self.escaped(item.layer))/\(item.id)</title>"
        out += item.isRound ? "</ellipse>" : "</rect>"
        // Labels in three rows below, so that neighbours do not cover one another.
        let row = top + height + 40 + Double(index % 4) * 26
        out +=
            "<line x1=\"\(text(cx))\" x2=\"\(text(cx))\" y1=\"\(text(cy + ry))\" y2=\"\(text(row - 11))\" stroke=\"\(color)\" "
        out +=
            "stroke-dasharray=\"2 3\"/><text x=\"\(text(cx))\" y=\"\(text(row))\" text-anchor=\"middle\" fill=\"\(color)\">"
        out += "\(Self.escaped(item.title?.zh ?? item.layer)) \(size)</text>"
        let cover = item.cover.map { " 覆土 \(text($0, 2))" } ?? ""
        return out + "<text x=\"\(text(cx))\" y=\"\(text(row + 12))\" text-anchor=\"middle\" font-size=\"10\">"
            + "\(text(item.axis, 2))\(cover)</text>\n"
    }

    private func clearance(_ item: PipeSectionAnswer.Clearance) -> String {
        let (one, two) = (answer.crossings[item.first], answer.crossings[item.second])
        let (x1, x2) = (x(one.station + one.halfSpan), x(two.station - two.halfSpan))
        guard x2 - x1 > 26 else { return "" }
        let level = top + 14 + Double(item.first % 2) * 14
        let isShort = item.required.map { item.horizontal < $0 } ?? false
        let color = isShort ? "#c92a2a" : "#555555"
        return
            "<line x1=\"\(text(x1))\" x2=\"\(text(x2))\" y1=\"\(text(level))\" y2=\"\(text(level))\" stroke=\"\(color)\"/>"
            + "<text x=\"\(text((x1 + x2) / 2))\" y=\"\(text(level - 3))\" text-anchor=\"middle\" font-size=\"10\" "
            + "fill=\"\(color)\">\(text(item.horizontal, 2))</text>\n"
    }
}

extension PipeSectionAnswer {
    /// A picture to print (SVG 1.1).
    public func svg() -> String { PipeSectionDrawing(self).svg() }
}

extension [Double] {
    /// The elements over and over, `count` of them.
    fileprivate func cycled(_ count: Int) -> [Double] { (0..<count).map { self[$0 % self.count] } }
}
