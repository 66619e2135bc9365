// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Synchronization
import Testing
import TestSupport
@testable import TwinEngine

/// The live index against a dictionary, step by step.
@Suite struct LiveModelTests {
    /// What the index should hold, the slow way.
    private struct Model {
        struct Terminal {
            var point: GridPoint
            var time: Int64
            var timeToLive: Int64
            var isRegistered = false
        }
        var terminals: [String: Terminal] = [:]

        mutating func apply(_ observation: LiveObservation, _ defaultTime: Int64) throws {
            let point = try observation.position.map { try Plane.project($0) }
            let former = terminals[observation.code]
            if let former, former.time > observation.time { return }
            guard let point = point ?? former?.point else { return }
            let isRegistered = former?.isRegistered ?? false
            terminals[observation.code] = Terminal(
                point: point, time: observation.time,
                timeToLive: observation.timeToLive.map(Int64.init) ?? former?.timeToLive ?? defaultTime,
                isRegistered: isRegistered)
        }

        mutating func expire(_ now: Int64) {
            terminals = terminals.filter {
                $0.value.isRegistered || $0.value.timeToLive == 0
                    || $0.value.time >= now - $0.value.timeToLive * 1000
            }
        }
    }

    private func check(_ snapshot: LiveSnapshot, _ model: Model, _ random: inout SeededGenerator, _ width: Int32) {
        #expect(snapshot.count == model.terminals.count)
        var seen: [String: LonLat] = [:]
        snapshot.forEach { seen[$0.code] = $0.position }
        #expect(seen == model.terminals.mapValues { Plane.place($0.point) })
        let circle = GridCircle(
            center: GridPoint(
                x: .random(in: -width...width, using: &random), y: .random(in: -width...width, using: &random)),
            radius: Int64.random(in: 0...Int64(width), using: &random))
        let expected = model.terminals.filter { circle.contains($0.value.point) }
        var scratch = LiveScratch()
        snapshot.collect(circle, into: &scratch)
        let slots = scratch.array
        #expect(slots.compactMap { snapshot.terminal(slot: $0)?.code }.sorted() == expected.keys.sorted())
        let metres = Double(circle.radius) / 1000
        #expect(snapshot.radius(around: circle.center, metres: metres, limit: 3).count == expected.count)
        let box = circle.box
        #expect(
            snapshot.terminals(in: box).map(\.code).sorted()
                == model.terminals.filter { box.contains($0.value.point) }.keys.sorted())
        let distances = model.terminals.values.map { terminal -> Double in
            let dx = Double(Int64(terminal.point.x) - Int64(circle.center.x))
            let dy = Double(Int64(terminal.point.y) - Int64(circle.center.y))
            return (dx * dx + dy * dy).squareRoot() / 1000
        }
        .filter { $0 <= metres }.sorted()
        let near = snapshot.nearest(to: circle.center, limit: 5, within: metres).map(\.distance)
        #expect(near == Array(distances.prefix(5)))
        #expect(
            snapshot.radius(around: circle.center, metres: metres, limit: 5).hits.map(\.distance)
                == Array(distances.prefix(5)))
    }

    /// Moves, jumps, new terminals, silence, expiry with a clock of the test's, reuse of slots; every step compared.
    @Test(arguments: [20, 400, 6000])
    func everyStepEqualsTheModel(codes: Int) throws {
        var random = SeededGenerator.printed()
        var cadence = LiveCadence()
        cadence.rebuild = 1_000_000
        cadence.overlay = codes / 3
        let index = LiveIndex(timeToLive: 40, cadence: cadence, project: Plane.project, place: Plane.place)
        var model = Model()
        var now: Int64 = 1_795_000_000_000
        let width: Int32 = 20_000_000
        for code in 0..<3 {
            let position = LonLat(longitude: Double(code) / 100, latitude: 0)
            try index.register(code: "R\(code)", name: nil, kind: nil, position: position)
            model.terminals["R\(code)"] = Model.Terminal(
                point: try Plane.project(position), time: .min + 1, timeToLive: 0, isRegistered: true)
        }
        for step in 0..<60 {
            var batch: [LiveObservation] = []
            for _ in 0..<Int.random(in: 0...codes / 4, using: &random) {
                let number = Int.random(in: 0..<codes, using: &random)
                let code = number < 3 ? "R\(number)" : "终端-\(number)"
                let isSilent = Int.random(in: 0..<5, using: &random) == 0
                let position = LonLat(
                    longitude: Double(Int32.random(in: -width...width, using: &random)) / 1e8,
                    latitude: Double(Int32.random(in: -width...width, using: &random)) / 1e8)
                let age = Int64.random(in: 0...3000, using: &random)
                let own: UInt32? =
                    Int.random(in: 0..<6, using: &random) == 0
                    ? UInt32.random(in: 0...90, using: &random) : nil
                batch.append(
                    LiveObservation(code: code, position: isSilent ? nil : position, time: now - age, timeToLive: own))
            }
            index.applyDirectly(batch)
            for observation in batch { try model.apply(observation, 40) }
            if step.isMultiple(of: 3) {
                moveSome(index, &model, now, &random, width)
            }
            check(index.snapshot(), model, &random, width)
            now += Int64.random(in: 0...15_000, using: &random)
            if Int.random(in: 0..<12, using: &random) == 0 { now += 5_000_000 }
            index.expire(now: now)
            model.expire(now)
            check(index.publish(), model, &random, width)
            #expect(index.checkInvariants() == nil)
            if step.isMultiple(of: 7) { usleep(3000) }
        }
    }

    /// Moves by handle; some handles are stale and some moves outdated.
    private func moveSome(
        _ index: LiveIndex, _ model: inout Model, _ now: Int64, _ random: inout SeededGenerator, _ width: Int32
    ) {
        let codes = model.terminals.keys.sorted() + ["nobody"]
        let handles = index.resolve(codes)
        #expect(handles.last == .some(nil))
        var moves: [LiveMove] = []
        for (code, handle) in zip(codes, handles) {
            guard let handle else { continue }
            let point = GridPoint(
                x: .random(in: -width...width, using: &random), y: .random(in: -width...width, using: &random))
            let time = now - (Bool.random(using: &random) ? 0 : 100_000_000)
            moves.append(LiveMove(terminal: handle, point: point, time: time))
            if let former = model.terminals[code], former.time <= time {
                model.terminals[code]?.point = point
                model.terminals[code]?.time = time
            }
        }
        let report = index.move(moves)
        #expect(report.applied + report.outdated == moves.count)
        #expect(report.expired.isEmpty)
        index.flush()
    }

    @Test func aHandleOfAnExpiredTerminalIsRefusedAlsoAfterReuse() throws {
        let index = LiveIndex(timeToLive: 10, project: Plane.project, place: Plane.place)
        let origin = LonLat(longitude: 0, latitude: 0)
        index.applyDirectly([LiveObservation(code: "a", position: origin, time: 0)])
        let old = try #require(index.resolve(["a"])[0])
        index.expire(now: 100_000)
        #expect(index.resolve(["a"]) == [nil])
        index.applyDirectly([LiveObservation(code: "b", position: origin, time: 100_000)])
        let report = index.move([LiveMove(terminal: old, point: GridPoint(x: 5, y: 5), time: 200_000)])
        #expect(report.expired == [0] && report.applied == 0)
        #expect(index.publish().terminal(code: "b")?.position == origin)
    }

    @Test func churnOfTerminalsDoesNotGrowTheIndex() {
        let index = LiveIndex(timeToLive: 1, project: Plane.project, place: Plane.place)
        for round in 0..<200 {
            let now = Int64(round) * 10_000
            index.applyDirectly(
                (0..<50).map { number in
                    LiveObservation(
                        code: "visitor-\(round)-\(number)", position: LonLat(longitude: 0.1, latitude: 0.1), time: now)
                })
            index.expire(now: now + 5000)
        }
        #expect(index.snapshot().count == 0)
        #expect(index.snapshot().slotCount == 50)
        #expect(index.checkInvariants() == nil)
    }

    @Test func fiftyThousandDevicesInOneBuilding() {
        var random = SeededGenerator.printed()
        let index = LiveIndex(project: Plane.project, place: Plane.place)
        var points: [GridPoint] = []
        for number in 0..<60_000 {
            let span: Int32 = number < 50_000 ? 25_000 : 20_000_000
            points.append(
                GridPoint(x: .random(in: -span...span, using: &random), y: .random(in: -span...span, using: &random)))
        }
        index.applyDirectly(
            points.enumerated().map { LiveObservation(code: "\($0)", position: Plane.place($1), time: 0) })
        let handles = index.resolve(points.indices.map { "\($0)" }).compactMap { $0 }
        for round in 1...5 {
            var moves: [LiveMove] = []
            for number in stride(from: round, to: points.count, by: 7) {
                points[number].x &+= Int32.random(in: -2000...2000, using: &random)
                moves.append(LiveMove(terminal: handles[number], point: points[number], time: Int64(round)))
            }
            index.move(moves)
            let snapshot = index.publish()
            for radius in [0, 900, 5000, 40_000] as [Int64] {
                let circle = GridCircle(center: points[round * 100], radius: radius)
                var scratch = LiveScratch()
                snapshot.collect(circle, into: &scratch)
                let found = scratch.slots.count
                #expect(found == points.count(where: circle.contains))
            }
        }
        #expect(index.checkInvariants() == nil)
    }

    /// Each batch moves all terminals to one and the same x: a snapshot that mixes batches would show several.
    @Test func readersSeeWholeBatchesWhileWritersGoOn() throws {
        let count = 3000
        var cadence = LiveCadence()
        cadence.rebuild = 2_000_000
        cadence.overlay = 1000
        let index = LiveIndex(cadence: cadence, project: Plane.project, place: Plane.place)
        index.applyDirectly(
            (0..<count).map {
                LiveObservation(code: "\($0)", position: LonLat(longitude: 0, latitude: Double($0) / 1e5), time: 0)
            })
        let handles = index.resolve((0..<count).map { "\($0)" }).compactMap { $0 }
        let stop = Atomic<Bool>(false)
        let broken = Atomic<Int>(0)
        let seen = Atomic<Int>(0)
        let threads = (0..<3).map { number in
            Thread {
                var scratch = LiveScratch()
                var last: UInt64 = 0
                while !stop.load(ordering: .relaxed) {
                    let snapshot = index.snapshot()
                    if snapshot.sequence < last { broken.add(1, ordering: .relaxed) }
                    last = snapshot.sequence
                    snapshot.collect(GridCircle(center: GridPoint(x: 0, y: 0), radius: 1 << 32), into: &scratch)
                    let places = Set(scratch.array.map { snapshot.fix(Int($0)).point.x })
                    if scratch.slots.count != count || places.count != 1 { broken.add(1, ordering: .relaxed) }
                    if snapshot.terminal(code: "\(number)")?.code != "\(number)" { broken.add(1, ordering: .relaxed) }
                    seen.add(1, ordering: .relaxed)
                }
            }
        }
        threads.forEach { $0.start() }
        for round in 1...400 {
            index.move(
                handles.enumerated().map {
                    LiveMove(terminal: $1, point: GridPoint(x: Int32(round), y: Int32($0)), time: Int64(round))
                })
            if round.isMultiple(of: 50) { index.flush() }
            if round.isMultiple(of: 20) { usleep(500) }
        }
        let last = index.publish()
        #expect(last.fix(0).point.x == 400)
        stop.store(true, ordering: .relaxed)
        while threads.contains(where: { !$0.isFinished }) { usleep(1000) }
        #expect(broken.load(ordering: .relaxed) == 0)
        #expect(seen.load(ordering: .relaxed) > 0)
        #expect(index.checkInvariants() == nil)
    }

    @Test func whatIsAppliedIsPublishedWithoutAsking() throws {
        let index = LiveIndex(project: Plane.project, place: Plane.place)
        index.apply([(LiveObservation(code: "a", position: nil, time: 1), GridPoint(x: 1, y: 1))])
        index.apply([(LiveObservation(code: "b", position: nil, time: 1), GridPoint(x: 1, y: 1))])
        for _ in 0..<2000 where index.snapshot().count < 2 { usleep(5000) }
        #expect(index.snapshot().count == 2)
    }

    @Test func theCodeTableEqualsADictionary() {
        var random = SeededGenerator.printed()
        var table = LiveCodeTable()
        var model: [String: Int] = [:]
        for step in 0..<40_000 {
            let code =
                String(repeating: "x", count: Int.random(in: 0...20, using: &random))
                + "\(Int.random(in: 0..<300, using: &random))"
            if let slot = model[code] {
                #expect(table.slot(code) == slot)
                if Bool.random(using: &random) {
                    table.remove(code)
                    model[code] = nil
                }
            } else {
                #expect(table.slot(code) == nil)
                table.insert(code, slot: step)
                model[code] = step
            }
        }
        #expect(table.count == model.count)
        #expect(table.checkInvariants() == nil)
        let copy = table
        for code in model.keys { table.remove(code) }
        #expect(table.count == 0 && table.checkInvariants() == nil)
        #expect(model.allSatisfy { copy.slot($0.key) == $0.value })
    }
}
