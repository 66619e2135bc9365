// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

extension ImportReport {
    /// The report as JSON, keys sorted.
    public func json() throws -> String {
        let object: [String: Any] = [
            "city": city, "version": version, "seconds": rounded(seconds),
            "sources": sources.map(\.jsonObject),
            "layers": layers.map { ["id": $0.id, "count": $0.count, "version": $0.version] as [String: Any] },
            "keptOld": keptOld,
            "unmapped": unmapped.map {
                [
                    "layer": $0.layer, "field": $0.field, "profile": $0.profile, "value": $0.value, "count": $0.count,
                    "example": $0.example, "reason": $0.reason ?? "no class has it",
                ] as [String: Any]
            },
        ]
        return try encodeJSON(object)
    }

    /// The report as a table for people.
    public func table() -> String {
        let headers = [
            "source", "layer", "status", "read", "kept", "repaired", "rejected", "outside", "CRS", "encoding", "s",
        ]
        var rows = [headers]
        for source in sources {
            rows.append([
                source.source, source.layer, source.status.rawValue, String(source.read), String(source.kept),
                String(source.repairedCount), String(source.rejectedCount), String(source.outside),
                source.sourceCRS ?? "-", source.encoding ?? "-", fixed(source.seconds, 2),
            ])
        }
        var lines = [textTable(rows)]
        for source in sources {
            if let failure = source.failure { lines.append("FAILED \(source.source): \(failure)") }
            for (title, list) in [
                ("rejected", source.rejected), ("repaired", source.repaired), ("made null", source.nulled),
                ("faulty", source.faulty),
            ] {
                for entry in list {
                    lines.append("  \(source.source): \(title) \(entry.count) × \(entry.reason)")
                    lines.append(contentsOf: entry.examples.map { "      \($0)" })
                }
            }
            lines.append(contentsOf: source.notes.map { "  \(source.source): note: \($0)" })
        }
        for code in unmapped {
            if let reason = code.reason {
                lines.append(
                    "  \(code.layer): \(code.count) × \(code.field) is no \(code.profile): \(reason), for example "
                        + "'\(code.value)' (\(code.example))")
                continue
            }
            lines.append(
                "  \(code.layer): \(code.count) × \(code.field) '\(code.value)' is no code of the profile "
                    + "'\(code.profile)', for example \(code.example); add it to `codes` of a class")
        }
        for layer in keptOld { lines.append("layer \(layer): left as it was, because one of its sources failed") }
        return lines.joined(separator: "\n")
    }
}

extension SourceReport {
    /// The report as a JSON object.
    public var jsonObject: [String: Any] {
        func counts(_ list: [ReasonCount]) -> [[String: Any]] {
            list.map { ["reason": $0.reason, "count": $0.count, "examples": $0.examples] }
        }
        var object: [String: Any] = [
            "source": source, "layer": layer, "path": path, "driver": driver, "status": status.rawValue, "read": read,
            "kept": kept, "outside": outside, "repaired": counts(repaired), "rejected": counts(rejected),
            "nulled": counts(nulled), "faulty": counts(faulty), "notes": notes, "seconds": rounded(seconds),
        ]
        if let failure { object["failure"] = failure }
        if let sourceCRS { object["crs"] = sourceCRS }
        if let encoding { object["encoding"] = encoding }
        if let extent { object["extent"] = [extent.minX, extent.minY, extent.maxX, extent.maxY] }
        if let box = extentLonLat { object["extentLonLat"] = [box.west, box.south, box.east, box.north] }
        return object
    }
}

/// JSON of plain Foundation values, keys sorted, slashes unescaped.
public func encodeJSON(_ object: Any) throws -> String {
    let data = try JSONSerialization.data(
        withJSONObject: object, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self)
}

private func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }

/// Rows as columns of even width; East Asian characters count as two.
public func textTable(_ rows: [[String]]) -> String {
    func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x1100 && $1.value < 0xFF61 ? 2 : 1) }
    }
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? width($0[column]) : 0 }.max() ?? 0 }
    return rows.map { row in
        row.enumerated().map { column, text in
            text + String(repeating: " ", count: column == row.count - 1 ? 0 : widths[column] - width(text))
        }.joined(separator: "  ")
    }.joined(separator: "\n")
}
