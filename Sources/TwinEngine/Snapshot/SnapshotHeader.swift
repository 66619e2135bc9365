// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// The checked header and section table of a snapshot file.
struct SnapshotHeader {
    var count: Int
    var version: Int64
    /// Raw value of ``GeometryKind``.
    var kind: UInt32
    var frame: GridFrame
    var entries: [Snapshot.SectionEntry]

    /// - Throws: `TwinError.snapshot` saying what is wrong; every count is compared with the bytes that are there.
    init(_ bytes: RawSpan, path: String) throws {
        func damaged(_ what: String) -> TwinError {
            TwinError(.snapshot, "\(path): \(what); it will be rebuilt from the store")
        }
        guard bytes.byteCount >= SnapshotFormat.headerSize else { throw damaged("it is truncated") }
        func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: T.Type) -> T {
            // Safe: callers stay below the header size and table size that are checked here.
            unsafe T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
        }
        for (index, byte) in SnapshotFormat.magic.enumerated() where load(index, UInt8.self) != byte {
            throw damaged("it is not a snapshot")
        }
        let format = load(8, UInt32.self)
        guard format == SnapshotFormat.version else {
            throw damaged("it is of version \(format), not \(SnapshotFormat.version)")
        }
        let sections = Int(load(12, UInt32.self))
        let tableEnd = SnapshotFormat.headerSize + sections * SnapshotFormat.entrySize
        guard load(16, UInt64.self) == UInt64(bytes.byteCount), tableEnd <= bytes.byteCount else {
            throw damaged("it is truncated")
        }
        let checksum = Checksum.crc32(
            bytes.extracting(SnapshotFormat.headerSize..<tableEnd), after: Checksum.crc32(bytes.extracting(0..<60)))
        guard checksum == load(60, UInt32.self) else { throw damaged("the checksum of its table is wrong") }
        let rows = load(24, UInt64.self)
        guard rows <= UInt64(bytes.byteCount) else { throw damaged("its number of features is impossible") }
        count = Int(rows)
        version = load(32, Int64.self)
        kind = load(56, UInt32.self)
        frame = GridFrame(
            originX: Double(bitPattern: load(40, UInt64.self)), originY: Double(bitPattern: load(48, UInt64.self)))
        entries = []
        for index in 0..<sections {
            let start = SnapshotFormat.headerSize + index * SnapshotFormat.entrySize
            let offset = load(start + 8, UInt64.self)
            let length = load(start + 16, UInt64.self)
            let (end, overflow) = offset.addingReportingOverflow(length)
            guard !overflow, end <= UInt64(bytes.byteCount), offset % UInt64(SnapshotFormat.alignment) == 0 else {
                throw damaged("section \(index) lies outside the file")
            }
            entries.append(
                Snapshot.SectionEntry(
                    section: load(start, UInt32.self), column: load(start + 4, UInt32.self), offset: Int(offset),
                    length: Int(length), checksum: load(start + 24, UInt32.self)))
        }
    }
}
