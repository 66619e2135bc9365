// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Jobs and their results on disk: `STORE/jobs/ID/job.json` and `STORE/jobs/ID/result`.
///
/// Every file is written beside and renamed, so that a kill leaves the old or the new one.
struct JobFolder: Sendable {
    /// Nil keeps nothing: results then live in memory.
    let path: String

    private func folder(_ id: String) -> String { "\(path)/\(id)" }

    func save(_ job: Job) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try write(encoder.encode(job), job.id, "job.json")
    }

    func saveResult(_ bytes: [UInt8], _ id: String) throws { try write(Data(bytes), id, "result") }

    private func write(_ data: Data, _ id: String, _ name: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder(id), withIntermediateDirectories: true)
            try data.write(to: URL(fileURLWithPath: "\(folder(id))/\(name)"), options: .atomic)
        } catch {
            throw TwinError(
                .system, "the job's files in \(folder(id)) cannot be written; free space or check the permissions",
                cause: error.localizedDescription)
        }
    }

    func result(_ id: String) throws -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder(id))/result")))
        } catch {
            throw TwinError(
                .system, "the result of job \(id) is gone; send the execution again", cause: error.localizedDescription)
        }
    }

    func remove(_ id: String) throws {
        do {
            if FileManager.default.fileExists(atPath: folder(id)) {
                try FileManager.default.removeItem(atPath: folder(id))
            }
        } catch {
            throw TwinError(
                .system, "the files of job \(id) cannot be removed; check the permissions of \(path)",
                cause: error.localizedDescription)
        }
    }

    /// The jobs of an earlier run, oldest first, and what could not be read.
    func load() -> (jobs: [Job], problems: [String]) {
        guard FileManager.default.fileExists(atPath: path) else { return ([], []) }
        var jobs: [Job] = []
        var problems: [String] = []
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: path) where Self.isID(name) {
                do {
                    let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)/job.json"))
                    jobs.append(try JSONDecoder().decode(Job.self, from: data))
                } catch {
                    problems.append("the job \(path)/\(name) cannot be read and is left out: \(error)")
                }
            }
        } catch {
            problems.append("the jobs in \(path) cannot be listed: \(error)")
        }
        return (jobs.sorted { ($0.created, $0.id) < ($1.created, $1.id) }, problems)
    }

    /// Job ids are UUIDs, so that nothing else becomes part of a path.
    static func isID(_ text: String) -> Bool { UUID(uuidString: text) != nil }
}
