// SPDX-License-Identifier: Apache-2.0
import CPROJ

/// Collects what PROJ would print, so that an error can say it.
private final class ProjMessages {
    var last = ""
}

/// One PROJ object and the context that it lives in. Never shared: a `PJ` may be used by one thread at a time and is
/// tied to its context (OSGeo/PROJ#1047), so each value has its own.
@safe struct ProjObject: ~Copyable {
    let context: OpaquePointer
    let object: OpaquePointer

    /// Makes a context, and the object that `create` returns in it.
    ///
    /// `failure` words the error from PROJ's own message.
    init(
        _ create: (OpaquePointer) -> OpaquePointer?, failure: (String) -> SpatialError
    ) throws(SpatialError) {
        guard let context = unsafe proj_context_create() else {
            throw SpatialError(.coordinateSystem, "PROJ could not make a context: out of memory")
        }
        // A city engine must not depend on the network, nor change its answers with it.
        unsafe proj_context_set_enable_network(context, 0)
        let messages = ProjMessages()
        unsafe proj_log_func(context, Unmanaged.passUnretained(messages).toOpaque()) { user, _, text in
            guard let user = unsafe user, let text = unsafe text else { return }
            // Safe: `messages` outlives the calls made while it is installed.
            unsafe Unmanaged<ProjMessages>.fromOpaque(user).takeUnretainedValue().last = unsafe String(cString: text)
        }
        let created = unsafe create(context)
        let message = messages.last
        // Per-point failures are reported by value, so silence the rest; `messages` goes away after this.
        unsafe proj_log_func(context, nil) { _, _, _ in }
        withExtendedLifetime(messages) {}
        guard let created = unsafe created else {
            unsafe proj_context_destroy(context)
            throw failure(message)
        }
        unsafe self.context = context
        unsafe self.object = created
    }

    deinit {
        unsafe proj_destroy(object)
        unsafe proj_context_destroy(context)
    }
}
