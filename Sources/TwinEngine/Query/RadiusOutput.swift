// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The answer to a radius query over layers, for people and programs.
public struct RadiusOutput {
    private let question: RadiusQuestion
    private let version: Int64
    private let answers: [(layer: LayerView, answer: RadiusAnswer)]

    public init(_ question: RadiusQuestion, _ view: CityView) {
        self.question = question
        version = view.version
        answers = question.answers(view)
    }

    private var total: Int { answers.reduce(0) { $0 + $1.answer.count } }

    /// The object that `/query/radius` answers, without the time it took.
    public func json() -> String {
        var out = JSONBytes(capacity: 4096)
        out.raw("{\"at\":")
        out.position(question.at)
        out.raw(",\"radius\":")
        out.real(question.radius)
        out.raw(",\"unit\":\"m\",\"version\":")
        out.integer(version)
        out.raw(",\"total\":")
        out.integer(total)
        out.raw(",\"layers\":[")
        for (index, entry) in answers.enumerated() {
            if index > 0 { out.raw(",") }
            append(entry.layer, entry.answer, &out)
        }
        out.raw("]}")
        return String(decoding: out.bytes, as: UTF8.self)
    }

    private func append(_ layer: LayerView, _ answer: RadiusAnswer, _ out: inout JSONBytes) {
        out.raw("{\"id\":")
        out.string(layer.definition.id)
        out.raw(",\"title\":")
        out.localized(layer.definition.title)
        out.raw(",\"count\":")
        out.integer(answer.count)
        out.raw(",\"returned\":")
        out.integer(answer.hits.count)
        out.raw(",\"features\":[")
        for (index, hit) in answer.hits.enumerated() {
            if index > 0 { out.raw(",") }
            hit.feature.appendGeoJSON(distance: hit.distance, fields: layer.definition.fields.indices, to: &out)
        }
        out.raw("]}")
    }

    /// A table: a line per layer, then the nearest features.
    public func table() -> String {
        var rows = [["layer", "title", "count", "nearest (m)", "id"]]
        for (layer, answer) in answers where answer.count > 0 {
            let nearest = answer.hits.first
            rows.append([
                layer.definition.id, layer.definition.title.zh, String(answer.count),
                nearest.map { fixed($0.distance, 1) } ?? "-",
                nearest.map { String($0.feature.id) } ?? "-",
            ])
        }
        return "\(total) features within \(question.radius) m of "
            + "\(question.at.longitude),\(question.at.latitude)\n\n\(textTable(rows))"
    }
}
