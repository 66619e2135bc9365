// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A parcel report as one HTML file without anything from outside: to read, to print, to file as PDF.
struct ParcelPage {
    let report: ParcelReport
    let record: AnalysisRecord
    let project: CityProject
    /// When the version of the data was written.
    let dataTime: String?
    let limit: Int
    let isChinese: Bool

    func html() -> String {
        var text = "<!doctype html>\n<html lang=\"\(isChinese ? "zh" : "en")\"><head><meta charset=\"utf-8\">"
        text += "<title>\(escaped(title))</title><style>\(Self.css)</style></head><body>"
        text += "<header><h1>\(escaped(title))</h1><p>\(escaped(subject))</p></header>" + filing()
        let sketch = ParcelSketch(report)
        text += "<h2>\(say("地块位置图", "Plan"))</h2>" + sketch.svg() + sketch.legend(say)
        text += "<h2>\(say("地块基本情况", "The parcel"))</h2>" + facts()
        for section in sections { text += self.section(section) }
        text += nearest()
        text += live()
        text += signatures() + footer()
        return text + "</body></html>\n"
    }

    private static let css = """
        @page{size:A4;margin:16mm 14mm 18mm;@bottom-right{content:counter(page) " / " counter(pages);font-size:9px;color:#555}}\
        *{box-sizing:border-box}
        body{font:13px/1.5 "Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif;\
        color:#1c1c1c;background:#fff;max-width:880px;margin:0 auto;padding:24px}
        h1{font-size:22px;margin:0}h2{font-size:15px;margin:20px 0 6px;border-bottom:1px solid #bbb;padding-bottom:3px;\
        break-after:avoid}
        header p,footer,.note{color:#555;margin:2px 0;font-size:12px}header{border-bottom:2px solid #1c1c1c;\
        padding-bottom:8px;margin-bottom:12px}
        table{border-collapse:collapse;width:100%;margin:6px 0}th,td{border:1px solid #ccc;padding:3px 7px;\
        text-align:left;vertical-align:top}th{background:#f2f2ef;font-weight:600}
        td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tr{break-inside:avoid}
        tr.sum td{font-weight:600;border-top:2px solid #888}.sketch{width:100%;border:1px solid #bbb;margin:6px 0 2px;\
        break-inside:avoid}.legend{margin:2px 0 8px;font-size:11px;color:#444}.legend .layer{margin-right:10px;\
        white-space:normal}.legend i{display:inline-block;width:10px;height:10px;margin:0 4px 0 6px;border:1px solid #999;\
        vertical-align:-1px;print-color-adjust:exact;-webkit-print-color-adjust:exact}table.pairs td:nth-child(odd)\
        {background:#f7f7f4;width:19%;color:#444}table.sign td{height:44px;width:25%;color:#555}
        footer{border-top:1px solid #bbb;margin-top:24px;padding-top:8px;overflow-wrap:anywhere}
        @media print{body{padding:0;max-width:none}th{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """

    // MARK: Words

    private func say(_ zh: String, _ en: String) -> String { isChinese ? zh : en }
    private func say(_ text: LocalizedText) -> String { isChinese ? text.zh : text.en }
    private func escaped(_ text: String) -> String { HTMLText.escaped(text) }
    private func metres(_ value: Double) -> String { fixed(value, 2) }

    private var title: String { say("地块信息报告（一书）", "Parcel report") }

    private var subject: String {
        guard case .feature(let layer, let row) = report.origin else { return say("绘制范围", "A drawn area") }
        let name =
            layer.view.value(row: row, column: layer.view.codeColumn).text ?? "\(layer.view.id(row: row))"
        return "\(say(layer.definition.title)) \(name)"
    }

    /// Plans and control lines first, then the others in the project's order.
    private var sections: [ParcelReport.Section] {
        report.sections.filter { $0.layer.definition.theme == "planning" }
            + report.sections.filter { $0.layer.definition.theme != "planning" }
    }

    /// Where the report comes from.
    private func filing() -> String {
        pairs([
            (say("城市", "City"), say(project.name)), (say("坐标系", "Coordinate system"), record.crs),
            (say("数据版本", "Data version"), "\(record.version)"),
            (say("数据时间", "Data as of"), dataTime.map(day) ?? "–"),
            (say("编制时间", "Made at"), day(JobClock.now())),
            (say("编制程序", "Made by"), "TwinEngine \(TwinVersion.current)"),
        ])
    }

    /// `2026-11-21T08:00:00.000Z` without what nobody files.
    private func day(_ time: String) -> String {
        time.prefix(16).split(separator: "T").joined(separator: " ") + " UTC"
    }

