// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// A layer as one immutable, memory-mapped file: geometry on the grid, world coordinates, index, columns.
///
/// Opening checks the header, the section table and the checksum of every section (several gigabytes a second), so that
/// a damaged file is never read: it is refused, and the caller rebuilds it from the record.
///
/// Thread use: any; immutable.
final class Snapshot: Sendable {
    let metadata: SnapshotMetadata
    let count: Int
    /// Change-log version of the store that it was built at.
    let version: Int64
    let frame: GridFrame
    let path: String
    private let file: MappedFile
    private let entries: [SectionEntry]
    private let geometrySections: GeometrySections
    private let columnSections: [ColumnSections]

    struct SectionEntry: Sendable {
        var section: UInt32
        var column: UInt32
        var offset: Int
        var length: Int
        var checksum: UInt32
    }

    private struct GeometrySections {
        var ids = 0..<0
        var idOrder = 0..<0
        var boxes = 0..<0
        var vertexStarts = 0..<0
        var ringStarts = 0..<0
        var ringEnds = 0..<0
        var grid = 0..<0
        var world = 0..<0
        var heights: Range<Int>?
    }

    struct ColumnSections: Sendable {
        var values = 0..<0
        var validity: Range<Int>?
        var dictionaryOffsets = 0..<0
        var bytes = 0..<0
    }

