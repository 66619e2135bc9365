// SPDX-License-Identifier: Apache-2.0
public import Spatial
import Synchronization

/// Where every terminal is now, and what it last said.
///
/// One writer at a time applies batches under a lock that readers do not take; readers hold an immutable
/// ``LiveSnapshot``. A snapshot is made when somebody reads after a change, at most every 100 ms once the index is
/// large, so an answer is exact as of at most 100 ms ago (and as of now for up to 50,000 terminals).
public final class LiveIndex: Sendable {
    /// Seconds of silence after which a terminal that is not in the ledger disappears; nil keeps all.
    public let timeToLive: Int64?

    private struct State {
        var slots: [String: Int] = [:]
        var chunks: [[LiveTerminal]] = []
        var chunkSequences: [UInt64] = []
        var points: [GridPoint] = []
        var isPresent: [Bool] = []
        var sequence: UInt64 = 0
        var count = 0
        var grid = LiveGrid(points: [], isPresent: [])
        var hasMoved = false
    }

    private let state: Mutex<State>
    private let published: Mutex<LiveSnapshot>
    private let isDirty = Atomic<Bool>(false)
    private let publishedAt = Atomic<UInt64>(0)
    private let applied = Atomic<UInt64>(0)
    private let project: @Sendable (LonLat) throws(SpatialError) -> GridPoint

    /// - Parameter project: places a position on the city grid, or says why it cannot.
    public init(
        timeToLive: Int64? = nil, project: @escaping @Sendable (LonLat) throws(SpatialError) -> GridPoint
    ) {
        self.timeToLive = timeToLive
        self.project = project
        state = Mutex(State())
        published = Mutex(Self.snapshot(of: State()))
    }

    /// Observations applied since the start.
    public var appliedCount: UInt64 { applied.load(ordering: .relaxed) }

    /// Lists a terminal of the ledger, with its surveyed position.
    ///
    /// - Throws: `TwinError.argument` where the position does not fit the city grid.
    public func register(code: String, name: String?, kind: String?, position: LonLat) throws {
        let point = try place(position)
        state.withLock { state in
            let slot = Self.slot(&state, code)
            Self.update(&state, slot) { terminal in
                terminal.isRegistered = true
                terminal.name = terminal.name ?? name
                terminal.kind = terminal.kind ?? kind
                if terminal.position == nil { terminal.position = position }
            }
            if !state.isPresent[slot] { Self.move(&state, slot, point) }
        }
        isDirty.store(true, ordering: .releasing)
    }

    /// Which observations can be applied: on the grid, and with a position if the terminal is new.
    ///
    /// - Returns: the observations with their grid points, and a rejection for each of the others.
    func admit(
        _ batch: [(line: Int, observation: LiveObservation)]
    ) -> (admitted: [(LiveObservation, GridPoint?)], rejected: [LiveRejection]) {
        var admitted: [(LiveObservation, GridPoint?)] = []
        admitted.reserveCapacity(batch.count)
        var rejected: [LiveRejection] = []
        var unplaced: [(index: Int, line: Int)] = []
        for (line, observation) in batch {
            guard let position = observation.position else {
                unplaced.append((admitted.count, line))
                admitted.append((observation, nil))
                continue
            }
            do {
                admitted.append((observation, try project(position)))
            } catch {
                rejected.append(LiveRejection(line: line, reason: error.message))
            }
        }
        guard !unplaced.isEmpty else { return (admitted, rejected) }
        var drop: Set<Int> = []
        var placed: Set<String> = []
        let lastUnplaced = unplaced[unplaced.count - 1].index
        var next = 0
        state.withLock { state in
            for index in 0...lastUnplaced {
                let (observation, point) = admitted[index]
                if point != nil { placed.insert(observation.code) }
                guard next < unplaced.count, unplaced[next].index == index else { continue }
                let line = unplaced[next].line
                next += 1
                let isKnown = state.slots[observation.code].map { state.isPresent[$0] } ?? false
                if isKnown || placed.contains(observation.code) { continue }
                drop.insert(index)
                rejected.append(
                    LiveRejection(
                        line: line,
                        reason: "'\(observation.code)' is unknown and has no position; send `lon` and `lat` once"))
            }
        }
        if !drop.isEmpty {
            admitted = admitted.enumerated().filter { !drop.contains($0.offset) }.map(\.element)
        }
        rejected.sort { $0.line < $1.line }
        return (admitted, rejected)
    }

    /// Applies observations in order. One that is older than the terminal's latest changes nothing.
    func apply(_ batch: [(LiveObservation, GridPoint?)]) {
        guard !batch.isEmpty else { return }
        state.withLock { state in
            for (observation, point) in batch {
                let slot = Self.slot(&state, observation.code)
                let latest = state.chunks[slot / LiveSnapshot.chunkSize][slot % LiveSnapshot.chunkSize].time
                if let latest, latest > observation.time { continue }
                Self.update(&state, slot) { terminal in
                    terminal.time = observation.time
                    terminal.values = observation.values
                    terminal.isSimulated = observation.isSimulated
                    if let kind = observation.kind { terminal.kind = kind }
                    if let name = observation.name { terminal.name = name }
                    if let position = observation.position { terminal.position = position }
                }
                if let point { Self.move(&state, slot, point) }
            }
        }
        applied.wrappingAdd(UInt64(batch.count), ordering: .relaxed)
        isDirty.store(true, ordering: .releasing)
    }

