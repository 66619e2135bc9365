// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The right to write a store, held by one process at a time (flock on `DIR/.lock`).
///
/// The kernel frees it when the process ends, however it ends.
final class StoreLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `TwinError.store` when another process holds it.
    init(directory: String) throws {
        let path = "\(directory)/.lock"
        let opened = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
        guard opened >= 0 else {
            throw TwinError(
                .system, "cannot write to the store \(directory): \(unsafe String(cString: strerror(errno)))")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw TwinError(
                .store,
                "another process is importing into \(directory); wait until it has finished, or use another --store")
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}
