// SPDX-License-Identifier: Apache-2.0
// Live index: moves applied, publish lag and reads beside them. Prints one JSON object a line.
//
//     live-ours [terminals] [seconds] [moves|lines|building]
//
// Data as the peers beside it use them: uniform in lon 119.6-120.4, lat 36.0-36.6, splitmix64 seed 42; a local move is at
// most 50 m on each axis, a jump goes anywhere; 500 m is about 163 hits of a million, 100 m about 6.6.
import Foundation
import Spatial
import Synchronization
import TwinEngine

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// Nanoseconds of CPU that the calling thread has used.
func threadTime() -> UInt64 { clock_gettime_nsec(CLOCK_THREAD_CPUTIME_ID) }
func wallTime() -> UInt64 { clock_gettime_nsec(CLOCK_MONOTONIC) }

func clock_gettime_nsec(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // Safe: the structure is local.
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

let metresPerDegree = (x: 89_760.0, y: 110_950.0)
let middle = (longitude: 120.0, latitude: 36.3)

func project(_ position: LonLat) throws(SpatialError) -> GridPoint {
    let x = (position.longitude - middle.longitude) * metresPerDegree.x * 1000
    let y = (position.latitude - middle.latitude) * metresPerDegree.y * 1000
    guard x.magnitude < 2e9, y.magnitude < 2e9 else { throw SpatialError(.coordinates, "outside") }
    return GridPoint(x: Int32(x.rounded()), y: Int32(y.rounded()))
}

func place(_ point: GridPoint) -> LonLat {
    LonLat(
        longitude: middle.longitude + Double(point.x) / 1000 / metresPerDegree.x,
        latitude: middle.latitude + Double(point.y) / 1000 / metresPerDegree.y)
}

func row(_ name: String, _ values: [(String, Double)]) {
    let text = values.map { "\"\($0.0)\":\(($0.1 * 1000).rounded() / 1000)" }.joined(separator: ",")
    FileHandle.standardOutput.write(Data("{\"row\":\"\(name)\",\"peer\":\"TwinEngine\",\(text)}\n".utf8))
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// A city of terminals, and random moves of them that were made beforehand.
struct World {
    let index: LiveIndex
    var points: [GridPoint]
    let handles: [LiveHandle]

    /// - Parameter crowd: how many of them are within 50 m in one building.
    init(count: Int, crowd: Int = 0) {
        index = LiveIndex(project: project, place: place)
        var random = SplitMix(state: 42)
        points = []
        var observations: [LiveObservation] = []
        for number in 0..<count {
            let span = number < crowd ? 0.000_5 : 1.0
            let longitude = 120 + (random.unit() - 0.5) * 0.8 * span
            let latitude = 36.3 + (random.unit() - 0.5) * 0.6 * span
            let position = LonLat(longitude: longitude, latitude: latitude)
            observations.append(LiveObservation(code: "T-\(number)", position: position, time: 0))
        }
        for start in stride(from: 0, to: count, by: 10_000) {
            index.applyDirectly(Array(observations[start..<min(count, start + 10_000)]))
        }
        do {
            points = try observations.map { try project($0.position ?? LonLat(longitude: 120, latitude: 36)) }
        } catch {
            print("{\"error\":\"\(error)\"}")
        }
        handles = index.resolve(observations.map(\.code)).compactMap { $0 }
    }

    /// Batches of moves of random terminals.
    func moves(batches: Int, size: Int, jump: Bool, among count: Int, random: inout SplitMix) -> [[LiveMove]] {
        var now = points
        return (0..<batches).map { _ in
            (0..<size).map { _ in
                let number = Int(random.next() % UInt64(count))
                if jump {
                    now[number] = GridPoint(
                        x: Int32((random.unit() - 0.5) * 71_808_000), y: Int32((random.unit() - 0.5) * 66_570_000))
                } else {
                    now[number].x += Int32((random.unit() - 0.5) * 100_000)
                    now[number].y += Int32((random.unit() - 0.5) * 100_000)
                }
                return LiveMove(terminal: handles[number], point: now[number], time: 0)
            }
        }
    }
}

/// Radius queries per CPU second of one thread, until told to stop.
final class Reader: Sendable {
    let stop = Atomic<Bool>(false)
    let queries = Atomic<Int>(0)
    let hits = Atomic<Int>(0)
    let nanoseconds = Atomic<UInt64>(0)

    func run(_ index: LiveIndex, radius: Int64, limit: Int = .max, extent: (Double, Double) = (71_808_000, 66_570_000))
    {
        var random = SplitMix(state: 7)
        var scratch = LiveScratch()
        let start = threadTime()
        var done = 0
        var found = 0
        while !stop.load(ordering: .relaxed), done < limit {
            let snapshot = index.snapshot()
            for _ in 0..<16 {
                let center = GridPoint(
                    x: Int32((random.unit() - 0.5) * extent.0), y: Int32((random.unit() - 0.5) * extent.1))
                snapshot.collect(GridCircle(center: center, radius: radius), into: &scratch)
                found += scratch.slots.count
                done += 1
            }
        }
        nanoseconds.store(threadTime() - start, ordering: .relaxed)
        queries.store(done, ordering: .relaxed)
        hits.store(found, ordering: .relaxed)
    }

    /// Queries per CPU second.
    var rate: Double { Double(queries.load(ordering: .relaxed)) / Double(nanoseconds.load(ordering: .relaxed)) * 1e9 }
    var meanHits: Double { Double(hits.load(ordering: .relaxed)) / Double(queries.load(ordering: .relaxed)) }
}

/// How long after its batch was applied a state could be seen.
final class LagWatch: Sendable {
    private let marks = Mutex<[(sequence: UInt64, time: UInt64)]>([])
    private let lags = Mutex<[Double]>([])
    let stop = Atomic<Bool>(false)

    func applied(_ sequence: UInt64) { marks.withLock { $0.append((sequence, wallTime())) } }

    func run(_ index: LiveIndex) {
        while !stop.load(ordering: .relaxed) {
            usleep(200)
            let seen = index.snapshot().sequence
            let done = marks.withLock { marks in
                let now = wallTime()
                let end = marks.firstIndex { $0.sequence > seen } ?? marks.count
                defer { marks.removeFirst(end) }
                return marks[..<end].map { Double(now - $0.time) / 1e6 }
            }
            lags.withLock { $0 += done }
        }
    }

    func quantile(_ share: Double) -> Double {
        lags.withLock { lags in
            guard !lags.isEmpty else { return .nan }
            let sorted = lags.sorted()
            return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
    }
}

func inThread(_ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
        body()
        done.signal()
    }
    thread.stackSize = 1 << 20
    thread.start()
    return done
}

/// The time of the next batch: a run that began again would only report what is outdated.
let clock = Atomic<Int64>(1)

/// Moves at full speed (or at `pace` a second) for some seconds with a reader beside it.
func moveAndRead(_ name: String, _ world: World, batches: [[LiveMove]], seconds: Double, pace: Double? = nil) {
    let index = world.index
    let (reader, watch) = (Reader(), LagWatch())
    let threads = [inThread { reader.run(index, radius: 500_000) }, inThread { watch.run(index) }]
    let start = wallTime()
    let cpu = threadTime()
    var (applied, calls, next) = (0, 0, 0)
    while Double(wallTime() - start) < seconds * 1e9 {
        var batch = batches[next]
        let now = clock.add(1, ordering: .relaxed).newValue
        for place in batch.indices { batch[place].time = now }
        let report = index.move(batch)
        applied += report.applied
        calls += 1
        if calls.isMultiple(of: 16) { watch.applied(report.sequence) }
        next = (next + 1) % batches.count
        if let pace {
            let ahead = Double(applied) / pace - Double(wallTime() - start) / 1e9
            if ahead > 0.001 { usleep(UInt32(ahead * 1e6)) }
        }
    }
    let used = Double(threadTime() - cpu) / 1e9
    let wall = Double(wallTime() - start) / 1e9
    usleep(300_000)
    reader.stop.store(true, ordering: .relaxed)
    watch.stop.store(true, ordering: .relaxed)
    threads.forEach { $0.wait() }
    row(
        name,
        [
            ("moves_per_cpu_s", Double(applied) / used), ("moves_per_s", Double(applied) / wall),
            ("lag_ms_p50", watch.quantile(0.5)), ("lag_ms_p99", watch.quantile(0.99)),
            ("lag_ms_max", watch.quantile(1)), ("reads_per_cpu_s", reader.rate), ("hits", reader.meanHits),
        ])
}

func readAlone(_ name: String, _ world: World, radius: Int64, extent: (Double, Double) = (71_808_000, 66_570_000)) {
    var rates: [Double] = []
    var hits = 0.0
    for _ in 0..<5 {
        let reader = Reader()
        reader.run(world.index, radius: radius, limit: radius > 200_000 ? 100_000 : 300_000, extent: extent)
        rates.append(reader.rate)
        hits = reader.meanHits
    }
    row(name, [("reads_per_cpu_s_median", median(rates)), ("reads_per_cpu_s_max", rates.max() ?? 0), ("hits", hits)])
}

/// From NDJSON bytes to what readers see.
func ingestLines(_ world: World, count: Int, batch: Int) {
    var random = SplitMix(state: 9)
    let bodies = (0..<40).map { round in
        var text = ""
        for _ in 0..<batch {
            let number = Int(random.next() % UInt64(count))
            let position = place(world.points[number])
            let lon = position.longitude + (random.unit() - 0.5) * 0.001
            let lat = position.latitude + (random.unit() - 0.5) * 0.001
            text +=
                "{\"id\":\"T-\(number)\",\"lon\":\((lon * 1e7).rounded() / 1e7),\"lat\":\((lat * 1e7).rounded() / 1e7),"
            text += "\"t\":\"2026-11-21T08:\(10 + round):00Z\",\"values\":{\"speed\":\(random.next() % 100)}}\n"
        }
        return Array(text.utf8)
    }
    var rates: [Double] = []
    var bytes = 0
    for body in bodies {
        let cpu = threadTime()
        let report = world.index.ingest(body, now: 0)
        rates.append(Double(report.accepted) / Double(threadTime() - cpu) * 1e9)
        bytes = body.count / batch
    }
    row(
        "NDJSON, batches of \(batch): parse, resolve, apply, publish",
        [
            ("observations_per_cpu_s_median", median(rates)), ("observations_per_cpu_s_max", rates.max() ?? 0),
            ("bytes_per_line", Double(bytes)),
        ])
}

let count = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1_000_000 : 1_000_000
let seconds = CommandLine.arguments.count > 2 ? Double(CommandLine.arguments[2]) ?? 3 : 3
let part = CommandLine.arguments.count > 3 ? CommandLine.arguments[3] : ""
var random = SplitMix(state: 1)
if part != "building" {
    let world = World(count: count)
    world.index.flush()
    usleep(1_500_000)
    if part != "lines" {
        readAlone("radius 500 m, nobody writes", world, radius: 500_000)
        readAlone("radius 100 m, nobody writes", world, radius: 100_000)
        let local = world.moves(batches: 2000, size: 1000, jump: false, among: count, random: &random)
        for _ in 0..<3 {
            moveAndRead("local moves at full speed, batches of 1000", world, batches: local, seconds: seconds)
        }
        moveAndRead("local moves at 100 k/s, batches of 1000", world, batches: local, seconds: seconds, pace: 100_000)
        moveAndRead("local moves at 1 M/s, batches of 1000", world, batches: local, seconds: seconds, pace: 1_000_000)
        let jumps = world.moves(batches: 2000, size: 1000, jump: true, among: count, random: &random)
        moveAndRead("jumps at full speed, batches of 1000", world, batches: jumps, seconds: seconds)
    }
    if part != "moves" {
        ingestLines(world, count: count, batch: 1000)
        ingestLines(world, count: count, batch: 10_000)
    }
}
if part.isEmpty || part == "building" {
    let world = World(count: count, crowd: 50_000)
    let crowd = world.moves(batches: 2000, size: 1000, jump: false, among: 50_000, random: &random)
    let inside = crowd.map { batch in
        batch.map { move in
            let point = GridPoint(x: move.point.x % 20_000, y: move.point.y % 20_000)
            return LiveMove(terminal: move.terminal, point: point, time: move.time)
        }
    }
    moveAndRead("50,000 of them in one building, moving in it", world, batches: inside, seconds: seconds)
    usleep(1_500_000)
    readAlone("radius 1 m in the building", world, radius: 1000, extent: (40_000, 40_000))
}
