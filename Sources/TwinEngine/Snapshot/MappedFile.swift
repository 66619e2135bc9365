// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file mapped read-only; unmapped when the last user lets go.
///
/// @unchecked Sendable because the mapping is immutable: snapshots are published by rename and never written again.
@safe final class MappedFile: @unchecked Sendable {
    let base: UnsafeRawPointer
    let count: Int

    /// - Throws: `TwinError.snapshot` if the file cannot be opened or is empty.
    init(_ path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TwinError(.snapshot, "cannot open \(path): \(unsafe String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_size > 0 else {
            throw TwinError(.snapshot, "\(path) is empty")
        }
        let size = Int(status.st_size)
        guard let address = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), unsafe address != MAP_FAILED
        else {
            throw TwinError(.snapshot, "cannot map \(path): \(unsafe String(cString: strerror(errno)))")
        }
        unsafe base = UnsafeRawPointer(address)
        count = size
    }

    deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: base), count) }

    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Safe: the mapping lives as long as self.
            unsafe _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: count), borrowing: self)
        }
    }
}
