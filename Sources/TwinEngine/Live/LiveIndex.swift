// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Glibc
public import Spatial
import Synchronization

/// How often the index publishes, as far as the load leaves a choice.
public struct LiveCadence: Sendable, Hashable {
    /// Nanoseconds between the starts of two builds of the large tree, at least.
    public var rebuild: UInt64 = 50_000_000
    /// Nanoseconds for which a change may wait to be published, unless a large tree is being built.
    public var publish: UInt64 = 250_000_000
    /// Nanoseconds after which even a few changes are taken into a new large tree, so that reads of a quiet index are as
    /// fast as can be.
    public var idle: UInt64 = 1_000_000_000
    /// Changed terminals above which a snapshot waits for the large tree instead of carrying them itself.
    public var overlay = 65_536
    /// Nanoseconds for which it waits: where the large tree does not come in time because the processor is busy with
    /// other things, the changes are carried after all, however many they are.
    public var patience: UInt64 = 60_000_000
    /// Threads that build a large tree.
    public var threads = 1

    public init() {}
}

/// Where every terminal is now, and what it last said.
///
/// Writers apply batches one at a time, under a lock that readers never take. Readers take the newest ``LiveSnapshot``: a
/// lock is held only while a reference is copied or exchanged. Small changes are published with the batch that made
/// them; under load, publishing takes at most a fifth of the writers' time, and large trees are built on a thread of
/// their own while batches go on. ``flush()`` returns when all that was applied before can be seen, and everything that
/// acknowledges to somebody outside calls it.
public final class LiveIndex: Sendable {
    /// Seconds of silence after which a terminal that is not in the ledger disappears; nil keeps all that do not state a
    /// time of their own.
    public let timeToLive: Int64?
    public let cadence: LiveCadence

    private struct State: Sendable {
        var applier: LiveApplier
        var builtAt: UInt64 = 0
        var publishedAt: UInt64 = 0
        var publishedVersion: UInt64 = 0
        /// Nanoseconds of processor time that the last publication took, for each changed terminal and apart from that.
        var cost: (each: UInt64, fixed: UInt64) = (100, 20_000)
        /// When somebody looks again, or nil.
        var alarm: UInt64?
    }

    private let state: Mutex<State>
    private let published: Mutex<LiveSnapshot>
    /// A large tree that was built and waits to be taken over, with what it was built from.
    ///
    /// Apart from the state, because a writer at full speed takes that lock again before a thread that waits for it
    /// wakes: whoever holds the lock takes the tree over.
    private let finished = Mutex<(base: LiveBase, capture: LiveApplier.Capture)?>(nil)
    private let hasFinished = Atomic<Bool>(false)
    private let applied = Atomic<UInt64>(0)
    private let project: @Sendable (LonLat) throws(SpatialError) -> GridPoint
    private let place: @Sendable (GridPoint) -> LonLat
    private let builder = DispatchQueue(label: "live.builder", qos: .userInitiated)
    private let publisher = DispatchQueue(label: "live.publisher", qos: .userInitiated)

    /// - Parameters:
    ///   - project: places a position on the city grid, or says why it cannot.
    ///   - place: its inverse.
    public init(
        timeToLive: Int64? = nil, cadence: LiveCadence = LiveCadence(),
        project: @escaping @Sendable (LonLat) throws(SpatialError) -> GridPoint,
        place: @escaping @Sendable (GridPoint) -> LonLat
    ) {
        self.timeToLive = timeToLive
        self.cadence = cadence
        self.project = project
        self.place = place
        let applier = LiveApplier(timeToLive: UInt32(clamping: timeToLive ?? 0))
        published = Mutex(applier.snapshot(place))
        state = Mutex(State(applier: applier))
    }

    // MARK: Readers

    /// The newest published snapshot. A reader never waits for a writer: the lock is held to copy a reference.
    public func snapshot() -> LiveSnapshot { published.withLock { $0 } }

    /// Observations and moves applied since the start.
    public var appliedCount: UInt64 { applied.load(ordering: .relaxed) }

    // MARK: Writers

