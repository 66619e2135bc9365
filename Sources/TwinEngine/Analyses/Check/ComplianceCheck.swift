// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Holds proposals against rules, each with the figures and places that it rests on. One thread.
struct ComplianceCheck {
    /// A polygon that somebody proposes, with figures such as `far`, `density`, `green_ratio`, `height`.
    struct Proposal: Sendable {
        var name: String
        var geometry: FlatGeometry
        var figures: [String: Double]
    }

    let overlay: PolygonOverlay

    init() throws { overlay = try PolygonOverlay() }

    func findings(_ proposal: Proposal, _ rules: [ComplianceRule]) throws -> [ComplianceFinding] {
        let polygon = OverlayPolygon(proposal.geometry)
        return try rules.map { rule in
            switch rule.kind {
            case .outside(let plan): try outside(rule, plan, polygon)
            case .inside(let plan): try inside(rule, plan, polygon)
            case .classes(let plan, let allowed): try classes(rule, plan, allowed, polygon)
            case .distance(let layer, let filter, let metres):
                try distance(rule, layer, filter, metres, proposal.geometry)
            case .figure(let name, let direction, let limit):
                try figure(rule, name, direction, limit, proposal, polygon)
            }
        }
    }

    // MARK: Areas

    /// What polygons of a plan share with the proposal.
    private func shares(
        _ plan: ConflictAnalysis.Plan, _ polygon: OverlayPolygon
    ) throws -> [(row: Int, geometry: FlatCoordinates)] {
        var rows: [Int] = []
        var filter = try plan.filter.map { try RowFilter($0, plan.layer.view, masked: plan.layer.masked) }
        plan.layer.view.searchRows(polygon.box) { row in
            if filter?.passes(row) != false { rows.append(row) }
            return true
        }
        return try rows.compactMap { row in
            let other = plan.layer.view.withGeometry(row: row) { OverlayPolygon($0) }
            switch try overlay.shared(polygon, other) {
            case .none: return nil
            case .wholeFirst: return (row, FlatCoordinates(grid: polygon.geometry))
            case .wholeSecond: return (row, FlatCoordinates(grid: other.geometry))
            case .part(let part): return (row, part)
            }
        }
    }

    /// The parts of a geometry that a tolerance does not excuse.
    private func beyond(_ tolerance: ConflictAnalysis.Tolerance, _ geometry: FlatCoordinates) throws -> FlatCoordinates
    {
        var kept = FlatCoordinates(kind: .polygon)
        for part in geometry.parts {
            if part.planarArea / 1e6 <= tolerance.area { continue }
            if tolerance.width > 0, try overlay.isNarrow(part, width: tolerance.width * 1000) { continue }
            kept.append(part)
        }
        return kept
    }

    private func outside(
        _ rule: ComplianceRule, _ plan: ConflictAnalysis.Plan, _ polygon: OverlayPolygon
    ) throws -> ComplianceFinding {
        var finding = ComplianceFinding(rule: rule, verdict: .pass, message: "", limit: 0, unit: "m²")
        for share in try shares(plan, polygon) {
            let kept = try beyond(rule.tolerance, share.geometry)
            if kept.isEmpty { continue }
            finding.evidence.append(
                .init(layer: plan.layer, row: share.row, amount: kept.planarArea / 1e6, text: text(plan, share.row)))
            finding.geometry.append(kept)
        }
        let area = try overlay.coveredArea(finding.geometry.parts) / 1e6
        finding.measured = area
        finding.verdict = finding.evidence.isEmpty ? .pass : .fail
        finding.message =
            finding.evidence.isEmpty
            ? "no area in \(plan.layer.id)"
            : "\(fixed(area, 2)) m² lie in \(plan.layer.id) (\(finding.evidence.count) polygons)"
        return finding
    }

    private func inside(
        _ rule: ComplianceRule, _ plan: ConflictAnalysis.Plan, _ polygon: OverlayPolygon
    ) throws -> ComplianceFinding {
        var finding = ComplianceFinding(rule: rule, verdict: .pass, message: "", limit: 0, unit: "m²")
        var rest = FlatCoordinates(grid: polygon.geometry)
        for share in try shares(plan, polygon) {
            finding.evidence.append(
                .init(
                    layer: plan.layer, row: share.row, amount: share.geometry.planarArea / 1e6,
                    text: text(plan, share.row)))
            if rest.isEmpty { continue }
            let other = plan.layer.view.withGeometry(row: share.row) { OverlayPolygon($0) }
            rest = try overlay.result(.difference, rest, other)
        }
        let outside = rest.isEmpty ? rest : try beyond(rule.tolerance, rest)
        finding.geometry = outside
        let area = outside.planarArea / 1e6
        finding.measured = area
        finding.verdict = outside.isEmpty ? .pass : .fail
        finding.message =
            outside.isEmpty
            ? "all of it lies in \(plan.layer.id)"
            : "\(fixed(area, 2)) m² lie outside \(plan.layer.id)"
        return finding
    }

