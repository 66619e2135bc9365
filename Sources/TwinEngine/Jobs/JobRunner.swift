// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// Runs analyses, one limit for all of them: at once for callers that wait, in the background for jobs.
///
/// Jobs and results are kept under the store and outlive the process. A job that was not finished when the process ended
/// is marked failed at the next start, with a message that says so. Any thread.
public final class JobRunner: Sendable {
    /// Finished jobs that are kept; the oldest go first.
    public static let keptJobs = 500

    private struct Entry {
        var job: Job
        var progress: AnalysisProgress?
        /// Only where nothing is kept on disk.
        var result: [UInt8]?
    }
    private struct State {
        var entries: [String: Entry] = [:]
        /// Ids, oldest first.
        var order: [String] = []
    }

    private let workers: LimitedWorkers
    private let folder: JobFolder?
    private let state = Mutex(State())
    /// What was wrong with jobs of an earlier run.
    public let problems: [String]

    /// - Parameters:
    ///   - store: the store's folder, whose folder `jobs` keeps them; nil keeps them in memory.
    ///   - threads: analyses at a time.
    ///   - queueLimit: analyses that may wait.
    public init(store: String?, threads: Int = 1, queueLimit: Int = 64) {
        workers = LimitedWorkers(threads: threads, queueLimit: queueLimit)
        folder = store.map { JobFolder(path: "\($0)/jobs") }
        var problems: [String] = []
        if let folder {
            let loaded = folder.load()
            problems = loaded.problems
            var entries: [String: Entry] = [:]
            for var job in loaded.jobs {
                if !job.state.isFinished {
                    let doing = job.state == .accepted ? "waiting" : "running"
                    job.message = "the server stopped while this job was \(doing); send the execution again"
                    job.state = .failed
                    job.finished = JobClock.now()
                    job.updated = JobClock.now()
                    do { try folder.save(job) } catch { problems.append("\(error)") }
                }
                entries[job.id] = Entry(job: job)
            }
            let order = loaded.jobs.map(\.id)
            let known = entries
            state.withLock { state in
                state.entries = known
                state.order = order
            }
        }
        self.problems = problems
    }

    // MARK: Waiting callers

