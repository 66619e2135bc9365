// SPDX-License-Identifier: Apache-2.0
import Foundation
import Logging

/// The durable record of observations: a checkpoint of the latest of each terminal, and the log of what came since.
///
/// ```
/// checkpoint-0000000007.ndjson   the latest observation of each terminal up to and with log 7
/// log-0000000008.ndjson          full, waits to be folded into the next checkpoint
/// log-0000000009.ndjson          append only
/// ```
///
/// ``append(_:now:)`` returns once the bytes are on the disk. Callers that arrive while a flush runs share the next one
/// (group commit), so many small batches cost one flush together. When the newest log is full, another is begun, and
/// once full logs have the size of the checkpoint, they are folded into the next one, on a thread of its own
/// (``LiveCheckpoint``): the files are bounded by twice what the terminals' latest observations take, and two logs. Files of the former format, `observations-YYYYMMDD.ndjson`, are read and folded as log 0.
final class ObservationLog: @unchecked Sendable {
    // @unchecked Sendable because every stored variable is touched only while `condition` is locked, except `file`,
    // `fileSize` and `number`, which only the one flushing caller uses.
    private let directory: String
    private let logger: Logger
    private let condition = NSCondition()
    private let worker = DispatchQueue(label: "live.checkpoint", qos: .utility)
    /// Bytes after which a log is full.
    private let segmentBytes: Int
    private var pending: [UInt8] = []
    private var lastTicket: UInt64 = 0
    private var durableTicket: UInt64 = 0
    private var failures: [ClosedRange<UInt64>: TwinError] = [:]
    private var isFlushing = false
    private var retains: @Sendable (LiveObservation, Int64) -> Bool = { _, _ in true }
    private var file: FileHandle?
    private var fileSize = 0
    private var number = 0

