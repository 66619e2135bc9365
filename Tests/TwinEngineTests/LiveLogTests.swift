// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Testing
import TestSupport
@testable import TwinEngine

@Suite struct LiveLogTests {
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("live-\(UUID())").path

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        deinit {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                print("a leftover folder: \(path)")
            }
        }

        var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }

        func copy() throws -> Folder {
            let other = try Folder()
            for name in try names {
                try FileManager.default.copyItem(atPath: path + "/" + name, toPath: other.path + "/" + name)
            }
            return other
        }
    }

    private func lines(_ observations: [LiveObservation]) -> [UInt8] {
        var out = JSONBytes()
        for observation in observations { observation.append(to: &out) }
        return out.bytes
    }

    /// What a restart knows: the latest observation of each terminal.
    private func latest(_ path: String) throws -> (observations: [String: LiveObservation], unreadable: Int) {
        let log = try ObservationLog(directory: path)
        var latest = LatestObservations()
        let unreadable = try log.replay { for (_, observation) in $0 { latest.add(observation) } }
        return (Dictionary(uniqueKeysWithValues: latest.observations.map { ($0.code, $0) }), unreadable)
    }

    private func random(_ number: Int, _ time: Int64, _ random: inout SeededGenerator) -> LiveObservation {
        LiveObservation(
            code: "终端\"\(number)",
            position: Bool.random(using: &random)
                ? LonLat(longitude: Double(Int.random(in: -9...9, using: &random)) / 8, latitude: 0.25) : nil,
            time: time - Int64.random(in: 0...2, using: &random), kind: Bool.random(using: &random) ? "bus" : nil,
            values: Array("{\"v\":\(Int.random(in: 0...99, using: &random))}".utf8),
            timeToLive: Int.random(in: 0..<3, using: &random) == 0 ? 60 : nil)
    }

    @Test func acknowledgedObservationsSurviveARestart() throws {
        let folder = try Folder()
        let observation = LiveObservation(
            code: "中\"", position: LonLat(longitude: 0.5, latitude: -0.25), time: 1_795_000_000_000)
        do {
            let log = try ObservationLog(directory: folder.path)
            try log.append(lines([observation]), now: 1_795_000_000_000)
            // A crash in the middle of a line.
            try log.append(Array("{\"id\":\"ha".utf8), now: 1_795_000_000_000)
        }
        let log = try ObservationLog(directory: folder.path)
        try log.append(lines([observation]), now: 1_795_000_000_000)
        var codes: [String] = []
        let unreadable = try log.replay { codes += $0.map(\.observation.code) }
        #expect(codes == ["中\"", "中\""])
        #expect(unreadable == 1)
    }

    @Test func manyWritersShareFlushesAndLogsAreFolded() async throws {
        let folder = try Folder()
        let log = try ObservationLog(directory: folder.path, segmentBytes: 2000)
        let threads = (0..<8).map { writer in
            Thread {
                for number in 0..<50 {
                    let observation = LiveObservation(
                        code: "\(writer)-\(number % 25)", position: nil, time: Int64(number))
                    do { try log.append(self.lines([observation]), now: 0) } catch { Issue.record(error) }
                }
            }
        }
        threads.forEach { $0.start() }
        while threads.contains(where: { !$0.isFinished }) { try await Task.sleep(for: .milliseconds(5)) }
        log.waitForCheckpoint()
        let (observations, unreadable) = try latest(folder.path)
        #expect(unreadable == 0)
        #expect(observations.count == 200)
        for (code, observation) in observations {
            #expect(observation.time == Int64(code.split(separator: "-")[1])! + 25)
        }
        #expect(try folder.names.count(where: { $0.hasPrefix("checkpoint-") }) == 1)
    }

    /// The log grows with the terminals, not with the observations.
    @Test func theFilesAreBounded() throws {
        let folder = try Folder()
        let log = try ObservationLog(directory: folder.path, segmentBytes: 10_000)
        let observations = (0..<100).map { LiveObservation(code: "\($0)", position: nil, time: 1) }
        let once = lines(observations).count
        for round in 0..<200 {
            try log.append(
                lines(
                    observations.map {
                        var later = $0
                        later.time += Int64(round)
                        return later
                    }), now: 0)
        }
        log.waitForCheckpoint()
        let size = try folder.names.reduce(0) { total, name in
            total + ((try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)[.size] as? Int) ?? 0)
        }
        #expect(size < 6 * (once + 10_000), "\(size) bytes for \(200 * once) that were written")
        #expect(try latest(folder.path).observations.values.allSatisfy { $0.time == 200 })
    }

    /// Stops the machine at each step of a checkpoint; what a restart knows is always the same.
    @Test(arguments: [.partlyWritten, .written, .renamed, .partlyRemoved, nil] as [LiveCheckpoint.Stop?])
    func aCrashDuringACheckpointLosesNothing(stop: LiveCheckpoint.Stop?) throws {
        var random = SeededGenerator.printed()
        let folder = try Folder()
        var expected = LatestObservations()
        var numbers = 1...3
        // A file of the former format counts as the oldest.
        let old = (0..<20).map { self.random($0, 50, &random) }
        old.forEach { expected.add($0) }
        try Data(lines(old)).write(to: URL(fileURLWithPath: folder.path + "/observations-20260101.ndjson"))
        for round in 0..<3 {
            for number in numbers {
                let batch = (0..<30).map { self.random($0, Int64(100 + round * 10 + number), &random) }
                batch.forEach { expected.add($0) }
                let name = String("000000000\(round * 3 + number)".suffix(10))
                try Data(lines(batch)).write(to: URL(fileURLWithPath: folder.path + "/log-\(name).ndjson"))
            }
            // The newest log is still being written.
            try LiveCheckpoint.fold(folder.path, upTo: round * 3 + 2, now: 0, stop: round == 1 ? stop : nil) { _, _ in
                true
            }
            let copy = try folder.copy()
            let (observations, unreadable) = try latest(copy.path)
            #expect(unreadable == 0)
            #expect(observations == Dictionary(uniqueKeysWithValues: expected.observations.map { ($0.code, $0) }))
            numbers = 1...3
        }
        #expect(try latest(folder.path).unreadable == 0)
        #expect(try folder.names.contains { $0.hasSuffix(".tmp") } == false)
    }

    /// Cuts the newest log after every byte: all lines that were complete are there.
    @Test func aLogCutAnywhereKeepsItsCompleteLines() throws {
        var random = SeededGenerator.printed()
        let folder = try Folder()
        let first = (0..<6).map { self.random($0, 10, &random) }
        let second = (0..<6).map { self.random($0 + 3, 20, &random) }
        let log1 = folder.path + "/log-0000000001.ndjson"
        let log2 = folder.path + "/log-0000000002.ndjson"
        try Data(lines(first)).write(to: URL(fileURLWithPath: log1))
        try LiveCheckpoint.fold(folder.path, upTo: 1, now: 0) { _, _ in true }
        let bytes = lines(second)
        for length in 0...bytes.count {
            try Data(bytes[..<length]).write(to: URL(fileURLWithPath: log2))
            var expected = LatestObservations()
            first.forEach { expected.add($0) }
            let complete = bytes[..<length].count(where: { $0 == 0x0A })
            second[..<complete].forEach { expected.add($0) }
            let (observations, unreadable) = try latest(folder.path)
            for (code, observation) in Dictionary(uniqueKeysWithValues: expected.observations.map { ($0.code, $0) }) {
                let isNext = complete < second.count && second[complete].code == code
                // A line without its newline may be whole.
                #expect(observations[code] == observation || isNext, "\(length) bytes")
            }
            #expect(unreadable <= 1)
            // Writing goes on behind the cut, on a line of its own.
            let added = LiveObservation(code: "after", position: nil, time: 99)
            try ObservationLog(directory: folder.path).append(lines([added]), now: 0)
            #expect(try latest(folder.path).observations["after"] == added)
        }
    }

    /// Changes and cuts every byte of a checkpoint: it is refused by name, never half believed.
    @Test func aDamagedCheckpointIsRefused() throws {
        var random = SeededGenerator.printed()
        let folder = try Folder()
        try Data(lines((0..<5).map { self.random($0, 10, &random) })).write(
            to: URL(fileURLWithPath: folder.path + "/log-0000000001.ndjson"))
        try LiveCheckpoint.fold(folder.path, upTo: 1, now: 0) { _, _ in true }
        let url = URL(fileURLWithPath: folder.path + "/checkpoint-0000000001.ndjson")
        let good = try Data(contentsOf: url)
        let log = try ObservationLog(directory: folder.path)
        #expect(try log.replay { _ in } == 0)
        let end = (good.dropLast().lastIndex(of: 0x0A) ?? 0) + 1
        for place in good.indices {
            try good.prefix(place).write(to: url)
            #expect(throws: TwinError.self, "cut after \(place) bytes") { try log.replay { _ in } }
            // The trailer's own numbers of log and lines are for people.
            guard place < end else { continue }
            var bad = good
            bad[place] ^= UInt8.random(in: 1...255, using: &random)
            try bad.write(to: url)
            #expect(throws: TwinError.self, "byte \(place)") { try log.replay { _ in } }
        }
        try good.write(to: url)
        #expect(try log.replay { _ in } == 0)
    }

    @Test func aCheckpointLetsExpiredTerminalsGo() throws {
        let folder = try Folder()
        let old = LiveObservation(code: "old", position: nil, time: 1000, timeToLive: 10)
        let kept = LiveObservation(code: "kept", position: nil, time: 1000)
        try Data(lines([old, kept])).write(to: URL(fileURLWithPath: folder.path + "/log-0000000001.ndjson"))
        let report = try LiveCheckpoint.fold(folder.path, upTo: 1, now: 50_000) { observation, now in
            observation.timeToLive.map { observation.time >= now - Int64($0) * 1000 } ?? true
        }
        #expect(report == LiveCheckpoint.Report(terminals: 1, dropped: 1, unreadable: 0))
        #expect(try latest(folder.path).observations == ["kept": kept])
    }
}