    /// Lists a terminal of the ledger, with its surveyed position.
    ///
    /// - Throws: `TwinError.argument` where the position does not fit the city grid.
    public func register(code: String, name: String?, kind: String?, position: LonLat) throws {
        let point: GridPoint
        do {
            point = try checkedPoint(position)
        } catch {
            throw TwinError(.argument, error.message)
        }
        state.withLock { state in
            state.applier.register(code: code, name: name, kind: kind, point: point)
            settle(&state)
        }
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
            guard observation.time.magnitude <= Self.farthestTime else {
                rejected.append(
                    LiveRejection(
                        line: line, reason: "the time \(observation.time) is no time in milliseconds since 1970"))
                continue
            }
            guard let position = observation.position else {
                unplaced.append((admitted.count, line))
                admitted.append((observation, nil))
                continue
            }
            do {
                admitted.append((observation, try checkedPoint(position)))
            } catch {
                rejected.append(LiveRejection(line: line, reason: error.message))
            }
        }
        guard !unplaced.isEmpty else { return (admitted, rejected) }
        var drop: Set<Int> = []
        var placed: Set<String> = []
        var next = 0
        state.withLock { state in
            for index in 0...unplaced[unplaced.count - 1].index {
                let (observation, point) = admitted[index]
                if point != nil { placed.insert(observation.code) }
                guard next < unplaced.count, unplaced[next].index == index else { continue }
                let line = unplaced[next].line
                next += 1
                if state.applier.isPresent(observation.code) || placed.contains(observation.code) { continue }
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
            // Not placed: a known terminal that expired since it was admitted. It is in the log, and comes back with
            // its next position.
            _ = state.applier.apply(batch)
            settle(&state)
        }
        applied.wrappingAdd(UInt64(batch.count), ordering: .relaxed)
    }

    /// Applies observations that are made here (replay), skipping those that do not fit; they are visible on return.
    public func applyDirectly(_ observations: [LiveObservation]) {
        apply(admit(observations.map { (0, $0) }).admitted)
        flush()
    }

    /// Reads, admits and applies a batch without writing it down; it is visible on return.
    ///
    /// - Parameters:
    ///   - body: NDJSON or GeoJSON, as ``LiveParser`` reads it.
    ///   - now: milliseconds since 1970, the time of observations that state none.
    public func ingest(_ body: [UInt8], now: Int64) -> (accepted: Int, rejected: [LiveRejection]) {
        var parser = LiveParser(now: now)
        parser.parse(body)
        let (admitted, refused) = admit(parser.observations)
        apply(admitted)
        flush()
        return (admitted.count, (parser.rejections + refused).sorted { $0.line < $1.line })
    }

    /// Looks up terminals once, so that moves of them skip the search for the code.
    ///
    /// - Returns: for each code its handle, or nil if no such terminal is present.
    public func resolve(_ codes: [String]) -> [LiveHandle?] {
        state.withLock { state in codes.map { state.applier.handle($0) } }
    }

    /// Whether a terminal is present.
    func isKnown(_ code: String) -> Bool { state.withLock { $0.applier.isPresent(code) } }

    /// Moves terminals that were looked up before, in order; visible within ``LiveCadence/publish`` or after ``flush()``.
    ///
    /// - Returns: which moves changed nothing, and why.
    @discardableResult
    public func move(_ moves: [LiveMove]) -> LiveMoveReport {
        guard !moves.isEmpty else { return LiveMoveReport() }
        let report = state.withLock { state in
            let report = state.applier.move(moves)
            settle(&state)
            return report
        }
        applied.wrappingAdd(UInt64(report.applied), ordering: .relaxed)
        return report
    }

