// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The durable record of observations: `live/observations-YYYYMMDD.ndjson`, one file per UTC day, append only.
///
/// ``append(_:now:)`` returns once the bytes are on the disk. Callers that arrive while a flush runs share the next one
/// (group commit), so many small batches cost one `fdatasync` together.
final class ObservationLog: @unchecked Sendable {
    // @unchecked Sendable because every stored variable is touched only while `condition` is locked, except `file`,
    // which only the one flushing caller uses.
    private let directory: String
    private let condition = NSCondition()
    private var pending: [UInt8] = []
    private var lastTicket: UInt64 = 0
    private var durableTicket: UInt64 = 0
    private var failures: [ClosedRange<UInt64>: TwinError] = [:]
    private var isFlushing = false
    private var file: FileHandle?
    private var fileDay = ""

    init(directory: String) throws {
        self.directory = directory
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw TwinError(
                .system, "cannot create \(directory) for the observation log; make the store writable",
                cause: "\(error)")
        }
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
            let failure = write(chunk, day: LiveTime.day(now))
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

    private func write(_ bytes: [UInt8], day: String) -> TwinError? {
        do {
            if file == nil || day != fileDay { try open(day) }
            try file?.write(contentsOf: bytes)
            try file?.synchronize()
            return nil
        } catch {
            // A half-written line would swallow the next one: start again with a fresh handle, which ends the line.
            file = nil
            return TwinError(
                .system, "the observation log in \(directory) cannot be written; free disk space and send again",
                cause: "\(error)")
        }
    }

    private func open(_ day: String) throws {
        let path = directory + "/observations-\(day).ndjson"
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw TwinError(.system, "cannot create \(path)")
            }
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
        fileDay = day
    }

    /// Reads the log back, oldest day first, in batches. Blocks.
    ///
    /// - Returns: the lines that could not be read, at most one by a crash at the end of a day's file.
    func replay(_ visit: ([(line: Int, observation: LiveObservation)]) -> Void) throws -> Int {
        var unreadable = 0
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasPrefix("observations-") && $0.hasSuffix(".ndjson") }
            .sorted()
        for name in names {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: directory + "/" + name))
            defer { handle.closeFile() }
            var rest: [UInt8] = []
            while true {
                let data = try handle.read(upToCount: 4 << 20) ?? Data()
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
        }
        return unreadable
    }
}
