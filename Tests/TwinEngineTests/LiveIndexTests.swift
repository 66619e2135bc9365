// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Testing
import TestSupport
@testable import TwinEngine

/// A plane: one degree is 100 km both ways.
enum Plane {
    @Sendable static func project(_ position: LonLat) throws(SpatialError) -> GridPoint {
        let (x, y) = (position.longitude * 1e8, position.latitude * 1e8)
        guard abs(x) < 2e9, abs(y) < 2e9 else { throw SpatialError(.coordinates, "outside") }
        return GridPoint(x: Int32(x.rounded()), y: Int32(y.rounded()))
    }

    @Sendable static func place(_ point: GridPoint) -> LonLat {
        LonLat(longitude: Double(point.x) / 1e8, latitude: Double(point.y) / 1e8)
    }
}

@Suite struct LiveIndexTests {
    private func makeIndex(timeToLive: Int64? = nil) -> LiveIndex {
        LiveIndex(timeToLive: timeToLive, project: Plane.project, place: Plane.place)
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
            #expect(index.checkInvariants() == nil)
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

    @Test func manyChangesAreSeenWithoutWaitingForALargeTree() {
        var cadence = LiveCadence()
        cadence.overlay = 4
        cadence.patience = 0
        let index = LiveIndex(cadence: cadence, project: Plane.project, place: Plane.place)
        let codes = (0..<200).map { "T\($0)" }
        index.applyDirectly(codes.map { observation($0, 0, 0) })
        let handles = index.resolve(codes).compactMap { $0 }
        #expect(handles.count == codes.count)
        for round in 1...50 {
            let point = GridPoint(x: Int32(round), y: 0)
            let report = index.move(handles.map { LiveMove(terminal: $0, point: point, time: Int64(round + 1)) })
            #expect(report.applied == codes.count)
            let snapshot = index.snapshot()
            #expect(snapshot.sequence >= report.sequence)
            #expect(snapshot.radius(around: point, metres: 0, limit: 1).count == codes.count)
        }
        #expect(index.checkInvariants() == nil)
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

    @Test func positionsThatAreNoNumbersAreNamedAndNothingIsLost() {
        let index = makeIndex()
        let bad: [Double] = [.nan, .infinity, -.infinity, 1e300, -1e300]
        let batch = bad.enumerated().flatMap { number, value in
            [(2 * number + 1, observation("x", value, 0)), (2 * number + 2, observation("y", 0, value))]
        }
        let result = index.admit(batch + [(99, observation("good", 0.1, 0.1))])
        #expect(result.rejected.map(\.line) == Array(1...10))
        #expect(result.rejected.allSatisfy { !$0.reason.isEmpty })
        #expect(result.rejected[0].reason.contains("nan"))
        index.apply(result.admitted)
        index.flush()
        #expect(index.snapshot().terminal(code: "good")?.position?.longitude == 0.1)
        #expect(index.snapshot().count == 1)
        #expect(throws: TwinError.self) {
            try index.register(
                code: "r", name: nil, kind: nil, position: LonLat(longitude: .nan, latitude: 0))
        }
        #expect(index.snapshot().count == 1)
    }

    @Test(arguments: [Int64.min, .min + 1, .max, 1 << 51]) func timesThatAreNoTimesAreNamed(time: Int64) throws {
        let index = makeIndex(timeToLive: 10)
        #expect(index.admit([(3, observation("a", 0, 0, time))]).rejected.map(\.line) == [3])
        index.applyDirectly([observation("a", 0, 0, 5)])
        let handle = try #require(index.resolve(["a"])[0])
        index.move([LiveMove(terminal: handle, point: GridPoint(x: 1, y: 1), time: time)])
        index.expire(now: 6)
        index.expire(now: 1_795_000_000_000)
        index.applyDirectly([observation("a", 0, 0, 1_795_000_000_000)])
        #expect(index.publish().count == 1)
        #expect(index.checkInvariants() == nil)
    }

    @Test func kindsAreCounted() throws {
        let index = makeIndex(timeToLive: 5)
        try index.register(code: "r", name: "pole", kind: "air", position: LonLat(longitude: 0, latitude: 0))
        index.applyDirectly([
            LiveObservation(code: "a", position: LonLat(longitude: 0.1, latitude: 0), time: 0, kind: "bus"),
            LiveObservation(code: "a", position: nil, time: 1, kind: "tram"),
            LiveObservation(code: "r", position: nil, time: 1, name: "mast"),
        ])
        #expect(index.snapshot().kinds == ["air", "tram"])
        #expect(index.snapshot().terminal(code: "r")?.name == "mast")
        index.expire(now: 60_000)
        #expect(index.snapshot().kinds == ["air"])
        #expect(index.checkInvariants() == nil)
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
