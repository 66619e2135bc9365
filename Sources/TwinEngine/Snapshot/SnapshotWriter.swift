// SPDX-License-Identifier: Apache-2.0
import Glibc
import Spatial
import Synchronization
import Tiles

/// Writes a snapshot file beside its final name and renames it into place when it is whole and on disk.
@safe struct SnapshotWriter: ~Copyable {
    private let path: String
    private let temporaryPath: String
    private let file: UnsafeMutablePointer<FILE>
    private var offset = 0
    private var entries: [Entry] = []
    private var isPublished = false

    /// Tells writers of one process apart.
    private static let writers = Atomic<Int>(0)

    private struct Entry {
        var section: SnapshotFormat.Section
        var column: UInt32
        var offset: Int
        var length: Int
        var checksum: UInt32
    }

    private init(path: String, temporaryPath: String, file: UnsafeMutablePointer<FILE>) {
        self.path = path
        self.temporaryPath = temporaryPath
        unsafe self.file = file
    }

    private static func open(_ path: String) throws -> SnapshotWriter {
        let number = writers.add(1, ordering: .relaxed).newValue
        let temporaryPath = "\(path).\(number).\(getpid()).tmp"
        guard let file = unsafe fopen(temporaryPath, "wb") else {
            throw TwinError(.system, "cannot write \(path): \(unsafe String(cString: strerror(errno)))")
        }
        return unsafe SnapshotWriter(path: path, temporaryPath: temporaryPath, file: file)
    }

    deinit {
        unsafe fclose(file)
        if !isPublished { unsafe unlink(temporaryPath) }
    }

    /// Writes a whole snapshot. O(n log n) in the features for the order, otherwise linear.
    ///
    /// - Throws: `TwinError.system` when the disk is full or not writable; nothing is left under the final name.
    static func write(
        _ builder: borrowing SnapshotBuilder, version: Int64, frame: GridFrame, to path: String
    ) throws {
        let order = PackedRTree.hilbertOrder(builder.boxes)
        var writer = try open(path)
        try writer.pad(to: SnapshotFormat.headerSize + SnapshotFormat.entrySize * sectionCount(builder))
        try writer.writeGeometry(builder, order)
        for (index, column) in builder.columns.enumerated() {
            try writer.writeColumn(column, UInt32(index), order)
        }
        try writer.publish(builder, version: version, frame: frame)
    }

    private static func sectionCount(_ builder: borrowing SnapshotBuilder) -> Int {
        var count = builder.heights.isEmpty ? 9 : 10
        for column in builder.columns {
            switch column {
            case .integer(_, let validity), .real(_, let validity), .boolean(_, let validity):
                count += validity.hasNulls ? 2 : 1
            case .text: count += 3
            case .binary: count += 2
            }
        }
        return count
    }

    private mutating func writeGeometry(_ builder: borrowing SnapshotBuilder, _ order: [UInt32]) throws {
        try write(.metadata, builder.metadata.json())
        let ids = order.map { builder.ids[Int($0)] }
        try write(.ids, ids)
        try write(.idOrder, (0..<UInt32(ids.count)).sorted { ids[Int($0)] < ids[Int($1)] })
        try write(.boxes, PackedRTree(boxesInOrder: order.map { builder.boxes[Int($0)] }).boxes)
        try write(.vertexStarts, starts(builder.vertexStarts, order))
        try write(.ringStarts, starts(builder.ringStarts, order))
        try write(.ringEnds, gathered(builder.ringEnds, builder.ringStarts, order, stride: 1))
        try write(.grid, gathered(builder.grid, builder.vertexStarts, order, stride: 2))
        try write(.world, gathered(builder.world, builder.vertexStarts, order, stride: 2))
        if !builder.heights.isEmpty {
            try write(.heights, gathered(builder.heights, builder.vertexStarts, order, stride: 1))
        }
    }

    /// Offsets of runs after they are reordered.
    private func starts(_ old: [UInt32], _ order: [UInt32]) -> [UInt32] {
        var result: [UInt32] = [0]
        result.reserveCapacity(order.count + 1)
        var sum: UInt32 = 0
        for row in order {
            sum += old[Int(row) + 1] - old[Int(row)]
            result.append(sum)
        }
        return result
    }

    /// Runs of values in a new order.
    private func gathered<T>(_ values: [T], _ starts: [UInt32], _ order: [UInt32], stride: Int) -> [T] {
        var result: [T] = []
        result.reserveCapacity(values.count)
        for row in order {
            result.append(contentsOf: values[Int(starts[Int(row)]) * stride..<Int(starts[Int(row) + 1]) * stride])
        }
        return result
    }

