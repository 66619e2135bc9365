// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What a version comparison puts side by side.
private struct ComparedState: Sendable {
    let view: LayerView
    /// Nil: the view that the analysis runs on.
    let moment: CityMoment?

    var version: Int64 { moment?.version ?? view.version }
}

extension Analysis {
    /// `version-compare`
    static let versionCompare = Analysis(
        id: "version-compare", title: LocalizedText(zh: "版本对比", en: "Version compare"),
        description:
            "What differs between two moments of a layer, or between two layers: features added, removed and changed, by "
            + "geometry and by attribute, with the areas gained and lost.",
        keywords: ["planning", "history", "compare", "版本对比"],
        inputs: [
            AnalysisInput("layer", "Layer", "the layer", schema: #"{"type":"string"}"#, isRequired: true),
            AnalysisInput(
                "with", "Other layer", "another layer of the same kind of geometry, taken at the later moment",
                schema: #"{"type":"string"}"#),
            AnalysisInput(
                "from", "From",
                "the earlier moment: a version (4711), a time (2026-11-21T08:00:00Z), a day (its end in UTC) or now",
                schema: #"{"type":["string","integer"],"default":"now"}"#),
            AnalysisInput(
                "to", "To", "the later moment, written in the same way",
                schema: #"{"type":["string","integer"],"default":"now"}"#),
            AnalysisInput(
                "by", "Key", "what makes two features the same one: id or permanent code",
                schema: #"{"enum":["id","code"],"default":"id"}"#),
            AnalysisInput(
                "limit", "Limit", "changes written; the sums hold all",
                schema: #"{"type":"integer","minimum":0,"maximum":1000000,"default":100000}"#),
        ],
        formats: ["application/geo+json", "text/csv", "text/plain"]
    ) { inputs, scope, format in
        guard let id = try inputs.text("layer", example: #""parcels""#) else {
            throw AnalysisInputs.wrong("layer", #""parcels""#)
        }
        let older = try scope.layer(id, "layer")
        let newer = try inputs.text("with", example: #""plan_2035""#).map { try scope.layer($0, "with") } ?? older
        let from = try inputs.moment("from")
        let to = try inputs.moment("to")
        guard newer.id != older.id || from != to else {
            throw TwinError(
                .argument, #"from: give an earlier moment, for example "from":"2026-11-20", or another layer as "with""#
            )
        }
        let key = try inputs.text("by", example: #""code""#) ?? "id"
        guard ["id", "code"].contains(key) else { throw AnalysisInputs.wrong("by", #""code""#) }
        let limit = try inputs.integer("limit", in: 0...1_000_000, default: 100_000)
        let states = (try scope.state(older, at: from, "from"), try scope.state(newer, at: to, "to"))
        let masked = older.masked.union(newer.masked)
        let record = AnalysisRecord("version-compare", inputs, scope, [older, newer])
        return { progress in
            progress.expect(1)
            let comparison = try LayerComparison(
                from: states.0.view, to: states.1.view, by: key == "code" ? .code : .id, masked: masked)
            try progress.step()
            switch format {
            case "text/csv": return AnalysisOutput(text: comparison.csv(limit: limit), "text/csv; charset=utf-8")
            case "text/plain":
                return AnalysisOutput(text: comparison.table(limit: min(limit, 100)), "text/plain; charset=utf-8")
            default:
                var out = JSONBytes(capacity: 1 << 14)
                out.raw("{\"type\":\"FeatureCollection\",")
                record.append(to: &out)
                for (name, state) in [("from", states.0), ("to", states.1)] {
                    out.raw(",")
                    out.key(name)
                    out.raw("{\"layer\":")
                    out.string(state.view.definition.id)
                    out.raw(",\"version\":")
                    out.integer(state.version)
                    out.raw(",\"time\":")
                    if let time = state.moment?.time { out.string(time) } else { out.raw("null") }
                    out.raw("}")
                }
                out.raw(",")
                comparison.appendMembers(to: &out, limit: limit)
                out.raw("}")
                return AnalysisOutput(out, "application/geo+json")
            }
        }
    }
}

extension AnalysisInputs {
    /// A moment as text; a version may be written as a number.
    fileprivate func moment(_ name: String) throws -> String {
        switch members[name] {
        case nil: return "now"
        case .text(let text)?: return text
        case .integer(let version)?: return String(version)
        default: throw Self.wrong(name, #""2026-11-20""#)
        }
    }
}

extension AnalysisScope {
    /// A layer as it was.
    ///
    /// - Throws: `TwinError.argument` that begins with the input's name, for no moment or one that is not kept.
    func past(_ layer: AnalysisLayer, at text: String, _ name: String) throws -> AnalysisLayer {
        AnalysisLayer(view: try state(layer, at: text, name).view, masked: layer.masked)
    }

    fileprivate func state(_ layer: AnalysisLayer, at text: String, _ name: String) throws -> ComparedState {
        if text == "now" { return ComparedState(view: layer.view, moment: nil) }
        do {
            let moment = try city.moment(text)
            return ComparedState(view: try city.past(layer: layer.id, at: moment.version), moment: moment)
        } catch let error as TwinError where error.code == .argument {
            throw TwinError(.argument, "\(name): \(error.message)")
        }
    }
}
