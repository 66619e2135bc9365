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
        /// How often the layers were others than before, or defined otherwise.
        var definitions = 0
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

    /// Gives back what ``isCheckDue()`` handed out, where the look came to nothing: the next one who asks looks.
    func giveBackCheck() { state.withLock { $0.checked = nil } }

    /// Whether the store was looked at a short while ago, so that ``isCheckDue()`` would be false.
    var isChecked: Bool {
        let now = ContinuousClock.now
        return state.withLock { state in state.checked.map { now - $0 < Self.checkInterval } ?? false }
    }

    /// For each layer the version of the newest change that touched a tile; nil where the view is not the one that was
    /// followed to, and ``follow(_:)`` must be called first.
    func shown(_ layers: [String], _ tile: TileID, _ view: CityView, _ city: City) -> Freshness.City? {
        state.withLock { state in
            guard let changes = state.changes, changes.view.version == view.version else { return nil }
            return Freshness.City(
                view: view.version, definitions: state.definitions, tile: tile, layers: layers,
                versions: layers.map { changes.version(of: $0, tile: tile, in: city) })
        }
    }

    /// Whether an answer shows the city as it is in a view, without waiting for anything.
    ///
    /// False where that cannot be told at once: when the store should be looked at, or changes were not followed yet.
    func holds(_ shown: Freshness.City, known: Int64, in view: CityView, of city: City) -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            guard let checked = state.checked, now - checked < Self.checkInterval else { return false }
            if view.version == known { return true }
            guard let tile = shown.tile, state.definitions == shown.definitions, let changes = state.changes,
                changes.view.version == view.version
            else { return false }
            return zip(shown.layers, shown.versions).allSatisfy { changes.version(of: $0, tile: tile, in: city) == $1 }
        }
    }

    /// Takes in the changes up to the city's present view. Reads the store: call it on a worker.
    ///
    /// - Parameter versions: where the first call begins for layers of which older tiles are held.
    func follow(_ city: City, since versions: [String: Int64] = [:]) throws {
        let view = city.view()
        try state.withLock { state in
            guard var changes = state.changes else {
                state.definitions += 1
                state.changes = try TileChanges(view: view, since: versions, of: city)
                return
            }
            guard view.version > changes.view.version else { return }
            // Let go meanwhile, so that it is changed in place; after a failure everything counts as touched.
            let before = changes.view
            state.changes = nil
            try changes.advance(to: view, of: city)
            if before.layers.map(\.definition) != view.layers.map(\.definition) { state.definitions += 1 }
            state.lag = try city.secondsSinceChange(view.version)
            state.changes = changes
        }
    }
}
