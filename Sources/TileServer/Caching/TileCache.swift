// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import Synchronization
import Tiles
import TwinEngine

/// What a cached tile depends on. A change that touches the tile gives another key; the old entry ages out.
struct TileKey: Hashable, Sendable {
    var tileset: String
    var z: Int
    var x: Int
    var y: Int
    /// A digest of the ids of the layers and, for each, of the newest change that touched the tile.
    var version: UInt64
    /// A digest of the fields hidden from the caller; callers that see the same share an entry.
    var access: UInt64
    /// Whether it is of a past state, which is asked for beside others; else who asks has no use for older versions.
    var isPast = false

    /// What versions of the same tile have in common.
    var place: TileKey {
        var place = self
        place.version = 0
        return place
    }
}

/// A byte-bounded cache of tiles with least-recently-used eviction, in shards with a lock each.
///
/// A tile takes the place of its older version. Single flight: callers that ask for a tile while it is being made wait
/// for that one result.
final class TileCache: Sendable {
    /// Which tiles the city's changes touched.
    let changes = TileChangeTracker()
    /// Whole responses, made of the tiles that are held.
    let warm: WarmAnswers
    private let shards: [Shard]
    private let hits = Atomic<UInt64>(0)
    private let misses = Atomic<UInt64>(0)

    /// - Parameter capacity: bytes over all shards.
    init(capacity: Int, shards count: Int = 16) {
        shards = (0..<count).map { _ in Shard(capacity: capacity / count) }
        warm = WarmAnswers(capacity: max(1 << 20, capacity / 8))
    }

    /// Counts an answer that was given out of ``warm``.
    func countWarm() {
        hits.wrappingAdd(1, ordering: .relaxed)
        warm.countGiven()
    }

    var hitCount: UInt64 { hits.load(ordering: .relaxed) }
    var missCount: UInt64 { misses.load(ordering: .relaxed) }
    /// Bytes held now.
    var byteCount: Int { shards.reduce(0) { $0 + $1.state.withLock { $0.cost } } }

    /// The tile of a key, made by `make` if nobody has it or makes it already.
    func tile(_ key: TileKey, make: () async throws -> CachedTile) async throws -> CachedTile {
        let shard = shard(key)
        while true {
            switch shard.state.withLock({ $0.lookUp(key) }) {
            case .hit(let tile):
                hits.wrappingAdd(1, ordering: .relaxed)
                return tile
            case .wait:
                hits.wrappingAdd(1, ordering: .relaxed)
                let tile = try await withCheckedThrowingContinuation { waiter in
                    if let tile = shard.state.withLock({ $0.enlist(waiter, key) }) { waiter.resume(with: tile) }
                }
                // Nil where whoever made it gave up: then it is for one of those who waited.
                if let tile { return tile }
                continue
            case .make:
                misses.wrappingAdd(1, ordering: .relaxed)
            }
            let result: Result<CachedTile, any Error>
            do {
                result = .success(try await make())
            } catch {
                result = .failure(error)
            }
            finish(key, result.map(Optional.some), shard)
            return try result.get()
        }
    }

    /// What a caller that cannot wait finds.
    enum Claim {
        case found(CachedTile)
        /// Somebody makes it.
        case taken
        /// The caller must make it and call ``settle(_:_:)`` once, whatever happens.
        case yours
    }

    /// Looks for a tile without waiting for anybody.
    func claim(_ key: TileKey) -> Claim {
        switch shard(key).state.withLock({ $0.lookUp(key) }) {
        case .hit(let tile):
            hits.wrappingAdd(1, ordering: .relaxed)
            return .found(tile)
        case .wait: return .taken
        case .make:
            misses.wrappingAdd(1, ordering: .relaxed)
            return .yours
        }
    }

    /// Ends a claim. Nil gives the tile up: one of those who wait for it makes it.
    func settle(_ key: TileKey, _ result: Result<CachedTile?, any Error>) { finish(key, result, shard(key)) }

    private func finish(_ key: TileKey, _ result: Result<CachedTile?, any Error>, _ shard: Shard) {
        let (waiters, dropped) = shard.state.withLock { ($0.finish(key, result), $0.takeDropped()) }
        for tile in dropped { warm.remove(tile.retire(), of: tile) }
        for waiter in waiters { waiter.resume(with: result) }
    }

