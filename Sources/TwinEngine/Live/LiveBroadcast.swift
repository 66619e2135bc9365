// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// What changed, for any number of followers: each published change is serialised at most once.
///
/// Followers share frames: one frame lists what changed since the one before, at most every 200 ms, and only while
/// somebody follows. The text of a changed terminal is written when the first follower needs it, and the whole event is
/// kept for followers of the same box, so a thousand followers cost one serialisation and a thousand copies. A
/// follower that is slower than ``keptFrames`` frames starts over with everything in its box: memory is bounded by the
/// frames that are kept, and nobody misses a final state.
public final class LiveBroadcast: Sendable {
    /// A Server-Sent Event, complete with its blank line.
    public struct Event: Sendable {
        /// Ask for the next one with it.
        public let sequence: UInt64
        /// Empty where nothing changed in the box.
        public let bytes: [UInt8]
    }

    static let keptFrames = 16
    private static let interval: UInt64 = 200_000_000  // ns

    private struct State: Sendable {
        var followers = 0
        var current: LiveSnapshot?
        var checkedAt: UInt64 = 0
        var frames: [LiveFrame] = []
        /// Events with everything in a box, of `current`.
        var starts: [LonLatBox?: [UInt8]] = [:]
    }

    private let index: LiveIndex
    private let state = Mutex(State())

    init(_ index: LiveIndex) {
        self.index = index
    }

    /// Begins to follow; ``leave()`` ends it.
    public func join() {
        state.withLock { state in
            state.followers += 1
            guard state.followers == 1 else { return }
            index.setFollowed(true)
            state.current = index.takeChanges().snapshot
        }
    }

    public func leave() {
        state.withLock { state in
            state.followers -= 1
            guard state.followers == 0 else { return }
            index.setFollowed(false)
            state = State()
        }
    }

    /// Everything in a box (nil: everywhere), as a `snapshot` event.
    public func start(_ box: LonLatBox?) -> Event {
        state.withLock { state in
            advance(&state, force: true)
            return start(&state, box)
        }
    }

    /// What changed in a box since an event, as an `update` event; a `snapshot` event where that is too long ago.
    public func next(after sequence: UInt64, _ box: LonLatBox?) -> Event {
        let (frame, event) = state.withLock { state -> (LiveFrame?, Event) in
            advance(&state, force: false)
            let newest = state.current?.sequence ?? 0
            if newest == sequence { return (nil, Event(sequence: sequence, bytes: [])) }
            guard let frame = state.frames.first(where: { $0.from == sequence }) else {
                return (nil, start(&state, box))
            }
            return (frame, Event(sequence: frame.sequence, bytes: []))
        }
        guard let frame else { return event }
        return Event(sequence: frame.sequence, bytes: frame.event(box))
    }

    private func start(_ state: inout State, _ box: LonLatBox?) -> Event {
        guard let snapshot = state.current else { return Event(sequence: 0, bytes: []) }
        if let bytes = state.starts[box] { return Event(sequence: snapshot.sequence, bytes: bytes) }
        let bytes = Self.everything(snapshot, box)
        // A few boxes: a herd of followers that comes back at once asks for the same ones.
        if state.starts.count >= 8 { state.starts = [:] }
        state.starts[box] = bytes
        return Event(sequence: snapshot.sequence, bytes: bytes)
    }

    /// Makes the next frame if something changed and the last is old enough.
    private func advance(_ state: inout State, force: Bool) {
        guard let former = state.current else { return }
        let now = DispatchTime.now().uptimeNanoseconds
        guard force || now &- state.checkedAt >= Self.interval else { return }
        state.checkedAt = now
        let (snapshot, slots) = index.takeChanges()
        guard snapshot.sequence != former.sequence else { return }
        state.frames.append(LiveFrame(from: former, to: snapshot, slots: slots))
        if state.frames.count > Self.keptFrames { state.frames.removeFirst() }
        state.current = snapshot
        state.starts = [:]
    }

    private static func everything(_ snapshot: LiveSnapshot, _ box: LonLatBox?) -> [UInt8] {
        var out = JSONBytes(capacity: 256 + (box == nil ? snapshot.count * 160 : 0))
        LiveFrame.head("snapshot", snapshot.sequence, &out)
        out.raw("{\"type\":\"FeatureCollection\",\"seq\":")
        out.integer(Int64(bitPattern: snapshot.sequence))
        out.raw(",\"features\":[")
        var isFirst = true
        for slot in 0..<snapshot.slotCount {
            let fix = snapshot.fix(slot)
            guard let position = snapshot.position(fix), box?.contains(position) ?? true else { continue }
            if !isFirst { out.byte(UInt8(ascii: ",")) }
            isFirst = false
            snapshot.terminal(slot: slot, fix: fix).appendFeature(to: &out)
        }
        out.raw("]}\n\n")
        return out.bytes
    }
}

