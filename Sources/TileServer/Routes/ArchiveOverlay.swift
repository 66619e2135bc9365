// SPDX-License-Identifier: Apache-2.0
import Tiles
import TwinEngine

extension ArchiveRoutes {
    /// What a tile of an archive of this city depends on, and the tile itself where it changed after the archive was
    /// built or lies above its zooms: then it is made from the layers as they are now.
    ///
    /// Only for callers that may read all of the layers with all fields: the others get the archive as it was built.
    static func fresh(
        _ archive: ServedArchive, _ id: TileID, _ server: CityServer, _ request: RouteRequest
    ) async throws -> (state: Freshness.City?, reply: Reply?) {
        guard let origin = archive.origin, id.z <= TileRoutes.deepestZoom else { return (nil, nil) }
        try await TileRoutes.lookForEdits(server)
        let view = server.city.view()
        guard case .current(let layers) = origin.standing(in: view, of: server.city),
            layers.allSatisfy({ isOpen($0, server, request.principal) })
        else { return (Freshness.City(view: view.version), nil) }
        let (shown, state) = try await TileRoutes.state(of: id, server) { view throws(Problem) in
            // A layer that is gone meanwhile shows nothing, as in the next request.
            origin.layers.compactMap { view.layer($0.id) }.map { ReadableLayer(view: $0, masked: []) }
        }
        let built = Dictionary(origin.layers.map { ($0.id, $0.version) }, uniquingKeysWith: min)
        let holds = zip(shown, state.versions).allSatisfy { $1 <= built[$0.id] ?? 0 }
        guard !holds || id.z > archive.archive.zooms.upperBound else { return (state, nil) }
        return (state, try await TileRoutes.tile(id, "archive \(archive.name)", shown, state, server, request))
    }

    /// Why an archive of this engine is served as it was built, without the edits since; nil where it is not.
    static func apart(_ archive: ServedArchive, _ city: City) -> String? {
        guard let origin = archive.origin, case .apart(let reason) = origin.standing(in: city.view(), of: city) else {
            return nil
        }
        return "the archive \(archive.fileName) is served as it was built, without later edits, because \(reason)"
    }

    private static func isOpen(_ layer: LayerView, _ server: CityServer, _ principal: Principal) -> Bool {
        if case .allow(let masked) = server.access.decide(principal, .read, .layer(layer.definition)) {
            return masked.isEmpty
        }
        return false
    }
}