    /// Runs an analysis within the limit and waits for it. A cancelled task cancels the analysis.
    ///
    /// - Throws: `TwinError.system` where too many wait, what the analysis throws, `AnalysisCancelled`.
    public func run(_ body: @escaping Analysis.Run) async throws -> AnalysisOutput {
        let progress = AnalysisProgress()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isTaken = workers.start {
                    continuation.resume(
                        with: Result {
                            if progress.isCancelled { throw AnalysisCancelled() }
                            return try body(progress)
                        })
                }
                if !isTaken { continuation.resume(throwing: Self.busy) }
            }
        } onCancel: {
            progress.cancel()
        }
    }

    private static let busy = TwinError(.system, "too many analyses wait already; try again in a minute")

    // MARK: Jobs

    /// Takes a job that runs in the background.
    ///
    /// - Throws: `TwinError.system` where too many wait or the disk refuses.
    public func submit(
        _ analysis: String, inputs: AnalysisInputs, owner: String?, isDocument: Bool, _ body: @escaping Analysis.Run
    ) throws -> Job {
        var text = JSONBytes()
        inputs.append(to: &text)
        let now = JobClock.now()
        let job = Job(
            id: UUID().uuidString.lowercased(), analysis: analysis, state: .accepted, message: "waiting for its turn",
            progress: 0, created: now, started: nil, finished: nil, updated: now, owner: owner,
            inputs: String(decoding: text.bytes, as: UTF8.self), mediaType: nil, isDocument: isDocument,
            isCallersFault: false)
        let progress = AnalysisProgress()
        // On disk and listed before it may run, so that the first question about it has an answer.
        try folder?.save(job)
        state.withLock { state in
            state.entries[job.id] = Entry(job: job, progress: progress)
            state.order.append(job.id)
        }
        let isTaken = workers.start { [self] in work(job.id, progress, body) }
        guard isTaken else {
            forget(job.id)
            try folder?.remove(job.id)
            throw Self.busy
        }
        try removeOld()
        return job
    }

    private func forget(_ id: String) {
        state.withLock { state in
            state.entries[id] = nil
            state.order.removeAll { $0 == id }
        }
    }

    private func removeOld() throws {
        let old = state.withLock { state -> [String] in
            let finished = state.order.filter { state.entries[$0]?.job.state.isFinished == true }
            let old = Array(finished.prefix(max(0, finished.count - Self.keptJobs)))
            for id in old { state.entries[id] = nil }
            let gone = Set(old)
            if !gone.isEmpty { state.order.removeAll { gone.contains($0) } }
            return old
        }
        for id in old { try folder?.remove(id) }
    }

    private func work(_ id: String, _ progress: AnalysisProgress, _ body: Analysis.Run) {
        let begun = update(id) { job in
            job.state = .running
            job.message = "running"
            job.started = JobClock.now()
        }
        // Dismissed while it waited.
        guard begun else { return }
        do {
            if progress.isCancelled { return }
            let output = try body(progress)
            guard isKnown(id) else { return }
            try folder?.saveResult(output.bytes, id)
            guard isKnown(id) else {
                try folder?.remove(id)
                return
            }
            let isKept = folder != nil
            update(id, result: isKept ? nil : output.bytes) { job in
                job.state = .successful
                job.message = "finished"
                job.progress = 100
                job.mediaType = output.mediaType
                job.finished = JobClock.now()
            }
        } catch is AnalysisCancelled {
            // Whoever cancelled it removed it.
            return
        } catch {
            update(id) { job in
                job.state = .failed
                job.message = "\(error)"
                job.isCallersFault = (error as? TwinError).map { $0.code == .argument || $0.code == .notFound } ?? false
                job.progress = progress.percent
                job.finished = JobClock.now()
            }
        }
    }

    private func isKnown(_ id: String) -> Bool { state.withLock { $0.entries[id] != nil } }

    /// Changes a job in memory and on disk; false if it is gone.
    @discardableResult
    private func update(_ id: String, result: [UInt8]? = nil, _ change: (inout Job) -> Void) -> Bool {
        let changed = state.withLock { state -> Job? in
            guard var entry = state.entries[id] else { return nil }
            change(&entry.job)
            entry.job.updated = JobClock.now()
            if let result { entry.result = result }
            state.entries[id] = entry
            return entry.job
        }
        guard let changed else { return false }
        do {
            try folder?.save(changed)
            // Dismissed meanwhile: what was written goes too.
            if !isKnown(id) { try folder?.remove(id) }
        } catch {
            state.withLock { $0.entries[id]?.job.message += "; \(error)" }
        }
        return true
    }

    /// A job with its present progress.
    public func job(_ id: String) -> Job? {
        state.withLock { state in
            guard let entry = state.entries[id] else { return nil }
            return Self.present(entry)
        }
    }

    /// All jobs, newest first.
    public func jobs() -> [Job] {
        state.withLock { state in state.order.reversed().compactMap { state.entries[$0].map(Self.present) } }
    }

    private static func present(_ entry: Entry) -> Job {
        var job = entry.job
        if job.state == .running, let progress = entry.progress { job.progress = progress.percent }
        return job
    }

    /// The result of a successful job.
    ///
    /// - Throws: `TwinError.system` if its file is gone.
    public func result(_ job: Job) throws -> [UInt8] {
        if let folder { return try folder.result(job.id) }
        return state.withLock { $0.entries[job.id]?.result } ?? []
    }

    /// Stops a job that runs or waits, and removes any job with its result.
    ///
    /// - Returns: the job as it was dismissed; nil if there is none.
    public func dismiss(_ id: String) throws -> Job? {
        let entry = state.withLock { state -> Entry? in
            let entry = state.entries.removeValue(forKey: id)
            state.order.removeAll { $0 == id }
            return entry
        }
        guard let entry else { return nil }
        entry.progress?.cancel()
        try folder?.remove(id)
        var job = entry.job
        job.message = job.state.isFinished ? "the job and its result were removed" : "the job was stopped"
        job.state = .dismissed
        job.updated = JobClock.now()
        return job
    }
}
