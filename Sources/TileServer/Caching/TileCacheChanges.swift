// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Tiles
import TwinEngine

/// Follows the city's changes for the tile cache. Any thread.
final class TileChangeTracker: Sendable {
    private struct State {
        var changes: TileChanges?
        var lag = 0.0
        var checked: ContinuousClock.Instant?
    }
    private let state = Mutex(State())

    /// How often a request looks whether another process changed the store.
    private static let checkInterval = Duration.milliseconds(100)

    /// Seconds from the last change's commit until tiles showed it; 0 before the first.
    var lag: Double { state.withLock { $0.lag } }
    /// Tiles that changes have touched, all zooms counted.
    var touchedCount: Int { state.withLock { $0.changes?.touchedCount ?? 0 } }

    /// Whether the store was not looked at for a while; then the caller is the one who does.
    func isCheckDue() -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            if let checked = state.checked, now - checked < Self.checkInterval { return false }
            state.checked = now
            return true
        }
    }

    /// For each layer the version of the newest change that touched a tile; nil where the view is not the one that was
    /// followed to, and ``follow(_:)`` must be called first.
    func versions(_ layers: [String], _ tile: TileID, _ view: CityView, _ city: City) -> [Int64]? {
        state.withLock { state in
            guard let changes = state.changes, changes.view.version == view.version else { return nil }
            return layers.map { changes.version(of: $0, tile: tile, in: city) }
        }
    }

    /// Takes in the changes up to the city's present view. Reads the store: call it on a worker.
    ///
    /// - Parameter versions: where the first call begins for layers of which older tiles are held.
    func follow(_ city: City, since versions: [String: Int64] = [:]) throws {
        let view = city.view()
        try state.withLock { state in
            guard var changes = state.changes else {
                state.changes = try TileChanges(view: view, since: versions, of: city)
                return
            }
            guard view.version > changes.view.version else { return }
            // Let go meanwhile, so that it is changed in place; after a failure everything counts as touched.
            state.changes = nil
            try changes.advance(to: view, of: city)
            state.lag = try city.secondsSinceChange(view.version)
            state.changes = changes
        }
    }
}