/// The difference between two snapshots, terminal by terminal.
final class LiveFrame: Sendable {
    let from: UInt64
    let sequence: UInt64

    private struct Change: Sendable {
        let slot: Int
        let fix: LiveFix
        /// Where it was, and the code that it had; nil if the slot was free.
        let former: (code: String, position: LonLat)?
        let position: LonLat?
    }

    private struct Texts: Sendable {
        /// Features one after the other, in the order in which they were needed.
        var bytes: [UInt8] = []
        var ranges: [Range<Int>?]
        var events: [LonLatBox?: [UInt8]] = [:]
    }

    private let changes: [Change]
    private let snapshot: LiveSnapshot
    private let texts: Mutex<Texts>

    init(from former: LiveSnapshot, to snapshot: LiveSnapshot, slots: [UInt32]) {
        from = former.sequence
        sequence = snapshot.sequence
        self.snapshot = snapshot
        changes = slots.map { slot in
            let slot = Int(slot)
            let fix = snapshot.fix(slot)
            let was = slot < former.slotCount ? former.fix(slot) : .none
            return Change(
                slot: slot, fix: fix,
                former: former.position(was).map { (former.facts.records[slot].identity.code, $0) },
                position: snapshot.position(fix))
        }
        texts = Mutex(Texts(ranges: [Range<Int>?](repeating: nil, count: slots.count)))
    }

    /// The `update` event for a box; empty if nothing changed in it.
    func event(_ box: LonLatBox?) -> [UInt8] {
        texts.withLock { texts in
            if let event = texts.events[box] { return event }
            let event = makeEvent(box, &texts)
            texts.events[box] = event
            return event
        }
    }

    private func makeEvent(_ box: LonLatBox?, _ texts: inout Texts) -> [UInt8] {
        var out = JSONBytes(capacity: 1024)
        Self.head("update", sequence, &out)
        out.raw("{\"seq\":")
        out.integer(Int64(bitPattern: sequence))
        out.raw(",\"features\":[")
        let isInside = { (position: LonLat) in box?.contains(position) ?? true }
        var removed: [String] = []
        var isEmpty = true
        for (index, change) in changes.enumerated() {
            let shows = change.position.map(isInside) ?? false
            if let former = change.former, isInside(former.position),
                !shows || snapshot.facts.records[change.slot].identity.code != former.code,
                !isShown(former.code, isInside)
            {
                removed.append(former.code)
            }
            guard shows else { continue }
            if !isEmpty { out.byte(UInt8(ascii: ",")) }
            isEmpty = false
            out.bytes.append(contentsOf: texts.bytes[text(index, &texts)])
        }
        guard !isEmpty || !removed.isEmpty else { return [] }
        out.raw("],\"removed\":[")
        for (index, code) in removed.enumerated() {
            if index > 0 { out.byte(UInt8(ascii: ",")) }
            out.string(code)
        }
        out.raw("]}\n\n")
        return out.bytes
    }

    /// Whether a code that left its slot is back in another one.
    private func isShown(_ code: String, _ isInside: (LonLat) -> Bool) -> Bool {
        guard let slot = snapshot.facts.codes.slot(code) else { return false }
        return snapshot.position(snapshot.fix(slot)).map(isInside) ?? false
    }

    /// Where a changed terminal's feature is in the shared bytes; written there if it was not yet.
    private func text(_ index: Int, _ texts: inout Texts) -> Range<Int> {
        if let range = texts.ranges[index] { return range }
        var out = JSONBytes(capacity: 0)
        swap(&out.bytes, &texts.bytes)
        let start = out.bytes.count
        snapshot.terminal(slot: changes[index].slot, fix: changes[index].fix).appendFeature(to: &out)
        swap(&out.bytes, &texts.bytes)
        let range = start..<texts.bytes.count
        texts.ranges[index] = range
        return range
    }

    static func head(_ name: StaticString, _ sequence: UInt64, _ out: inout JSONBytes) {
        out.raw("event: ")
        out.raw(name)
        out.raw("\nid: ")
        out.raw(text: "\(sequence)")
        out.raw("\ndata: ")
    }
}
