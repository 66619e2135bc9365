// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A terminal as a snapshot holds it: the ledger's facts and the latest observation.
public struct LiveTerminal: Sendable {
    /// Permanent code, unique in the city.
    public internal(set) var code: String
    public internal(set) var name: String?
    public internal(set) var kind: String?
    public internal(set) var position: LonLat?
    /// Time of the latest observation, milliseconds since 1970; nil before the first.
    public internal(set) var time: Int64?
    /// The latest observation's values, a JSON object.
    public internal(set) var values: [UInt8]
    public internal(set) var isSimulated: Bool
    /// Listed in the ledger layer, so it never expires.
    public internal(set) var isRegistered: Bool
    /// The index's sequence when this terminal last changed.
    public internal(set) var sequence: UInt64
    /// False once it expired; a new observation revives it.
    public internal(set) var isActive: Bool
}

/// All terminals at one instant. Immutable: any number of readers, no lock.
public final class LiveSnapshot: Sendable {
    /// Grows with every change; resume a feed from it.
    public let sequence: UInt64
    /// Active terminals.
    public let count: Int
    let chunks: [[LiveTerminal]]
    let chunkSequences: [UInt64]
    let points: [GridPoint]
    let isPresent: [Bool]
    let grid: LiveGrid
    let slots: [String: Int]

    init(
        sequence: UInt64, count: Int, chunks: [[LiveTerminal]], chunkSequences: [UInt64], points: [GridPoint],
        isPresent: [Bool], grid: LiveGrid, slots: [String: Int]
    ) {
        self.sequence = sequence
        self.count = count
        self.chunks = chunks
        self.chunkSequences = chunkSequences
        self.points = points
        self.isPresent = isPresent
        self.grid = grid
        self.slots = slots
    }

    static let chunkSize = 1024

    func terminal(slot: Int) -> LiveTerminal {
        chunks[slot / Self.chunkSize][slot % Self.chunkSize]
    }

    /// The terminal with a code, if it is active. O(1).
    public func terminal(code: String) -> LiveTerminal? {
        slots[code].map(terminal(slot:)).flatMap { $0.isActive ? $0 : nil }
    }

    /// Every active terminal, in the order of first appearance.
    public func forEach(_ visit: (LiveTerminal) -> Void) {
        for chunk in chunks {
            for terminal in chunk where terminal.isActive { visit(terminal) }
        }
    }

    /// Slots of the active terminals inside a box, sides included, ascending. Exact.
    func slots(in box: GridBox) -> [Int] {
        var found: [Int] = []
        grid.search(box) { slot in
            if box.contains(points[slot]) { found.append(slot) }
        }
        found.sort()
        return found
    }

    /// Active terminals inside a box, sides included. Exact; O(candidates).
    public func terminals(in box: GridBox) -> [LiveTerminal] {
        slots(in: box).map(terminal(slot:))
    }

    /// Active terminals inside a lon/lat box, sides included. Exact.
    ///
    /// - Parameter grid: a grid box that covers `box`, so that few terminals are looked at; nil looks at all.
    public func terminals(in box: LonLatBox, coveredBy grid: GridBox?) -> [LiveTerminal] {
        var found: [LiveTerminal] = []
        if let grid {
            for slot in slots(in: grid) {
                let terminal = terminal(slot: slot)
                if terminal.position.map(box.contains) ?? false { found.append(terminal) }
            }
        } else {
            forEach { if $0.position.map(box.contains) ?? false { found.append($0) } }
        }
        return found
    }

    /// The exact number of active terminals within a distance, and the nearest of them.
    ///
    /// - Parameters:
    ///   - around: centre on the city grid.
    ///   - metres: planar distance in the city's coordinate system, inclusive.
    ///   - limit: how many to return, nearest first; equal distances by code.
    public func radius(
        around: GridPoint, metres: Double, limit: Int
    ) -> (count: Int, hits: [(terminal: LiveTerminal, distance: Double)]) {
        let reach = Int64((metres * 1000).rounded(.up))
        let clamp = { (value: Int64) in Int32(max(Int64(Int32.min), min(Int64(Int32.max), value))) }
        let box = GridBox(
            minX: clamp(Int64(around.x) - reach), minY: clamp(Int64(around.y) - reach),
            maxX: clamp(Int64(around.x) + reach), maxY: clamp(Int64(around.y) + reach))
        let limitSquared = (metres * 1000) * (metres * 1000)
        var found: [(slot: Int, squared: Double)] = []
        grid.search(box) { slot in
            let dx = Double(Int64(points[slot].x) - Int64(around.x))
            let dy = Double(Int64(points[slot].y) - Int64(around.y))
            let squared = dx * dx + dy * dy
            if squared <= limitSquared { found.append((slot, squared)) }
        }
        found.sort { ($0.squared, $0.slot) < ($1.squared, $1.slot) }
        let hits = found.prefix(limit).map { (terminal(slot: $0.slot), $0.squared.squareRoot() / 1000) }
        return (found.count, hits)
    }

    /// The kinds that are present, sorted.
    public var kinds: [String] {
        var kinds: Set<String> = []
        forEach { if let kind = $0.kind { kinds.insert(kind) } }
        return kinds.sorted()
    }
}
