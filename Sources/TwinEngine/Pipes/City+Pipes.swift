// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The pipes of a model, ready to be asked about.
struct PipeAnalysis: Sendable {
    var model: String
    var segments: PipeSegments
    /// The survey points, where the model names their layer and it may be read.
    var points: LayerView?
}

/// Results that were worked out, by what they were worked out from.
final class AnalysisCache<Value: Sendable>: Sendable {
    private let entries = Mutex<[String: (versions: [Int64], value: Value)]>([:])

    func value(_ key: String, versions: [Int64], _ make: () throws -> Value) rethrows -> Value {
        if let known = entries.withLock({ $0[key] }), known.versions == versions { return known.value }
        let value = try make()
        entries.withLock { $0[key] = (versions, value) }
        return value
    }
}

extension ModelDefinition {
    /// The fields that analyses of pipes read.
    package var usedFields: Set<String> {
        Set(([diameter, depthFrom, depthTo, ground, colorBy] + pipes.fieldNames).compactMap(\.self))
    }
}

extension City {
    /// The definition of the pipe model of an id, or of the only one.
    public func pipeModel(_ id: String?) throws -> ModelDefinition {
        let models = project.models.filter { $0.kind == .pipes }
        if let id {
            guard let model = models.first(where: { $0.id == id }) else {
                let known = models.map(\.id).joined(separator: ", ")
                throw TwinError(.notFound, "there is no model of pipes '\(id)'; the city has: \(known)")
            }
            return model
        }
        guard let first = models.first else {
            throw TwinError(
                .notFound,
                "the city has no model of kind `pipes`; add one to `models` of city.yaml, for example "
                    + "{id: pipes, kind: pipes, layer: mains, diameter: diameter}")
        }
        return first
    }

    /// The pipes of a model under one index, kept until one of their layers changes. O(n log n) the first time.
    func pipes(model id: String?, layers allowed: Set<String>? = nil) throws -> PipeAnalysis {
        let definition = try pipeModel(id)
        let view = view()
        let layers = definition.layers.filter { allowed?.contains($0) ?? true }.compactMap { view.layer($0) }
        let points = definition.pipes.points.flatMap { allowed?.contains($0) ?? true ? view.layer($0) : nil }
        let key = ([definition.id] + layers.map(\.definition.id) + [points == nil ? "" : "points"]).joined(
            separator: "|")
        let versions = layers.map(\.version) + [points?.version ?? -1]
        let (profiles, ground) = (profiles, groundHeights())
        return pipeCache.value(key, versions: versions) {
            PipeAnalysis(
                model: definition.id,
                segments: PipeSegments(layers.map { PipeRows($0, definition, profiles.pipes, ground) }), points: points)
        }
    }

    /// The check of a model's pipes, kept until one of their layers changes.
    public func pipeCheck(model id: String?, layers: Set<String>? = nil) throws -> PipeCheckReport {
        let analysis = try pipes(model: id, layers: layers)
        let used = analysis.segments.layers.map(\.layer)
        let key = ([analysis.model] + used.map(\.definition.id) + [analysis.points == nil ? "" : "points"])
            .joined(separator: "|")
        return try checkCache.value(key, versions: used.map(\.version) + [analysis.points?.version ?? -1]) {
            try PipeCheck.run(self, model: id, layers: layers)
        }
    }
}