    private mutating func writeColumn(_ column: SnapshotColumn, _ index: UInt32, _ order: [UInt32]) throws {
        switch column {
        case .integer(let values, let validity):
            try write(.values, order.map { values[Int($0)] }, column: index)
            try write(validity, order, column: index)
        case .real(let values, let validity):
            try write(.values, order.map { values[Int($0)] }, column: index)
            try write(validity, order, column: index)
        case .boolean(let values, let validity):
            try write(.values, order.map { values[Int($0)] }, column: index)
            try write(validity, order, column: index)
        case .text(let dictionary):
            try write(.values, order.map { dictionary.codes[Int($0)] }, column: index)
            try write(.dictionaryOffsets, dictionary.offsets, column: index)
            try write(.bytes, dictionary.bytes, column: index)
        case .binary(let offsets, let bytes):
            var newOffsets: [UInt64] = [0]
            var newBytes: [UInt8] = []
            newBytes.reserveCapacity(bytes.count)
            for row in order {
                newBytes.append(contentsOf: bytes[Int(offsets[Int(row)])..<Int(offsets[Int(row) + 1])])
                newOffsets.append(UInt64(newBytes.count))
            }
            try write(.values, newOffsets, column: index)
            try write(.bytes, newBytes, column: index)
        }
    }

    private mutating func write(_ validity: Validity, _ order: [UInt32], column: UInt32) throws {
        guard validity.hasNulls else { return }
        var bits = [UInt8](repeating: 0, count: (order.count + 7) / 8)
        for (row, old) in order.enumerated() where validity.flags[Int(old)] {
            bits[row >> 3] |= 1 << UInt8(row & 7)
        }
        try write(.validity, bits, column: column)
    }

    /// Appends a section at the next multiple of the alignment.
    private mutating func write<T: BitwiseCopyable>(
        _ section: SnapshotFormat.Section, _ values: [T], column: UInt32 = .max
    ) throws {
        try pad(to: (offset + SnapshotFormat.alignment - 1) / SnapshotFormat.alignment * SnapshotFormat.alignment)
        // Safe: T is a trivial type; all machines we build for are little-endian.
        let checksum = unsafe Checksum.crc32(values.span.bytes)
        let length = try unsafe values.withUnsafeBytes { try unsafe put($0) }
        entries.append(
            Entry(section: section, column: column, offset: offset - length, length: length, checksum: checksum))
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        guard bytes.count > 0 else { return 0 }
        guard unsafe fwrite(bytes.baseAddress, 1, bytes.count, file) == bytes.count else { throw failure() }
        offset += bytes.count
        return bytes.count
    }

    private mutating func pad(to target: Int) throws {
        let zeros = [UInt8](repeating: 0, count: max(0, target - offset))
        _ = try unsafe zeros.withUnsafeBytes { try unsafe put($0) }
    }

    private func failure() -> TwinError {
        TwinError(
            .system,
            "cannot write \(path): \(unsafe String(cString: strerror(errno))); free space and try again, "
                + "the record is untouched")
    }

    /// Writes header and table, forces the file to disk and renames it.
    private mutating func publish(
        _ builder: borrowing SnapshotBuilder, version: Int64, frame: GridFrame
    ) throws {
        var header = LittleEndianBytes()
        header.bytes = SnapshotFormat.magic
        header.append(SnapshotFormat.version)
        header.append(UInt32(entries.count))
        header.append(UInt64(offset))
        header.append(UInt64(builder.count))
        header.append(UInt64(bitPattern: version))
        header.append(frame.originX.bitPattern)
        header.append(frame.originY.bitPattern)
        header.append(UInt32(builder.metadata.kind.rawValue))
        var table = LittleEndianBytes()
        for entry in entries {
            table.append(entry.section.rawValue)
            table.append(entry.column)
            table.append(UInt64(entry.offset))
            table.append(UInt64(entry.length))
            table.append(entry.checksum)
            table.append(UInt32(0))
        }
        let checksum = unsafe Checksum.crc32(table.bytes.span.bytes, after: Checksum.crc32(header.bytes.span.bytes))
        header.append(checksum)
        let start = header.bytes + table.bytes
        unsafe rewind(file)
        _ = try unsafe start.withUnsafeBytes { try unsafe put($0) }
        guard unsafe fflush(file) == 0, fsync(unsafe fileno(file)) == 0, unsafe rename(temporaryPath, path) == 0 else {
            throw failure()
        }
        isPublished = true
    }
}

/// Appends integers in little-endian order.
struct LittleEndianBytes {
    var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
}
