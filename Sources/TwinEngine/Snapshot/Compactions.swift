// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// Builds new snapshots of layers with many changes beside the requests, so that no edit waits for one.
///
/// Thread use: any. A build has a thread and a connection of its own.
final class Compactions: Sendable {
    private struct State {
        var running: Set<String> = []
        /// Finished builds that no view shows yet: the version, or why there is none.
        var finished: [String: Result<Int64, any Error>] = [:]
    }
    private let state = Mutex(State())

    /// Whether a finished build waits to be taken.
    var hasFinished: Bool { state.withLock { !$0.finished.isEmpty } }
    var isRunning: Bool { state.withLock { !$0.running.isEmpty } }

    /// Starts a build of a layer's snapshot, unless one runs or waits to be taken.
    func start(_ layer: LayerDefinition, store directory: String, _ coordinates: CityCoordinates) {
        let isNew = state.withLock { state in
            state.finished[layer.id] == nil && state.running.insert(layer.id).inserted
        }
        guard isNew else { return }
        let thread = Thread { [self] in
            let result = Result {
                try SnapshotRebuild.build(CityStore.open(directory), layer: layer, coordinates: coordinates)
            }
            state.withLock { state in
                state.running.remove(layer.id)
                state.finished[layer.id] = result
            }
        }
        thread.name = "compaction"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Takes the version of a finished build of a layer; nil where there is none.
    ///
    /// - Throws: what made the build fail.
    func take(_ layer: String) throws -> Int64? {
        try state.withLock { $0.finished.removeValue(forKey: layer) }?.get()
    }

    /// Forgets finished builds of layers that are not among these.
    func keep(_ layers: Set<String>) {
        state.withLock { state in state.finished = state.finished.filter { layers.contains($0.key) } }
    }
}
