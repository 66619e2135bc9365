// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// What a 3D model is made of, and what is wrong with it: `twin check models`.
public struct ModelReport: Sendable {
    /// Features of one kind, with `layer/id` of the first ten.
    public struct Group: Sendable {
        public var name: String
        public var words: String
        public private(set) var count = 0
        public private(set) var examples: [String] = []

        mutating func add(_ id: String) {
            count += 1
            if examples.count < 10 { examples.append(id) }
        }
    }

    public var model: String
    public var kind: String
    /// Features that are drawn.
    public var features = 0
    /// Those drawn by the surfaces of a city model, by its levels of detail.
    public var solids = 0
    public var levels: [String: Int] = [:]
    /// Roofs that are drawn by their fields, by shape; `flat` are blocks.
    public var roofs: [String: Int] = [:]
    /// Roofs of the smallest rectangle around their footprint, cut off at the walls.
    public var fitted = 0
    public var images = 0
    public var outlines: (covered: Int, cut: Int) = (0, 0)
    /// Features that are left out, by reason.
    public var leftOut: [Group] = []
    /// Values of the roof's field for which no shape is known; drawn flat.
    public var unknownRoofs: [Group] = []
    /// Faults of solids, which are drawn all the same.
    public var faults: [Group] = []
    /// Images that are no longer where the source had them.
    public var missingImages: [String] = []

    public var isGood: Bool {
        leftOut.isEmpty && unknownRoofs.isEmpty && faults.isEmpty && missingImages.isEmpty
    }

    /// A table for people.
    public func table(examples: Int = 3) -> String {
        var rows = [["model '\(model)'", kind, String(features), "features"]]
        if solids > 0 { rows.append(["", "solids", String(solids), Self.list(levels, "LoD ")]) }
        if !roofs.isEmpty {
            rows.append(["", "blocks and roofs", String(roofs.values.reduce(0, +)), Self.list(roofs)])
        }
        if fitted > 0 { rows.append(["", "fitted roofs", String(fitted), "on footprints that are no rectangles"]) }
        if outlines.covered + outlines.cut > 0 {
            rows.append([
                "", "outlines", String(outlines.covered), "in place of which parts stand; \(outlines.cut) cut",
            ])
        }
        if images > 0 { rows.append(["", "images", String(images), ""]) }
        rows += leftOut.map { Self.row("left out", $0, examples) }
        rows += unknownRoofs.map { Self.row("unknown roof", $0, examples) }
        rows += faults.map { Self.row("fault", $0, examples) }
        for path in missingImages.prefix(max(0, examples)) { rows.append(["BAD", "image missing", "", path]) }
        if missingImages.count > examples { rows.append(["BAD", "images missing", String(missingImages.count), ""]) }
        return textTable(rows)
    }

    private static func row(_ title: String, _ group: Group, _ examples: Int) -> [String] {
        var text = group.words.isEmpty ? group.name : "\(group.name): \(group.words)"
        let ids = group.examples.prefix(max(0, examples))
        if !ids.isEmpty { text += "; " + ids.joined(separator: ", ") }
        if !ids.isEmpty, group.count > ids.count { text += ", …" }
        return ["BAD", title, String(group.count), text]
    }

    private static func list(_ counts: [String: Int], _ prefix: String = "") -> String {
        counts.sorted { $0.key < $1.key }.map { "\(prefix)\($0.key): \($0.value)" }.joined(separator: ", ")
    }

