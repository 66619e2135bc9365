// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Which parcels qualify, and which of them are best: constraints exclude, weighted criteria rank.
struct SiteSelection: Sendable {
    /// What a candidate must fulfil.
    struct Constraint: Sendable {
        var title: String
        var measure: SiteMeasure?
        /// For classes: the column and what it may say.
        var classes: (column: Int, allowed: Set<String>)?
        var least: Double?
        var most: Double?

        /// Why a figure does not do; nil if it does.
        func objection(_ value: Double?) -> String? {
            guard let value else { return "\(title): no figure" }
            if let least, value < least { return "\(title) is \(Self.text(value)), below \(Self.text(least))" }
            if let most, value > most { return "\(title) is \(Self.text(value)), above \(Self.text(most))" }
            return nil
        }

        private static func text(_ value: Double) -> String {
            value.isFinite ? fixed(value, 2) : "beyond reach"
        }
    }

    /// What makes one candidate better than another: from `worst` (0) to `best` (1), linear and clamped.
    struct Criterion: Sendable {
        var title: String
        var measure: SiteMeasure
        var weight: Double
        var worst: Double
        var best: Double

        /// No figure is the worst.
        func utility(_ value: Double?) -> Double {
            guard let value else { return 0 }
            return max(0, min(1, (value - worst) / (best - worst)))
        }
    }

    struct Candidate: Sendable {
        var row: Int
        var area: Double
        /// Figure and utility of each criterion.
        var figures: [(value: Double?, utility: Double)]
        /// 0 to 1.
        var score: Double
    }

    struct Result: Sendable {
        var candidates: [Candidate] = []
        /// By constraint, the candidates that it excluded: each counts at the first that it fails.
        var excluded: [Int]
        var examined = 0
    }

    var candidates: ConflictAnalysis.Plan
    var region: PreparedRegion?
    var constraints: [Constraint]
    var criteria: [Criterion]

    func run(_ progress: AnalysisProgress) throws -> Result {
        let rows = try PlanRows(candidates.layer, field: nil, filter: candidates.filter, region: region).rows
        let size = 16
        let parts = try ParallelWork.map((rows.count + size - 1) / size, progress, makeState: { try PolygonOverlay() })
        {
            overlay, index in
            var part = Result(excluded: constraints.map { _ in 0 })
            for row in rows[index * size..<min((index + 1) * size, rows.count)] { try judge(row, overlay, &part) }
            return part
        }
        var result = Result(excluded: constraints.map { _ in 0 })
        for part in parts {
            result.candidates += part.candidates
            result.examined += part.examined
            for (index, count) in part.excluded.enumerated() { result.excluded[index] += count }
        }
        let view = candidates.layer.view
        result.candidates.sort { ($1.score, view.id(row: $0.row)) < ($0.score, view.id(row: $1.row)) }
        return result
    }

    private func judge(_ row: Int, _ overlay: PolygonOverlay, _ part: inout Result) throws {
        part.examined += 1
        let layer = candidates.layer
        let polygon = layer.view.withGeometry(row: row) { OverlayPolygon($0) }
        for (index, constraint) in constraints.enumerated() {
            let isGood: Bool
            if let classes = constraint.classes {
                isGood = classes.allowed.contains(
                    layer.view.value(row: row, column: classes.column).text ?? PlanRows.unclassified)
            } else if let measure = constraint.measure {
                isGood = constraint.objection(try measure.value(row, polygon, of: layer, overlay)) == nil
            } else {
                isGood = true
            }
            if !isGood {
                part.excluded[index] += 1
                return
            }
        }
        var figures: [(value: Double?, utility: Double)] = []
        var score = 0.0
        var weights = 0.0
        for criterion in criteria {
            let value = try criterion.measure.value(row, polygon, of: layer, overlay)
            let utility = criterion.utility(value)
            figures.append((value, utility))
            score += criterion.weight * utility
            weights += criterion.weight
        }
        part.candidates.append(
            Candidate(row: row, area: polygon.area, figures: figures, score: weights > 0 ? score / weights : 0))
    }
}
