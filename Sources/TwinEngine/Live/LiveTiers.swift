// SPDX-License-Identifier: Apache-2.0
import Spatial

/// All terminals as of one version: a packed point tree, and the fixes by slot.
///
/// Immutable and shared by the snapshots that are published until the next one is built.
final class LiveBase: Sendable {
    /// The version of the index that it holds.
    let version: UInt64
    let tree: PackedPointTree
    /// Row of the tree → slot.
    let slots: [UInt32]
    /// By slot, as they were.
    let fixes: [LiveFix]

    /// Builds the tree over the slots that hold a terminal. O(slots).
    init(version: UInt64, fixes: [LiveFix], threads: Int = 1) {
        self.version = version
        self.fixes = fixes
        var points: [GridPoint] = []
        points.reserveCapacity(fixes.count)
        var present: [UInt32] = []
        for (slot, fix) in fixes.enumerated() {
            if fix.isPresent {
                points.append(fix.point)
                if points.count <= slot { present.append(UInt32(slot)) }
            } else if present.isEmpty {
                // The first gap: from here on a point's number is not its slot.
                present = (0..<UInt32(points.count)).map { $0 }
            }
        }
        tree = PackedPointTree(points, threads: threads)
        slots = present.isEmpty ? tree.order : tree.order.map { present[Int($0)] }
    }

    /// What a slot held; absent for one that was made later.
    func fix(_ slot: Int) -> LiveFix {
        slot < fixes.count ? fixes[slot] : .none
    }
}

/// The slots that changed since a base was captured, with what they hold now: a small tree of its own.
///
/// A slot in here hides the same slot of the base, also where it holds no terminal any more.
struct LiveOverlay: Sendable {
    /// One bit for each slot; empty if nothing changed.
    let bits: [UInt64]
    /// Changed slots before each word of `bits`.
    private let ranks: [UInt32]
    /// Ascending.
    let slots: [UInt32]
    /// In the order of `slots`.
    let fixes: [LiveFix]
    let tree: PackedPointTree
    /// Row of the tree → slot.
    let treeSlots: [UInt32]

    private static let emptyTree = PackedPointTree([])

    /// - Parameters:
    ///   - lists: slots that changed; may name one twice.
    ///   - fixes: the present state by slot. O(slots / 64 + changed).
    init(_ lists: [[UInt32]], fixes: [LiveFix]) {
        guard lists.contains(where: { !$0.isEmpty }) else {
            (bits, ranks, slots, self.fixes, treeSlots) = ([], [], [], [], [])
            tree = Self.emptyTree
            return
        }
        var bits = [UInt64](repeating: 0, count: (fixes.count + 63) / 64)
        for list in lists {
            for slot in list { bits[Int(slot >> 6)] |= 1 << UInt64(slot & 63) }
        }
        var ranks = [UInt32](repeating: 0, count: bits.count)
        let capacity = lists.reduce(0) { $0 + $1.count }
        var slots: [UInt32] = []
        var held: [LiveFix] = []
        var points: [GridPoint] = []
        var present: [UInt32] = []
        slots.reserveCapacity(capacity)
        held.reserveCapacity(capacity)
        points.reserveCapacity(capacity)
        present.reserveCapacity(capacity)
        for index in bits.indices {
            ranks[index] = UInt32(slots.count)
            var word = bits[index]
            while word != 0 {
                let slot = UInt32(index &* 64 &+ word.trailingZeroBitCount)
                word &= word &- 1
                let fix = fixes[Int(slot)]
                slots.append(slot)
                held.append(fix)
                if fix.isPresent {
                    points.append(fix.point)
                    present.append(slot)
                }
            }
        }
        self.bits = bits
        self.ranks = ranks
        self.slots = slots
        self.fixes = held
        tree = points.isEmpty ? Self.emptyTree : PackedPointTree(points)
        treeSlots = tree.order.map { present[Int($0)] }
    }

    var isEmpty: Bool { bits.isEmpty }

    /// Whether the base's answer about a slot is out of date.
    @inline(__always)
    func hides(_ slot: UInt32) -> Bool { Self.hides(slot, bits.span) }

    /// The same on the bits alone, for loops.
    @inline(__always)
    static func hides(_ slot: UInt32, _ bits: Span<UInt64>) -> Bool {
        let word = Int(slot >> 6)
        return word < bits.count && bits[word] &>> UInt64(slot & 63) & 1 != 0
    }

    /// What a changed slot holds; nil for one that did not change.
    func fix(_ slot: Int) -> LiveFix? {
        guard slot >> 6 < bits.count else { return nil }
        let word = bits[slot >> 6]
        let bit = UInt64(1) << UInt64(slot & 63)
        guard word & bit != 0 else { return nil }
        return fixes[Int(ranks[slot >> 6]) + (word & (bit - 1)).nonzeroBitCount]
    }
}
