// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Analysis {
    /// `parcel-report`
    static let parcelReport = Analysis(
        id: "parcel-report", title: LocalizedText(zh: "地块信息报告（一书）", en: "Parcel report"),
        description:
            "Everything that touches a chosen or drawn polygon: shares by class that sum to its area, buildings with "
            + "floor area, pipes by length, people, sensors with their last values, and the nearest of what is not there. Layers that the caller may not "
            + "read are left out.",
        keywords: ["planning", "parcel", "report", "一书"],
        inputs: [
            AnalysisInput(
                "parcel", "Parcel",
                "a feature, {\"layer\":\"parcels\",\"id\":1} or {\"layer\":…,\"code\":…}, or a GeoJSON polygon",
                schema: #"{"oneOf":[{"type":"object","required":["layer"],"properties":{"layer":{"type":"string"},"#
                    + #""id":{"type":"integer"},"code":{"type":"string"}}},\#(AnalysisInputs.polygonSchema)]}"#,
                isRequired: true),
            AnalysisInput(
                "layers", "Layers",
                "the layers to report, each a name or {\"layer\",\"field\"}; all readable ones if left out",
                schema: #"{"type":"array","items":\#(AnalysisInputs.layerSchema)}"#),
            AnalysisInput(
                "nearest", "Nearest",
                "the layers whose nearest feature is told where none is within; all readable layers of points if left out",
                schema: #"{"type":"array","items":{"type":"string"}}"#),
            AnalysisInput(
                "reach", "Reach", "how far the nearest are looked for, metres",
                schema: #"{"type":"number","minimum":1,"maximum":20000,"default":2000}"#),
            AnalysisInput(
                "limit", "Limit", "features listed per layer; sums hold all of them",
                schema: #"{"type":"integer","minimum":0,"maximum":10000,"default":50}"#),
            AnalysisInput(
                "language", "Language", "of the HTML: zh or en", schema: #"{"enum":["zh","en"],"default":"zh"}"#),
        ],
        formats: ["application/json", "text/html"]
    ) { inputs, scope, format in
        let (origin, geometry) = try inputs.parcel("parcel", scope)
        let layers = try inputs.reportLayers(scope)
        let named = try inputs.texts("nearest", example: #"["hospitals"]"#)
        let nearest =
            try named.map { try $0.map { try scope.layer($0, "nearest") } }
            ?? scope.readable().filter { $0.definition.geometry == .point }
        let language = try inputs.text("language", example: #""zh""#) ?? "zh"
        guard language == "zh" || language == "en" else { throw AnalysisInputs.wrong("language", #""zh""#) }
        let survey = ParcelSurvey(
            origin: origin, geometry: geometry, layers: layers, nearestLayers: nearest,
            reach: try inputs.number("reach", in: 1...20_000, default: 2000),
            limit: try inputs.integer("limit", in: 0...10_000, default: 50), project: scope.project,
            coordinates: scope.coordinates, live: scope.live)
        let record = AnalysisRecord("parcel-report", inputs, scope, layers.map(\.layer) + nearest)
        let dataTime = try scope.city.moment(String(scope.view.version)).time
        return { progress in
            let report = try survey.run(progress)
            if format == "text/html" {
                let page = ParcelPage(
                    report: report, record: record, project: survey.project, dataTime: dataTime, limit: survey.limit,
                    isChinese: language == "zh")
                return AnalysisOutput(text: page.html(), "text/html; charset=utf-8")
            }
            return AnalysisOutput(
                report.json(record, survey.coordinates, limit: survey.limit), "application/json")
        }
    }
}

extension AnalysisInputs {
    /// A polygon that is chosen from a layer or drawn.
    func parcel(_ name: String, _ scope: AnalysisScope) throws -> (ParcelReport.Origin, FlatGeometry) {
        let example = #"{"layer":"parcels","id":1}"#
        guard case .object(let members)? = members[name] else { throw Self.wrong(name, example) }
        guard members["layer"] != nil else {
            guard let drawn = try polygon(name, scope) else { throw Self.wrong(name, example) }
            return (.drawn, drawn)
        }
        let chosen = AnalysisInputs(members: members)
        try chosen.allow(["layer", "id", "code"])
        guard let id = try chosen.text("layer", example: #""parcels""#) else { throw Self.wrong(name, example) }
        let layer = try scope.polygonLayer(id, name)
        let row: Int?
        if case .integer(let number)? = members["id"] {
            row = layer.view.feature(id: number)?.row
        } else if let code = try chosen.text("code", example: #""370281001""#) {
            row = layer.view.row(code: code)
        } else {
            throw Self.wrong(name, example)
        }
        guard let row else {
            throw TwinError(
                .argument, "\(name): layer \(id) has no such feature; GET /collections/\(id)/items lists them")
        }
        return (.feature(layer, row: row), layer.view.geometry(row: row))
    }

    fileprivate func reportLayers(_ scope: AnalysisScope) throws -> [(layer: AnalysisLayer, field: String?)] {
        guard let value = members["layers"] else { return scope.readable().map { ($0, $0.classField) } }
        let example = #"["landuse_plan",{"layer":"buildings","field":"class"}]"#
        guard let list = value.list, !list.isEmpty, list.count <= 1000 else { throw Self.wrong("layers", example) }
        return try list.map { entry in
            if let id = entry.text {
                let layer = try scope.layer(id, "layers")
                return (layer, layer.classField)
            }
            guard case .object(let members) = entry else { throw Self.wrong("layers", example) }
            let named = AnalysisInputs(members: members)
            try named.allow(["layer", "field"])
            guard let id = try named.text("layer", example: #""buildings""#) else {
                throw Self.wrong("layers", example)
            }
            let layer = try scope.layer(id, "layers")
            let field = try named.text("field", example: #""class""#)
            if let field { _ = try layer.field(field, "layers") }
            return (layer, field ?? layer.classField)
        }
    }
}

extension LayerView {
    /// The row of a permanent code, or nil. O(features).
    func row(code: String) -> Int? {
        var found: Int?
        searchRows(GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)) { row in
            if value(row: row, column: codeColumn).text == code { found = row }
            return found == nil
        }
        return found
    }
}
