// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization
import Testing
@testable import TileServer

@Suite struct TileCacheTests {
    private func key(_ x: Int) -> TileKey {
        TileKey(tileset: "t", z: 10, x: x, y: 0, version: 1, access: 0)
    }

    private func tile(_ bytes: Int) -> CachedTile {
        CachedTile(plain: ByteBuffer(repeating: 1, count: bytes), compressed: ByteBuffer(), entityTag: "\"x\"")
    }

    @Test func manyCallersShareOneMaking() async throws {
        let cache = TileCache(capacity: 1 << 20)
        let made = Atomic<Int>(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    _ = try await cache.tile(self.key(1)) {
                        made.wrappingAdd(1, ordering: .relaxed)
                        try await Task.sleep(for: .milliseconds(30))
                        return self.tile(10)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(made.load(ordering: .relaxed) == 1)
        #expect(cache.hitCount == 49)
    }

    @Test func theByteBoundHoldsAndTheOldestGoesFirst() async throws {
        let cache = TileCache(capacity: 10_000, shards: 1)
        for x in 0..<5 { _ = try await cache.tile(key(x)) { self.tile(2000) } }
        #expect(cache.byteCount <= 10_000)
        let made = Atomic<Int>(0)
        let again = { (x: Int) in
            try await cache.tile(self.key(x)) {
                made.wrappingAdd(1, ordering: .relaxed)
                return self.tile(2000)
            }
        }
        _ = try await again(4)
        #expect(made.load(ordering: .relaxed) == 0)
        _ = try await again(0)
        #expect(made.load(ordering: .relaxed) == 1)
        _ = try await cache.tile(key(9)) { self.tile(50_000) }
        #expect(cache.byteCount <= 10_000)
    }

    @Test func aFailureReachesEveryWaiterAndIsNotKept() async throws {
        struct Broken: Error {}
        let cache = TileCache(capacity: 1 << 20)
        await #expect(throws: Broken.self) { _ = try await cache.tile(self.key(1)) { throw Broken() } }
        let second = try await cache.tile(key(1)) { self.tile(3) }
        #expect(second.plain.readableBytes == 3)
    }
}
