// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Analysis {
    /// `plan-conflict`
    static let planConflict = Analysis(
        id: "plan-conflict", title: LocalizedText(zh: "多规合一冲突检测（差异图斑）", en: "Plan conflict"),
        description:
            "Where two or more plan layers overlap with classes that conflict: polygons, areas and totals by pair "
            + "of classes and by district. One layer alone is compared with itself.",
        keywords: ["planning", "overlay", "conflict", "多规合一", "差异图斑"],
        inputs: [
            AnalysisInput(
                "layers", "Plans",
                "the layers to compare, each a name or {\"layer\",\"field\",\"filter\"}; the field "
                    + "classes the polygons",
                schema: #"{"type":"array","minItems":1,"maxItems":8,"items":\#(AnalysisInputs.layerSchema)}"#,
                isRequired: true),
            AnalysisInput(
                "table", "Conflict table",
                "which pairs of classes conflict: default (different, none, all), separator, classes, conflicts, allowed, "
                    + "ordered",
                schema: #"{"type":"object","properties":{"default":{"enum":["different","none","all"]},"#
                    + #""separator":{"type":"string"},"classes":{"type":"object"},"conflicts":{"type":"array"},"#
                    + #""allowed":{"type":"array"},"ordered":{"type":"boolean"}}}"#),
            AnalysisInput(
                "tolerance", "Tolerance",
                "parts of at most area m² (1), or that are narrower than width m (0) everywhere, are counted as tolerated",
                schema: #"{"type":"object","properties":{"area":{"type":"number","minimum":0},"#
                    + #""width":{"type":"number","minimum":0}}}"#),
            AnalysisInput(
                "districts", "Districts", "a layer of polygons for totals by district",
                schema: AnalysisInputs.layerSchema),
            AnalysisInput(
                "region", "Region", "a GeoJSON polygon; only polygons of the plans that meet it are compared, whole",
                schema: AnalysisInputs.polygonSchema),
            AnalysisInput(
                "reconcile", "Reconcile",
                "also measure what agrees and what the other plan leaves uncovered, so that parts sum to the whole",
                schema: #"{"type":"boolean","default":true}"#),
            AnalysisInput(
                "limit", "Limit", "polygons written; totals hold all of them whatever it is",
                schema: #"{"type":"integer","minimum":0,"maximum":10000000,"default":100000}"#),
        ],
        formats: ["application/geo+json", "text/csv", "text/plain"]
    ) { inputs, scope, format in
        guard let list = inputs.members["layers"]?.list, (1...8).contains(list.count) else {
            throw AnalysisInputs.wrong("layers", #"[{"layer":"landuse_plan","field":"land_use"},"control_plan"]"#)
        }
        var analysis = ConflictAnalysis(
            plans: try list.map { try AnalysisInputs.plan($0, "layers", scope) }, coordinates: scope.coordinates)
        if let table = try inputs.object("table", example: #"{"default":"different"}"#) {
            analysis.table = try ConflictTable(table)
        }
        if let tolerance = try inputs.object("tolerance", example: #"{"area":1,"width":0.5}"#) {
            try tolerance.allow(["area", "width"])
            analysis.tolerance.area = try tolerance.number("area", in: 0...1e9, default: 1)
            analysis.tolerance.width = try tolerance.number("width", in: 0...1e4, default: 0)
        }
        analysis.districts = try inputs.members["districts"].map { try AnalysisInputs.plan($0, "districts", scope) }
        analysis.region = try inputs.region("region", scope)
        analysis.reconciles = try inputs.boolean("reconcile", default: true)
        let limit = try inputs.integer("limit", in: 0...10_000_000, default: 100_000)
        let layers = analysis.plans.map(\.layer) + (analysis.districts.map { [$0.layer] } ?? [])
        let record = AnalysisRecord("plan-conflict", inputs, scope, layers)
        let job = analysis
        return { progress in
            let result = try job.run(progress)
            let output = ConflictOutput(result: result, record: record, coordinates: job.coordinates, limit: limit)
            return AnalysisOutput(output, format)
        }
    }
}
