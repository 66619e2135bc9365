// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization
import Tiles

/// Threads that make the ranges of a plan, and put them into the spool in order.
///
/// A worker takes the next range, makes it, and stores it if the ones before are stored; otherwise it leaves it for the
/// one that stores those. Taking needs a permit, and only storing gives one back: at most four ranges a thread are in
/// memory, and the range that everybody waits for always has a permit.
final class TileWorkers: Sendable {
    /// @unchecked Sendable because it is only used under `order`'s lock.
    private final class Store: @unchecked Sendable {
        let spool: TileSpool
        init(_ spool: TileSpool) { self.spool = spool }
    }
    private struct Order {
        var next: Int
        var waiting: [Int: TileRangeResult] = [:]
        var failure: (any Error)?
        var tilesDone: Int
    }

    private let plan: TilePlan
    private let grid: TileGrid
    private let layers: [LayerView]
    private let threads: Int
    private let store: Store
    private let reuse: TileReuse?
    private let progress: @Sendable (Int, Int, Int) -> Void
    private let taken: Atomic<Int>
    private let order: Mutex<Order>
    private let permits: DispatchSemaphore

    init(
        plan: TilePlan, grid: TileGrid, layers: [LayerView], threads: Int, spool: TileSpool, reuse: TileReuse? = nil,
        progress: @escaping @Sendable (Int, Int, Int) -> Void
    ) {
        self.plan = plan
        self.grid = grid
        self.layers = layers
        self.threads = max(1, threads)
        self.progress = progress
        store = Store(spool)
        self.reuse = reuse
        let finished = spool.results.count
        taken = Atomic(finished)
        order = Mutex(
            Order(next: finished, tilesDone: plan.ranges[..<finished].reduce(0) { $0 + $1.tiles.count }))
        // From zero: a semaphore traps where it ends below its first value, as after a failure it does.
        permits = DispatchSemaphore(value: 0)
        for _ in 0..<4 * max(1, threads) { permits.signal() }
    }

    /// Makes all ranges; throws the first failure of any thread.
    func run() throws {
        let group = DispatchGroup()
        for number in 0..<threads {
            group.enter()
            let thread = Thread {
                self.work()
                group.leave()
            }
            thread.name = "tiles-\(number)"
            thread.start()
        }
        group.wait()
        if let failure = order.withLock({ $0.failure }) { throw failure }
    }

    private func work() {
        do {
            var maker = TileMaker(grid: grid, layers: layers)
            maker.countsAll = true
            let compressor = try GzipCompressor()
            while true {
                permits.wait()
                let index = taken.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < plan.ranges.count, order.withLock({ $0.failure == nil }) else { break }
                put(try make(plan.ranges[index], index, &maker, compressor))
            }
        } catch {
            order.withLock { if $0.failure == nil { $0.failure = error } }
        }
        // Whoever waits for a permit finds the end or the failure.
        permits.signal()
    }

    private func make(
        _ range: TilePlan.Range, _ index: Int, _ maker: inout TileMaker, _ compressor: borrowing GzipCompressor
    ) throws -> TileRangeResult {
        var result = TileRangeResult(index: index, z: range.z)
        result.layers = maker.layers.map { _ in TileAccount() }
        for id in range.tiles {
            if let known = try reuse?.tile(TileID(hilbertID: id)) {
                result.reused += 1
                guard !known.isEmpty else { continue }
                result.bytes += known
                result.tiles.append(
                    .init(id: id, length: UInt32(known.count), plainLength: TileReuse.plainLength(known)))
                continue
            }
            let plain = try maker.tile(TileID(hilbertID: id))
            for (layer, account) in maker.accounts.enumerated() { result.layers[layer] += account }
            guard !plain.isEmpty else { continue }
            let packed = try compressor.gzip(plain)
            result.bytes += packed
            result.tiles.append(.init(id: id, length: UInt32(packed.count), plainLength: UInt32(plain.count)))
        }
        return result
    }

    /// Stores a range, and those that waited for it.
    private func put(_ result: TileRangeResult) {
        order.withLock { order in
            order.waiting[result.index] = result
            while order.failure == nil, let next = order.waiting.removeValue(forKey: order.next) {
                do { try store.spool.append(next) } catch { order.failure = error }
                order.tilesDone += plan.ranges[order.next].tiles.count
                progress(order.tilesDone, plan.tileCount, next.z)
                order.next += 1
                permits.signal()
            }
        }
    }
}
