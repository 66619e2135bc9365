// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Who else holds a cached tile: the answers that were made ready of it. They are used without a look into the cache of
/// tiles, so this tells the cache that its tile is in use, and the answers that the tile was dropped.
final class TileUse: Sendable {
    /// Answers of a tile: each address and coding is one. Addresses can be written in many ways, hence the limit.
    static let limit = 16

    private let wasUsed = Atomic<Bool>(false)
    /// Nil once the tile was dropped.
    private let answers = Mutex<[Int]?>([])

    func use() {
        if !wasUsed.load(ordering: .relaxed) { wasUsed.store(true, ordering: .relaxed) }
    }

    /// Whether it was used since the last call.
    func takeUsed() -> Bool { wasUsed.exchange(false, ordering: .relaxed) }

    /// Notes an answer.
    ///
    /// - Returns: whether the tile is still cached, and an older answer to forget if there are too many.
    func add(_ answer: Int) -> (isCached: Bool, forgotten: Int?) {
        answers.withLock { answers in
            guard let known = answers else { return (false, nil) }
            if known.contains(answer) { return (true, nil) }
            answers?.append(answer)
            return (true, known.count < Self.limit ? nil : answers?.removeFirst())
        }
    }

    /// Ends the use; gives the answers to forget.
    func retire() -> [Int] {
        answers.withLock { answers in
            defer { answers = nil }
            return answers ?? []
        }
    }
}
