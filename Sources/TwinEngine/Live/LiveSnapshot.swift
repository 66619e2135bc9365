// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A terminal as a snapshot holds it: the ledger's facts and the latest observation.
public struct LiveTerminal: Sendable {
    /// Permanent code, unique in the city.
    public let code: String
    public let name: String?
    public let kind: String?
    /// To the millimetre of the city grid.
    public let position: LonLat?
    /// Time of the latest observation, milliseconds since 1970; nil before the first.
    public let time: Int64?
    /// The latest observation's values, a JSON object.
    public let values: [UInt8]
    public let isSimulated: Bool
    /// Listed in the ledger layer, so it never expires.
    public let isRegistered: Bool
}

/// What a snapshot knows of its terminals apart from where they are.
struct LiveFacts: Sendable {
    let records: LiveRecords
    let codes: LiveCodeTable
    /// How many terminals of each kind there are.
    let kinds: [String: Int]
}

/// All terminals as of one version of the index. Immutable: any number of readers, no lock.
///
/// A packed tree (rebuilt every 50-250 ms) holds all terminals as they were; the overlay, a small tree of its own, holds
/// those that changed since and hides them in the first. Together they are exact as of ``sequence``.
public final class LiveSnapshot: Sendable {
    /// Grows with every change; resume a feed from it.
    public let sequence: UInt64
    /// Terminals that are present.
    public let count: Int
    let base: LiveBase
    let overlay: LiveOverlay
    let facts: LiveFacts
    private let place: @Sendable (GridPoint) -> LonLat

    init(
        version: UInt64, count: Int, base: LiveBase, overlay: LiveOverlay, facts: LiveFacts,
        place: @escaping @Sendable (GridPoint) -> LonLat
    ) {
        sequence = version
        self.count = count
        self.base = base
        self.overlay = overlay
        self.facts = facts
        self.place = place
    }

    /// One more than the highest slot.
    var slotCount: Int { facts.records.count }

    func fix(_ slot: Int) -> LiveFix { overlay.fix(slot) ?? base.fix(slot) }

    func position(_ fix: LiveFix) -> LonLat? { fix.isPresent ? place(fix.point) : nil }

    func terminal(slot: Int, fix: LiveFix) -> LiveTerminal {
        let record = facts.records[slot]
        return LiveTerminal(
            code: record.identity.code, name: record.identity.name, kind: record.identity.kind,
            position: position(fix), time: fix.reportTime, values: record.values, isSimulated: record.isSimulated,
            isRegistered: record.isRegistered)
    }

    /// The terminal with a code, if it is present. O(1).
    public func terminal(code: String) -> LiveTerminal? {
        facts.codes.slot(code).flatMap { slot in
            let fix = fix(slot)
            return fix.isPresent ? terminal(slot: slot, fix: fix) : nil
        }
    }

    /// Every terminal that is present, by slot.
    public func forEach(_ visit: (LiveTerminal) -> Void) {
        for slot in 0..<slotCount {
            let fix = fix(slot)
            if fix.isPresent { visit(terminal(slot: slot, fix: fix)) }
        }
    }

    /// The kinds that are present, sorted.
    public var kinds: [String] { facts.kinds.keys.sorted() }

    // MARK: Questions

    /// Slots of the terminals inside a box, sides included, ascending. Exact.
    func slots(in box: GridBox) -> [Int] {
        var found: [Int] = []
        let (base, overlay) = (base, overlay)
        let (large, small) = (base.tree, overlay.tree)
        large.view.search(box) { row in
            let slot = base.slots[row]
            if !overlay.hides(slot) { found.append(Int(slot)) }
            return true
        }
        small.view.search(box) { row in
            found.append(Int(overlay.treeSlots[row]))
            return true
        }
        found.sort()
        return found
    }

    /// Terminals inside a box, sides included. Exact; O(log terminals + hits).
    public func terminals(in box: GridBox) -> [LiveTerminal] {
        slots(in: box).map { terminal(slot: $0, fix: fix($0)) }
    }

    /// Terminals inside a lon/lat box, sides included. Exact, to the millimetre of the grid.
    ///
    /// - Parameter grid: a grid box that covers `box`, so that few terminals are looked at; nil looks at all.
    public func terminals(in box: LonLatBox, coveredBy grid: GridBox?) -> [LiveTerminal] {
        var found: [LiveTerminal] = []
        func add(_ slot: Int) {
            let fix = fix(slot)
            guard let position = position(fix), box.contains(position) else { return }
            found.append(terminal(slot: slot, fix: fix))
        }
        if let grid {
            slots(in: grid).forEach(add)
        } else {
            (0..<slotCount).forEach(add)
        }
        return found
    }

