// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The latest thematic maps' counts, by question and version; whoever asks for one that is being counted waits for it.
final class ThematicCache: Sendable {
    /// A census takes no more room than its legend: some hundred bytes.
    private static let limit = 64

    private struct State {
        var tasks: [String: Task<StyleThematic, any Error>] = [:]
        /// The keys, the oldest first.
        var order: [String] = []
    }

    private let state = Mutex(State())

    /// The thematic map of a key, counted by `make` if nobody has.
    func value(
        _ key: String, _ make: @escaping @Sendable () async throws -> StyleThematic
    ) async throws -> StyleThematic {
        let task = state.withLock { state in
            if let task = state.tasks[key] { return task }
            let task = Task { try await make() }
            state.tasks[key] = task
            state.order.append(key)
            if state.order.count > Self.limit { state.tasks[state.order.removeFirst()] = nil }
            return task
        }
        do {
            return try await task.value
        } catch {
            // A refusal is cheap to find again, and a busy server may have room by then.
            state.withLock { state in
                guard state.tasks[key] == task else { return }
                state.tasks[key] = nil
                state.order.removeAll { $0 == key }
            }
            throw error
        }
    }
}
