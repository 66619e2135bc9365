// SPDX-License-Identifier: Apache-2.0
import Spatial

/// One rule of a compliance check (合规性审查).
struct ComplianceRule: Sendable {
    /// Which way a limit goes.
    enum Direction: String, Sendable {
        case most, least
    }

    /// Where a limit or a value comes from.
    enum Amount: Sendable {
        case number(Double)
        /// A field of the plan polygons that the proposal lies on: the strictest counts.
        case plan(ConflictAnalysis.Plan, column: Int, scale: Double)
    }

    enum Kind: Sendable {
        /// The proposal shares no area with the layer (红线, 永久基本农田).
        case outside(ConflictAnalysis.Plan)
        /// The proposal lies in the layer (城镇开发边界).
        case inside(ConflictAnalysis.Plan)
        /// All of the layer's classes under the proposal are among these.
        case classes(ConflictAnalysis.Plan, allowed: Set<String>)
        /// The proposal keeps so many metres away (退线).
        case distance(AnalysisLayer, ColumnFilter?, metres: Double)
        /// A figure of the proposal is at most or at least a limit (容积率, 建筑密度, 绿地率, 限高).
        case figure(String, Direction, Amount)
    }

    var id: String
    var title: String
    var kind: Kind
    var tolerance = ConflictAnalysis.Tolerance()

    static let kinds = ["outside", "inside", "classes", "distance", "at-most", "at-least"]
    private static let example =
        #"{"id":"redline","type":"outside","layer":"eco_redline"} or "#
        + #"{"id":"far","type":"at-most","figure":"far","limit":{"layer":"control_plan","field":"far"}}"#

    init(_ value: JSONValue, _ scope: AnalysisScope) throws {
        guard case .object(let members) = value else { throw AnalysisInputs.wrong("rules", "[\(Self.example)]") }
        let inputs = AnalysisInputs(members: members)
        try inputs.allow([
            "id", "title", "type", "layer", "field", "filter", "allowed", "metres", "figure", "limit", "tolerance",
        ])
        guard let type = try inputs.text("type", example: #""outside""#), Self.kinds.contains(type) else {
            throw TwinError(
                .argument,
                "type: a rule's type is one of \(Self.kinds.joined(separator: ", ")); write for example "
                    + Self.example)
        }
        id = try inputs.text("id", example: #""redline""#) ?? type
        title = try inputs.text("title", example: #""Ecological redline""#) ?? id
        if let tolerance = try inputs.object("tolerance", example: #"{"area":1,"width":0.5}"#) {
            try tolerance.allow(["area", "width"])
            self.tolerance.area = try tolerance.number("area", in: 0...1e9, default: 1)
            self.tolerance.width = try tolerance.number("width", in: 0...1e4, default: 0)
        }
        func plan() throws -> ConflictAnalysis.Plan {
            try AnalysisInputs.plan(
                .object(members.filter { ["layer", "field", "filter"].contains($0.key) }), "layer", scope)
        }
        switch type {
        case "outside": kind = .outside(try plan())
        case "inside": kind = .inside(try plan())
        case "classes":
            guard let allowed = inputs.members["allowed"]?.list?.map(\.codeText), !allowed.contains(nil) else {
                throw AnalysisInputs.wrong("allowed", #"["0701","0901"]"#)
            }
            kind = .classes(try plan(), allowed: Set(allowed.compactMap { $0 }))
        case "distance":
            guard let id = try inputs.text("layer", example: #""roads""#) else {
                throw AnalysisInputs.wrong("layer", #""roads""#)
            }
            let layer = try scope.layer(id, "layer")
            let filter = try inputs.members["filter"].map { try ColumnFilter(value: $0) }
            if let filter { try layer.view.check(filter, masked: layer.masked) }
            let metres = try inputs.number("metres", in: 0...100_000, default: -1)
            guard metres >= 0 else { throw AnalysisInputs.wrong("metres", "10") }
            kind = .distance(layer, filter, metres: metres)
        default:
            guard let figure = try inputs.text("figure", example: #""far""#) else {
                throw AnalysisInputs.wrong("figure", #""far""#)
            }
            kind = .figure(figure, type == "at-most" ? .most : .least, try Self.amount(inputs, scope))
        }
    }

    private static func amount(_ inputs: AnalysisInputs, _ scope: AnalysisScope) throws -> Amount {
        let example = #"{"layer":"control_plan","field":"far"}"#
        if let number = inputs.members["limit"]?.number { return .number(number) }
        guard let limit = try inputs.object("limit", example: "2.5 or \(example)") else {
            throw AnalysisInputs.wrong("limit", "2.5 or \(example)")
        }
        try limit.allow(["layer", "field", "filter", "scale"])
        let scale = try limit.number("scale", in: -1e9...1e9, default: 1)
        guard let field = try limit.text("field", example: #""far""#) else {
            throw AnalysisInputs.wrong("limit", example)
        }
        let plan = try AnalysisInputs.plan(
            .object(limit.members.filter { $0.key != "scale" }), "limit", scope)
        return .plan(plan, column: try plan.layer.field(field, "limit"), scale: scale)
    }

    /// The layers that the rule reads.
    var layers: [AnalysisLayer] {
        switch kind {
        case .outside(let plan), .inside(let plan), .classes(let plan, _): [plan.layer]
        case .distance(let layer, _, _): [layer]
        case .figure(_, _, .plan(let plan, _, _)): [plan.layer]
        case .figure(_, _, .number): []
        }
    }
}

/// What a rule says about a proposal.
struct ComplianceFinding: Sendable {
    enum Verdict: String, Sendable {
        case pass, fail
        /// A figure or a limit is missing.
        case unknown
    }

    /// A feature that a finding rests on.
    struct Evidence: Sendable {
        var layer: AnalysisLayer
        var row: Int
        /// Square metres shared, or metres away.
        var amount: Double
        var text: String?
    }

    var rule: ComplianceRule
    var verdict: Verdict
    var message: String
    var measured: Double?
    var limit: Double?
    var unit: String
    var evidence: [Evidence] = []
    /// Where the rule is broken, in grid millimetres; empty where that is no place.
    var geometry = FlatCoordinates(kind: .polygon)
}
