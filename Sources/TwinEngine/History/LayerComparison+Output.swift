// SPDX-License-Identifier: Apache-2.0

extension LayerComparison {
    /// A table for people: sums, then the changes, at most `limit` of them with a line that says how many more there are.
    public func table(limit: Int) -> String {
        var sums = [["", "features", "area (m²)", "length (m)"]]
        for (name, size) in [("before", before), ("after", after)] {
            sums.append([
                name, String(size.count), fixed(size.area, 2),
                fixed(size.length, 2),
            ])
        }
        var rows = [["change", "id", "code", "geometry", "gained (m²)", "lost (m²)", "fields"]]
        for change in changes.prefix(limit) {
            rows.append([
                change.kind.rawValue, change.feature.map { String($0.id) } ?? "-", change.feature?.code ?? "-",
                change.kind == .changed ? (change.isMoved ? "changed" : "same") : "-",
                fixed(change.gained, 2), fixed(change.lost, 2),
                change.fields.map { "\($0.name): \($0.before.text ?? "null") → \($0.after.text ?? "null")" }
                    .joined(separator: "; "),
            ])
        }
        let more = changes.count > limit ? "\n… and \(changes.count - limit) more; --limit shows them\n" : ""
        let counts = Kind.allCases.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ")
        return "\(counts)\n\n\(textTable(sums))\n\(rows.count > 1 ? textTable(rows) + more : "")"
    }

    /// A GeoJSON FeatureCollection of all changes, with the sums as members of the collection.
    ///
    /// The geometry is the later one, of removed features the earlier. `fields` holds the changed fields as
    /// `{"name": [before, after]}`.
    public func geoJSON() -> [UInt8] {
        var out = JSONBytes(capacity: 400 * changes.count + 400)
        out.raw("{\"type\":\"FeatureCollection\",")
        appendMembers(to: &out, limit: .max)
        out.raw("}")
        return out.bytes
    }

    /// The members of the collection besides its type, without braces.
    func appendMembers(to out: inout JSONBytes, limit: Int) {
        out.raw("\"counts\":{")
        for (index, kind) in Kind.allCases.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(kind.rawValue)
            out.integer(Int64(count(kind)))
        }
        out.raw("},\"areas\":{")
        for (index, kind) in Kind.allCases.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(kind.rawValue)
            let sum = areas(kind)
            out.raw("{\"gained\":")
            out.fixed(sum.gained, 3)
            out.raw(",\"lost\":")
            out.fixed(sum.lost, 3)
            out.raw("}")
        }
        out.raw("}")
        for (name, size) in [("before", before), ("after", after)] {
            out.raw(",")
            out.key(name)
            out.raw("{\"count\":")
            out.integer(Int64(size.count))
            out.raw(",\"area\":")
            out.fixed(size.area, 3)
            out.raw(",\"length\":")
            out.fixed(size.length, 3)
            out.raw("}")
        }
        out.raw(",\"numberMatched\":")
        out.integer(changes.count)
        out.raw(",\"numberReturned\":")
        out.integer(min(limit, changes.count))
        out.raw(",\"features\":[")
        for (index, change) in changes.prefix(limit).enumerated() {
            if index > 0 { out.raw(",\n") }
            append(change, to: &out)
        }
        out.raw("]")
    }

    /// A line for each change.
    func csv(limit: Int) -> String {
        var text = "change,id,code,geometry_changed,gained_m2,lost_m2,fields\n"
        for change in changes.prefix(limit) {
            let fields = change.fields.map { "\($0.name): \($0.before.text ?? "null") → \($0.after.text ?? "null")" }
            let cells = [
                change.kind.rawValue, change.feature.map { String($0.id) } ?? "", change.feature?.code ?? "",
                change.kind == .changed ? String(change.isMoved) : "", fixed(change.gained, 3),
                fixed(change.lost, 3), fields.joined(separator: "; "),
            ]
            text += cells.map(csvCell).joined(separator: ",") + "\n"
        }
        return text
    }

    private func append(_ change: Change, to out: inout JSONBytes) {
        guard let feature = change.feature else { return }
        out.raw("{\"type\":\"Feature\",\"id\":")
        out.integer(feature.id)
        out.raw(",\"geometry\":")
        feature.appendGeometryGeoJSON(to: &out.bytes)
        out.raw(",\"properties\":{\"change\":")
        out.string(change.kind.rawValue)
        out.raw(",\"code\":")
        out.value(feature.code.map(FieldValue.string) ?? .null)
        out.raw(",\"moved\":")
        out.boolean(change.isMoved)
        out.raw(",\"gained\":")
        out.fixed(change.gained, 3)
        out.raw(",\"lost\":")
        out.fixed(change.lost, 3)
        out.raw(",\"fields\":{")
        for (index, field) in change.fields.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(field.name)
            out.raw("[")
            out.value(field.before)
            out.raw(",")
            out.value(field.after)
            out.raw("]")
        }
        out.raw("}}}")
    }
}
