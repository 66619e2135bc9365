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

    /// Writes a whole snapshot and reads it back. O(n log n) in the features for the order, otherwise linear.
    ///
    /// - Parameter latitude: of the city's middle in degrees, for the zoom of each vertex; nil leaves the zooms out.
    /// - Throws: `TwinError.system` when the disk is full, not writable, or returns other bytes than were written;
    ///   nothing is left under the final name.
    static func write(
        _ builder: borrowing SnapshotBuilder, version: Int64, frame: GridFrame, latitude: Double? = nil,
        to path: String
    ) throws {
        var writer = try open(path)
        try writer.pad(to: SnapshotFormat.headerSize + SnapshotFormat.entrySize * sectionLimit(builder))
        try writer.write(.metadata, builder.metadata.json())
        let order = try writer.writeGeometry(builder, latitude)
        for (index, column) in builder.columns.enumerated() {
            try writer.writeColumn(column, UInt32(index), order)
        }
        try writer.publish(builder, version: version, frame: frame)
    }

    /// As many sections as there can be; the table's place is kept for all of them.
    private static func sectionLimit(_ builder: borrowing SnapshotBuilder) -> Int { 12 + 5 * builder.columns.count }

    /// Writes what belongs to the whole layer and returns the rows' order.
    private mutating func writeGeometry(
        _ builder: borrowing SnapshotBuilder, _ latitude: Double?
    ) throws -> [UInt32] {
        guard !builder.isPointLayer else { return try writePoints(builder) }
        let order = PackedRTree.hilbertOrder(builder.boxes)
        try writeIDs(order.map { builder.ids[Int($0)] })
        try write(.boxes, PackedRTree(boxesInOrder: order.map { builder.boxes[Int($0)] }).boxes)
        let vertexStarts = starts(builder.vertexStarts, order)
        let ringStarts = starts(builder.ringStarts, order)
        let ringEnds = gathered(builder.ringEnds, builder.ringStarts, order, stride: 1)
        let grid = gathered(builder.grid, builder.vertexStarts, order, stride: 2)
        try write(.vertexStarts, vertexStarts)
        if ringEnds.count != builder.count { try write(.ringStarts, ringStarts) }
        try write(.ringEnds, ringEnds)
        try write(.grid, grid)
        if !builder.heights.isEmpty {
            try write(.heights, gathered(builder.heights, builder.vertexStarts, order, stride: 1))
        }
        guard let latitude else { return order }
        let zooms = try VertexZooms.levels(
            kind: builder.metadata.kind, grid: grid, vertexStarts: vertexStarts, ringStarts: ringStarts,
            ringEnds: ringEnds, latitude: latitude)
        if !zooms.isEmpty { try write(.vertexZoom, zooms) }
        return order
    }

    /// A layer of single points: the grid is the leaves of the index, and nothing else tells where a row is.
    private mutating func writePoints(_ builder: borrowing SnapshotBuilder) throws -> [UInt32] {
        let tree = PackedPointTree(
            (0..<builder.count).map { GridPoint(x: builder.grid[2 * $0], y: builder.grid[2 * $0 + 1]) })
        try writeIDs(tree.order.map { builder.ids[Int($0)] })
        try write(.boxes, tree.nodes)
        try write(.grid, tree.points)
        if !builder.heights.isEmpty { try write(.heights, tree.order.map { builder.heights[Int($0)] }) }
        return tree.order
    }

    /// Ids as narrow as they are, and their order where it is not that of the rows.
    private mutating func writeIDs(_ ids: [Int64]) throws {
        if ids.allSatisfy({ $0 >= 0 && $0 <= Int64(UInt32.max) }) {
            try write(.ids, ids.map { UInt32($0) })
        } else {
            try write(.ids, ids)
        }
        if zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 }) { return }
        var keys = ids.enumerated().map { (id: $1, row: UInt32($0)) }
        keys.sort { $0.id < $1.id }
        try write(.idOrder, keys.map(\.row))
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

    /// Appends a section at the next multiple of the alignment.
    mutating func write<T: BitwiseCopyable>(
        _ section: SnapshotFormat.Section, _ values: [T], column: UInt32 = .max
    ) throws {
        try align()
        // Safe: T is a trivial type; all machines we build for are little-endian.
        let checksum = unsafe Checksum.crc32(values.span.bytes)
        let length = try unsafe values.withUnsafeBytes { try unsafe put($0) }
        entries.append(
            Entry(section: section, column: column, offset: offset - length, length: length, checksum: checksum))
    }

    /// Appends the bytes of rows in an order, one row in memory at a time.
    mutating func write(
        _ section: SnapshotFormat.Section, _ rows: BinaryRows, _ order: [UInt32], column: UInt32
    ) throws {
        try align()
        let start = offset
        var checksum: UInt32 = 0
        try rows.forEach(order) { row in
            checksum = Checksum.crc32(row, after: checksum)
            _ = try unsafe row.withUnsafeBytes { try unsafe put($0) }
        }
        entries.append(
            Entry(section: section, column: column, offset: start, length: offset - start, checksum: checksum))
    }

    private mutating func align() throws {
        try pad(to: (offset + SnapshotFormat.alignment - 1) / SnapshotFormat.alignment * SnapshotFormat.alignment)
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
        guard unsafe fflush(file) == 0, fsync(unsafe fileno(file)) == 0 else { throw failure() }
        if let damage = try Snapshot(path: temporaryPath).verify() {
            throw TwinError(.system, "the disk does not return what was written: \(damage); the record is untouched")
        }
        guard unsafe rename(temporaryPath, path) == 0 else { throw failure() }
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
