// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A parcel report as one HTML file without anything from outside: to read, to print, to file as PDF.
struct ParcelPage {
    let report: ParcelReport
    let record: AnalysisRecord
    let project: CityProject
    let coordinates: CityCoordinates
    let limit: Int
    let isChinese: Bool

    func html() -> String {
        var text = "<!doctype html>\n<html lang=\"\(isChinese ? "zh" : "en")\"><head><meta charset=\"utf-8\">"
        text += "<title>\(escaped(title))</title><style>\(Self.css)</style></head><body>"
        text += "<header><h1>\(escaped(title))</h1><p>\(escaped(subtitle))</p></header>"
        text += facts() + ParcelSketch(report).svg()
        for section in report.sections { text += self.section(section) }
        text += nearest()
        text += footer()
        return text + "</body></html>\n"
    }

    private static let css = """
        @page{size:A4;margin:16mm 14mm 18mm}*{box-sizing:border-box}
        body{font:13px/1.5 "Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif;\
        color:#1c1c1c;background:#fff;max-width:880px;margin:0 auto;padding:24px}
        h1{font-size:22px;margin:0}h2{font-size:15px;margin:20px 0 6px;border-bottom:1px solid #bbb;padding-bottom:3px;\
        break-after:avoid}
        header p,footer,.note{color:#555;margin:2px 0;font-size:12px}header{border-bottom:2px solid #1c1c1c;\
        padding-bottom:8px;margin-bottom:12px}
        table{border-collapse:collapse;width:100%;margin:6px 0}th,td{border:1px solid #ccc;padding:3px 7px;\
        text-align:left;vertical-align:top}th{background:#f2f2ef;font-weight:600}
        td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tr{break-inside:avoid}
        tr.sum td{font-weight:600;border-top:2px solid #888}.sketch{width:100%;border:1px solid #bbb;margin:10px 0;\
        break-inside:avoid}
        footer{border-top:1px solid #bbb;margin-top:24px;padding-top:8px;overflow-wrap:anywhere}
        @media print{body{padding:0;max-width:none}th{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """

    // MARK: Words

    private func say(_ zh: String, _ en: String) -> String { isChinese ? zh : en }
    private func say(_ text: LocalizedText) -> String { isChinese ? text.zh : text.en }
    private func escaped(_ text: String) -> String { HTMLText.escaped(text) }
    private func metres(_ value: Double) -> String { ISODate.fixed(value, decimals: 2) }

    private var title: String {
        guard case .feature(let layer, let row) = report.origin else {
            return say("地块信息报告：绘制范围", "Parcel report: drawn area")
        }
        let name =
            layer.view.value(row: row, column: layer.view.codeColumn).text ?? "\(layer.view.id(row: row))"
        return say("地块信息报告", "Parcel report") + ": \(say(layer.definition.title)) \(name)"
    }

    private var subtitle: String {
        "\(say(project.name)) · \(record.crs) · "
            + say("数据版本 \(record.version)", "data version \(record.version)")
    }

    // MARK: Parts

