// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Analysis {
    /// `site-selection`
    static let siteSelection = Analysis(
        id: "site-selection", title: LocalizedText(zh: "选址分析", en: "Site selection"),
        description:
            "Which polygons of a layer fulfil constraints, ranked by weighted criteria, with the figures that the rank "
            + "rests on. Distances are straight lines.",
        keywords: ["planning", "site selection", "选址"],
        inputs: [
            AnalysisInput(
                "candidates", "Candidates", "a layer of polygons, {\"layer\",\"filter\"} to choose from",
                schema: AnalysisInputs.layerSchema, isRequired: true),
            AnalysisInput(
                "constraints", "Constraints",
                "a list of {\"measure\",…,\"min\",\"max\"} or {\"field\",\"in\":[…]}; measures are "
                    + SiteMeasure.kinds.joined(separator: ", "),
                schema: #"{"type":"array","maxItems":100,"items":{"type":"object"}}"#),
            AnalysisInput(
                "criteria", "Criteria",
                "a list of {\"measure\",…,\"worst\",\"best\",\"weight\"}; utility goes from 0 at worst to 1 at best",
                schema: #"{"type":"array","minItems":1,"maxItems":100,"items":{"type":"object"}}"#, isRequired: true),
            AnalysisInput(
                "region", "Region", "a GeoJSON polygon that candidates meet", schema: AnalysisInputs.polygonSchema),
            AnalysisInput(
                "limit", "Limit", "candidates written, the best first",
                schema: #"{"type":"integer","minimum":1,"maximum":100000,"default":100}"#),
        ],
        formats: ["application/geo+json", "text/csv", "text/plain"]
    ) { inputs, scope, format in
        let candidates = try AnalysisInputs.plan(inputs.members["candidates"] ?? .null, "candidates", scope)
        var selection = SiteSelection(
            candidates: candidates, constraints: try inputs.constraints(candidates.layer, scope),
            criteria: try inputs.criteria(candidates.layer, scope))
        selection.region = try inputs.region("region", scope)
        let limit = try inputs.integer("limit", in: 1...100_000, default: 100)
        let layers =
            [candidates.layer] + selection.constraints.compactMap { $0.measure?.layer }
            + selection.criteria.compactMap { $0.measure.layer }
        let record = AnalysisRecord("site-selection", inputs, scope, layers)
        let job = selection
        let coordinates = scope.coordinates
        return { progress in
            let output = SiteOutput(
                selection: job, result: try job.run(progress), record: record, coordinates: coordinates, limit: limit)
            return AnalysisOutput(output, format)
        }
    }
}

extension AnalysisInputs {
    private func objects(_ name: String, _ example: String) throws -> [AnalysisInputs] {
        guard let value = members[name] else { return [] }
        guard let list = value.list, list.count <= 100 else { throw Self.wrong(name, example) }
        return try list.map { entry in
            guard case .object(let members) = entry else { throw Self.wrong(name, example) }
            return AnalysisInputs(members: members)
        }
    }

    fileprivate func constraints(
        _ candidates: AnalysisLayer, _ scope: AnalysisScope
    ) throws -> [SiteSelection.Constraint] {
        let example = #"[{"measure":"area","min":20000},{"field":"use","in":["1402"]}]"#
        return try objects("constraints", example).map { entry in
            try entry.allow(["title", "measure", "field", "layer", "filter", "reach", "metres", "min", "max", "in"])
            let title = try entry.text("title", example: #""Area""#)
            if let list = entry.members["in"]?.list {
                let allowed = list.compactMap(\.codeText)
                guard allowed.count == list.count, let field = try entry.text("field", example: #""use""#) else {
                    throw Self.wrong("constraints", example)
                }
                return SiteSelection.Constraint(
                    title: title ?? field,
                    classes: (try candidates.field(field, "field"), Set(allowed)))
            }
            let measure = try SiteMeasure(entry, candidates, scope)
            let least = entry.members["min"]?.number
            let most = entry.members["max"]?.number
            guard least != nil || most != nil else {
                throw TwinError(.argument, "constraints: \(measure.name) needs min or max, for example \(example)")
            }
            return SiteSelection.Constraint(title: title ?? measure.name, measure: measure, least: least, most: most)
        }
    }

    fileprivate func criteria(_ candidates: AnalysisLayer, _ scope: AnalysisScope) throws -> [SiteSelection.Criterion] {
        let example = #"[{"measure":"distance","layer":"schools","worst":2000,"best":300,"weight":2}]"#
        let list = try objects("criteria", example)
        guard !list.isEmpty else { throw Self.wrong("criteria", example) }
        return try list.map { entry in
            try entry.allow([
                "title", "measure", "field", "layer", "filter", "reach", "metres", "worst", "best", "weight",
            ])
            let measure = try SiteMeasure(entry, candidates, scope)
            guard let worst = entry.members["worst"]?.number, let best = entry.members["best"]?.number, worst != best
            else {
                throw TwinError(.argument, "criteria: \(measure.name) needs worst and best that differ: \(example)")
            }
            return SiteSelection.Criterion(
                title: try entry.text("title", example: #""Schools""#) ?? measure.name, measure: measure,
                weight: try entry.number("weight", in: 0...1e6, default: 1), worst: worst, best: best)
        }
    }
}