    init(
        directory: String, segmentBytes: Int = 64 << 20, logger: Logger = Logger(label: "live.log")
    ) throws {
        self.directory = directory
        self.segmentBytes = segmentBytes
        self.logger = logger
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let files = try LiveLogFiles(directory)
            try files.removeLeftovers()
            number = max(files.logs.last ?? 0, (files.checkpoint ?? 0) + 1)
        } catch {
            throw TwinError(
                .system, "cannot open the observation log in \(directory); make the store writable",
                cause: "\(error)")
        }
    }

    /// Which terminals a checkpoint keeps: asked with the latest observation and the time, milliseconds since 1970.
    func setRetention(_ retains: @escaping @Sendable (LiveObservation, Int64) -> Bool) {
        condition.withLock { self.retains = retains }
    }

    /// Appends whole lines and waits until they are durable. Blocks; call it on a worker thread.
    func append(_ bytes: [UInt8], now: Int64) throws {
        condition.lock()
        defer { condition.unlock() }
        pending.append(contentsOf: bytes)
        lastTicket += 1
        let ticket = lastTicket
        while durableTicket < ticket {
            if isFlushing {
                condition.wait()
                continue
            }
            isFlushing = true
            let chunk = pending
            pending = []
            let first = durableTicket + 1
            let last = lastTicket
            condition.unlock()
            let failure = write(chunk, now: now)
            condition.lock()
            isFlushing = false
            durableTicket = last
            if let failure {
                failures[first...last] = failure
                if failures.count > 64 { failures = [first...last: failure] }
            }
            condition.broadcast()
        }
        if !failures.isEmpty, let failure = failures.first(where: { $0.key.contains(ticket) }) { throw failure.value }
    }

    private func write(_ bytes: [UInt8], now: Int64) -> TwinError? {
        do {
            if file == nil { try open() }
            try file?.write(contentsOf: bytes)
            try file?.synchronize()
            fileSize += bytes.count
            if fileSize >= segmentBytes { rotate(now: now) }
            return nil
        } catch {
            // A half-written line would swallow the next one: start again with a fresh handle, which ends the line.
            file = nil
            return TwinError(
                .system, "the observation log in \(directory) cannot be written; free disk space and send again",
                cause: "\(error)")
        }
    }

    /// Begins the next log, and folds those before it on the worker.
    private func rotate(now: Int64) {
        let last = number
        number += 1
        file = nil
        let retains = condition.withLock { self.retains }
        worker.async { [directory, logger] in
            do {
                // Only when the logs have grown to the size of the checkpoint, so that an observation is rewritten a
                // bounded number of times.
                let files = try LiveLogFiles(directory)
                let full = try files.logs.reduce(0) { try $1 <= last ? $0 + files.size(files.log($1)) : $0 }
                let kept = try files.checkpoint.map { try files.size(files.checkpointPath($0)) } ?? 0
                guard full >= kept else { return }
                let report = try LiveCheckpoint.fold(directory, upTo: last, now: now, retains: retains)
                logger.debug("live checkpoint written", metadata: ["terminals": "\(report.terminals)"])
            } catch {
                // The logs stay, so nothing is lost; the next full log tries again.
                logger.error("the live checkpoint cannot be written", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Returns when the checkpoints begun so far are written.
    func waitForCheckpoint() { worker.sync {} }

    private func open() throws {
        let files = try LiveLogFiles(directory)
        let path = files.log(number)
        let isNew = !FileManager.default.fileExists(atPath: path)
        if isNew {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw TwinError(.system, "cannot create \(path)")
            }
            try files.synchronizeDirectory()
        }
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        let end = try handle.seekToEnd()
        if end > 0 {
            try handle.seek(toOffset: end - 1)
            let last = try handle.read(upToCount: 1)
            try handle.seekToEnd()
            if last?.first != 0x0A { try handle.write(contentsOf: [0x0A]) }
        }
        file = handle
        fileSize = Int(end)
    }

    /// Reads everything back, oldest first, in batches. Blocks.
    ///
    /// - Returns: the lines that could not be read: at most one by a crash, at the end of a log.
    /// - Throws: `TwinError.store` if the checkpoint is damaged: what is left of it is not applied.
    func replay(_ visit: ([(line: Int, observation: LiveObservation)]) -> Void) throws -> Int {
        try LiveLogFiles(directory).read(visit)
    }
}

/// The files of the observation log in a directory.
struct LiveLogFiles {
    private let directory: String
    /// The last log that the newest checkpoint holds.
    let checkpoint: Int?
    /// Logs after it, ascending.
    let logs: [Int]
    /// Files of the format with one file a day, oldest first; empty once there is a checkpoint.
    let days: [String]
    /// Files that a newer checkpoint made superfluous, and unfinished ones.
    let leftovers: [String]

    init(_ directory: String) throws {
        self.directory = directory
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        let checkpoints = names.compactMap { Self.number($0, "checkpoint-") }
        let newest = checkpoints.max()
        checkpoint = newest
        let all = names.compactMap { Self.number($0, "log-") }.sorted()
        logs = all.filter { $0 > newest ?? -1 }
        let former = names.filter { $0.hasPrefix("observations-") && $0.hasSuffix(".ndjson") }
        days = newest == nil ? former : []
        var leftovers = names.filter { $0.hasPrefix("checkpoint-") && $0.hasSuffix(".tmp") }
        if let newest {
            leftovers += checkpoints.filter { $0 < newest }.map { Self.name("checkpoint-", $0) }
            leftovers += all.filter { $0 <= newest }.map { Self.name("log-", $0) } + former
        }
        self.leftovers = leftovers
    }

    func log(_ number: Int) -> String { directory + "/" + Self.name("log-", number) }
    func checkpointPath(_ number: Int) -> String { directory + "/" + Self.name("checkpoint-", number) }
    func temporaryPath(_ number: Int) -> String { checkpointPath(number) + ".tmp" }

    func size(_ path: String) throws -> Int {
        (try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.intValue ?? 0
    }

    func removeLeftovers() throws {
        for name in leftovers { try FileManager.default.removeItem(atPath: directory + "/" + name) }
    }

    /// Makes the names in the directory durable.
    func synchronizeDirectory() throws {
        // Safe: the path is a string that outlives the call.
        let descriptor = unsafe Glibc.open(directory, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw TwinError(.system, "cannot open \(directory): errno \(errno)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw TwinError(.system, "cannot flush \(directory): errno \(errno)") }
    }

    /// Reads everything, oldest first, in batches.
    ///
    /// - Parameter last: logs after this one are left out.
    /// - Returns: the lines that could not be read.
    func read(upTo last: Int = .max, _ visit: ([(line: Int, observation: LiveObservation)]) -> Void) throws -> Int {
        var unreadable = 0
        if let checkpoint {
            let path = checkpointPath(checkpoint)
            let length = try LiveCheckpoint.verify(path)
            unreadable += try Self.readLines(path, length: length, visit)
        }
        for day in days { unreadable += try Self.readLines(directory + "/" + day, length: .max, visit) }
        for number in logs where number <= last { unreadable += try Self.readLines(log(number), length: .max, visit) }
        return unreadable
    }

    private static func readLines(
        _ path: String, length: Int, _ visit: ([(line: Int, observation: LiveObservation)]) -> Void
    ) throws -> Int {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { handle.closeFile() }
        var unreadable = 0
        var rest: [UInt8] = []
        var left = length
        while true {
            let data = left > 0 ? try handle.read(upToCount: min(left, 4 << 20)) ?? Data() : Data()
            left -= data.count
            rest.append(contentsOf: data)
            guard !rest.isEmpty else { break }
            var end = rest.count
            if !data.isEmpty {
                guard let newline = rest.lastIndex(of: 0x0A) else { continue }
                end = newline + 1
            }
            var parser = LiveParser(now: 0)
            parser.parseLines(Array(rest[..<end]))
            visit(parser.observations)
            unreadable += parser.rejections.count
            rest.removeFirst(end)
        }
        return unreadable
    }

    private static func name(_ prefix: String, _ number: Int) -> String {
        let digits = "\(number)"
        return prefix + String(repeating: "0", count: max(0, 10 - digits.count)) + digits + ".ndjson"
    }

    private static func number(_ name: String, _ prefix: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(".ndjson") else { return nil }
        return Int(name.dropFirst(prefix.count).dropLast(7))
    }
}
