// SPDX-License-Identifier: Apache-2.0
import Tiles
import TwinEngine

extension ArchiveRoutes {
    /// A tile of an archive of this city that changed after the archive was built, or lies above its zooms, made from the
    /// layers as they are now; nil where the archive's own tile holds.
    ///
    /// Only for callers that may read all of the layers with all fields: the others get the archive as it was built.
    static func fresh(
        _ archive: ServedArchive, _ id: TileID, _ server: CityServer, _ request: RouteRequest
    ) async throws -> Reply? {
        guard let origin = archive.origin, id.z <= 20 else { return nil }
        try await TileRoutes.lookForEdits(server)
        guard let layers = origin.layers(in: server.city.view(), of: server.city.project),
            layers.allSatisfy({ isOpen($0, server, request.principal) })
        else { return nil }
        let (shown, versions) = try await TileRoutes.versions(of: id, server) { view throws(Problem) in
            // A layer that is gone meanwhile shows nothing, as in the next request.
            origin.layers.compactMap { view.layer($0.id) }.map { ReadableLayer(view: $0, masked: []) }
        }
        let built = Dictionary(origin.layers.map { ($0.id, $0.version) }, uniquingKeysWith: min)
        let holds = zip(shown, versions).allSatisfy { $1 <= built[$0.id] ?? 0 }
        guard !holds || id.z > archive.archive.zooms.upperBound else { return nil }
        return try await TileRoutes.tile(id, "archive \(archive.name)", shown, versions, server, request)
    }

    private static func isOpen(_ layer: LayerView, _ server: CityServer, _ principal: Principal) -> Bool {
        if case .allow(let masked) = server.access.decide(principal, .read, .layer(layer.definition)) {
            return masked.isEmpty
        }
        return false
    }
}
