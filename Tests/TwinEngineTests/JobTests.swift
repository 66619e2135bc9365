// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import TwinEngine

/// Jobs: their states, their files, and what a stop in the middle leaves.
@Suite struct JobTests {
    private static let none = AnalysisInputs(members: ["limit": .integer(1)])

    private func wait(_ runner: JobRunner, _ id: String, until states: Set<Job.State>) async throws -> Job? {
        for _ in 0..<2000 {
            let job = runner.job(id)
            if let job, states.contains(job.state) { return job }
            try await Task.sleep(for: .milliseconds(5))
        }
        return runner.job(id)
    }

    @Test func resultsOutliveTheRunner() async throws {
        let folder = try TemporaryFolder()
        let runner = JobRunner(store: folder.path)
        let good = try runner.submit("test", inputs: Self.none, owner: "office", isDocument: false) { progress in
            progress.expect(2)
            try progress.step()
            return AnalysisOutput(text: "42", "text/plain")
        }
        let bad = try runner.submit("test", inputs: Self.none, owner: nil, isDocument: false) { _ in
            throw TwinError(.argument, "layers: no such layer")
        }
        #expect(try await wait(runner, good.id, until: [.successful])?.progress == 100)
        #expect(try await wait(runner, bad.id, until: [.failed])?.isCallersFault == true)
        let again = JobRunner(store: folder.path)
        #expect(again.problems.isEmpty && again.jobs().count == 2)
        let job = try #require(again.job(good.id))
        #expect(job.owner == "office" && job.inputs == #"{"limit":1}"#)
        #expect(try again.result(job) == Array("42".utf8))
        #expect(try again.dismiss(good.id)?.state == .dismissed)
        #expect(again.job(good.id) == nil)
        #expect(try again.dismiss(good.id) == nil)
        #expect(JobRunner(store: folder.path).jobs().count == 1)
    }

    @Test func aJobThatAStopInterruptedIsMarkedFailed() async throws {
        let folder = try TemporaryFolder()
        let runner = JobRunner(store: folder.path)
        let gate = DispatchSemaphore(value: 0)
        let running = try runner.submit("test", inputs: Self.none, owner: nil, isDocument: false) { _ in
            gate.wait()
            return AnalysisOutput(text: "", "text/plain")
        }
        let waiting = try runner.submit("test", inputs: Self.none, owner: nil, isDocument: false) { _ in
            AnalysisOutput(text: "", "text/plain")
        }
        _ = try await wait(runner, running.id, until: [.running])
        #expect(runner.job(waiting.id)?.state == .accepted)
        // What is on disk now is what a kill leaves.
        let copy = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: folder.file("jobs"), toPath: copy.file("jobs"))
        try copy.write("{", to: "jobs/\(UUID().uuidString)")
        gate.signal()
        let next = JobRunner(store: copy.path)
        #expect(next.problems.count == 1)
        #expect(next.job(running.id)?.state == .failed)
        #expect(next.job(running.id)?.message.contains("running") == true)
        #expect(next.job(waiting.id)?.message.contains("waiting") == true)
        _ = try await wait(runner, waiting.id, until: [.successful])
    }

    @Test func oneRunsAtATimeAndDismissingStopsIt() async throws {
        let runner = JobRunner(store: nil, threads: 1, queueLimit: 1)
        let begun = DispatchSemaphore(value: 0)
        let ended = Counter()
        let first = try runner.submit("test", inputs: Self.none, owner: nil, isDocument: false) { progress in
            begun.signal()
            defer { ended.add() }
            while true {
                try progress.step(0)
                Thread.sleep(forTimeInterval: 0.002)
            }
        }
        begun.wait()
        let second = try runner.submit("test", inputs: Self.none, owner: nil, isDocument: false) { _ in
            AnalysisOutput(text: "second", "text/plain")
        }
        #expect(throws: TwinError.self) {
            try runner.submit("test", inputs: Self.none, owner: nil, isDocument: false) { _ in
                AnalysisOutput(text: "third", "text/plain")
            }
        }
        #expect(runner.jobs().count == 2)
        #expect(try runner.dismiss(first.id) != nil)
        let done = try #require(try await wait(runner, second.id, until: [.successful]))
        #expect(ended.value == 1)
        #expect(try runner.result(done) == Array("second".utf8))
        let output = try await runner.run { _ in AnalysisOutput(text: "now", "text/plain") }
        #expect(output.bytes == Array("now".utf8))
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    func add() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
}
