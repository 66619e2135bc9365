// SPDX-License-Identifier: Apache-2.0
import Glibc
import Tiles

/// A file mapped read-only; unmapped when the last user lets go.
///
/// @unchecked Sendable because the mapping is immutable: snapshots are published by rename and never written again.
@safe final class MappedFile: @unchecked Sendable {
    let base: UnsafeRawPointer
    let count: Int
    private let path: String
    private let descriptor: Int32

    /// - Throws: `TwinError.snapshot` if the file cannot be opened or is empty.
    init(_ path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TwinError(.snapshot, "cannot open \(path): \(unsafe String(cString: strerror(errno)))")
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_size > 0 else {
            close(descriptor)
            throw TwinError(.snapshot, "\(path) is empty")
        }
        let size = Int(status.st_size)
        guard let address = unsafe mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), unsafe address != MAP_FAILED
        else {
            let reason = unsafe String(cString: strerror(errno))
            close(descriptor)
            throw TwinError(.snapshot, "cannot map \(path): \(reason)")
        }
        unsafe base = UnsafeRawPointer(address)
        count = size
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        unsafe munmap(UnsafeMutableRawPointer(mutating: base), count)
        close(descriptor)
    }

    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Safe: the mapping lives as long as self.
            unsafe _overrideLifetime(RawSpan(_unsafeStart: base, byteCount: count), borrowing: self)
        }
    }

    /// Whether reading a range waits for no disk; false for long ranges, which nobody needs to know. O(pages).
    ///
    /// The system tells it only to who may write the file; to others everything is resident.
    func isResident(_ range: Range<Int>) -> Bool {
        guard !range.isEmpty, range.upperBound <= count else { return true }
        let page = Int(getpagesize())
        let start = range.lowerBound / page * page
        let pages = (range.upperBound - start + page - 1) / page
        guard pages <= Self.mostPages else { return false }
        return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pages) { states in
            let address = unsafe UnsafeMutableRawPointer(mutating: base + start)
            // Safe: the range is within the mapping, and the buffer has a byte for each of its pages.
            guard unsafe mincore(address, range.upperBound - start, states.baseAddress) == 0 else { return true }
            return unsafe states.allSatisfy { $0 & 1 == 1 }
        }
    }

    private static let mostPages = 512

    /// CRC-32 of a range, read through a buffer, so that the mapping does not become resident. O(range).
    ///
    /// - Parameter pause: called after every mebibyte with the bytes that were read; false stops.
    /// - Returns: nil if `pause` stopped it.
    /// - Throws: `TwinError.snapshot` if the disk cannot read it.
    func crc32(_ range: Range<Int>, pause: (Int) -> Bool) throws -> UInt32? {
        var checksum: UInt32 = 0
        var offset = range.lowerBound
        var buffer = [UInt8](repeating: 0, count: min(1 << 20, max(1, range.count)))
        while offset < range.upperBound {
            let wanted = min(buffer.count, range.upperBound - offset)
            let read = unsafe buffer.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, wanted, offset) }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else {
                let reason = read == 0 ? "it is truncated" : unsafe String(cString: strerror(errno))
                throw TwinError(.snapshot, "cannot read \(path): \(reason)")
            }
            // Safe: UInt8 has no padding.
            checksum = unsafe Checksum.crc32(buffer.span.bytes.extracting(0..<read), after: checksum)
            offset += read
            guard pause(read) else { return nil }
        }
        return checksum
    }
}
