// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Land statistics as one HTML file without anything from outside: charts and the table, to read and to print.
struct LandStatisticsPage {
    let result: LandStatistics.Result
    let record: AnalysisRecord
    /// By class.
    let colors: [String: String]
    let isChinese: Bool

    private static let css = """
        @page{size:A4;margin:16mm 14mm}*{box-sizing:border-box}
        body{font:13px/1.5 "Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif;\
        color:#1c1c1c;background:#fff;max-width:880px;margin:0 auto;padding:24px}
        h1{font-size:22px;margin:0 0 4px;border-bottom:2px solid #1c1c1c;padding-bottom:8px}\
        h2{font-size:15px;margin:20px 0 6px;break-after:avoid}
        table{border-collapse:collapse;width:100%}th,td{border:1px solid #ccc;padding:3px 7px;text-align:left}\
        th{background:#f2f2ef}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}tr{break-inside:avoid}
        svg{width:100%;break-inside:avoid}footer,.note{color:#555;font-size:12px;overflow-wrap:anywhere}
        @media print{body{padding:0;max-width:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
    private static let palette = [
        "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f", "#bab0ac", "#d37295",
    ]

    private func say(_ zh: String, _ en: String) -> String { isChinese ? zh : en }
    private func escaped(_ text: String) -> String { HTMLText.escaped(text) }
    private func hectares(_ squareMetres: Double) -> String { fixed(squareMetres / 10_000, 2) }

    private func number(_ value: Double) -> String { fixed(value, 1) }

    /// Classes by their area in all periods, the largest first.
    private var classes: [String] {
        var sums: [String: Double] = [:]
        for (key, sum) in result.sums { sums[key.className, default: 0] += sum.area }
        return sums.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }

    func html() -> String {
        let title = say("用地统计", "Land statistics")
        let classes = classes
        var shades: [String: String] = [:]
        for (index, name) in classes.enumerated() {
            shades[name] = colors[name] ?? Self.palette[index % Self.palette.count]
        }
        var text = "<!doctype html>\n<html lang=\"\(isChinese ? "zh" : "en")\"><head><meta charset=\"utf-8\">"
        text += "<title>\(title)</title><style>\(Self.css)</style></head><body><h1>\(title)</h1>"
        text += "<p class=\"note\">\(escaped(record.crs)) · \(say("数据版本", "data version")) \(record.version) · "
        text += "\(say("面积为平面面积，单位公顷", "areas on the plane, in hectares"))</p>"
        text += "<h2>\(say("各类用地面积", "Areas by class"))</h2>" + classChart(classes, shades)
        if !result.districts.isEmpty {
            text += "<h2>\(say("各区用地构成", "Composition of districts"))</h2>" + districtChart(classes, shades)
        }
        return text + table(classes) + footer() + "</body></html>\n"
    }

    private func area(_ period: Int, _ name: String) -> Double {
        result.sums.reduce(0) { $0 + ($1.key.period == period && $1.key.className == name ? $1.value.area : 0) }
    }

    /// A bar for each class and period.
    private func classChart(_ classes: [String], _ shades: [String: String]) -> String {
        let areas = classes.map { name in result.periods.indices.map { area($0, name) } }
        let most = areas.joined().max() ?? 0
        guard most > 0 else { return "" }
        let bar = 16.0
        let gap = 8.0
        var y = 4.0
        var bars = ""
        for (name, values) in zip(classes, areas) {
            let middle = y + bar * Double(values.count) / 2 + 4
            bars +=
                "<text x=\"150\" y=\"\(number(middle))\" text-anchor=\"end\" font-size=\"11\">\(escaped(name))</text>"
            for (period, value) in values.enumerated() {
                let width = max(0, 470 * value / most)
                // Later periods are lighter.
                let opacity = 1 - 0.6 * Double(period) / Double(max(1, values.count))
                let label = values.count > 1 ? "\(hectares(value)) · \(result.periods[period])" : hectares(value)
                bars += "<rect x=\"158\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(bar - 3))\" "
                bars += "fill=\"\(escaped(shades[name] ?? "#888"))\" fill-opacity=\"\(number(opacity))\"/>"
                bars +=
                    "<text x=\"\(number(164 + width))\" y=\"\(number(y + 10))\" font-size=\"10\">\(escaped(label))</text>"
                y += bar
            }
            y += gap
        }
        return "<svg viewBox=\"0 0 760 \(number(y))\" role=\"img\">\(bars)</svg>"
    }

    /// A bar of shares for each district and period.
    private func districtChart(_ classes: [String], _ shades: [String: String]) -> String {
        var y = 4.0
        var bars = ""
        for period in result.periods.indices {
            for district in Array(result.districts.indices) + [-1] {
                let parts = classes.map { name in
                    result.sums[LandStatistics.Key(period: period, district: district, className: name)]?.area ?? 0
                }
                let whole = parts.reduce(0) { $0 + max(0, $1) }
                guard whole > PolygonOverlay.leastArea else { continue }
                var name = district < 0 ? say("区外", "outside") : result.districts[district]
                if result.periods.count > 1 { name += " · \(result.periods[period])" }
                bars +=
                    "<text x=\"150\" y=\"\(number(y + 12))\" text-anchor=\"end\" font-size=\"11\">\(escaped(name))</text>"
                var x = 158.0
                for (className, part) in zip(classes, parts) where part > 0 {
                    let width = 520 * part / whole
                    bars += "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"15\" "
                    bars += "fill=\"\(escaped(shades[className] ?? "#888"))\"><title>\(escaped(className)) "
                    bars += "\(hectares(part)) ha</title></rect>"
                    x += width
                }
                bars += "<text x=\"684\" y=\"\(number(y + 12))\" font-size=\"10\">\(hectares(whole))</text>"
                y += 21
            }
        }
        return "<svg viewBox=\"0 0 760 \(number(y))\" role=\"img\">\(bars)</svg>"
    }

    private func table(_ classes: [String]) -> String {
        var text = "<h2>\(say("面积表（公顷）", "Areas (hectares)"))</h2><table><tr><th>\(say("类别", "Class"))</th>"
        text += result.periods.map { "<th class=\"n\">\(escaped($0))</th>" }.joined() + "</tr>"
        for name in classes {
            text += "<tr><td>\(escaped(name))</td>"
            text += result.periods.indices.map { "<td class=\"n\">\(hectares(area($0, name)))</td>" }.joined() + "</tr>"
        }
        text += "<tr><th>\(say("合计", "Total"))</th>"
        return text + result.wholes.map { "<th class=\"n\">\(hectares($0))</th>" }.joined() + "</tr></table>"
    }

    private func footer() -> String {
        var inputs = JSONBytes()
        record.inputs.append(to: &inputs)
        return "<footer><p>\(say("参数", "Parameters")): "
            + "\(escaped(String(decoding: inputs.bytes.prefix(2000), as: UTF8.self)))</p></footer>"
    }
}
