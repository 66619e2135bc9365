// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles

/// Folds full logs into one file with the latest observation of each terminal, then removes them.
///
/// The file is written under another name, flushed and renamed, and the directory is flushed, before anything is removed:
/// after a crash at any point, reading gives the same latest observations. Its last line is not an observation
/// but `{"checkpoint":N,"lines":M,"crc32":C}` over the bytes before it.
enum LiveCheckpoint {
    struct Report: Sendable, Hashable {
        var terminals: Int
        /// Terminals that the caller let go.
        var dropped: Int
        /// Lines of the logs that could not be read.
        var unreadable: Int
    }

    /// Where a test pretends that the machine stopped.
    enum Stop: CaseIterable {
        case partlyWritten, written, renamed, partlyRemoved
    }

    /// - Parameters:
    ///   - last: the newest log to fold; nobody writes to it any more.
    ///   - now: milliseconds since 1970, handed to `retains`.
    ///   - retains: whether a terminal is kept, by its latest observation.
    @discardableResult
    static func fold(
        _ directory: String, upTo last: Int, now: Int64, stop: Stop? = nil,
        retains: (LiveObservation, Int64) -> Bool
    ) throws -> Report {
        let files = try LiveLogFiles(directory)
        var latest = LatestObservations()
        let unreadable = try files.read(upTo: last) { batch in
            for (_, observation) in batch { latest.add(observation) }
        }
        let kept = latest.observations.filter { retains($0, now) }
        let temporary = files.temporaryPath(last)
        guard FileManager.default.createFile(atPath: temporary, contents: nil) else {
            throw TwinError(.system, "cannot create \(temporary); free disk space")
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
        defer { handle.closeFile() }
        var crc: UInt32 = 0
        var out = JSONBytes(capacity: 1 << 20)
        for (index, observation) in kept.enumerated() {
            observation.append(to: &out)
            if out.bytes.count >= 1 << 20 || index == kept.count - 1 {
                // Safe: the bytes are only read.
                crc = unsafe Checksum.crc32(out.bytes.span.bytes, after: crc)
                try handle.write(contentsOf: out.bytes)
                out.bytes.removeAll(keepingCapacity: true)
            }
        }
        if stop == .partlyWritten { return Report(terminals: 0, dropped: 0, unreadable: 0) }
        try handle.write(contentsOf: Array("{\"checkpoint\":\(last),\"lines\":\(kept.count),\"crc32\":\(crc)}\n".utf8))
        try handle.synchronize()
        if stop == .written { return Report(terminals: 0, dropped: 0, unreadable: 0) }
        let path = files.checkpointPath(last)
        // Safe: both paths are strings that outlive the call.
        guard unsafe rename(temporary, path) == 0 else {
            throw TwinError(.system, "cannot rename \(temporary): errno \(errno)")
        }
        try files.synchronizeDirectory()
        if stop == .renamed { return Report(terminals: 0, dropped: 0, unreadable: 0) }
        let superseded = try LiveLogFiles(directory)
        if stop == .partlyRemoved {
            if let first = superseded.leftovers.first {
                try FileManager.default.removeItem(atPath: directory + "/" + first)
            }
            return Report(terminals: 0, dropped: 0, unreadable: 0)
        }
        try superseded.removeLeftovers()
        return Report(terminals: kept.count, dropped: latest.observations.count - kept.count, unreadable: unreadable)
    }

    /// Checks a checkpoint against its last line.
    ///
    /// - Returns: the bytes that are observations.
    /// - Throws: `TwinError.store` if a byte is missing or differs.
    static func verify(_ path: String) throws -> Int {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { handle.closeFile() }
        let damaged = TwinError(
            .store,
            "the live checkpoint \(path) is damaged; restore it from a backup, or remove it to start without the values "
                + "that it holds")
        let size = Int(try handle.seekToEnd())
        let tail = min(size, 256)
        try handle.seek(toOffset: UInt64(size - tail))
        let end = [UInt8](try handle.read(upToCount: tail) ?? Data())
        guard end.last == 0x0A else { throw damaged }
        let start = (end.dropLast().lastIndex(of: 0x0A) ?? -1) + 1
        let line = String(decoding: end[start...].dropLast(), as: UTF8.self)
        let length = size - (end.count - start)
        guard line.hasPrefix("{\"checkpoint\":"), line.hasSuffix("}"), let mark = line.range(of: "\"crc32\":"),
            let expected = UInt32(line[mark.upperBound...].dropLast())
        else { throw damaged }
        try handle.seek(toOffset: 0)
        var crc: UInt32 = 0
        var left = length
        while left > 0 {
            let bytes = [UInt8](try handle.read(upToCount: min(left, 4 << 20)) ?? Data())
            guard !bytes.isEmpty else { throw damaged }
            // Safe: the bytes are only read.
            crc = unsafe Checksum.crc32(bytes.span.bytes, after: crc)
            left -= bytes.count
        }
        guard crc == expected else { throw damaged }
        return length
    }
}

/// The latest observation of each terminal, by the rules of ``LiveIndex``: what is older changes nothing, and what an
/// observation does not state stays as it was.
struct LatestObservations {
    private var places: [String: Int] = [:]
    private(set) var observations: [LiveObservation] = []

    mutating func add(_ observation: LiveObservation) {
        guard let place = places[observation.code] else {
            places[observation.code] = observations.count
            observations.append(observation)
            return
        }
        guard observations[place].time <= observation.time else { return }
        var merged = observation
        let former = observations[place]
        merged.position = merged.position ?? former.position
        merged.kind = merged.kind ?? former.kind
        merged.name = merged.name ?? former.name
        merged.timeToLive = merged.timeToLive ?? former.timeToLive
        observations[place] = merged
    }
}
