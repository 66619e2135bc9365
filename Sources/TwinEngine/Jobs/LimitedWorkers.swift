// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// Runs analyses on threads of their own, so many at a time; more wait in order, and too many are refused.
///
/// Threads end when nothing waits. An analysis itself works on all cores, so one at a time is the quickest for all.
final class LimitedWorkers: Sendable {
    private struct State {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())
    private let threads: Int
    private let queueLimit: Int

    init(threads: Int, queueLimit: Int) {
        self.threads = max(1, threads)
        self.queueLimit = queueLimit
    }

    /// Runs a body when a thread is free.
    ///
    /// - Returns: false if too many wait; the body is then not run.
    func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, starts) = state.withLock { state -> (Bool, Bool) in
            if state.running >= threads {
                guard state.waiting.count < queueLimit else { return (false, false) }
                state.waiting.append(body)
                return (true, false)
            }
            state.running += 1
            return (true, true)
        }
        if starts {
            let thread = Thread { [self] in
                var next: (@Sendable () -> Void)? = body
                while let present = next {
                    present()
                    next = takeNext()
                }
            }
            // Overlays of deeply nested geometry need more than the half mebibyte that such threads get.
            thread.stackSize = 8 << 20
            thread.start()
        }
        return isTaken
    }

    private func takeNext() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