    private func row(_ cells: [String], numbers: Int = 0, tag: String = "td", isSum: Bool = false) -> String {
        let cells = cells.enumerated().map { index, text in
            let isNumber = index >= cells.count - numbers
            return "<\(tag)\(isNumber ? " class=\"n\"" : "")>\(escaped(text))</\(tag)>"
        }
        return "<tr\(isSum ? " class=\"sum\"" : "")>\(cells.joined())</tr>"
    }

    private func facts() -> String {
        var rows = [
            (say("面积（平面）", "Area (plane)"), "\(metres(report.area)) m²"),
            (say("面积（椭球）", "Area (ellipsoid)"), "\(metres(report.ellipsoidal)) m²"),
            (say("周长", "Perimeter"), "\(metres(report.perimeter)) m"),
            (
                say("中心（经度，纬度）", "Centre (longitude, latitude)"),
                "\(ISODate.fixed(report.center.longitude, decimals: 6)), \(ISODate.fixed(report.center.latitude, decimals: 6))"
            ),
        ]
        if case .feature(let layer, let row) = report.origin {
            for (column, field) in layer.definition.fields.enumerated() where !layer.masked.contains(field.name) {
                guard let text = layer.view.value(row: row, column: column).text else { continue }
                rows.append((say(field.title), text + (field.unit.map { " \($0)" } ?? "")))
            }
        }
        return "<table>" + rows.map { row([$0.0, $0.1]) }.joined() + "</table>"
    }

    private func section(_ section: ParcelReport.Section) -> String {
        let definition = section.layer.definition
        var text = "<h2>\(escaped(say(definition.title)))</h2>"
        switch definition.geometry {
        case .polygon: text += polygons(section)
        case .line:
            text += table(
                [say("类别", "Class"), say("数量", "Count"), say("长度 m", "Length m")],
                section.classes.map { [name($0), String($0.count), metres($0.amount)] }, numbers: 2,
                sum: [
                    say("合计", "Total"), String(section.count),
                    metres(section.classes.reduce(0) { $0 + $1.amount }),
                ])
        case .point:
            text += table(
                [say("类别", "Class"), say("数量", "Count")], section.classes.map { [name($0), String($0.count)] },
                numbers: 1, sum: [say("合计", "Total"), String(section.count)])
        }
        if let buildings = section.buildings { text += self.buildings(buildings) }
        for entry in section.people {
            text += "<p>\(escaped(fieldTitle(definition, entry.field))): \(ISODate.fixed(entry.sum, decimals: 0)) "
            text += "<span class=\"note\">\(say("（按面积占比折算）", "(by share of area)"))</span></p>"
        }
        return text + features(section)
    }

    private func name(_ entry: ParcelReport.ClassShare) -> String { entry.name.isEmpty ? "–" : entry.name }

    private func fieldTitle(_ definition: LayerDefinition, _ field: String) -> String {
        definition.fieldIndex(field).map { say(definition.fields[$0].title) } ?? field
    }

    private func table(_ head: [String], _ rows: [[String]], numbers: Int, sum: [String]?) -> String {
        "<table>" + row(head, numbers: numbers, tag: "th") + rows.map { row($0, numbers: numbers) }.joined()
            + (sum.map { row($0, numbers: numbers, isSum: true) } ?? "") + "</table>"
    }

    private func share(_ amount: Double) -> String {
        ISODate.fixed(report.area > 0 ? 100 * amount / report.area : 0, decimals: 2) + " %"
    }

    private func polygons(_ section: ParcelReport.Section) -> String {
        var rows = section.classes.map { [name($0), String($0.count), metres($0.amount), share($0.amount)] }
        let rest = report.area - section.covered
        if rest > 0.005 { rows.append([say("未覆盖", "Not covered"), "", metres(rest), share(rest)]) }
        if section.multiple > 0.005 {
            rows.append([
                say("重复覆盖", "Covered more than once"), "", metres(-section.multiple), share(-section.multiple),
            ])
        }
        return table(
            [
                section.classField.map { fieldTitle(section.layer.definition, $0) } ?? say("类别", "Class"),
                say("数量", "Count"), say("面积 m²", "Area m²"), say("占比", "Share"),
            ], rows, numbers: 3, sum: [say("地块合计", "Parcel"), "", metres(report.area), share(report.area)])
    }

    private func buildings(_ buildings: ParcelReport.Buildings) -> String {
        var rows = [
            [say("完整建筑 / 部分建筑", "Buildings whole / partial"), "\(buildings.whole) / \(buildings.partial)"],
            [say("基底面积", "Footprint"), "\(metres(buildings.footprint)) m²"],
            [say("建筑面积（基底×层数）", "Floor area (footprint × storeys)"), "\(metres(buildings.floorArea)) m²"],
            [
                say("容积率", "Floor area ratio"),
                ISODate.fixed(report.area > 0 ? buildings.floorArea / report.area : 0, decimals: 3),
            ],
            [say("建筑密度", "Building density"), share(buildings.footprint)],
        ]
        if let height = buildings.greatestHeight { rows.append([say("最高建筑", "Tallest"), "\(metres(height)) m"]) }
        if buildings.withoutFloors > 0 {
            rows.append([say("无层数（按一层计）", "Without storeys (taken as one)"), String(buildings.withoutFloors)])
        }
        return "<table>" + rows.map { row($0, numbers: 1) }.joined() + "</table>"
    }

    /// The greatest shares with their attributes: what the plans rule here.
    private func features(_ section: ParcelReport.Section) -> String {
        guard section.layer.definition.geometry == .polygon, section.buildings == nil else { return "" }
        let listed = section.features.prefix(min(limit, 10))
        guard !listed.isEmpty else { return "" }
        let fields = section.layer.definition.fields.enumerated().filter {
            !section.layer.masked.contains($0.element.name)
        }.prefix(6)
        let rows = listed.map { feature -> [String] in
            let view = section.layer.view
            let code = view.value(row: feature.row, column: view.codeColumn).text ?? "\(view.id(row: feature.row))"
            return [code] + fields.map { view.value(row: feature.row, column: $0.offset).text ?? "–" }
                + [metres(feature.amount), share(feature.amount)]
        }
        var text = table(
            [say("编号", "Code")]
                + fields.map { say($0.element.title) + ($0.element.unit.map { " \($0)" } ?? "") }
                + [say("面积 m²", "Area m²"), say("占比", "Share")], rows, numbers: 2, sum: nil)
        if section.count > listed.count {
            text += "<p class=\"note\">"
            text +=
                say("列出 \(section.count) 个中的 \(listed.count) 个", "\(listed.count) of \(section.count) listed") + "</p>"
        }
        return text
    }

    private func nearest() -> String {
        guard !report.nearest.isEmpty else { return "" }
        let rows = report.nearest.prefix(40).map { entry -> [String] in
            let definition = entry.layer.definition
            let label = definition.style.label ?? "name"
            let name = definition.fieldIndex(label).flatMap { column in
                entry.layer.masked.contains(label) ? nil : entry.layer.view.value(row: entry.row, column: column).text
            }
            let code = entry.layer.view.value(row: entry.row, column: entry.layer.view.codeColumn).text
            return [
                say(definition.title), name ?? code ?? "\(entry.layer.view.id(row: entry.row))",
                ISODate.fixed(entry.distance, decimals: 1),
            ]
        }
        return "<h2>\(say("最近设施（直线距离）", "Nearest facilities (straight line)"))</h2>"
            + table(
                [say("图层", "Layer"), say("名称", "Name"), say("距离 m", "Distance m")], rows, numbers: 1, sum: nil)
    }

    private func footer() -> String {
        var inputs = JSONBytes()
        record.inputs.append(to: &inputs)
        let text = say(
            "面积为 \(record.crs) 平面面积，坐标精度 1 mm；椭球面积按 WGS 84。",
            "Areas are on the plane of \(record.crs), coordinates of 1 mm; "
                + "ellipsoidal areas on WGS 84.")
        return "<footer><p>\(escaped(text))</p><p>\(say("来源", "Source")): \(escaped(say(project.name))), "
            + "\(say("数据版本", "data version")) \(record.version). "
            + "\(say("参数", "Parameters")): \(escaped(String(decoding: inputs.bytes.prefix(2000), as: UTF8.self)))"
            + "</p></footer>"
    }
}