    /// Applies observations that are made here (replay), skipping those that do not fit.
    public func applyDirectly(_ observations: [LiveObservation]) {
        apply(admit(observations.map { (0, $0) }).admitted)
    }

    /// Hides terminals outside the ledger that were silent for longer than the time to live.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func expire(now: Int64) {
        guard let timeToLive else { return }
        let oldest = now - timeToLive * 1000
        state.withLock { state in
            for slot in state.points.indices where state.isPresent[slot] {
                let terminal = state.chunks[slot / LiveSnapshot.chunkSize][slot % LiveSnapshot.chunkSize]
                guard !terminal.isRegistered, let time = terminal.time, time < oldest else { continue }
                Self.update(&state, slot) { $0.isActive = false }
                state.isPresent[slot] = false
                state.hasMoved = true
                state.count -= 1
                isDirty.store(true, ordering: .releasing)
            }
        }
    }

    /// The current snapshot; see the type about its age. Usually one atomic load and one retain.
    public func snapshot() -> LiveSnapshot {
        let current = published.withLock { $0 }
        guard isDirty.load(ordering: .acquiring) else { return current }
        let age = Self.monotonic() &- publishedAt.load(ordering: .relaxed)
        if current.count > 50_000, age < 100_000_000 { return current }
        return publish()
    }

    /// Makes and publishes a snapshot of everything applied so far.
    @discardableResult
    public func publish() -> LiveSnapshot {
        state.withLock { state in
            guard isDirty.exchange(false, ordering: .acquiringAndReleasing) else { return published.withLock { $0 } }
            if state.hasMoved {
                state.grid = LiveGrid(points: state.points, isPresent: state.isPresent)
                state.hasMoved = false
            }
            let snapshot = Self.snapshot(of: state)
            published.withLock { $0 = snapshot }
            publishedAt.store(Self.monotonic(), ordering: .relaxed)
            return snapshot
        }
    }

    private func place(_ position: LonLat) throws -> GridPoint {
        do {
            return try project(position)
        } catch {
            throw TwinError(.argument, error.message)
        }
    }

    private static func snapshot(of state: State) -> LiveSnapshot {
        LiveSnapshot(
            sequence: state.sequence, count: state.count, chunks: state.chunks,
            chunkSequences: state.chunkSequences, points: state.points, isPresent: state.isPresent,
            grid: state.grid, slots: state.slots)
    }

    /// The slot of a code, made if it is new. Slots are never given to another code.
    private static func slot(_ state: inout State, _ code: String) -> Int {
        if let slot = state.slots[code] { return slot }
        let slot = state.points.count
        state.slots[code] = slot
        state.points.append(GridPoint(x: 0, y: 0))
        state.isPresent.append(false)
        if slot.isMultiple(of: LiveSnapshot.chunkSize) {
            state.chunks.append([])
            state.chunks[state.chunks.count - 1].reserveCapacity(LiveSnapshot.chunkSize)
            state.chunkSequences.append(0)
        }
        state.chunks[slot / LiveSnapshot.chunkSize].append(
            LiveTerminal(
                code: code, name: nil, kind: nil, position: nil, time: nil, values: Array("{}".utf8),
                isSimulated: false, isRegistered: false, sequence: 0, isActive: false))
        return slot
    }

    private static func update(_ state: inout State, _ slot: Int, _ change: (inout LiveTerminal) -> Void) {
        state.sequence += 1
        let chunk = slot / LiveSnapshot.chunkSize
        state.chunkSequences[chunk] = state.sequence
        let sequence = state.sequence
        change(&state.chunks[chunk][slot % LiveSnapshot.chunkSize])
        state.chunks[chunk][slot % LiveSnapshot.chunkSize].sequence = sequence
    }

    private static func move(_ state: inout State, _ slot: Int, _ point: GridPoint) {
        if !state.isPresent[slot] {
            state.isPresent[slot] = true
            state.count += 1
            state.chunks[slot / LiveSnapshot.chunkSize][slot % LiveSnapshot.chunkSize].isActive = true
            state.hasMoved = true
        }
        if state.points[slot] != point {
            state.points[slot] = point
            state.hasMoved = true
        }
    }

    private static func monotonic() -> UInt64 {
        let start = Self.start
        let parts = (ContinuousClock.now - start).components
        return UInt64(parts.seconds) &* 1_000_000_000 &+ UInt64(parts.attoseconds / 1_000_000_000)
    }

    private static let start = ContinuousClock.now
}
