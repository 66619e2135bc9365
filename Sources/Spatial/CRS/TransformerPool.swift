// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Transformers of one operation for many threads: each user has one to itself while it works.
///
/// Making a transformer costs milliseconds, taking one from the pool some ten nanoseconds. The pool grows to the number of
/// threads that were in it at once.
public final class TransformerPool: Sendable {
    /// @unchecked Sendable because a box is either in the pool's list, under its lock, or with the one thread that took it.
    private final class Box: @unchecked Sendable {
        let transformer: CoordinateTransformer

        init(_ transformer: consuming CoordinateTransformer) {
            self.transformer = transformer
        }
    }

    private let source: CoordinateSystem
    private let target: CoordinateSystem
    private let idle = Mutex<[Box]>([])

    /// - Throws: `coordinateSystem` if there is no operation between the systems; the first transformer is made here.
    public init(from source: CoordinateSystem, to target: CoordinateSystem) throws(SpatialError) {
        self.source = source
        self.target = target
        let first = Box(try CoordinateTransformer(from: source, to: target))
        idle.withLock { $0.append(first) }
    }

    /// Lends a transformer to a body that does not suspend.
    ///
    /// - Throws: `coordinateSystem` if PROJ cannot make another one.
    public func withTransformer<Result>(
        _ body: (borrowing CoordinateTransformer) -> Result
    ) throws(SpatialError) -> Result {
        let taken = idle.withLock { $0.popLast() }
        let box: Box
        if let taken { box = taken } else { box = Box(try CoordinateTransformer(from: source, to: target)) }
        let result = body(box.transformer)
        idle.withLock { $0.append(box) }
        return result
    }
}
