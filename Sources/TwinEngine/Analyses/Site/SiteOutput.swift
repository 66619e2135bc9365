// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The ranked candidates as GeoJSON, CSV and a table.
struct SiteOutput: TabularOutput {
    let selection: SiteSelection
    let result: SiteSelection.Result
    let record: AnalysisRecord
    let coordinates: CityCoordinates
    let limit: Int

    private var view: LayerView { selection.candidates.layer.view }

    func json() -> JSONBytes {
        var out = JSONBytes(capacity: 1 << 14)
        out.raw("{\"type\":\"FeatureCollection\",")
        record.append(to: &out)
        out.raw(",\"summary\":{\"examined\":")
        out.integer(result.examined)
        out.raw(",\"qualified\":")
        out.integer(result.candidates.count)
        out.raw(",\"excluded\":")
        out.list(zip(selection.constraints, result.excluded)) { out, entry in
            out.raw("{\"constraint\":")
            out.string(entry.0.title)
            out.raw(",\"count\":")
            out.integer(entry.1)
            out.raw("}")
        }
        out.raw("},\"numberMatched\":")
        out.integer(result.candidates.count)
        out.raw(",\"numberReturned\":")
        out.integer(min(limit, result.candidates.count))
        out.raw(",\"features\":")
        out.list(result.candidates.prefix(limit).enumerated()) { feature($1.offset + 1, $1.element, &$0) }
        out.raw("}")
        return out
    }

    private func feature(_ rank: Int, _ candidate: SiteSelection.Candidate, _ out: inout JSONBytes) {
        out.raw("{\"type\":\"Feature\",\"id\":")
        out.integer(view.id(row: candidate.row))
        out.raw(",\"geometry\":")
        out.polygon(FlatCoordinates(grid: view.geometry(row: candidate.row)), coordinates)
        out.raw(",\"properties\":{\"rank\":")
        out.integer(rank)
        if let code = view.value(row: candidate.row, column: view.codeColumn).text {
            out.raw(",\"code\":")
            out.string(code)
        }
        out.raw(",\"score\":")
        out.fixed(candidate.score, 6)
        out.raw(",\"area\":")
        out.fixed(candidate.area, 6)
        out.raw(",\"reasons\":")
        out.list(zip(selection.criteria, candidate.figures)) { out, entry in
            out.raw("{\"criterion\":")
            out.string(entry.0.title)
            out.raw(",\"value\":")
            if let value = entry.1.value { out.fixed(value, 6) } else { out.raw("null") }
            out.raw(",\"utility\":")
            out.fixed(entry.1.utility, 6)
            out.raw(",\"weight\":")
            out.real(entry.0.weight)
            out.raw("}")
        }
        out.raw("}}")
    }

    private func cells(_ rank: Int, _ candidate: SiteSelection.Candidate) -> [String] {
        let code = view.value(row: candidate.row, column: view.codeColumn).text
        return [
            String(rank), String(view.id(row: candidate.row)), code ?? "", fixed(candidate.score, 4),
            fixed(candidate.area, 2),
        ]
            + candidate.figures.map { figure in
                figure.value.flatMap { $0.isFinite ? fixed($0, 2) : nil } ?? ""
            }
    }

    private var head: [String] { ["rank", "id", "code", "score", "area_m2"] + selection.criteria.map(\.title) }

    private var rows: [[String]] {
        [head] + result.candidates.prefix(limit).enumerated().map { cells($0.offset + 1, $0.element) }
    }

    func csv() -> String { rows.map { $0.map(csvCell).joined(separator: ",") + "\n" }.joined() }

    func table() -> String {
        var text =
            "\(result.candidates.count) of \(result.examined) candidates qualify; store version \(record.version)\n"
        for (constraint, count) in zip(selection.constraints, result.excluded) where count > 0 {
            text += "excluded by \(constraint.title): \(count)\n"
        }
        return text + "\n" + textTable(rows) + "\n"
    }
}
