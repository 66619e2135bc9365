// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What a ``TextSearch`` found.
public struct SearchAnswer: Sendable {
    /// Features that match, exactly.
    public var total: Int
    /// The best of them, best first.
    public var hits: [SearchHit]

    /// Appends `{"total":…,"results":[…]}`, the members of `head` before them.
    package func appendJSON(head: (inout JSONBytes) -> Void, to out: inout JSONBytes) {
        out.raw("{")
        head(&out)
        out.raw("\"total\":")
        out.integer(total)
        out.raw(",\"results\":[")
        for (index, hit) in hits.enumerated() {
            if index > 0 { out.raw(",") }
            hit.appendJSON(to: &out)
        }
        out.raw("]}")
    }

    /// The answer as JSON, for the command line.
    public func json() -> String {
        var out = JSONBytes(capacity: 4096)
        appendJSON(head: { _ in }, to: &out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    /// The answer as a table.
    public func table() -> String {
        var rows = [["layer", "id", "code", "name", "found in", "text"]]
        rows += hits.map { hit in
            [
                hit.feature.layer.id, String(hit.feature.id), hit.code ?? "-", hit.name ?? "-", hit.fieldName ?? "-",
                hit.text ?? "-",
            ]
        }
        return "\(total) features, \(hits.count) listed\n\n" + textTable(rows)
    }
}

/// A feature that was found, and the text in which the first term was.
public struct SearchHit: Sendable {
    public let feature: Feature
    /// The column of the matched text; the one after the fields is the code.
    let column: Int?
    let showsCode: Bool
    let nameColumn: Int?

    /// The permanent code, where the layer has codes and the caller may see them.
    public var code: String? { showsCode ? feature.code : nil }
    /// The feature's name, where it has one.
    public var name: String? { nameColumn.flatMap { feature.value($0).text } }
    /// The text in which the first term was found.
    public var text: String? { column.flatMap { feature.view.value(row: feature.row, column: $0).text } }
    /// The name of the field of that text; `code` for the code.
    public var fieldName: String? {
        column.map { $0 < feature.layer.fields.count ? feature.layer.fields[$0].name : "code" }
    }

    func appendJSON(to out: inout JSONBytes) {
        let layer = feature.layer
        out.raw("{\"layer\":")
        out.string(layer.id)
        out.raw(",\"title\":")
        out.localized(layer.title)
        out.raw(",\"id\":")
        out.integer(feature.id)
        for (key, value) in [("code", code), ("name", name), ("field", fieldName), ("text", text)] {
            guard let value else { continue }
            out.raw(",")
            out.key(key)
            out.string(value)
        }
        if let box = feature.view.coordinates.lonLatBox(feature.box) {
            out.raw(",\"center\":[")
            out.fixed((box.west + box.east) / 2, 7)
            out.raw(",")
            out.fixed((box.south + box.north) / 2, 7)
            out.raw("],\"bbox\":[")
            for (index, value) in [box.west, box.south, box.east, box.north].enumerated() {
                if index > 0 { out.raw(",") }
                out.fixed(value, 7)
            }
            out.raw("]")
        }
        out.raw("}")
    }
}
