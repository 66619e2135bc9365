// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The bytes of a file, mapped read-only.
///
/// The file must not be truncated while it is mapped (POSIX `mmap`: SIGBUS). Reading is safe from several threads.
@safe
package final class SourceBytes: @unchecked Sendable {
    // @unchecked Sendable because the mapping is read-only and lives as long as the object.
    let path: String
    package let count: Int
    private let base: UnsafeRawPointer
    private let isMapped: Bool

    /// Maps `path`. Throws `ReaderError.Code.unreadable` with the system's reason.
    package init(path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ReaderError(.unreadable, "cannot open \(path): \(systemReason()); check `path` in the project file")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw ReaderError(.unreadable, "cannot read \(path): \(systemReason())")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ReaderError(.unreadable, "\(path) is not a file; give the path of a single file")
        }
        guard status.st_size > 0 else { throw ReaderError(.unreadable, "\(path) is empty") }
        let length = Int(status.st_size)
        let address = unsafe mmap(nil, length, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw ReaderError(.unreadable, "cannot map \(path): \(systemReason())")
        }
        self.path = path
        self.count = length
        unsafe self.base = UnsafeRawPointer(address)
        self.isMapped = true
    }

    /// Copies `bytes`; for text that was decoded in memory, and for tests. `path` is used in messages.
    package init(copying bytes: [UInt8], path: String) {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
        unsafe bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { unsafe copy.copyMemory(from: start, byteCount: source.count) }
        }
        self.path = path
        self.count = bytes.count
        unsafe self.base = UnsafeRawPointer(copy)
        self.isMapped = false
    }

    deinit {
        if isMapped {
            unsafe munmap(UnsafeMutableRawPointer(mutating: base), count)
        } else {
            unsafe base.deallocate()
        }
    }

    @inline(__always)
    package subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "byte index out of range")
        // Safe: the line above.
        return unsafe base.load(fromByteOffset: index, as: UInt8.self)
    }

    /// The bytes of `range`, copied.
    package func copy(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of range")
        // Safe: the line above.
        return unsafe [UInt8](UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// The bytes of `range` as text; invalid UTF-8 is replaced by U+FFFD.
    package func text(_ range: Range<Int>) -> String {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of range")
        // Safe: the line above.
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count), as: UTF8.self)
    }

    /// The offset of the next `byte` at or after `start`, or `end`.
    package func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count, "byte range out of range")
        guard start < end else { return end }
        // Safe: the first line.
        guard let hit = unsafe memchr(base + start, Int32(byte), end - start) else { return end }
        return unsafe UnsafeRawPointer(hit) - base
    }

    /// The line (from 1) that holds `offset`. O(offset); for messages.
    package func line(of offset: Int) -> Int {
        var line = 1
        var position = 0
        while position < min(offset, count) {
            position = firstIndex(of: UInt8(ascii: "\n"), from: position, to: count) + 1
            if position <= offset { line += 1 }
        }
        return line
    }
}

/// The reason of the last failed system call.
func systemReason() -> String { unsafe String(cString: strerror(errno)) }
