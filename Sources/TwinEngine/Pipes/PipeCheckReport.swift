// SPDX-License-Identifier: Apache-2.0

/// The account of a check of pipes. Nothing is left out: `findings` holds every finding.
public struct PipeCheckReport: Sendable {
    public var model: String
    public var layers: [String]
    /// What was looked at.
    public var pipes: Int
    public var segments: Int
    public var points: Int
    /// By kind, layer and id.
    public var findings: [PipeFinding]
    public var seconds: Double

    public var isGood: Bool { findings.isEmpty }

    /// Findings of each kind, all kinds in their order.
    public var counts: [(kind: PipeFindingKind, count: Int)] {
        var counts: [PipeFindingKind: Int] = [:]
        for finding in findings { counts[finding.kind, default: 0] += 1 }
        return PipeFindingKind.allCases.map { ($0, counts[$0] ?? 0) }
    }

    /// The findings of some kinds, classes and a box in degrees; nil takes all.
    public func select(
        kinds: Set<PipeFindingKind>? = nil, classes: Set<String>? = nil, box: LonLatBox? = nil
    ) -> [PipeFinding] {
        findings.filter { finding in
            guard kinds?.contains(finding.kind) ?? true else { return false }
            guard classes.map({ $0.contains(finding.pipeClass ?? "") }) ?? true else { return false }
            guard let box else { return true }
            let place = finding.position
            return place.longitude >= box.west && place.longitude <= box.east && place.latitude >= box.south
                && place.latitude <= box.north
        }
    }

    /// A table for people: counts, then up to `examples` findings of each kind.
    public func table(examples: Int = 3) -> String {
        var rows = [["", "check", "检查项", "findings"]]
        for (kind, count) in counts {
            rows.append([count == 0 ? "ok" : "BAD", kind.rawValue, kind.title.zh, String(count)])
        }
        var text = "\(pipes) pipes in \(segments) stretches, \(points) points of model '\(model)'; "
        text += "\(findings.count) findings in \(fixed(seconds, 2)) s\n\n" + textTable(rows)
        for (kind, count) in counts where count > 0 && examples > 0 {
            let shown = findings.lazy.filter { $0.kind == kind }.prefix(examples)
            text += "\n\n\(kind.title.en) (\(kind.title.zh)): \(shown.count) of \(count) shown\n"
            text += textTable(shown.map(Self.line))
        }
        return text
    }

    private static func line(_ finding: PipeFinding) -> [String] {
        let values = finding.values.map { "\($0.name)=\(fixed($0.value, 3))" }
        let other = finding.other.map { " with \($0.layer)/\($0.id)" } ?? ""
        return [
            "  \(finding.layer)/\(finding.id)", finding.code ?? "-", finding.pipeClass ?? "-",
            "\(fixed(finding.position.longitude, 6)),\(fixed(finding.position.latitude, 6))",
            finding.reason + other, values.joined(separator: " "),
        ]
    }

    /// The head of the JSON form: everything but the findings, without the closing brace.
    package func appendHead(to out: inout JSONBytes) {
        out.raw("{\"model\":")
        out.string(model)
        out.raw(",\"layers\":")
        out.list(layers) { $0.string($1) }
        out.raw(",\"pipes\":")
        out.integer(pipes)
        out.raw(",\"segments\":")
        out.integer(segments)
        out.raw(",\"points\":")
        out.integer(points)
        out.raw(",\"seconds\":")
        out.fixed(seconds, 3)
        out.raw(",\"total\":")
        out.integer(findings.count)
        out.raw(",\"counts\":{")
        for (index, entry) in counts.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(entry.kind.rawValue)
            out.integer(entry.count)
        }
        out.raw("}")
    }

    /// Everything as JSON.
    public func json() -> String {
        var out = JSONBytes(capacity: 300 * findings.count + 1024)
        appendHead(to: &out)
        out.raw(",\"findings\":")
        out.list(findings) { $1.appendObject(to: &$0) }
        out.raw("}")
        return String(decoding: out.bytes, as: UTF8.self)
    }

    /// A FeatureCollection of points (RFC 7946) of findings.
    package static func geoJSON(_ findings: some Collection<PipeFinding>, matched: Int) -> JSONBytes {
        var out = JSONBytes(capacity: 350 * findings.count + 256)
        out.raw("{\"type\":\"FeatureCollection\",\"numberMatched\":")
        out.integer(matched)
        out.raw(",\"numberReturned\":")
        out.integer(findings.count)
        out.raw(",\"features\":")
        out.list(findings) { $1.appendFeature(to: &$0) }
        out.raw("}")
        return out
    }

    /// All findings as a map layer.
    public func geoJSON() -> [UInt8] { Self.geoJSON(findings, matched: findings.count).bytes }
}
