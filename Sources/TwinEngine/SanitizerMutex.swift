// SPDX-License-Identifier: Apache-2.0
#if TWIN_THREAD_SANITIZER
    import Glibc

    /// What `Synchronization.Mutex` is, of a pthread mutex. Only builds for the thread sanitizer have it.
    ///
    /// On Linux the standard library's mutex is a futex inside a library that the sanitizer does not instrument: it then
    /// reports every access that such a mutex guards. `scripts/test --sanitize thread` puts this in its place; the other
    /// modules link to this file, since a name of the module itself goes before an imported one.
    @safe
    struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        private let handle: UnsafeMutablePointer<pthread_mutex_t>
        private let value: UnsafeMutablePointer<Value>

        init(_ initial: consuming sending Value) {
            // Safe: both live as long as this one-owner value, which frees them once.
            unsafe handle = .allocate(capacity: 1)
            unsafe value = .allocate(capacity: 1)
            unsafe value.initialize(to: initial)
            let status = unsafe pthread_mutex_init(handle, nil)
            precondition(status == 0, "pthread_mutex_init: \(status)")
        }

        deinit {
            // Safe: nobody holds it any more, since nobody borrows this value.
            unsafe pthread_mutex_destroy(handle)
            unsafe value.deinitialize(count: 1)
            unsafe value.deallocate()
            unsafe handle.deallocate()
        }

        borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            // Safe: the pointer is ours, and one thread at a time is between lock and unlock.
            unsafe pthread_mutex_lock(handle)
            defer { unsafe pthread_mutex_unlock(handle) }
            return try unsafe body(&value.pointee)
        }
    }
#endif