    private func signatures() -> String {
        let names = isChinese ? ["编制", "审核", "批准", "日期"] : ["Made", "Checked", "Approved", "Date"]
        return "<table class=\"sign\"><tr>" + names.map { "<td>\($0)</td>" }.joined() + "</tr></table>"
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
                "\(fixed(report.center.longitude, 6)), \(fixed(report.center.latitude, 6))"
            ),
        ]
        if case .feature(let layer, let row) = report.origin {
            for (column, field) in layer.definition.fields.enumerated() where !layer.masked.contains(field.name) {
                guard let text = layer.view.value(row: row, column: column).text else { continue }
                rows.append((say(field.title), text + (field.unit.map { " \($0)" } ?? "")))
            }
        }
        return pairs(rows)
    }

    /// Names and values, two of them in a line.
    private func pairs(_ values: [(String, String)]) -> String {
        let lines = stride(from: 0, to: values.count, by: 2).map { first -> String in
            let second = first + 1 < values.count ? values[first + 1] : ("", "")
            return row([values[first].0, values[first].1, second.0, second.1])
        }
        return "<table class=\"pairs\">" + lines.joined() + "</table>"
    }

    private func section(_ section: ParcelReport.Section) -> String {
        let definition = section.layer.definition
        var text = "<h2>\(escaped(say(definition.title)))</h2>"
        switch definition.geometry {
        // One polygon that covers all of it is told by its attributes below.
        case .polygon
        where section.count == 1 && abs(section.covered - report.area) < 0.005 && limit > 0
            && section.buildings == nil:
            break
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
            text += "<p>\(escaped(fieldTitle(definition, entry.field))): \(fixed(entry.sum, 0)) "
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
        fixed(report.area > 0 ? 100 * amount / report.area : 0, 2) + " %"
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
                fixed(report.area > 0 ? buildings.floorArea / report.area : 0, 3),
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
                fixed(entry.distance, 1),
            ]
        }
        return "<h2>\(say("最近设施（直线距离）", "Nearest facilities (straight line)"))</h2>"
            + table(
                [say("图层", "Layer"), say("名称", "Name"), say("距离 m", "Distance m")], rows, numbers: 1, sum: nil)
    }

    private func live() -> String {
        guard let terminals = report.terminals else {
            return "<p class=\"note\">"
                + say(
                    "实时数据：本报告未接入实时终端，仅列出台账图层。",
                    "Live data: made without the live terminals; only layers of the ledger are listed.") + "</p>"
        }
        guard !terminals.isEmpty else { return "" }
        let rows = terminals.prefix(max(limit, 1)).map { terminal in
            [
                terminal.code, terminal.kind ?? "–", terminal.time.map(LiveTime.format) ?? "–",
                String(decoding: terminal.values, as: UTF8.self)
                    + (terminal.isSimulated ? say("（模拟）", " (simulated)") : ""),
            ]
        }
        return "<h2>\(say("实时终端（最近上报）", "Live terminals (last report)"))</h2>"
            + table(
                [say("编号", "Code"), say("类型", "Kind"), say("时间（UTC）", "Time (UTC)"), say("数值", "Values")], rows,
                numbers: 0, sum: [say("合计", "Total"), String(terminals.count), "", ""])
    }

    /// The layers that the report rests on, with the departments that own them.
    private var sources: String {
        var owners: [String] = []
        for section in sections where !owners.contains(section.layer.definition.department) {
            owners.append(section.layer.definition.department)
        }
        let layers = sections.map { "\($0.layer.id) \($0.layer.view.version)" }.joined(separator: ", ")
        return say("权属部门", "departments") + ": \(owners.joined(separator: "、")); "
            + say("图层与版本", "layers and versions") + ": \(layers)"
    }

    private func footer() -> String {
        var inputs = JSONBytes()
        record.inputs.append(to: &inputs)
        let text = say(
            "面积为 \(record.crs) 平面面积，坐标精度 1 mm；椭球面积按 WGS 84。",
            "Areas are on the plane of \(record.crs), coordinates of 1 mm; "
                + "ellipsoidal areas on WGS 84.")
        return "<footer><p>\(escaped(text))</p><p>\(say("来源", "Source")): \(escaped(say(project.name))), "
            + "\(escaped(sources)). "
            + "\(say("参数", "Parameters")): \(escaped(String(decoding: inputs.bytes.prefix(2000), as: UTF8.self)))"
            + "</p></footer>"
    }
}
