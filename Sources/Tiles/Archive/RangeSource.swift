// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Bytes that can be read piece by piece from any thread: a file, or later an address that answers HTTP range requests.
public protocol RangeSource: Sendable {
    var byteCount: UInt64 { get }
    /// A name for messages.
    var name: String { get }
    /// Exactly `count` bytes from an offset.
    ///
    /// - Throws: ``TileError`` `.malformed` where the source ends before them, `.system` where it cannot be read.
    func read(at offset: UInt64, count: Int) throws(TileError) -> [UInt8]
}

/// A file that is read by position.
///
/// Read, not mapped: a foreign archive can be cut or rewritten while it is served, and a mapped page beyond the new end
/// would end the process, where a read is an error that can be answered.
public final class FileRangeSource: RangeSource {
    public let name: String
    public let byteCount: UInt64
    /// Changes when another file takes the name or this one is written again: device, inode, size and time.
    public let identity: String
    private let descriptor: Int32

    /// - Throws: ``TileError`` `.system` where there is no such file, or it may not be read or is not a file.
    public init(path: String) throws(TileError) {
        name = path
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            if errno == ENOENT { throw TileError(.system, "there is no file \(path)") }
            throw TileError.system("open", path, errno)
        }
        var status = stat()
        guard unsafe fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(opened)
            throw TileError(.system, "\(path) is not a regular file; name an archive")
        }
        byteCount = UInt64(status.st_size)
        identity = [
            UInt64(status.st_dev), UInt64(status.st_ino), UInt64(status.st_size), UInt64(status.st_mtim.tv_sec),
            UInt64(status.st_mtim.tv_nsec),
        ].map { String($0, radix: 36) }.joined(separator: "-")
        descriptor = opened
    }

    deinit { close(descriptor) }

    public func read(at offset: UInt64, count: Int) throws(TileError) -> [UInt8] {
        guard count >= 0, offset <= byteCount, UInt64(count) <= byteCount - offset else {
            throw TileError(
                .malformed, "\(name) has \(byteCount) bytes; \(count) were asked for at \(offset). It may be cut short")
        }
        var failure: Int32?
        // Safe: each read is within the capacity; only filled bytes are counted.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = unsafe pread(
                    descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    failure = got == 0 ? 0 : errno
                    return
                }
                filled += got
            }
        }
        if let failure {
            guard failure != 0 else {
                throw TileError(.malformed, "\(name) became shorter while it was read; open it again")
            }
            throw TileError.system("read", name, failure)
        }
        return bytes
    }
}

/// Bytes in memory as a source.
public struct MemoryRangeSource: RangeSource {
    public let name: String
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8], name: String = "the archive") {
        self.bytes = bytes
        self.name = name
    }

    public var byteCount: UInt64 { UInt64(bytes.count) }

    public func read(at offset: UInt64, count: Int) throws(TileError) -> [UInt8] {
        guard count >= 0, offset <= byteCount, UInt64(count) <= byteCount - offset else {
            throw TileError(.malformed, "\(name) has \(byteCount) bytes; \(count) were asked for at \(offset)")
        }
        return Array(bytes[Int(offset)..<Int(offset) + count])
    }
}
