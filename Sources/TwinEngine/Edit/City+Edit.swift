// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB

extension City {
    /// Edits of one transaction.
    public static let editLimit = 10_000

    /// Changes a layer: all edits, or none where one is refused. Returns when ``view()`` shows them.
    ///
    /// Whoever calls has asked ``Access`` for the right to write. It waits for the disk: call it on a worker.
    /// - Parameters:
    ///   - masked: fields that the caller may not see, hence may not set.
    ///   - crs: of the geometries.
    /// - Throws: `EditError` for an edit that is refused, `TwinError` where the store cannot be written.
    public func edit(
        _ layer: LayerDefinition, _ edits: [FeatureEdit], masked: Set<String>, crs: FeatureCRS
    ) throws -> [EditResult] {
        guard edits.count <= Self.editLimit else {
            throw EditError(
                .malformed, "edits",
                "there are \(edits.count), at most \(Self.editLimit) belong to one transaction; send several")
        }
        guard let stored = try store.layers().first(where: { $0.id == layer.id }) else {
            throw TwinError(.notFound, "there is no layer '\(layer.id)'")
        }
        let coordinates = coordinates
        let results = try store.explaining {
            try store.queue.write { database in
                var editor = try LayerEditor(layer, masked: masked, stored, crs, coordinates, database)
                var results: [EditResult] = []
                for (index, edit) in edits.enumerated() {
                    results.append(try editor.apply(edit, edits.count == 1 ? "body" : "edits[\(index)]"))
                }
                try editor.finish()
                return results
            }
        }
        try refresh(until: store.version())
        return results
    }

    /// Waits until the view shows a version of the store, which another thread may be loading.
    private func refresh(until version: Int64) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while view().version < version {
            if try refresh() { continue }
            guard ContinuousClock.now < deadline else {
                throw TwinError(.store, "the edit is kept, and reads will show it when the layer has been loaded again")
            }
            Thread.sleep(forTimeInterval: 0.002)
        }
    }
}
