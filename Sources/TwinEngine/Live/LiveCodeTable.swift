// SPDX-License-Identifier: Apache-2.0

/// Terminals' codes and the slots that they stand for: open addressing over bytes, split into shards.
///
/// A value with copy-on-write per shard: a snapshot keeps its own state of the table, and a code that is added after the
/// snapshot was taken copies one shard (1/512 of the table), not all of it. Look-up, insertion and removal are O(1).
/// The hash is keyed by a random seed, so senders cannot choose codes that collide.
struct LiveCodeTable: Sendable {
    private struct Entry: BitwiseCopyable {
        /// The slot plus one; 0 is a free place.
        var slot: UInt32
        var hash: UInt32
        /// Where the code's bytes are in the shard's `bytes`.
        var offset: UInt32
        var length: UInt32
    }

    private struct Shard: Sendable {
        /// A power of two, at most 3/4 full; empty at first.
        var entries: [Entry] = []
        var bytes: [UInt8] = []
        var count = 0
        /// Bytes of removed codes.
        var waste = 0
    }

    private static let shardBits = 9
    private var shards: [Shard]
    private let seed: UInt64
    private(set) var count = 0

    init(seed: UInt64 = UInt64.random(in: .min ... .max)) {
        self.seed = seed
        shards = [Shard](repeating: Shard(), count: 1 << Self.shardBits)
    }

    /// The slot of a code, or nil.
    func slot(_ code: String) -> Int? {
        slot(code.utf8.span)
    }

    /// The slot of a code given as UTF-8, or nil.
    func slot(_ code: Span<UInt8>) -> Int? {
        let hash = hash(code)
        let shard = Int(hash >> UInt64(64 - Self.shardBits))
        guard !shards[shard].entries.isEmpty else { return nil }
        let place = Self.place(shards[shard], code, UInt32(truncatingIfNeeded: hash))
        let entry = shards[shard].entries[place]
        return entry.slot == 0 ? nil : Int(entry.slot) - 1
    }

    /// Adds a code that is not in the table.
    mutating func insert(_ code: String, slot: Int) {
        let bytes = code.utf8.span
        let hash = hash(bytes)
        let shard = Int(hash >> UInt64(64 - Self.shardBits))
        if (shards[shard].count + 1) * 4 > shards[shard].entries.count * 3 {
            rebuild(shard, capacity: max(8, shards[shard].entries.count * 2))
        } else if shards[shard].waste > max(1024, shards[shard].bytes.count / 2) {
            rebuild(shard, capacity: shards[shard].entries.count)
        }
        let place = Self.place(shards[shard], bytes, UInt32(truncatingIfNeeded: hash))
        let offset = shards[shard].bytes.count
        for index in 0..<bytes.count { shards[shard].bytes.append(bytes[index]) }
        shards[shard].entries[place] = Entry(
            slot: UInt32(slot + 1), hash: UInt32(truncatingIfNeeded: hash), offset: UInt32(offset),
            length: UInt32(bytes.count))
        shards[shard].count += 1
        count += 1
    }

    /// Takes a code out; nothing happens if it is not in the table.
    mutating func remove(_ code: String) {
        let bytes = code.utf8.span
        let hash = hash(bytes)
        let shard = Int(hash >> UInt64(64 - Self.shardBits))
        guard !shards[shard].entries.isEmpty else { return }
        var hole = Self.place(shards[shard], bytes, UInt32(truncatingIfNeeded: hash))
        guard shards[shard].entries[hole].slot != 0 else { return }
        shards[shard].waste += Int(shards[shard].entries[hole].length)
        shards[shard].count -= 1
        count -= 1
        // Close the gap: an entry that was pushed past the hole moves into it.
        let mask = shards[shard].entries.count - 1
        var next = (hole + 1) & mask
        while shards[shard].entries[next].slot != 0 {
            let home = Int(shards[shard].entries[next].hash) & mask
            if (next - home) & mask >= (next - hole) & mask {
                shards[shard].entries[hole] = shards[shard].entries[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        shards[shard].entries[hole].slot = 0
    }

    /// Gives a shard another capacity and drops the bytes of removed codes.
    private mutating func rebuild(_ index: Int, capacity: Int) {
        let old = shards[index]
        let free = Entry(slot: 0, hash: 0, offset: 0, length: 0)
        var shard = Shard(entries: [Entry](repeating: free, count: capacity), bytes: [], count: old.count, waste: 0)
        shard.bytes.reserveCapacity(max(64, (old.bytes.count - old.waste) * 2))
        for entry in old.entries where entry.slot != 0 {
            var place = Int(entry.hash) & (capacity - 1)
            while shard.entries[place].slot != 0 { place = (place + 1) & (capacity - 1) }
            shard.entries[place] = entry
            shard.entries[place].offset = UInt32(shard.bytes.count)
            shard.bytes.append(contentsOf: old.bytes[Int(entry.offset)..<Int(entry.offset) + Int(entry.length)])
        }
        shards[index] = shard
    }

    /// Where a code is, or the free place where it would go.
    private static func place(_ shard: borrowing Shard, _ code: Span<UInt8>, _ hash: UInt32) -> Int {
        let entries = shard.entries.span
        let bytes = shard.bytes.span
        let mask = entries.count - 1
        var place = Int(hash) & mask
        while true {
            let entry = entries[place]
            if entry.slot == 0 { return place }
            if entry.hash == hash, Int(entry.length) == code.count {
                var index = 0
                while index < code.count, bytes[Int(entry.offset) &+ index] == code[index] { index &+= 1 }
                if index == code.count { return place }
            }
            place = (place + 1) & mask
        }
    }

    /// Eight bytes at a time through a 64 x 64 -> 128-bit multiplication, folded.
    ///
    /// Source: the mixing step of W. Yi, "wyhash" (public domain).
    private func hash(_ code: Span<UInt8>) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: code.count) &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        while index < code.count {
            var word: UInt64 = 0
            let end = min(index &+ 8, code.count)
            var shift: UInt64 = 0
            while index < end {
                word |= UInt64(code[index]) &<< shift
                shift &+= 8
                index &+= 1
            }
            state = Self.mix(state ^ word)
        }
        return Self.mix(state)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }

    /// The first broken invariant in words, or nil: every code is found where a search would look for it. O(codes).
    func checkInvariants() -> String? {
        var total = 0
        for (index, shard) in shards.enumerated() {
            var found = 0
            for (place, entry) in shard.entries.enumerated() where entry.slot != 0 {
                found += 1
                let code = shard.bytes.span.extracting(Int(entry.offset)..<Int(entry.offset) + Int(entry.length))
                if Int(hash(code) >> UInt64(64 - Self.shardBits)) != index { return "a code is in shard \(index)" }
                if Self.place(shard, code, entry.hash) != place { return "a code of shard \(index) cannot be found" }
            }
            if found != shard.count { return "shard \(index) has \(found) codes and says \(shard.count)" }
            total += found
        }
        return total == count ? nil : "the code table has \(total) codes and says \(count)"
    }
}
