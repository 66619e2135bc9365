// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A terminal that was looked up once: moves with it skip the search for the code.
///
/// It stays valid until the terminal expires. A handle of an expired terminal is refused, also when its slot was given
/// to another one (2^32 expiries of the same slot would be needed to mistake one for the other).
public struct LiveHandle: Sendable, Hashable, BitwiseCopyable {
    let slot: UInt32
    let generation: UInt32
}

/// A new position of a known terminal.
public struct LiveMove: Sendable, BitwiseCopyable {
    public var terminal: LiveHandle
    /// On the city grid.
    public var point: GridPoint
    /// Milliseconds since 1970.
    public var time: Int64

    public init(terminal: LiveHandle, point: GridPoint, time: Int64) {
        self.terminal = terminal
        self.point = point
        self.time = time
    }
}

/// What became of a batch of moves.
public struct LiveMoveReport: Sendable, Hashable {
    public var applied = 0
    /// Older than what the terminal said before: they changed nothing.
    public var outdated = 0
    /// Places in the batch whose terminal has expired; resolve its code again.
    public var expired: [Int] = []
    /// The index's state with this batch: it can be seen once a snapshot's ``LiveSnapshot/sequence`` is as high.
    public var sequence: UInt64 = 0
}

/// The live state and every change to it; no lock, no thread, no clock of its own.
///
/// Truth is an array of fixes by dense slot. Since a base was captured, changed slots are listed once each, by epochs:
/// an epoch begins with the capture of a base, so a base that is ready replaces the former one by dropping a list.
struct LiveApplier: Sendable {
    private(set) var codes = LiveCodeTable()
    private(set) var records = LiveRecords()
    private(set) var fixes: [LiveFix] = []
    /// By slot: in the high half how often it was given away, in the low half the epoch of its last change.
    private var marks: [UInt64] = []
    private static let epochMask: UInt64 = 0xFFFF_FFFF
    private var free: [UInt32] = []
    private var expiry = LiveExpiry()
    /// By slot: the place in the wheel that counts.
    private var tokens: [UInt32] = []

    private(set) var base = LiveBase(version: 0, fixes: [])
    private var epoch: UInt32 = 1
    /// Slots that changed since `base` was captured and before the capture of the next base, then since that capture.
    private var changes: (sinceBase: [UInt32], sinceCapture: [UInt32]) = ([], [])
    private(set) var isBuilding = false

    /// Slots that changed since they were last taken, if somebody follows.
    private var followed: [UInt32] = []
    private var followedMarks: [Bool] = []
    private(set) var isFollowed = false

    /// Grows with every change.
    private(set) var version: UInt64 = 0
    /// Terminals that are present.
    private(set) var count = 0
    /// How many terminals of each kind are present.
    private var kinds: [String: Int] = [:]
    private let timeToLive: UInt32

    /// - Parameter timeToLive: seconds, for terminals that do not state their own; 0 is for ever.
    init(timeToLive: UInt32) {
        self.timeToLive = timeToLive
    }

    /// How many slots a snapshot would list as changed, at most.
    var pendingCount: Int { changes.sinceBase.count + changes.sinceCapture.count }

    // MARK: Changes

    /// Applies moves in order. O(moves).
    mutating func move(_ moves: [LiveMove]) -> LiveMoveReport {
        var report = LiveMoveReport()
        var held = fixes
        fixes = []
        var marked = marks
        marks = []
        var list = isBuilding ? changes.sinceCapture : changes.sinceBase
        if isBuilding { changes.sinceCapture = [] } else { changes.sinceBase = [] }
        let epoch = UInt64(epoch)
        for (index, move) in moves.enumerated() {
            let slot = Int(move.terminal.slot)
            guard slot < marked.count, marked[slot] >> 32 == UInt64(move.terminal.generation) else {
                report.expired.append(index)
                continue
            }
            guard held[slot].time <= move.time, held[slot].isPresent else {
                report.outdated += 1
                continue
            }
            held[slot] = LiveFix(point: move.point, time: move.time)
            if marked[slot] & Self.epochMask != epoch {
                marked[slot] = marked[slot] & ~Self.epochMask | epoch
                list.append(move.terminal.slot)
            }
            if isFollowed { follow(slot) }
        }
        if isBuilding { changes.sinceCapture = list } else { changes.sinceBase = list }
        fixes = held
        marks = marked
        report.applied = moves.count - report.outdated - report.expired.count
        if report.applied > 0 { version += 1 }
        report.sequence = version
        return report
    }

