// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Testing
import TestSupport
@testable import TwinEngine

@Suite struct LiveIndexTests {
    /// A plane: one degree is 100 km both ways.
    private func makeIndex(timeToLive: Int64? = nil) -> LiveIndex {
        LiveIndex(timeToLive: timeToLive) { (position) throws(SpatialError) in
            let (x, y) = (position.longitude * 1e8, position.latitude * 1e8)
            guard abs(x) < 2e9, abs(y) < 2e9 else { throw SpatialError(.coordinates, "outside") }
            return GridPoint(x: Int32(x.rounded()), y: Int32(y.rounded()))
        }
    }

    private func observation(_ code: String, _ x: Double, _ y: Double, _ time: Int64 = 1) -> LiveObservation {
        LiveObservation(code: code, position: LonLat(longitude: x, latitude: y), time: time)
    }

    @Test func answersEqualABruteForce() {
        var random = SeededGenerator.printed()
        let index = makeIndex()
        var truth: [String: GridPoint] = [:]
        for round in 0..<20 {
            var batch: [LiveObservation] = []
            for _ in 0..<500 {
                let code = "T\(Int.random(in: 0..<3000, using: &random))"
                let x = Double.random(in: -0.2...0.2, using: &random)
                let y = Double.random(in: -0.2...0.2, using: &random)
                batch.append(observation(code, x, y, Int64(round)))
                truth[code] = GridPoint(x: Int32((x * 1e8).rounded()), y: Int32((y * 1e8).rounded()))
            }
            index.applyDirectly(batch)
            let snapshot = index.snapshot()
            #expect(snapshot.count == truth.count)
            let center = GridPoint(
                x: Int32.random(in: -20_000_000...20_000_000, using: &random),
                y: Int32.random(in: -20_000_000...20_000_000, using: &random))
            let metres = Double.random(in: 0...8000, using: &random)
            let answer = snapshot.radius(around: center, metres: metres, limit: 50)
            let distances = truth.values.map { point -> Double in
                let dx = Double(Int64(point.x) - Int64(center.x))
                let dy = Double(Int64(point.y) - Int64(center.y))
                return (dx * dx + dy * dy).squareRoot() / 1000
            }
            #expect(answer.count == distances.filter { $0 <= metres }.count)
            #expect(answer.hits.map(\.distance) == Array(distances.filter { $0 <= metres }.sorted().prefix(50)))
            let box = GridBox(
                minX: center.x - 3_000_000, minY: center.y - 1_000_000, maxX: center.x + 3_000_000,
                maxY: center.y + 1_000_000)
            #expect(
                Set(snapshot.terminals(in: box).map(\.code))
                    == Set(truth.filter { box.contains($0.value) }.map(\.key)))
        }
    }

    @Test func anOlderObservationChangesNothing() {
        let index = makeIndex()
        index.applyDirectly([observation("a", 0.1, 0.1, 10), observation("a", 0.2, 0.2, 5)])
        #expect(index.snapshot().terminal(code: "a")?.position?.longitude == 0.1)
    }

    @Test func aNewTerminalNeedsAPosition() {
        let index = makeIndex()
        let unknown = LiveObservation(code: "a", position: nil, time: 1)
        #expect(index.admit([(4, unknown)]).rejected.map(\.line) == [4])
        index.applyDirectly([observation("a", 0, 0, 1)])
        #expect(index.admit([(4, unknown)]).rejected.isEmpty)
        let both = index.admit([(1, observation("b", 0, 0)), (2, LiveObservation(code: "b", position: nil, time: 2))])
        #expect(both.admitted.count == 2)
        #expect(index.admit([(9, observation("z", 100, 0))]).rejected == [LiveRejection(line: 9, reason: "outside")])
    }

    @Test func silentTerminalsExpireAndComeBack() {
        let index = makeIndex(timeToLive: 10)
        index.applyDirectly([observation("a", 0.1, 0, 0), observation("b", 0.1, 0, 20_000)])
        index.expire(now: 21_000)
        #expect(index.snapshot().count == 1)
        #expect(index.snapshot().terminal(code: "a") == nil)
        index.applyDirectly([observation("a", 0.1, 0, 22_000)])
        #expect(index.snapshot().count == 2)
    }

    @Test func aFeedSendsWhatChangedAndWhatLeft() throws {
        let index = makeIndex()
        index.applyDirectly([observation("a", 0.01, 0, 1), observation("b", 0.1, 0, 1)])
        var feed = LiveFeed(box: LonLatBox(west: 0, south: -0.01, east: 0.02, north: 0.01))
        let first = String(decoding: feed.start(index.snapshot()), as: UTF8.self)
        #expect(first.contains("\"a\"") && !first.contains("\"b\""))
        let nothing = feed.update(index.snapshot())
        #expect(nothing == nil)
        index.applyDirectly([observation("b", 0.015, 0, 2), observation("a", 0.1, 0, 2)])
        let update = feed.update(index.snapshot())
        let second = try #require(update)
        let text = String(decoding: second.bytes, as: UTF8.self)
        #expect(text.contains("\"id\":\"b\"") && text.contains("\"removed\":[\"a\"]"))
    }

    @Test func acknowledgedObservationsSurviveARestart() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("live-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }  // safe: a leftover folder harms nothing
        var out = JSONBytes()
        LiveObservation(code: "中\"", position: LonLat(longitude: 0.5, latitude: -0.25), time: 1_795_000_000_000)
            .append(to: &out)
        do {
            let log = try ObservationLog(directory: directory)
            try log.append(out.bytes, now: 1_795_000_000_000)
            // A crash in the middle of a line.
            try log.append(Array("{\"id\":\"ha".utf8), now: 1_795_000_000_000)
        }
        let log = try ObservationLog(directory: directory)
        try log.append(out.bytes, now: 1_795_000_000_000)
        var codes: [String] = []
        let unreadable = try log.replay { codes += $0.map(\.observation.code) }
        #expect(codes == ["中\"", "中\""])
        #expect(unreadable == 1)
    }

    @Test func manyWritersShareFlushes() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("live-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }  // safe: a leftover folder harms nothing
        let log = try ObservationLog(directory: directory)
        let threads = (0..<8).map { writer in
            Thread {
                for number in 0..<25 {
                    var out = JSONBytes()
                    LiveObservation(code: "\(writer)-\(number)", position: nil, time: 1).append(to: &out)
                    do { try log.append(out.bytes, now: 0) } catch { Issue.record(error) }
                }
            }
        }
        threads.forEach { $0.start() }
        while threads.contains(where: { !$0.isFinished }) { try await Task.sleep(for: .milliseconds(5)) }
        var codes: Set<String> = []
        _ = try log.replay { codes.formUnion($0.map(\.observation.code)) }
        #expect(codes.count == 200)
    }

    @Test func tracesAreInterpolatedAndMarked() throws {
        let replay = try LiveReplay(csv: "id,time,lon,lat,speed\nb1,0,120,36,5\nb1,10,120.1,36.2,6\n", file: "t.csv")
        let middle = try #require(replay.observations(elapsed: 5000, now: 99).first)
        #expect(abs((middle.position?.longitude ?? 0) - 120.05) < 1e-9)
        #expect(middle.isSimulated && middle.time == 99)
        #expect(String(decoding: middle.values, as: UTF8.self) == "{\"speed\":5}")
        #expect(throws: TwinError.self) { try LiveReplay(csv: "a,b\n1,2\n", file: "t.csv") }
        #expect(throws: TwinError.self) { try LiveReplay(csv: "id,time,lon,lat\nb,0,x,1\n", file: "t.csv") }
    }
}
