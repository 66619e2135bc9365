// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The bytes of a column's rows while a snapshot is built: in memory up to a limit, beyond it in a file without a name.
///
/// A city's surfaces may be gigabytes; what a snapshot needs of them in memory is where each row ends. Not thread-safe.
final class BinaryRows {
    /// Bytes that are kept in memory before they go to the file.
    static let limit = 32 << 20

    private let folder: String
    private let limit: Int
    private var ends: [UInt64] = [0]
    private var pending: [UInt8] = []
    private var written: UInt64 = 0
    private var descriptor: Int32 = -1
    /// Why the file could not be made or written; told when the rows are asked for.
    private var failure: String?

    /// - Parameter folder: Where the file lies; it is gone with the process, however that ends.
    init(folder: String, limit: Int = BinaryRows.limit) {
        self.folder = folder
        self.limit = limit
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Where rows begin and end, in the order of `append`.
    var offsets: [UInt64] { ends }

    /// Adds a row. O(length).
    func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe pending.append(contentsOf: $0) }
        ends.append(written + UInt64(pending.count))
        if pending.count > limit { spill() }
    }

    /// Adds a row without bytes.
    func appendEmpty() { ends.append(written + UInt64(pending.count)) }

    private func spill() {
        guard failure == nil else { return pending.removeAll(keepingCapacity: true) }
        if descriptor < 0 {
            var template = Array("\(folder)/rows.XXXXXX".utf8CString)
            descriptor = unsafe template.withUnsafeMutableBufferPointer { buffer in
                guard let name = buffer.baseAddress else { return -1 }
                // Safe: a text with its zero at the end, as mkstemp and unlink want it.
                let file = unsafe mkstemp(name)
                if file >= 0 { _ = unsafe unlink(name) }
                return file
            }
            if descriptor < 0 { failure = unsafe String(cString: strerror(errno)) }
        }
        var done = 0
        while done < pending.count, failure == nil {
            // Safe: the bytes from `done` to the end of the array.
            let count = unsafe pending.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
            }
            if count < 0 {
                if errno != EINTR { failure = unsafe String(cString: strerror(errno)) }
            } else {
                done += count
            }
        }
        written += UInt64(pending.count)
        pending.removeAll(keepingCapacity: true)
    }

    /// Calls `body` with the bytes of rows in an order. O(bytes) and a read of the file for each row.
    ///
    /// - Throws: `TwinError.system` if the file could not be written or read.
    func forEach(_ order: [UInt32], _ body: (RawSpan) throws -> Void) throws {
        if let failure { throw error(failure) }
        var buffer: [UInt8] = []
        let rest = pending
        for row in order {
            let (start, end) = (ends[Int(row)], ends[Int(row) + 1])
            let count = Int(end - start)
            guard count > 0 else { continue }
            if start >= written {
                let first = Int(start - written)
                // Safe: UInt8 has no padding.
                try body(unsafe rest.span.bytes.extracting(first..<first + count))
                continue
            }
            if buffer.count < count { buffer = [UInt8](repeating: 0, count: count * 2) }
            var done = 0
            while done < count {
                // Safe: the buffer holds at least `count` bytes.
                let read = unsafe buffer.withUnsafeMutableBytes { bytes in
                    unsafe pread(
                        descriptor, bytes.baseAddress.map { unsafe $0 + done }, count - done, Int(start) + done)
                }
                if read < 0, errno == EINTR { continue }
                guard read > 0 else {
                    throw error(read == 0 ? "it is cut short" : unsafe String(cString: strerror(errno)))
                }
                done += read
            }
            // Safe: UInt8 has no padding.
            try body(unsafe buffer.span.bytes.extracting(0..<count))
        }
    }

    private func error(_ reason: String) -> TwinError {
        TwinError(
            .system,
            "cannot keep rows in a file in \(folder): \(reason); free space and try again, the record is untouched")
    }
}
