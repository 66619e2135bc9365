// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Synchronization

/// What an analysis throws when somebody stopped it.
public struct AnalysisCancelled: Error, Sendable {
    public init() {}
}

/// How far an analysis is, and whether it shall stop. Any thread.
public final class AnalysisProgress: Sendable {
    private let done = Atomic<Int>(0)
    private let total = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)

    public init() {}

    /// 0 to 100.
    public var percent: Int {
        let total = total.load(ordering: .relaxed)
        return total == 0 ? 0 : min(100, 100 * done.load(ordering: .relaxed) / total)
    }

    /// Asks the analysis to stop; it does so at its next step.
    public func cancel() { isStopped.store(true, ordering: .relaxed) }

    public var isCancelled: Bool { isStopped.load(ordering: .relaxed) }

    /// States how many steps are to come besides those that were stated before.
    func expect(_ steps: Int) { total.wrappingAdd(steps, ordering: .relaxed) }

    /// Counts a step.
    ///
    /// - Throws: `AnalysisCancelled`.
    func step(_ steps: Int = 1) throws {
        done.wrappingAdd(steps, ordering: .relaxed)
        if isCancelled { throw AnalysisCancelled() }
    }
}

/// Work on numbered pieces by several threads that are started and joined within one call.
enum ParallelWork {
    private struct Outcome<Result: Sendable>: Sendable {
        var results: [Result?]
        var failure: (any Error)?
    }

    private final class Shared<Result: Sendable>: Sendable {
        let next = Atomic<Int>(0)
        let outcome: Mutex<Outcome<Result>>
        init(_ count: Int) { outcome = Mutex(Outcome(results: Array(repeating: nil, count: count))) }
    }

    /// Threads for one analysis: all cores that the system grants.
    static var threads: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

    /// Calls `body` with every number below `count`; results come in that order whatever the threads did.
    ///
    /// - Parameter makeState: called once on each thread, for what only one thread may use.
    /// - Throws: the first failure of any thread, or `AnalysisCancelled`.
    static func map<State, Result: Sendable>(
        _ count: Int, _ progress: AnalysisProgress, makeState: () throws -> State,
        _ body: (State, Int) throws -> Result
    ) throws -> [Result] {
        progress.expect(count)
        let shared = Shared<Result>(count)
        WorkerThreads.run(min(threads, max(1, count))) { _ in
            do {
                let state = try makeState()
                while true {
                    let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
                    if index >= count { return }
                    let result = try body(state, index)
                    shared.outcome.withLock { $0.results[index] = result }
                    try progress.step()
                }
            } catch {
                shared.next.store(count, ordering: .relaxed)
                shared.outcome.withLock { if $0.failure == nil { $0.failure = error } }
            }
        }
        return try shared.outcome.withLock { outcome in
            if let failure = outcome.failure { throw failure }
            return outcome.results.compactMap { $0 }
        }
    }
}
