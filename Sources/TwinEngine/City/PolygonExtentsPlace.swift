// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization
import Tiles

/// One place for the extents of a snapshot. Whoever comes while they are made helps, and waits for the others' parts.
final class PolygonExtentsPlace: Sendable {
    /// The extents of some rows that follow each other.
    struct Part: Sendable {
        var rows: [TinyPolygons.Extent] = []
        var centres: [SIMD2<UInt32>] = []
    }

    /// Rows of a part.
    private static let partRows = 16_384

    private struct State {
        var extents: PolygonExtents?
        /// Nil for a part that is not made; empty before somebody asks.
        var parts: [Part?] = []
        var taken = 0
    }
    private let state = Mutex(State())
    /// Left once for each part that is made.
    private let making = DispatchGroup()

    /// - Parameters:
    ///   - count: rows of the snapshot, the same at each call.
    ///   - make: the extents of a range of rows; called from several threads, for different ranges.
    func extents(count: Int, make: (Range<Int>) -> Part) -> PolygonExtents {
        if let known = state.withLock({ $0.extents }) { return known }
        let total = (count + Self.partRows - 1) / Self.partRows
        while let index = take(total) {
            let part = make(index * Self.partRows..<min((index + 1) * Self.partRows, count))
            state.withLock { if $0.extents == nil { $0.parts[index] = part } }
            making.leave()
        }
        making.wait()
        return state.withLock { state in
            if let known = state.extents { return known }
            var all = Part()
            all.rows.reserveCapacity(count)
            all.centres.reserveCapacity(count)
            for part in state.parts {
                guard let part else { continue }
                all.rows += part.rows
                all.centres += part.centres
            }
            state.parts = []
            let extents = PolygonExtents(rows: all.rows, centres: all.centres)
            state.extents = extents
            return extents
        }
    }

    /// A part that nobody makes; nil where there is none left.
    private func take(_ total: Int) -> Int? {
        state.withLock { state in
            guard state.extents == nil, state.taken < total else { return nil }
            if state.taken == 0 {
                state.parts = Array(repeating: nil, count: total)
                // All at once, before anybody can wait: who waits waits for every part.
                for _ in 0..<total { making.enter() }
            }
            state.taken += 1
            return state.taken - 1
        }
    }
}