    /// All versions of a tile are in one shard.
    private func shard(_ key: TileKey) -> Shard {
        shards[Int(UInt(bitPattern: key.place.hashValue) % UInt(shards.count))]
    }

    private final class Shard: Sendable {
        let state: Mutex<ShardState>

        init(capacity: Int) {
            state = Mutex(ShardState(capacity: capacity))
        }
    }
}

typealias TileWaiter = CheckedContinuation<CachedTile?, any Error>

/// One shard: a table of entries that are also a doubly linked list from most to least recently used.
struct ShardState {
    enum Lookup {
        case hit(CachedTile)
        /// Somebody makes it.
        case wait
        /// The caller must make it and then call `finish`.
        case make
    }

    private struct Entry {
        var key: TileKey
        var tile: CachedTile
        var newer: Int
        var older: Int
    }

    private let capacity: Int
    private(set) var cost = 0
    private var table: [TileKey: Int] = [:]
    /// The entry of each place whose versions follow each other.
    private var current: [TileKey: Int] = [:]
    private var entries: [Entry] = []
    private var free: [Int] = []
    private var newest = -1
    private var oldest = -1
    private var flights: [TileKey: [TileWaiter]] = [:]
    private var dropped: [TileUse] = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func lookUp(_ key: TileKey) -> Lookup {
        if let index = table[key] {
            unlink(index)
            linkAsNewest(index)
            return .hit(entries[index].tile)
        }
        if flights[key] != nil { return .wait }
        flights[key] = []
        return .make
    }

    /// Queues a waiter. If the flight landed between the look-up and this call, returns its result instead; nil in it
    /// where nothing was kept.
    mutating func enlist(_ waiter: TileWaiter, _ key: TileKey) -> Result<CachedTile?, any Error>? {
        if flights[key] != nil {
            flights[key]?.append(waiter)
            return nil
        }
        return .success(table[key].map { entries[$0].tile })
    }

    /// Stores a made tile and returns who waits for it. A tile larger than the shard is not kept.
    mutating func finish(_ key: TileKey, _ result: Result<CachedTile?, any Error>) -> [TileWaiter] {
        let waiters = flights.removeValue(forKey: key) ?? []
        guard case .success(let tile?) = result, tile.cost <= capacity, table[key] == nil else { return waiters }
        if let older = current[key.place] { drop(older) }
        let entry = Entry(key: key, tile: tile, newer: -1, older: -1)
        let index: Int
        if let reused = free.popLast() {
            index = reused
            entries[index] = entry
        } else {
            index = entries.count
            entries.append(entry)
        }
        table[key] = index
        if !key.isPast { current[key.place] = index }
        cost += tile.cost
        linkAsNewest(index)
        while cost > capacity, oldest >= 0 { evictOldest() }
        return waiters
    }

    /// The tiles that were dropped since the last call.
    mutating func takeDropped() -> [TileUse] {
        defer { dropped = [] }
        return dropped
    }

    private mutating func evictOldest() {
        // Tiles that were answered without a look-up in here are in use all the same; each is spared once.
        var toSpare = table.count
        while toSpare > 0, entries[oldest].tile.use.takeUsed() {
            let spared = oldest
            unlink(spared)
            linkAsNewest(spared)
            toSpare -= 1
        }
        drop(oldest)
    }

    private mutating func drop(_ index: Int) {
        unlink(index)
        dropped.append(entries[index].tile.use)
        cost -= entries[index].tile.cost
        table[entries[index].key] = nil
        if !entries[index].key.isPast { current[entries[index].key.place] = nil }
        entries[index].tile = CachedTile(plain: ByteBuffer(), compressed: ByteBuffer(), entityTag: "")
        free.append(index)
    }

    private mutating func unlink(_ index: Int) {
        let (newer, older) = (entries[index].newer, entries[index].older)
        if newer >= 0 { entries[newer].older = older } else { newest = older }
        if older >= 0 { entries[older].newer = newer } else { oldest = newer }
    }

    private mutating func linkAsNewest(_ index: Int) {
        entries[index].newer = -1
        entries[index].older = newest
        if newest >= 0 { entries[newest].newer = index }
        newest = index
        if oldest < 0 { oldest = index }
    }
}
