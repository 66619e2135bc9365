// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Analysis {
    /// `compliance-check`
    static let complianceCheck = Analysis(
        id: "compliance-check", title: LocalizedText(zh: "合规性审查", en: "Compliance check"),
        description:
            "Holds a proposed polygon or the polygons of a layer against rules: control lines, allowed classes, "
            + "distances, floor area ratio, density, green ratio, heights. A verdict for each rule with figures and places.",
        keywords: ["planning", "compliance", "三区三线", "合规性审查"],
        inputs: [
            AnalysisInput(
                "proposal", "Proposal",
                "a feature {\"layer\",\"id\"} or a GeoJSON polygon", schema: AnalysisInputs.polygonSchema),
            AnalysisInput(
                "proposals", "Proposals", "a layer of polygons, each of which is checked",
                schema: AnalysisInputs.layerSchema),
            AnalysisInput(
                "figures", "Figures",
                "numbers of the proposal, {\"far\":2.1,\"height\":54}; of a feature its number fields are taken too",
                schema: #"{"type":"object","additionalProperties":{"type":"number"}}"#),
            AnalysisInput(
                "buildings", "Buildings",
                "a layer of buildings from which far, density and height of the proposal are measured",
                schema: #"{"type":"string"}"#),
            AnalysisInput(
                "rules", "Rules",
                "a list of rules, each with id, title, type (\(ComplianceRule.kinds.joined(separator: ", "))) "
                    + "and what the type needs",
                schema: #"{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"object"}}"#, isRequired: true),
        ],
        formats: ["application/geo+json", "text/plain"]
    ) { inputs, scope, format in
        guard let list = inputs.members["rules"]?.list, (1...1000).contains(list.count) else {
            throw AnalysisInputs.wrong("rules", #"[{"id":"redline","type":"outside","layer":"eco_redline"}]"#)
        }
        let rules = try list.map { try ComplianceRule($0, scope) }
        let figures = try inputs.numbers("figures")
        let buildings = try inputs.text("buildings", example: #""buildings""#).map {
            try scope.polygonLayer($0, "buildings")
        }
        var layers = rules.flatMap(\.layers) + (buildings.map { [$0] } ?? [])
        let source: @Sendable () throws -> [ComplianceCheck.Proposal]
        switch (inputs.members["proposal"], inputs.members["proposals"]) {
        case (.some, nil):
            let (origin, geometry) = try inputs.parcel("proposal", scope)
            if case .feature(let layer, _) = origin { layers.append(layer) }
            source = { [ComplianceCheck.Proposal(origin, geometry, figures)] }
        case (nil, let value?):
            let plan = try AnalysisInputs.plan(value, "proposals", scope)
            layers.append(plan.layer)
            source = {
                try PlanRows(plan.layer, field: nil, filter: plan.filter, region: nil).rows.map { row in
                    ComplianceCheck.Proposal(
                        .feature(plan.layer, row: row), plan.layer.view.geometry(row: row), figures)
                }
            }
        default:
            throw TwinError(
                .argument,
                #"proposal: give either a proposal or a layer of proposals, for example "proposal":{"layer":"parcels","id":1}"#
            )
        }
        let record = AnalysisRecord("compliance-check", inputs, scope, layers)
        let project = scope.project
        let coordinates = scope.coordinates
        return { progress in
            let proposals = try source()
            let results = try ParallelWork.map(proposals.count, progress, makeState: { try ComplianceCheck() }) {
                check, index in
                var proposal = proposals[index]
                if let buildings {
                    let measured = try BuildingFigures.measure(proposal.geometry, buildings, project, check.overlay)
                    // What the caller states goes before what is measured, and that before the feature's fields.
                    for (name, value) in measured where figures[name] == nil { proposal.figures[name] = value }
                }
                return ComplianceOutput.Entry(proposal: proposal, findings: try check.findings(proposal, rules))
            }
            let output = ComplianceOutput(entries: results, record: record, coordinates: coordinates)
            if format == "text/plain" { return AnalysisOutput(text: output.table(), "text/plain; charset=utf-8") }
            return AnalysisOutput(output.json(), "application/geo+json")
        }
    }
}

extension AnalysisInputs {
    /// An object of numbers; empty where it is absent.
    func numbers(_ name: String) throws -> [String: Double] {
        let example = #"{"far":2.1}"#
        guard let object = try object(name, example: example) else { return [:] }
        return try object.members.mapValues { value in
            guard let number = value.number else { throw Self.wrong(name, example) }
            return number
        }
    }
}

extension ComplianceCheck.Proposal {
    /// A proposal with the figures that were stated, and else those of the feature's fields.
    init(_ origin: ParcelReport.Origin, _ geometry: FlatGeometry, _ stated: [String: Double]) {
        var figures = stated
        var name = "drawn"
        if case .feature(let layer, let row) = origin {
            name = layer.view.value(row: row, column: layer.view.codeColumn).text ?? "\(layer.view.id(row: row))"
            for (column, field) in layer.definition.fields.enumerated() where !layer.masked.contains(field.name) {
                guard field.type == .integer || field.type == .real, figures[field.name] == nil else { continue }
                figures[field.name] = layer.view.value(row: row, column: column).number
            }
        }
        self.init(name: name, geometry: geometry, figures: figures)
    }
}

/// Figures of a polygon from the buildings on it.
enum BuildingFigures {
    /// `far`, `density` (as a share) and, where known, `height` in metres.
    static func measure(
        _ geometry: FlatGeometry, _ layer: AnalysisLayer, _ project: CityProject, _ overlay: PolygonOverlay
    ) throws -> [String: Double] {
        guard var counter = BuildingCounter(layer, project) else {
            throw TwinError(
                .argument,
                "buildings: layer \(layer.id) has no storeys; name a layer with a field 'floors' or a 3D model")
        }
        let parcel = OverlayPolygon(geometry)
        var rows: [Int] = []
        layer.view.searchRows(parcel.box) { row in
            rows.append(row)
            return true
        }
        for row in rows {
            let polygon = layer.view.withGeometry(row: row) { OverlayPolygon($0) }
            switch try overlay.shared(parcel, polygon) {
            case .none: continue
            case .wholeFirst: counter.add(row, parcel.area, of: polygon.area)
            case .wholeSecond: counter.add(row, polygon.area, of: polygon.area)
            case .part(let part): counter.add(row, part.planarArea / 1e6, of: polygon.area)
            }
        }
        var figures = ["far": 0.0, "density": 0.0]
        if parcel.area > 0 {
            figures["far"] = counter.result.floorArea / parcel.area
            figures["density"] = counter.result.footprint / parcel.area
        }
        figures["height"] = counter.result.greatestHeight
        return figures
    }
}
