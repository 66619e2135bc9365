// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Models that were planned, by what they were planned from.
final class ModelCache: Sendable {
    private struct Entry {
        var versions: [Int64]
        var model: CityModel
    }
    private let entries = Mutex<[String: Entry]>([:])

    func model(_ key: String, versions: [Int64], _ make: () throws -> CityModel) rethrows -> CityModel {
        if let known = entries.withLock({ $0[key] }), known.versions == versions { return known.model }
        let model = try make()
        entries.withLock { $0[key] = Entry(versions: versions, model: model) }
        return model
    }
}

extension City {
    /// A 3D model of the present view, planned on first use. O(features) then.
    ///
    /// - Parameters:
    ///   - layers: ids of the layers that may be shown; others are left out. Nil shows all.
    ///   - masked: names of fields that are left out of the metadata, by layer id.
    ///   - ground: what heights are measured from.
    /// - Returns: nil if there is no such model, or none of its layers has a feature.
    public func model(
        _ id: String, layers allowed: Set<String>? = nil, masked: [String: Set<String>] = [:],
        ground: ModelGround = .ellipsoid
    ) throws -> CityModel? {
        guard let definition = project.models.first(where: { $0.id == id }) else { return nil }
        let view = view()
        let layers = definition.layers.filter { allowed?.contains($0) ?? true }.compactMap { view.layer($0) }
        guard layers.contains(where: { $0.count > 0 }) else { return nil }
        let masks = masked.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
            .map { "\($0.key):\($0.value.sorted().joined(separator: "+"))" }
        let key = ([id, ground.rawValue] + layers.map(\.definition.id) + masks).joined(separator: "|")
        return try models.model(key, versions: layers.map(\.version)) {
            let model = CityModel(
                definition: definition, layers: layers, masked: masked, project: project, profiles: profiles,
                coordinates: coordinates, ground: ground, terrain: groundHeights())
            guard model.count > 0 else {
                throw TwinError(
                    .model, "the model '\(id)' has no feature with a shape; check its `height`, `floors` or `depth`")
            }
            return model
        }
    }
}
