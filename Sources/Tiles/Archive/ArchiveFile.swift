// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file that is being written: buffered, readable again, and gone when it is let go before ``publish()``, unless it is
/// to be gone on with.
package struct ArchiveFile: ~Copyable, Sendable {
    private static let bufferSize = 1 << 20

    private let descriptor: Int32
    /// Under which name the file lies now; nil once it has none or its final one.
    private var temporaryPath: String?
    /// Whether it stays under that name when it is let go.
    private let isKept: Bool
    /// For messages: what the user asked for.
    private let target: String
    private var buffer: [UInt8] = []
    private var flushed = 0

    /// Bytes appended so far.
    var count: Int { flushed + buffer.count }

    /// A file under `TARGET.partial`, which only one process at a time may write.
    package init(partialFor target: String) throws(TileError) {
        let path = target + ".partial"
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw TileError.system("create", path, errno) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw TileError(.system, "another process is writing \(target); wait for it, or write to another name")
        }
        guard ftruncate(opened, 0) == 0 else {
            let reason = errno
            close(opened)
            throw TileError.system("empty", path, reason)
        }
        self.target = target
        temporaryPath = path
        isKept = false
        descriptor = opened
        buffer.reserveCapacity(Self.bufferSize)
    }

    /// A file of a name of its own that stays until it is published, with what it holds already.
    init(keeping path: String, for target: String) throws(TileError) {
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard opened >= 0 else { throw TileError.system("create", path, errno) }
        self.target = target
        temporaryPath = path
        isKept = true
        descriptor = opened
        buffer.reserveCapacity(Self.bufferSize)
    }

    deinit {
        if let temporaryPath, !isKept { unsafe unlink(temporaryPath) }
        close(descriptor)
    }

    /// Appends bytes. A piece that fits the buffer is never split over two writes.
    mutating func append(_ bytes: borrowing Span<UInt8>) throws(TileError) {
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        guard bytes.count <= Self.bufferSize else {
            try write(bytes, at: flushed)
            flushed += bytes.count
            return
        }
        // Safe: the closure only reads the bytes that the span lends for its duration.
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
    }

    mutating func append(_ bytes: [UInt8]) throws(TileError) { try append(bytes.span) }

    /// Whether bytes that were appended at an offset are these.
    mutating func holds(_ bytes: borrowing Span<UInt8>, at offset: Int, scratch: inout [UInt8]) throws(TileError)
        -> Bool
    {
        let length = bytes.count
        if offset >= flushed {
            let start = offset - flushed
            return buffer.span.extracting(start..<start + length).isEqual(to: bytes)
        }
        if scratch.count < length { scratch = [UInt8](repeating: 0, count: max(length, 65_536)) }
        try read(at: offset, count: length, into: &scratch)
        return scratch.span.extracting(0..<length).isEqual(to: bytes)
    }

    private func read(at offset: Int, count: Int, into scratch: inout [UInt8]) throws(TileError) {
        var done = 0
        while done < count {
            // Safe: `scratch` has at least `count` bytes, of which `done` are filled.
            let got = unsafe scratch.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress! + done, count - done, off_t(offset + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw TileError.system("read back the tiles of", target, got == 0 ? EIO : errno) }
            done += got
        }
    }

    mutating func flush() throws(TileError) {
        guard !buffer.isEmpty else { return }
        try write(buffer.span, at: flushed)
        flushed += buffer.count
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes over what is there, which was flushed.
    func overwrite(_ bytes: [UInt8], at offset: Int) throws(TileError) { try write(bytes.span, at: offset) }

    private func write(_ bytes: borrowing Span<UInt8>, at offset: Int) throws(TileError) {
        var done = 0
        while done < bytes.count {
            // Safe: the closure only reads the rest of the bytes that the span lends for its duration.
            let put = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress! + done, $0.count - done, off_t(offset + done))
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else { throw TileError.system("write", target, put == 0 ? ENOSPC : errno) }
            done += put
        }
    }

    /// Goes on at an offset: what lies behind is cut off, and what is missing before it is zeros.
    mutating func goOn(at offset: Int) throws(TileError) {
        guard ftruncate(descriptor, off_t(offset)) == 0 else { throw TileError.system("write", target, errno) }
        buffer.removeAll(keepingCapacity: true)
        flushed = offset
    }

    /// Bytes that are there, flushed; nil where the file ends before.
    func bytes(at offset: Int, count: Int) throws(TileError) -> [UInt8]? {
        var status = stat()
        // Safe: fstat fills the structure that it is given.
        guard unsafe fstat(descriptor, &status) == 0 else { throw TileError.system("read back", target, errno) }
        guard offset + count <= Int(status.st_size) else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        try read(at: offset, count: count, into: &bytes)
        return bytes
    }

    /// Makes the file durable and gives it its final name; readers see the whole file or the one before.
    package mutating func publish() throws(TileError) {
        guard let path = temporaryPath else { return }
        try flush()
        guard fsync(descriptor) == 0 else { throw TileError.system("write", target, errno) }
        guard unsafe rename(path, target) == 0 else { throw TileError.system("rename to", target, errno) }
        temporaryPath = nil
        // The name is durable once its folder is; a file system without that keeps the rename's own promise.
        let folder = target.lastIndex(of: "/").map { String(target[..<$0]) } ?? "."
        let opened = unsafe open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if opened >= 0 {
            fsync(opened)
            close(opened)
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether two spans hold the same bytes. O(bytes).
    func isEqual(to other: borrowing Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard count > 0 else { return true }
        // Safe: both closures only read, within the counts that were compared.
        return unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                unsafe memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0
            }
        }
    }
}

extension TileError {
    /// What the operating system said about a path, and what to do.
    package static func system(_ action: String, _ path: String, _ code: Int32) -> TileError {
        let advice =
            switch code {
            case ENOSPC, EDQUOT:
                "the disk is full; free space there, or write to another disk. No partial archive was left under that "
                    + "name"
            case ENOENT: "the folder does not exist; create it first"
            case EACCES, EPERM, EROFS: "permission is denied there; choose a folder that you may write"
            case EISDIR: "it is a folder; name a file"
            case EFBIG: "the file system or a limit (ulimit -f) does not allow a file of this size"
            // Safe: strerror's text is copied before another call can change it.
            default: unsafe String(cString: strerror(code))
            }
        return TileError(.system, "cannot \(action) \(path): \(advice)")
    }
}
