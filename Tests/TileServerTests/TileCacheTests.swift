// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import NIOCore
import Synchronization
import Testing
@testable import TileServer

private final class Count: Sendable {
    let value = Atomic<Int>(0)
}

@Suite struct TileCacheTests {
    private static func key(_ x: Int) -> TileKey {
        TileKey(tileset: "t", z: 10, x: x, y: 0, version: 1, access: 0)
    }

    private static func tile(_ bytes: Int) -> CachedTile {
        CachedTile(plain: ByteBuffer(repeating: 1, count: bytes), compressed: ByteBuffer(), entityTag: "\"x\"")
    }

    @Test func manyCallersShareOneMaking() async throws {
        let cache = TileCache(capacity: 1 << 20)
        let made = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    _ = try await cache.tile(Self.key(1)) {
                        made.value.wrappingAdd(1, ordering: .relaxed)
                        try await Task.sleep(for: .milliseconds(30))
                        return Self.tile(10)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(made.value.load(ordering: .relaxed) == 1)
        #expect(cache.hitCount == 49)
    }

    @Test func theByteBoundHoldsAndTheOldestGoesFirst() async throws {
        let cache = TileCache(capacity: 10_000, shards: 1)
        for x in 0..<5 { _ = try await cache.tile(Self.key(x)) { Self.tile(2000) } }
        #expect(cache.byteCount <= 10_000)
        let made = Count()
        let again = { (x: Int) in
            try await cache.tile(Self.key(x)) {
                made.value.wrappingAdd(1, ordering: .relaxed)
                return Self.tile(2000)
            }
        }
        _ = try await again(4)
        #expect(made.value.load(ordering: .relaxed) == 0)
        _ = try await again(0)
        #expect(made.value.load(ordering: .relaxed) == 1)
        _ = try await cache.tile(Self.key(9)) { Self.tile(50_000) }
        #expect(cache.byteCount <= 10_000)
    }

    /// A newer version of a tile takes the place of the older one at once; past states stay beside each other.
    @Test func aNewerVersionTakesThePlaceOfTheOlder() async throws {
        let cache = TileCache(capacity: 1 << 20)
        func ask(_ version: UInt64, isPast: Bool) async throws -> Bool {
            let made = Count()
            var key = Self.key(1)
            (key.version, key.isPast) = (version, isPast)
            _ = try await cache.tile(key) {
                made.value.wrappingAdd(1, ordering: .relaxed)
                return Self.tile(2000)
            }
            return made.value.load(ordering: .relaxed) == 1
        }
        for version in 1...20 { #expect(try await ask(UInt64(version), isPast: false)) }
        let one = cache.byteCount
        #expect(one < 4000)
        #expect(try await ask(20, isPast: false) == false)
        for version in 1...20 { #expect(try await ask(UInt64(version), isPast: true)) }
        #expect(cache.byteCount == 21 * one)
        for version in 1...20 { #expect(try await ask(UInt64(version), isPast: true) == false) }
        #expect(try await ask(20, isPast: false) == false)
        #expect(try await ask(1, isPast: false))
        #expect(cache.byteCount == 21 * one)
    }

    /// Who cannot wait gives a tile up that turns out to be large: one of those who wait for it makes it.
    @Test func aTileThatIsGivenUpIsMadeByAWaiter() async throws {
        let cache = TileCache(capacity: 1 << 20)
        let made = Count()
        guard case .yours = cache.claim(Self.key(1)) else {
            Issue.record("nobody has the tile")
            return
        }
        guard case .taken = cache.claim(Self.key(1)) else {
            Issue.record("it is being made")
            return
        }
        let costs = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await cache.tile(Self.key(1)) {
                        made.value.wrappingAdd(1, ordering: .relaxed)
                        return Self.tile(10)
                    }.cost
                }
            }
            // All of them wait.
            while cache.hitCount < 6 { await Task.yield() }
            cache.settle(Self.key(1), .success(nil))
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(costs == Array(repeating: Self.tile(10).cost, count: 6) && made.value.load(ordering: .relaxed) == 1)
        guard case .found(let tile) = cache.claim(Self.key(1)) else {
            Issue.record("it is there")
            return
        }
        #expect(tile.cost == costs[0])
    }

    /// A tile that is given out in ready answers stays, and one that is dropped takes its answers along.
    @Test func answersAndTheirTilesStayTogether() async throws {
        let cache = TileCache(capacity: 10_000, shards: 1)
        let used = try await cache.tile(Self.key(0)) { Self.tile(2000) }
        let unused = try await cache.tile(Self.key(1)) { Self.tile(2000) }
        for (path, tile) in [("/used", used), ("/unused", unused)] {
            let head = WarmAnswer.Head(.ok, [:])
            let answer = WarmAnswer(
                target: Array(path.utf8), codings: [], template: "", found: head, unchanged: head,
                entityTag: tile.entityTag, body: tile.plain, freshness: Freshness(tile: tile.use))
            for _ in 0..<2 { cache.warm.keep(answer) }
        }
        #expect(cache.warm.count == 2)
        for x in 2..<6 {
            used.use.use()
            _ = try await cache.tile(Self.key(x)) { Self.tile(2000) }
        }
        #expect(cache.warm.count == 1)
        let path = Array("/used".utf8)
        let (plain, packed) = (cache.warm.answer(path.span, []), cache.warm.answer(path.span, .gzip))
        #expect(plain != nil && packed == nil)
        for x in 6..<20 { _ = try await cache.tile(Self.key(x)) { Self.tile(2000) } }
        #expect(cache.warm.count == 0 && cache.byteCount <= 10_000)
    }

    /// However many addresses a tile is asked under, its answers are bounded.
    @Test func answersAreBounded() async throws {
        let warm = WarmAnswers(capacity: 64 << 10, shards: 1)
        let tile = Self.tile(10)
        let head = WarmAnswer.Head(.ok, [:])
        for index in 0..<1000 {
            warm.keep(
                WarmAnswer(
                    target: Array("/\(index)".utf8), codings: [], template: "", found: head, unchanged: nil,
                    entityTag: "", body: tile.plain, freshness: Freshness(tile: tile.use)))
        }
        #expect(warm.count == TileUse.limit)
        for index in 0..<1000 {
            warm.keep(
                WarmAnswer(
                    target: Array("/\(index)".utf8), codings: [], template: "", found: head, unchanged: nil,
                    entityTag: "", body: tile.plain, freshness: Freshness(tile: Self.tile(10).use)))
        }
        #expect(warm.count < 100 && warm.count > 30)
    }

    @Test func aFailureReachesEveryWaiterAndIsNotKept() async throws {
        struct Broken: Error {}
        let cache = TileCache(capacity: 1 << 20)
        await #expect(throws: Broken.self) { _ = try await cache.tile(Self.key(1)) { throw Broken() } }
        let second = try await cache.tile(Self.key(1)) { Self.tile(3) }
        #expect(second.plain.readableBytes == 3)
    }
}
