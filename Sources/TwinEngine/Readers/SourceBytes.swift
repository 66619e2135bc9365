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
    ///
    /// An archive or compressed file is `ReaderError.Code.wrongFormat`: none of the readers of bytes looks into one.
    package init(path: String) throws {
        guard !path.hasPrefix("/vsi") else {
            throw ReaderError(
                .unreadable,
                "\(path): this format is read from plain files; unpack the archive and give the file's path")
        }
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
        for (kind, begin) in [("a ZIP archive", [0x50, 0x4B, 0x03, 0x04]), ("compressed with gzip", [0x1F, 0x8B])]
        where count >= 4 && begin.enumerated().allSatisfy({ self[$0.offset] == $0.element }) {
            throw ReaderError(
                .wrongFormat,
                "\(path) is \(kind); unpack it and give the path of the file inside, with its images and code lists beside it"
            )
        }
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

    /// The offset of the next `byte` at or after `start`, or `end`. Of a long way, only a window is resident.
    package func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && end <= count, "byte range out of range")
        var position = start
        while position < end {
            let stop = min(end, position + Self.window)
            // Safe: the first line.
            if let hit = unsafe memchr(base + position, Int32(byte), stop - position) {
                return unsafe UnsafeRawPointer(hit) - base
            }
            if stop < end { forget(position..<stop) }
            position = stop
        }
        return end
    }

    /// How much of a file a reader goes through before it lets go of it.
    static let window = 16 << 20

    /// Lets go of the resident pages of a range. They can still be read: the system brings them back from its cache.
    ///
    /// A reader that goes through a huge file calls it behind itself, so that the process holds a window of the file and
    /// not all of it. Thread-safe.
    func forget(_ range: Range<Int>) {
        guard isMapped else { return }
        let page = 1 << 16
        let (low, high) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        guard low >= 0, low < high, high <= count else { return }
        // Safe: whole pages within the mapping, which is private and never written to.
        _ = unsafe madvise(UnsafeMutableRawPointer(mutating: base + low), high - low, MADV_DONTNEED)
    }

    /// The line (from 1) that holds `offset`. O(offset); for messages.
    package func line(of offset: Int) -> Int {
        var line = 1
        var position = 0
        var passed = PassedBytes()
        while position < min(offset, count) {
            passed.pass(position, of: self)
            position = firstIndex(of: UInt8(ascii: "\n"), from: position, to: count) + 1
            if position <= offset { line += 1 }
        }
        return line
    }
}

/// The part of a file that a reader has behind it and has not let go of yet.
struct PassedBytes {
    private var start = 0

    init(from start: Int = 0) { self.start = start }

    /// Call it often: it does something once in `SourceBytes.window`.
    @inline(__always)
    mutating func pass(_ position: Int, of bytes: SourceBytes) {
        if position - start > SourceBytes.window { release(position, bytes) }
    }

    private mutating func release(_ position: Int, _ bytes: SourceBytes) {
        bytes.forget(start..<position)
        start = position
    }
}

/// The reason of the last failed system call.
func systemReason() -> String { unsafe String(cString: strerror(errno)) }