    private func classes(
        _ rule: ComplianceRule, _ plan: ConflictAnalysis.Plan, _ allowed: Set<String>, _ polygon: OverlayPolygon
    ) throws -> ComplianceFinding {
        var finding = ComplianceFinding(rule: rule, verdict: .pass, message: "", limit: 0, unit: "m²")
        var names: Set<String> = []
        for share in try shares(plan, polygon) {
            let name = text(plan, share.row) ?? PlanRows.unclassified
            if allowed.contains(name) { continue }
            let kept = try beyond(rule.tolerance, share.geometry)
            if kept.isEmpty { continue }
            names.insert(name)
            finding.evidence.append(
                .init(layer: plan.layer, row: share.row, amount: kept.planarArea / 1e6, text: name))
            finding.geometry.append(kept)
        }
        let area = try overlay.coveredArea(finding.geometry.parts) / 1e6
        finding.measured = area
        finding.verdict = names.isEmpty ? .pass : .fail
        finding.message =
            names.isEmpty
            ? "only allowed classes of \(plan.layer.id)"
            : "\(fixed(area, 2)) m² lie on \(names.sorted().joined(separator: ", ")) of \(plan.layer.id)"
        return finding
    }

    private func text(_ plan: ConflictAnalysis.Plan, _ row: Int) -> String? {
        guard let field = plan.field, let column = plan.layer.definition.fieldIndex(field) else { return nil }
        return plan.layer.view.value(row: row, column: column).text
    }

    // MARK: Distances

    private func distance(
        _ rule: ComplianceRule, _ layer: AnalysisLayer, _ filter: ColumnFilter?, _ metres: Double,
        _ geometry: FlatGeometry
    ) throws -> ComplianceFinding {
        let region = try PreparedRegion(around: geometry, millimetres: Int64((metres * 1000).rounded(.up)))
        var passing = try filter.map { try RowFilter($0, layer.view, masked: layer.masked) }
        var near: [ComplianceFinding.Evidence] = []
        layer.view.searchRows(region.box) { row in
            if passing?.passes(row) == false { return true }
            let squared = layer.view.withGeometry(row: row) { region.distanceSquared(ifWithin: $0) }
            if let squared, squared.squareRoot() / 1000 < metres {
                near.append(.init(layer: layer, row: row, amount: squared.squareRoot() / 1000, text: nil))
            }
            return true
        }
        near.sort { ($0.amount, $0.row) < ($1.amount, $1.row) }
        let least = near.first?.amount
        return ComplianceFinding(
            rule: rule, verdict: near.isEmpty ? .pass : .fail,
            message: least.map {
                "\(near.count) features of \(layer.id) are nearer than \(fixed(metres, 2)) m, the nearest "
                    + "\(fixed($0, 2)) m"
            } ?? "nothing of \(layer.id) within \(fixed(metres, 2)) m",
            measured: least, limit: metres, unit: "m", evidence: near)
    }

    // MARK: Figures

    private func figure(
        _ rule: ComplianceRule, _ name: String, _ direction: ComplianceRule.Direction, _ amount: ComplianceRule.Amount,
        _ proposal: Proposal, _ polygon: OverlayPolygon
    ) throws -> ComplianceFinding {
        var finding = ComplianceFinding(rule: rule, verdict: .unknown, message: "", unit: "")
        switch amount {
        case .number(let number): finding.limit = number
        case .plan(let plan, let column, let scale):
            for share in try shares(plan, polygon) {
                let area = share.geometry.planarArea / 1e6
                if area <= rule.tolerance.area { continue }
                let value = plan.layer.view.value(row: share.row, column: column).number.map { $0 * scale }
                finding.evidence.append(
                    .init(
                        layer: plan.layer, row: share.row, amount: area,
                        text: value.map { "limit \($0)" } ?? "no limit"))
                guard let value else { continue }
                let known = finding.limit ?? value
                finding.limit = direction == .most ? min(known, value) : max(known, value)
            }
        }
        finding.measured = proposal.figures[name]
        guard let limit = finding.limit else {
            finding.message = "no polygon of the plan under the proposal states a limit of \(name)"
            return finding
        }
        guard let measured = finding.measured else {
            finding.message = "the proposal states no \(name); give it in \"figures\""
            return finding
        }
        let holds = direction == .most ? measured <= limit : measured >= limit
        finding.verdict = holds ? .pass : .fail
        let words = direction == .most ? "at most" : "at least"
        finding.message = "\(name) is \(measured), \(words) \(limit) is allowed"
        return finding
    }
}

extension FlatCoordinates {
    /// Adds the parts of another geometry of the same kind.
    mutating func append(_ other: FlatCoordinates) {
        let base = UInt32(vertexCount)
        xy += other.xy
        ringEnds += other.ringEnds.map { $0 + base }
    }
}
