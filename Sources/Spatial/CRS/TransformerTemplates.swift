// SPDX-License-Identifier: Apache-2.0
import CPROJ
import Synchronization

/// Operations made before, to be cloned: looking one up in PROJ's database costs 3 to 6 ms, a clone 36 us.
enum TransformerTemplates {
    /// @unchecked Sendable because the object is only ever cloned, and only under the lock.
    private final class Template: @unchecked Sendable {
        private let object: ProjObject
        private let cloning = Mutex<Void>(())

        init(_ object: consuming ProjObject) {
            self.object = object
        }

        /// A copy in a context of its own.
        func clone() throws(SpatialError) -> ProjObject {
            try cloning.withLock { _ throws(SpatialError) in
                try unsafe ProjObject { context in
                    unsafe proj_clone(context, object.object)
                } failure: { message in
                    SpatialError(.coordinateSystem, "PROJ could not copy a transformation: \(message)")
                }
            }
        }
    }

    private struct Key: Hashable {
        var source: String
        var target: String
    }

    private static let known = Mutex<[Key: Template]>([:])
    private static let limit = 64

    /// An operation that belongs to the caller. Any thread.
    static func make(from source: CoordinateSystem, to target: CoordinateSystem) throws(SpatialError) -> ProjObject {
        let key = Key(source: source.definition, target: target.definition)
        if let template = known.withLock({ $0[key] }) { return try template.clone() }
        let template = Template(try create(source, target))
        known.withLock { known in
            if known.count >= limit { known.removeAll() }
            known[key] = template
        }
        return try template.clone()
    }

    private static func create(
        _ source: CoordinateSystem, _ target: CoordinateSystem
    ) throws(SpatialError) -> ProjObject {
        try unsafe ProjObject { context in
            guard
                let plain = unsafe proj_create_crs_to_crs(context, source.definition, target.definition, nil)
            else { return nil }
            let normalized = unsafe proj_normalize_for_visualization(context, plain)
            unsafe proj_destroy(plain)
            return unsafe normalized
        } failure: { message in
            SpatialError(
                .coordinateSystem,
                "there is no transformation from \(source) to \(target) (PROJ: \(message)): "
                    + "check that both systems are meant, or give the source's system explicitly")
        }
    }
}