    /// Applies observations in order. One that is older than the terminal's latest changes nothing.
    ///
    /// - Returns: places in the batch of observations without a position whose terminal is not present.
    mutating func apply(_ batch: [(LiveObservation, GridPoint?)]) -> [Int] {
        var unplaced: [Int] = []
        for (index, (observation, point)) in batch.enumerated() {
            let known = codes.slot(observation.code)
            guard known != nil || point != nil else {
                unplaced.append(index)
                continue
            }
            let slot = known ?? add(observation.code)
            guard fixes[slot].time <= observation.time else { continue }
            fixes[slot] = LiveFix(point: point ?? fixes[slot].point, time: observation.time)
            note(slot)
            update(slot, observation)
            if known == nil { count += 1 }
        }
        version += 1
        return unplaced
    }

    private mutating func update(_ slot: Int, _ observation: LiveObservation) {
        let identity = records[slot].identity
        if observation.name ?? identity.name != identity.name || observation.kind ?? identity.kind != identity.kind {
            identify(slot, name: observation.name ?? identity.name, kind: observation.kind ?? identity.kind)
        }
        let isDue = Self.report(observation, to: &records[slot], isScheduled: tokens[slot] != 0)
        if isDue { schedule(slot) }
    }

    /// Takes over what an observation says; true if the terminal needs another place in the wheel.
    private static func report(_ observation: LiveObservation, to record: inout LiveRecord, isScheduled: Bool) -> Bool {
        record.values = observation.values
        record.isSimulated = observation.isSimulated
        guard !record.isRegistered else { return false }
        let former = record.timeToLive
        record.timeToLive = observation.timeToLive ?? former
        return record.timeToLive > 0 && (former == 0 || record.timeToLive < former || !isScheduled)
    }

    /// Lists a terminal of the ledger at its surveyed position; one that reported stays where it said it is.
    mutating func register(code: String, name: String?, kind: String?, point: GridPoint) {
        let known = codes.slot(code)
        let slot = known ?? add(code)
        let identity = records[slot].identity
        identify(slot, name: identity.name ?? name, kind: identity.kind ?? kind)
        records[slot].isRegistered = true
        records[slot].timeToLive = 0
        if known == nil {
            fixes[slot] = LiveFix(point: point, time: LiveFix.never)
            count += 1
        }
        note(slot)
        version += 1
    }

    /// Gives a terminal another name or kind; nil is none.
    private mutating func identify(_ slot: Int, name: String?, kind: String?) {
        let former = records[slot].identity
        if former.kind != kind {
            if let kind { kinds[kind, default: 0] += 1 }
            if let kind = former.kind {
                kinds[kind, default: 0] -= 1
                if kinds[kind] == 0 { kinds[kind] = nil }
            }
        }
        records[slot].identity = LiveIdentity(code: former.code, name: name, kind: kind)
    }

    /// Removes the terminals that were silent for longer than their time to live, and gives their slots away.
    ///
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: how many disappeared.
    mutating func expire(now: Int64) -> Int {
        var gone = 0
        for entry in expiry.take(upTo: now) {
            let slot = Int(entry.slot)
            guard tokens[slot] == entry.second else { continue }
            tokens[slot] = 0
            let seconds = Int64(records[slot].timeToLive)
            guard fixes[slot].isPresent, seconds > 0, !records[slot].isRegistered else { continue }
            // A far future time stays schedulable: the wheel looks again after at most one turn.
            guard fixes[slot].time < now - seconds * 1000 else {
                schedule(slot)
                continue
            }
            identify(slot, name: nil, kind: nil)
            codes.remove(records[slot].identity.code)
            records[slot] = Self.nobody
            fixes[slot] = .none
            note(slot)
            marks[slot] &+= 1 << 32
            free.append(entry.slot)
            gone += 1
        }
        count -= gone
        if gone > 0 { version += 1 }
        return gone
    }

    /// The terminal with a code, to be moved without looking it up again; nil if it is not present.
    func handle(_ code: String) -> LiveHandle? {
        codes.slot(code).map { LiveHandle(slot: UInt32($0), generation: UInt32(marks[$0] >> 32)) }
    }

    func isPresent(_ code: String) -> Bool { codes.slot(code) != nil }

    private static let nobody = LiveRecord(
        identity: LiveIdentity(code: "", name: nil, kind: nil), values: LiveObservation.noValues)