    /// Maps a snapshot.
    ///
    /// - Throws: `TwinError.snapshot` for a file that is truncated, of another version, or damaged anywhere. O(file).
    init(path: String) throws {
        self.path = path
        let file = try MappedFile(path)
        self.file = file
        let header = try SnapshotHeader(file.bytes, path: path)
        count = header.count
        version = header.version
        frame = header.frame
        entries = header.entries
        func damaged(_ what: String) -> TwinError {
            TwinError(.snapshot, "\(path): \(what); it will be rebuilt from the store")
        }
        func range(_ section: SnapshotFormat.Section, _ column: UInt32 = .max) -> Range<Int>? {
            header.entries.first { $0.section == section.rawValue && $0.column == column }
                .map { $0.offset..<$0.offset + $0.length }
        }
        func required(_ section: SnapshotFormat.Section, bytes: Int?) throws -> Range<Int> {
            guard let range = range(section), bytes == nil || range.count == bytes else {
                throw damaged("the section \(section) is missing or of the wrong length")
            }
            return range
        }
        if let damage = Self.damage(in: file, header.entries) { throw damaged(damage) }
        let text = try required(.metadata, bytes: nil)
        let json = file.bytes.extracting(text)
        guard
            let metadata = SnapshotMetadata(
                json: (0..<json.byteCount).map { unsafe json.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
        else { throw damaged("the description is not readable") }
        self.metadata = metadata
        var geometry = GeometrySections()
        let rows = header.count
        geometry.ids = try required(.ids, bytes: rows * 8)
        geometry.idOrder = try required(.idOrder, bytes: rows * 4)
        geometry.boxes = try required(.boxes, bytes: PackedRTreeLayout(count: rows).boxCount * 16)
        geometry.vertexStarts = try required(.vertexStarts, bytes: (rows + 1) * 4)
        geometry.ringStarts = try required(.ringStarts, bytes: (rows + 1) * 4)
        geometry.ringEnds = try required(.ringEnds, bytes: nil)
        geometry.grid = try required(.grid, bytes: nil)
        geometry.world = try required(.world, bytes: geometry.grid.count)
        geometry.heights = range(.heights)
        if let heights = geometry.heights, heights.count * 2 != geometry.grid.count {
            throw damaged("the section heights is of the wrong length")
        }
        geometrySections = geometry
        columnSections = try metadata.columns.enumerated().map { index, column in
            var sections = ColumnSections()
            guard let values = range(.values, UInt32(index)) else {
                throw damaged("the column \(column.name) is missing")
            }
            sections.values = values
            sections.validity = range(.validity, UInt32(index))
            sections.dictionaryOffsets = range(.dictionaryOffsets, UInt32(index)) ?? 0..<0
            sections.bytes = range(.bytes, UInt32(index)) ?? 0..<0
            let width = [.integer: 8, .real: 8, .boolean: 1, .text: 4][column.type] ?? 8
            let expected = column.type == .binary ? (rows + 1) * 8 : rows * width
            guard values.count == expected else { throw damaged("the column \(column.name) is of the wrong length") }
            return sections
        }
    }

    /// A section as a span of trivial values. Sections are aligned to 64 bytes.
    @_lifetime(borrow self)
    private func span<T: BitwiseCopyable>(_ range: Range<Int>, of type: T.Type) -> Span<T> {
        // Safe: the range was checked against the file, every bit pattern is a T, and the file lives as long as self.
        let start = unsafe (file.base + range.lowerBound).assumingMemoryBound(to: T.self)
        let span = unsafe Span(_unsafeStart: start, count: range.count / MemoryLayout<T>.stride)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    var ids: Span<Int64> { @_lifetime(borrow self) get { span(geometrySections.ids, of: Int64.self) } }
    var idOrder: Span<UInt32> { @_lifetime(borrow self) get { span(geometrySections.idOrder, of: UInt32.self) } }
    var vertexStarts: Span<UInt32> {
        @_lifetime(borrow self) get { span(geometrySections.vertexStarts, of: UInt32.self) }
    }
    var ringStarts: Span<UInt32> { @_lifetime(borrow self) get { span(geometrySections.ringStarts, of: UInt32.self) } }
    var ringEnds: Span<UInt32> { @_lifetime(borrow self) get { span(geometrySections.ringEnds, of: UInt32.self) } }
    var grid: Span<Int32> { @_lifetime(borrow self) get { span(geometrySections.grid, of: Int32.self) } }
    var world: Span<UInt32> { @_lifetime(borrow self) get { span(geometrySections.world, of: UInt32.self) } }
    var heights: Span<Int32>? {
        @_lifetime(borrow self)
        get {
            guard let range = geometrySections.heights else { return nil }
            return span(range, of: Int32.self)
        }
    }
    /// Boxes of rows, then of index nodes.
    var boxes: Span<GridBox> { @_lifetime(borrow self) get { span(geometrySections.boxes, of: GridBox.self) } }

    @_lifetime(borrow self)
    func integers(_ column: Int) -> Span<Int64> { span(columnSections[column].values, of: Int64.self) }
    @_lifetime(borrow self)
    func reals(_ column: Int) -> Span<Double> { span(columnSections[column].values, of: Double.self) }
    @_lifetime(borrow self)
    func booleans(_ column: Int) -> Span<UInt8> { span(columnSections[column].values, of: UInt8.self) }
    @_lifetime(borrow self)
    func textCodes(_ column: Int) -> Span<UInt32> { span(columnSections[column].values, of: UInt32.self) }
    @_lifetime(borrow self)
    func binaryOffsets(_ column: Int) -> Span<UInt64> { span(columnSections[column].values, of: UInt64.self) }
    @_lifetime(borrow self)
    func dictionaryOffsets(_ column: Int) -> Span<UInt32> {
        span(columnSections[column].dictionaryOffsets, of: UInt32.self)
    }
    @_lifetime(borrow self)
    func columnBytes(_ column: Int) -> Span<UInt8> { span(columnSections[column].bytes, of: UInt8.self) }

    /// Whether a row of a number or truth column has a value.
    func isValid(_ row: Int, column: Int) -> Bool {
        guard let validity = columnSections[column].validity else { return true }
        let bits = span(validity, of: UInt8.self)
        return bits[row >> 3] & (1 << UInt8(row & 7)) != 0
    }

    /// Bytes on disk.
    var byteCount: Int { file.count }

    /// The row of an id, or nil. O(log rows).
    func row(id: Int64) -> Int? {
        let ids = ids
        let order = idOrder
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if ids[Int(order[middle])] < id { low = middle + 1 } else { high = middle }
        }
        guard low < count else { return nil }
        let row = Int(order[low])
        return ids[row] == id ? row : nil
    }

    /// The first section whose bytes are not those that were written, or nil. O(file).
    func verify() -> String? { Self.damage(in: file, entries).map { "\(path): \($0)" } }

    private static func damage(in file: MappedFile, _ entries: [SectionEntry]) -> String? {
        for entry in entries {
            let bytes = file.bytes.extracting(entry.offset..<entry.offset + entry.length)
            guard Checksum.crc32(bytes) == entry.checksum else {
                let name = SnapshotFormat.Section(rawValue: entry.section).map { "\($0)" } ?? "\(entry.section)"
                return "the checksum of section \(name) is wrong"
            }
        }
        return nil
    }
}
