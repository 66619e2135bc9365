// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOPosix
import Synchronization

/// Threads for work that computes or waits for the disk, so that it never holds a thread that serves connections.
///
/// Bounded: when too many jobs wait, the next caller is told to come back.
final class WorkerPool: Sendable {
    private let pool: NIOThreadPool
    private let limit: Int
    private let pending = Atomic<Int>(0)

    /// - Parameters:
    ///   - threads: jobs that run at the same time.
    ///   - limit: jobs that run or wait.
    init(threads: Int, limit: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        self.limit = limit
        pool.start()
    }

    /// Jobs that run or wait.
    var pendingCount: Int { pending.load(ordering: .relaxed) }

    /// Runs a job on a worker thread.
    ///
    /// - Throws: 503 with Retry-After when the queue is full, or what the job throws.
    func run<T: Sendable>(_ job: @escaping @Sendable () throws -> T) async throws -> T {
        guard pending.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            pending.wrappingSubtract(1, ordering: .relaxed)
            throw Problem(.serviceUnavailable, "all workers are busy; try again in a second", retryAfter: 1)
        }
        defer { pending.wrappingSubtract(1, ordering: .relaxed) }
        return try await pool.runIfActive(job)
    }

    /// Runs a job on a worker thread, for callers that cannot wait.
    ///
    /// - Parameter job: called once, with false where the workers stop before its turn.
    /// - Returns: false, and the job is not called, when the queue is full.
    func submit(_ job: @escaping @Sendable (_ isActive: Bool) -> Void) -> Bool {
        guard pending.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            pending.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        pool.submit { state in
            job(state == .active)
            self.pending.wrappingSubtract(1, ordering: .relaxed)
        }
        return true
    }

    /// Lets running jobs end and stops the threads.
    func shutdown() async throws {
        try await pool.shutdownGracefully()
    }
}