    /// A slot for a new code: one that was given back, or another at the end.
    private mutating func add(_ code: String) -> Int {
        let record = LiveRecord(
            identity: LiveIdentity(code: code, name: nil, kind: nil), values: LiveObservation.noValues,
            timeToLive: timeToLive)
        let slot: Int
        if let former = free.popLast() {
            slot = Int(former)
            records[slot] = record
        } else {
            slot = fixes.count
            fixes.append(.none)
            marks.append(0)
            tokens.append(0)
            followedMarks.append(false)
            records.append(record)
        }
        codes.insert(code, slot: slot)
        return slot
    }

    private mutating func schedule(_ slot: Int) {
        let (deadline, isFar) = fixes[slot].time.addingReportingOverflow(Int64(records[slot].timeToLive) * 1000)
        tokens[slot] = expiry.schedule(UInt32(slot), deadline: isFar ? .max : deadline)
    }

    /// Lists a slot as changed, once per epoch.
    private mutating func note(_ slot: Int) {
        if marks[slot] & Self.epochMask != UInt64(epoch) {
            marks[slot] = marks[slot] & ~Self.epochMask | UInt64(epoch)
            if isBuilding {
                changes.sinceCapture.append(UInt32(slot))
            } else {
                changes.sinceBase.append(UInt32(slot))
            }
        }
        if isFollowed { follow(slot) }
    }

    private mutating func follow(_ slot: Int) {
        guard !followedMarks[slot] else { return }
        followedMarks[slot] = true
        followed.append(UInt32(slot))
    }

    // MARK: Snapshots

    /// A snapshot of the present state. O(slots / 64 + changed since the base).
    func snapshot(_ place: @escaping @Sendable (GridPoint) -> LonLat) -> LiveSnapshot {
        LiveSnapshot(
            version: version, count: count, base: base,
            overlay: LiveOverlay([changes.sinceBase, changes.sinceCapture], fixes: fixes),
            facts: facts, place: place)
    }

    /// What a snapshot knows of its terminals apart from where they are; shares all memory with the applier.
    private var facts: LiveFacts { LiveFacts(records: records, codes: codes, kinds: kinds) }

    /// What the next base is built from.
    struct Capture: Sendable {
        let version: UInt64
        let count: Int
        let fixes: [LiveFix]
        let facts: LiveFacts
    }

    /// Begins an epoch. O(1) here; the next change copies the fixes (16 bytes a slot) once.
    mutating func capture() -> Capture {
        isBuilding = true
        epoch &+= 1
        // Never again before 2^32 bases; a slot with an equal mark would be missed, so start over with all marks.
        if epoch == 0 {
            for slot in marks.indices { marks[slot] &= ~Self.epochMask }
            epoch = 1
        }
        return Capture(version: version, count: count, fixes: fixes, facts: facts)
    }

    /// Takes over the base that was built from the last capture.
    mutating func adopt(_ base: LiveBase) {
        self.base = base
        changes = (changes.sinceCapture, [])
        isBuilding = false
    }

    /// Starts or stops listing what changed for ``takeFollowed()``.
    mutating func setFollowed(_ isFollowed: Bool) {
        _ = takeFollowed()
        self.isFollowed = isFollowed
    }

    /// The slots that changed since the last call.
    mutating func takeFollowed() -> [UInt32] {
        for slot in followed { followedMarks[Int(slot)] = false }
        defer { followed = [] }
        return followed
    }

    /// The first broken invariant in words, or nil. O(slots).
    func checkInvariants() -> String? {
        if let violation = codes.checkInvariants() { return violation }
        let tree = base.tree
        if let violation = tree.view.checkInvariants() { return violation }
        guard marks.count == fixes.count, tokens.count == fixes.count, records.count == fixes.count else {
            return "the columns have \(marks.count), \(tokens.count), \(records.count), \(fixes.count) slots"
        }
        let present = fixes.indices.filter { fixes[$0].isPresent }
        if present.count != count { return "\(present.count) slots hold a terminal and the count says \(count)" }
        if codes.count != count { return "\(codes.count) codes for \(count) terminals" }
        if free.count + count != fixes.count { return "\(free.count) free slots and \(count) of \(fixes.count) held" }
        for slot in present where codes.slot(records[slot].identity.code) != slot {
            return "the code '\(records[slot].identity.code)' of slot \(slot) stands for another slot"
        }
        let listed = Set(changes.sinceBase + changes.sinceCapture)
        for slot in fixes.indices where !listed.contains(UInt32(slot)) && fixes[slot] != base.fix(slot) {
            return "slot \(slot) changed since the base and is not listed"
        }
        return nil
    }
}