    /// Hides terminals outside the ledger that were silent for longer than their time to live.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func expire(now: Int64) {
        state.withLock { state in
            if state.applier.expire(now: now) > 0 { publish(&state) }
        }
    }

    /// Returns when everything that was applied before the call can be seen. Callers at the same time share one
    /// publication.
    public func flush() {
        state.withLock { state in
            if state.publishedVersion < state.applier.version { publish(&state) }
        }
    }

    /// Publishes what was applied so far and returns it.
    @discardableResult
    public func publish() -> LiveSnapshot {
        flush()
        return snapshot()
    }

    // MARK: Followers

    /// Starts or stops listing what changed for ``takeChanges()``.
    func setFollowed(_ isFollowed: Bool) {
        state.withLock { $0.applier.setFollowed(isFollowed) }
    }

    /// The present state, published, and the slots that changed since the last call.
    func takeChanges() -> (snapshot: LiveSnapshot, slots: [UInt32]) {
        state.withLock { state in
            if state.publishedVersion < state.applier.version { publish(&state) }
            return (published.withLock { $0 }, state.applier.takeFollowed())
        }
    }

    /// The first broken invariant in words, or nil. O(terminals); holds up writers.
    func checkInvariants() -> String? {
        state.withLock { $0.applier.checkInvariants() }
    }

    /// Milliseconds; the year 9999 is well within.
    private static let farthestTime: UInt64 = 1 << 50

    // MARK: Publishing

    private func checkedPoint(_ position: LonLat) throws(SpatialError) -> GridPoint {
        guard position.longitude.isFinite, position.latitude.isFinite else {
            throw SpatialError(
                .coordinates, "lon \(position.longitude), lat \(position.latitude) is not a position; send numbers")
        }
        return try project(position)
    }

    /// After a change: publishes it and builds a large tree, or sees to it that somebody will.
    private func settle(_ state: inout State) {
        if hasFinished.load(ordering: .relaxed) { takeOver(&state) }
        let now = DispatchTime.now().uptimeNanoseconds
        let pending = state.applier.pendingCount
        if !state.applier.isBuilding, pending > 0 {
            let isMuch = pending > max(2048, min(state.applier.count / 64, cadence.overlay))
            let due = state.builtAt + (isMuch ? cadence.rebuild : max(cadence.rebuild, cadence.idle))
            if now >= due { build(&state, now) } else { wake(&state, at: due) }
        }
        guard state.publishedVersion < state.applier.version else { return }
        // Beyond the limit the large tree brings the changes; it is being built, or will be within `cadence.rebuild`.
        if pending > cadence.overlay {
            if now >= state.publishedAt + cadence.patience { publish(&state) }
            return
        }
        let cost = state.cost.fixed + state.cost.each * UInt64(pending)
        let due = state.publishedAt + min(4 * cost, cadence.publish)
        if now >= due { publish(&state) } else { wake(&state, at: due) }
    }

    private func publish(_ state: inout State) {
        let start = Self.processorTime()
        let snapshot = state.applier.snapshot(place)
        show(snapshot)
        let end = Self.processorTime()
        state.publishedVersion = snapshot.sequence
        state.publishedAt = DispatchTime.now().uptimeNanoseconds
        // One figure at a time is corrected: the share of a changed terminal where there are many, else the rest.
        let pending = UInt64(state.applier.pendingCount)
        if pending > 4096 {
            state.cost.each = max(1, (end &- start) / pending)
        } else {
            state.cost.fixed = max(1000, end &- start)
        }
    }

    /// Nanoseconds of this thread's processor time: waiting for a processor is no cost of publishing.
    private static func processorTime() -> UInt64 {
        var time = timespec()
        // Safe: the structure is local.
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Exchanges the reference that readers take; the former snapshot is freed outside the readers' lock.
    private func show(_ snapshot: LiveSnapshot) {
        let former = published.withLock { current in
            let former = current
            current = snapshot
            return former
        }
        withExtendedLifetime(former) {}
    }

    /// Builds the next large tree on the builder's thread.
    private func build(_ state: inout State, _ now: UInt64) {
        state.builtAt = now
        let capture = state.applier.capture()
        builder.async { [self] in
            let base = LiveBase(version: capture.version, fixes: capture.fixes, threads: cadence.threads)
            finished.withLock { $0 = (base, capture) }
            hasFinished.store(true, ordering: .releasing)
            // From another thread, so that the next build need not wait for the lock either.
            publisher.async { [self] in self.state.withLock { settle(&$0) } }
        }
    }

    /// Takes over a large tree that was built meanwhile.
    private func takeOver(_ state: inout State) {
        guard hasFinished.exchange(false, ordering: .acquiring) else { return }
        let next = finished.withLock { finished in
            defer { finished = nil }
            return finished
        }
        guard let (base, capture) = next else { return }
        state.applier.adopt(base)
        if state.applier.pendingCount <= cadence.overlay {
            publish(&state)
        } else if state.publishedVersion < base.version {
            // Too much changed during the build to be carried along: show what the tree holds.
            let snapshot = LiveSnapshot(
                version: base.version, count: capture.count, base: base, overlay: LiveOverlay([], fixes: []),
                facts: capture.facts, place: place)
            show(snapshot)
            state.publishedVersion = base.version
            state.publishedAt = DispatchTime.now().uptimeNanoseconds
        }
    }

    private func wake(_ state: inout State, at time: UInt64) {
        if let alarm = state.alarm, alarm <= time { return }
        state.alarm = time
        publisher.asyncAfter(deadline: DispatchTime(uptimeNanoseconds: time)) { [self] in
            self.state.withLock { state in
                guard let alarm = state.alarm, alarm <= time else { return }
                state.alarm = nil
                settle(&state)
            }
        }
    }
}
