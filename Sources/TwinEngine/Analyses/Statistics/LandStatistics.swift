// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Areas by class, district and time (用地现状统计): every polygon is cut by the districts, so that sums are exact.
struct LandStatistics: Sendable {
    /// One state of the land: a layer, or what a filter takes of it.
    struct Period: Sendable {
        var label: String
        var plan: ConflictAnalysis.Plan
    }

    struct Key: Hashable, Sendable {
        var period: Int
        /// Index of the district; -1 is outside all.
        var district: Int
        var className: String
    }

    struct Sum: Sendable {
        var count = 0
        var area = 0.0
        var ellipsoidal = 0.0
    }

    struct Result: Sendable {
        var periods: [String]
        var districts: [String]
        var sums: [Key: Sum]
        /// The whole area of each period, measured apart from the parts.
        var wholes: [Double]
    }

    var periods: [Period]
    var districts: ConflictAnalysis.Plan?
    var region: PreparedRegion?
    let coordinates: CityCoordinates

    /// The colours of classes, where a layer is drawn by the field that classes it.
    var colors: [String: String] {
        var colors: [String: String] = [:]
        for period in periods.reversed() {
            guard let category = period.plan.layer.definition.style.category, category.field == period.plan.field else {
                continue
            }
            for entry in category.values { colors[entry.value] = entry.color }
        }
        return colors
    }

    /// One thread's tools.
    private final class Worker {
        let overlay: PolygonOverlay
        let districts: OverlayCache?
        init(_ districts: PlanRows?) throws {
            overlay = try PolygonOverlay()
            self.districts = districts.map { OverlayCache($0.layer.view) }
        }
    }

    func run(_ progress: AnalysisProgress) throws -> Result {
        let districtRows = try districts.map { try PlanRows($0.layer, field: $0.field, filter: $0.filter, region: nil) }
        var result = Result(
            periods: periods.map(\.label), districts: districtRows?.classes ?? [], sums: [:], wholes: [])
        for (index, period) in periods.enumerated() {
            let rows = try PlanRows(
                period.plan.layer, field: period.plan.field, filter: period.plan.filter, region: region)
            let size = 64
            let parts = try ParallelWork.map(
                (rows.rows.count + size - 1) / size, progress, makeState: { try Worker(districtRows) }
            ) { worker, chunk in
                try measure(
                    rows, rows.rows[chunk * size..<min((chunk + 1) * size, rows.rows.count)], index, districtRows,
                    worker)
            }
            var whole = 0.0
            for part in parts {
                whole += part.whole
                for (key, sum) in part.sums {
                    result.sums[key, default: Sum()].count += sum.count
                    result.sums[key]?.area += sum.area
                    result.sums[key]?.ellipsoidal += sum.ellipsoidal
                }
            }
            result.wholes.append(whole)
        }
        return result
    }

    private func measure(
        _ plan: PlanRows, _ rows: ArraySlice<Int>, _ period: Int, _ districts: PlanRows?, _ worker: Worker
    ) throws -> (sums: [Key: Sum], whole: Double) {
        var sums: [Key: Sum] = [:]
        var whole = 0.0
        for row in rows {
            guard let index = plan.classIndex(row) else { continue }
            let name = plan.classes[index]
            let polygon = plan.layer.view.withGeometry(row: row) { OverlayPolygon($0) }
            let ellipsoidal = try coordinates.ellipsoidalArea(ofMillimetres: FlatCoordinates(grid: polygon.geometry))
            whole += polygon.area
            var rest = polygon.area
            func add(_ district: Int, _ area: Double) {
                let key = Key(period: period, district: district, className: name)
                sums[key, default: Sum()].count += 1
                sums[key]?.area += area
                // The scale within one polygon varies by less than 1e-6 of it.
                sums[key]?.ellipsoidal += polygon.area > 0 ? ellipsoidal * area / polygon.area : 0
            }
            if let districts, let cache = worker.districts {
                var found: [Int] = []
                districts.layer.view.searchRows(polygon.box) { other in
                    found.append(other)
                    return true
                }
                for other in found {
                    guard let district = districts.classIndex(other) else { continue }
                    let area = try worker.overlay.sharedSize(polygon, cache.polygon(other))
                    if area == 0 { continue }
                    rest -= area
                    add(district, area)
                }
            }
            if abs(rest) > PolygonOverlay.leastArea / 1e6 || districts == nil { add(-1, rest) }
        }
        return (sums, whole)
    }
}

/// Land statistics as JSON, CSV and a table.
struct LandStatisticsOutput: TabularOutput {
    let result: LandStatistics.Result
    let record: AnalysisRecord

    private func district(_ index: Int) -> String? { index < 0 ? nil : result.districts[index] }

    private var rows: [(key: LandStatistics.Key, sum: LandStatistics.Sum)] {
        result.sums.map { ($0.key, $0.value) }.sorted {
            ($0.0.period, $0.0.district < 0 ? Int.max : $0.0.district, $0.0.className)
                < ($1.0.period, $1.0.district < 0 ? Int.max : $1.0.district, $1.0.className)
        }
    }

