// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A compliance check as GeoJSON (a feature for each broken rule with its place) and as a table.
struct ComplianceOutput {
    struct Entry: Sendable {
        var proposal: ComplianceCheck.Proposal
        var findings: [ComplianceFinding]

        /// The worst of all rules.
        var verdict: ComplianceFinding.Verdict {
            if findings.contains(where: { $0.verdict == .fail }) { return .fail }
            return findings.contains { $0.verdict == .unknown } ? .unknown : .pass
        }
    }

    let entries: [Entry]
    let record: AnalysisRecord
    let coordinates: CityCoordinates
    /// Features named as evidence of one finding; the count tells of the others.
    private static let evidenceLimit = 100

    func json() -> JSONBytes {
        var out = JSONBytes(capacity: 1 << 14)
        out.raw("{\"type\":\"FeatureCollection\",")
        record.append(to: &out)
        out.raw(",\"verdicts\":{")
        for (index, verdict) in [ComplianceFinding.Verdict.pass, .fail, .unknown].enumerated() {
            if index > 0 { out.raw(",") }
            out.key(verdict.rawValue)
            out.integer(entries.count { $0.verdict == verdict })
        }
        out.raw("},\"proposals\":")
        out.list(entries) { proposal($1, &$0) }
        out.raw(",\"features\":[")
        var isFirst = true
        for entry in entries {
            for finding in entry.findings where !finding.geometry.isEmpty {
                if !isFirst { out.raw(",") }
                isFirst = false
                out.raw("{\"type\":\"Feature\",\"geometry\":")
                out.polygon(finding.geometry, coordinates)
                out.raw(",\"properties\":{\"proposal\":")
                out.string(entry.proposal.name)
                out.raw(",\"rule\":")
                out.string(finding.rule.id)
                out.raw(",\"verdict\":")
                out.string(finding.verdict.rawValue)
                out.raw(",\"message\":")
                out.string(finding.message)
                out.raw("}}")
            }
        }
        out.raw("]}")
        return out
    }

    private func proposal(_ entry: Entry, _ out: inout JSONBytes) {
        out.raw("{\"proposal\":")
        out.string(entry.proposal.name)
        out.raw(",\"area\":")
        out.fixed(entry.proposal.geometry.view.area, 6)
        out.raw(",\"verdict\":")
        out.string(entry.verdict.rawValue)
        out.raw(",\"rules\":")
        out.list(entry.findings) { finding($1, &$0) }
        out.raw("}")
    }

    private func finding(_ finding: ComplianceFinding, _ out: inout JSONBytes) {
        out.raw("{\"rule\":")
        out.string(finding.rule.id)
        out.raw(",\"title\":")
        out.string(finding.rule.title)
        out.raw(",\"verdict\":")
        out.string(finding.verdict.rawValue)
        out.raw(",\"message\":")
        out.string(finding.message)
        for (name, value) in [("measured", finding.measured), ("limit", finding.limit)] {
            guard let value else { continue }
            out.raw(",")
            out.key(name)
            out.fixed(value, 6)
        }
        if !finding.unit.isEmpty {
            out.raw(",\"unit\":")
            out.string(finding.unit)
        }
        out.raw(",\"evidenceCount\":")
        out.integer(finding.evidence.count)
        out.raw(",\"evidence\":")
        out.list(finding.evidence.prefix(Self.evidenceLimit)) { out, entry in
            out.raw("{\"layer\":")
            out.string(entry.layer.id)
            out.raw(",\"id\":")
            out.integer(entry.layer.view.id(row: entry.row))
            out.raw(",\"amount\":")
            out.fixed(entry.amount, 6)
            if let text = entry.text {
                out.raw(",\"text\":")
                out.string(text)
            }
            out.raw("}")
        }
        out.raw("}")
    }

    func table() -> String {
        var rows = [["proposal", "rule", "verdict", "finding"]]
        for entry in entries {
            for finding in entry.findings {
                rows.append([entry.proposal.name, finding.rule.title, finding.verdict.rawValue, finding.message])
            }
        }
        let counts = [ComplianceFinding.Verdict.pass, .fail, .unknown].map { verdict in
            "\(entries.count { $0.verdict == verdict }) \(verdict.rawValue)"
        }
        return "\(entries.count) proposals: \(counts.joined(separator: ", ")); store version \(record.version)\n\n"
            + textTable(rows) + "\n"
    }
}