    /// The exact number of terminals within a distance, and the nearest of them.
    ///
    /// O(log terminals + hits), and O(limit) memory.
    /// - Parameters:
    ///   - around: centre on the city grid.
    ///   - metres: planar distance in the city's coordinate system, inclusive.
    ///   - limit: how many to return, nearest first; equal distances by slot.
    public func radius(
        around: GridPoint, metres: Double, limit: Int
    ) -> (count: Int, hits: [(terminal: LiveTerminal, distance: Double)]) {
        let reach = (metres * 1000).rounded(.up)
        guard reach >= 0 else { return (0, []) }
        let circle = GridCircle(center: around, radius: reach < 1e12 ? Int64(reach) : 1 << 40)
        let limitSquared = (metres * 1000) * (metres * 1000)
        var nearest = NearestSlots(limit: limit)
        var count = 0
        let (base, overlay) = (base, overlay)
        let (large, small) = (base.tree, overlay.tree)
        @inline(__always) func test(_ slot: UInt32, _ point: GridPoint) {
            let dx = Double(Int64(point.x) - Int64(around.x))
            let dy = Double(Int64(point.y) - Int64(around.y))
            let squared = dx * dx + dy * dy
            guard squared <= limitSquared else { return }
            count += 1
            nearest.add(Int(slot), squared)
        }
        large.view.searchCircle(circle) { first, end in
            for row in first..<end where !overlay.hides(base.slots[row]) { test(base.slots[row], large.points[row]) }
            return true
        }
        small.view.searchCircle(circle) { first, end in
            for row in first..<end { test(overlay.treeSlots[row], small.points[row]) }
            return true
        }
        let hits = nearest.sorted().map { hit in
            (terminal(slot: hit.slot, fix: fix(hit.slot)), hit.squared.squareRoot() / 1000)
        }
        return (count, hits)
    }

    /// The nearest terminals, nearest first.
    ///
    /// - Parameter metres: planar distance in the city's coordinate system, inclusive.
    public func nearest(
        to point: GridPoint, limit: Int, within metres: Double
    ) -> [(terminal: LiveTerminal, distance: Double)] {
        guard metres >= 0 else { return [] }
        let limitSquared = (metres * 1000) * (metres * 1000)
        let reach = (metres * 1000).rounded(.up)
        let radius = reach < 1e12 ? Int64(reach) : 1 << 40
        var scratch = NearestScratch()
        var nearest = NearestSlots(limit: limit)
        let (base, overlay) = (base, overlay)
        let (large, small) = (base.tree, overlay.tree)
        large.view.nearest(to: point, limit: limit, within: radius, scratch: &scratch) {
            !overlay.hides(base.slots[$0])
        }
        for item in scratch.items { nearest.add(Int(base.slots[item.item]), item.distanceSquared) }
        small.view.nearest(to: point, limit: limit, within: radius, scratch: &scratch)
        for item in scratch.items { nearest.add(Int(overlay.treeSlots[item.item]), item.distanceSquared) }
        return nearest.sorted().filter { $0.squared <= limitSquared }.map { hit in
            (terminal(slot: hit.slot, fix: fix(hit.slot)), hit.squared.squareRoot() / 1000)
        }
    }

    /// Slots of the terminals in a disc, in no order, into memory of the caller's. Exact.
    ///
    /// A slot names a terminal only within this snapshot; ask ``terminal(slot:)``.
    public func collect(_ circle: GridCircle, into scratch: inout LiveScratch) {
        // Spans need owners that are seen to stay.
        let (large, slots) = (base.tree, base.slots)
        scratch.found.removeAll()
        large.view.collect(circle, payload: slots.span, into: &scratch.found)
        if overlay.isEmpty { return }
        let (small, bits, changed) = (overlay.tree, overlay.bits, overlay.treeSlots)
        scratch.found.removeAll { LiveOverlay.hides($0, bits.span) }
        small.view.collect(circle, payload: changed.span, into: &scratch.found)
    }

    /// The terminal of a slot that a question on this snapshot answered; nil if it holds none.
    public func terminal(slot: UInt32) -> LiveTerminal? {
        guard Int(slot) < slotCount else { return nil }
        let fix = fix(Int(slot))
        return fix.isPresent ? terminal(slot: Int(slot), fix: fix) : nil
    }
}

/// Memory of a question that the caller owns and uses again.
public struct LiveScratch: ~Copyable, Sendable {
    var found = RowBuffer()

    public init() {}

    /// The answer of the last question.
    public var slots: Span<UInt32> {
        @_lifetime(borrow self)
        get { found.rows }
    }

    /// The same as an array of its own.
    public var array: [UInt32] { found.array }
}

/// The nearest of many, kept in memory for twice the limit: cut back whenever that is full. O(added).
private struct NearestSlots {
    private let limit: Int
    private var kept: [(squared: Double, slot: Int)] = []
    private var worst = Double.infinity

    init(limit: Int) { self.limit = max(0, limit) }

    mutating func add(_ slot: Int, _ squared: Double) {
        guard squared <= worst, limit > 0 else { return }
        kept.append((squared, slot))
        if kept.count >= limit.multipliedReportingOverflow(by: 2).partialValue.magnitude, limit < .max / 2 { cut() }
    }

    private mutating func cut() {
        kept.sort { ($0.squared, $0.slot) < ($1.squared, $1.slot) }
        if kept.count > limit { kept.removeLast(kept.count - limit) }
        if kept.count == limit, let last = kept.last { worst = last.squared }
    }

    consuming func sorted() -> [(slot: Int, squared: Double)] {
        cut()
        return kept.map { ($0.slot, $0.squared) }
    }
}