    func json() -> JSONBytes {
        var out = JSONBytes(capacity: 1 << 14)
        out.raw("{")
        record.append(to: &out)
        out.raw(",\"totals\":")
        out.list(result.periods.enumerated()) { out, entry in
            let parts = result.sums.filter { $0.key.period == entry.offset }
            out.raw("{\"period\":")
            out.string(entry.element)
            out.raw(",\"area\":")
            out.fixed(result.wholes[entry.offset], 6)
            out.raw(",\"ellipsoidalArea\":")
            out.fixed(parts.values.reduce(0) { $0 + $1.ellipsoidal }, 6)
            out.raw(",\"residual\":")
            out.fixed(result.wholes[entry.offset] - parts.values.reduce(0) { $0 + $1.area }, 6)
            out.raw("}")
        }
        out.raw(",\"rows\":")
        out.list(rows) { out, row in
            out.raw("{\"period\":")
            out.string(result.periods[row.key.period])
            out.raw(",\"district\":")
            if let name = district(row.key.district) { out.string(name) } else { out.raw("null") }
            out.raw(",\"class\":")
            out.string(row.key.className)
            out.raw(",\"count\":")
            out.integer(row.sum.count)
            out.raw(",\"area\":")
            out.fixed(row.sum.area, 6)
            out.raw(",\"ellipsoidalArea\":")
            out.fixed(row.sum.ellipsoidal, 6)
            out.raw("}")
        }
        out.raw("}")
        return out
    }

    private var cells: [[String]] {
        rows.map { row in
            [
                result.periods[row.key.period], district(row.key.district) ?? "", row.key.className,
                String(row.sum.count), fixed(row.sum.area, 2),
                fixed(row.sum.ellipsoidal, 2),
            ]
        }
    }

    func csv() -> String {
        "period,district,class,polygons,area_m2,ellipsoidal_area_m2\n"
            + cells.map { $0.map(csvCell).joined(separator: ",") + "\n" }.joined()
    }

    func table() -> String {
        textTable([["period", "district", "class", "polygons", "m²", "m² (ellipsoid)"]] + cells) + "\n"
    }
}

extension Analysis {
    /// `land-statistics`
    static let landStatistics = Analysis(
        id: "land-statistics", title: LocalizedText(zh: "用地统计", en: "Land statistics"),
        description: "Areas by class, district and time: polygons are cut by the districts, parts sum to the whole.",
        keywords: ["planning", "statistics", "用地统计"],
        inputs: [
            AnalysisInput(
                "layers", "Layers",
                "the states to compare, each a name or {\"layer\",\"field\",\"filter\",\"label\",\"at\"}; at is a moment "
                    + "of the layer's past",
                schema: #"{"type":"array","minItems":1,"maxItems":100,"items":\#(AnalysisInputs.layerSchema)}"#,
                isRequired: true),
            AnalysisInput("districts", "Districts", "a layer of polygons", schema: AnalysisInputs.layerSchema),
            AnalysisInput(
                "region", "Region", "a GeoJSON polygon; only polygons that meet it are counted, whole",
                schema: AnalysisInputs.polygonSchema),
            AnalysisInput(
                "language", "Language", "of the HTML: zh or en", schema: #"{"enum":["zh","en"],"default":"zh"}"#),
        ],
        formats: ["application/json", "text/html", "text/csv", "text/plain"]
    ) { inputs, scope, format in
        let example = #"[{"layer":"landuse_plan","field":"land_use","label":"2035"}]"#
        guard let list = inputs.members["layers"]?.list, (1...100).contains(list.count) else {
            throw AnalysisInputs.wrong("layers", example)
        }
        let periods = try list.map { entry -> LandStatistics.Period in
            guard case .object(var members) = entry else {
                let plan = try AnalysisInputs.plan(entry, "layers", scope)
                return LandStatistics.Period(label: plan.layer.id, plan: plan)
            }
            let label = members.removeValue(forKey: "label")?.codeText
            let at = members.removeValue(forKey: "at")?.codeText
            var plan = try AnalysisInputs.plan(.object(members), "layers", scope)
            if let at { plan.layer = try scope.past(plan.layer, at: at, "layers") }
            return LandStatistics.Period(
                label: label ?? plan.layer.id + (at.map { " \($0)" } ?? ""), plan: plan)
        }
        let language = try inputs.text("language", example: #""zh""#) ?? "zh"
        guard language == "zh" || language == "en" else { throw AnalysisInputs.wrong("language", #""zh""#) }
        var statistics = LandStatistics(periods: periods, coordinates: scope.coordinates)
        statistics.districts = try inputs.members["districts"].map { try AnalysisInputs.plan($0, "districts", scope) }
        statistics.region = try inputs.region("region", scope)
        let layers = periods.map(\.plan.layer) + (statistics.districts.map { [$0.layer] } ?? [])
        let record = AnalysisRecord("land-statistics", inputs, scope, layers)
        let job = statistics
        return { progress in
            let output = LandStatisticsOutput(result: try job.run(progress), record: record)
            switch format {
            case "text/html":
                let page = LandStatisticsPage(
                    result: output.result, record: record, colors: job.colors, isChinese: language == "zh")
                return AnalysisOutput(text: page.html(), "text/html; charset=utf-8")
            default: return AnalysisOutput(output, format)
            }
        }
    }
}