    /// The same as a JSON object.
    package func append(to out: inout JSONBytes) {
        out.raw("{\"model\":")
        out.string(model)
        out.raw(",\"kind\":")
        out.string(kind)
        let numbers: [(String, Int)] = [
            ("features", features), ("solids", solids), ("fittedRoofs", fitted), ("images", images),
            ("coveredOutlines", outlines.covered), ("cutOutlines", outlines.cut),
        ]
        for (key, value) in numbers {
            out.raw(",")
            out.key(key)
            out.integer(value)
        }
        for (key, counts) in [("levels", levels), ("roofs", roofs)] {
            out.raw(",")
            out.key(key)
            out.raw("{")
            for (index, entry) in counts.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { out.raw(",") }
                out.key(entry.key)
                out.integer(entry.value)
            }
            out.raw("}")
        }
        for (key, groups) in [("leftOut", leftOut), ("unknownRoofs", unknownRoofs), ("faults", faults)] {
            out.raw(",")
            out.key(key)
            out.list(groups) { (out: inout JSONBytes, group: Group) in
                out.raw("{\"name\":")
                out.string(group.name)
                out.raw(",\"words\":")
                out.string(group.words)
                out.raw(",\"count\":")
                out.integer(group.count)
                out.raw(",\"examples\":")
                out.list(group.examples) { $0.string($1) }
                out.raw("}")
            }
        }
        out.raw(",\"missingImages\":")
        out.list(missingImages) { $0.string($1) }
        out.raw(isGood ? ",\"good\":true}" : ",\"good\":false}")
    }

    /// The reports as a JSON list.
    public static func json(_ reports: [ModelReport]) -> String {
        var out = JSONBytes(capacity: 1024 * reports.count)
        out.list(reports) { $1.append(to: &$0) }
        return String(decoding: out.bytes, as: UTF8.self)
    }
}

extension City {
    /// What the city's models are made of. O(vertices of the models).
    ///
    /// - Parameter id: One model; nil for all.
    /// - Throws: `TwinError` for an unknown model.
    public func modelReports(_ id: String? = nil) throws -> [ModelReport] {
        let ids = project.models.map(\.id).filter { id == nil || $0 == id }
        guard !ids.isEmpty else {
            let known = project.models.map(\.id).joined(separator: ", ")
            throw TwinError(
                .model, "there is no model '\(id ?? "")'; the models are: \(known.isEmpty ? "none" : known)")
        }
        return try ids.compactMap { try model($0)?.report() }
    }
}

extension CityModel {
    /// O(vertices): every feature is meshed once.
    ///
    /// - Throws: `geos` where GEOS cannot judge a surface with holes.
    func report() throws(SpatialError) -> ModelReport {
        var report = ModelReport(model: definition.id, kind: definition.kind.rawValue, features: count)
        report.images = images.count
        report.missingImages = missingImages
        report.outlines = outlines
        report.leftOut = problems.map(ModelReport.Group.init)
        guard definition.kind == .buildings else { return report }
        var unknown: [String: ModelReport.Group] = [:]
        var faults: [SolidFault: ModelReport.Group] = [:]
        for (index, layer) in layers.enumerated() {
            var shape = buildingShape(index)
            var mesh = TriangleMesh()
            for item in items where Int(item.layer) == index {
                let row = Int(item.row)
                let id = { "\(layer.definition.id)/\(layer.id(row: row))" }
                if let levels = shape.solid(row) {
                    report.solids += 1
                    for level in levels.levels { report.levels[level.lod.isEmpty ? "?" : level.lod, default: 0] += 1 }
                    for fault in try levels.faults() {
                        faults[fault, default: .init(name: fault.rawValue, words: fault.words)].add(id())
                    }
                    continue
                }
                if let tag = shape.unknownRoof(row) {
                    unknown[tag, default: .init(name: tag, words: "no roof shape is known by this name")].add(id())
                }
                report.roofs[shape.roof(row).rawValue, default: 0] += 1
                mesh.removeAll()
                shape.append(row, feature: 0, to: &mesh)
            }
            report.fitted += shape.blocks.roofs.fitted
        }
        report.unknownRoofs = unknown.values.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        report.faults = SolidFault.allCases.compactMap { faults[$0] }
        return report
    }
}

extension ModelReport.Group {
    init(name: String, words: String) { (self.name, self.words) = (name, words) }

    init(_ problem: ModelProblem) {
        (name, words) = (problem.reason, "")
        (count, examples) = (problem.count, problem.examples)
    }
}
