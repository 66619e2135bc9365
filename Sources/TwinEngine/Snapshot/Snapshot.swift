// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization
import Tiles

/// A layer as one immutable, memory-mapped file: geometry on the grid, index, columns.
///
/// Opening reads the header, the section table and the description, and nothing else: pages become resident when a
/// request touches them. What lies in a section is believed only as far as memory safety goes: rows, offsets and
/// dictionary codes are clamped to their sections where they are used, so damage gives an empty geometry or a missing
/// text, never an access outside. Whoever meets such damage, or ``verify(pause:)`` finds a wrong checksum, marks the
/// snapshot, and the city builds a new one from the record (docs/decisions/003).
///
/// Thread use: any; immutable but for the mark.
final class Snapshot: Sendable {
    let metadata: SnapshotMetadata
    let count: Int
    /// Change-log version of the store that it was built at.
    let version: Int64
    let frame: GridFrame
    let path: String
    /// Every feature is one point: no boxes, offsets or rings are stored, and the grid is the leaves of the index.
    let isPointLayer: Bool
    let file: MappedFile
    let entries: [SectionEntry]
    let geometrySections: GeometrySections
    let columnSections: [ColumnSections]
    /// The only ring of a single point.
    let pointRing: [UInt32] = [1 | ringStartsPart]
    /// Sorted permutations that queries asked for.
    let orders: ColumnOrders
    /// What tiles of low zooms know of polygons.
    let polygonExtents = PolygonExtentsPlace()
    /// What queries learnt about it.
    let cache = SnapshotCache()
    private let suspicion = Atomic<Bool>(false)

    struct SectionEntry: Sendable {
        var section: UInt32
        var column: UInt32
        var offset: Int
        var length: Int
        var checksum: UInt32
        var range: Range<Int> { offset..<offset + length }
        /// For messages.
        var name: String { SnapshotFormat.Section(rawValue: section).map { "\($0)" } ?? "\(section)" }
    }

    struct GeometrySections {
        var ids = 0..<0
        var hasWideIDs = true
        var idOrder: Range<Int>?
        var boxes = 0..<0
        var vertexStarts = 0..<0
        var ringStarts: Range<Int>?
        var ringEnds = 0..<0
        var grid = 0..<0
        var heights: Range<Int>?
        var vertexZoom: Range<Int>?
    }

    struct ColumnSections: Sendable {
        var values = 0..<0
        var validity: Range<Int>?
        var dictionaryOffsets = 0..<0
        var bytes = 0..<0
        var zones: Range<Int>?
    }

    /// Maps a snapshot. O(sections), a few pages are read.
    ///
    /// - Throws: `TwinError.snapshot` for a file that is truncated, of another version, or whose header, table or
    ///   description is damaged, or whose sections are not of the lengths that belong together.
    init(path: String) throws {
        self.path = path
        let file = try MappedFile(path)
        let header = try SnapshotHeader(file.bytes, path: path)
        let sections = SnapshotSections(header: header, path: path)
        metadata = try sections.metadata(file.bytes)
        isPointLayer = header.kind == GeometryKind.point.rawValue && sections.range(.vertexStarts) == nil
        geometrySections = try sections.geometry(isPointLayer: isPointLayer)
        columnSections = try sections.columns(metadata.columns)
        guard header.kind == UInt32(metadata.kind.rawValue) else {
            throw sections.damaged("header and description name different kinds of geometry")
        }
        self.file = file
        count = header.count
        version = header.version
        frame = header.frame
        entries = header.entries
        orders = ColumnOrders(columns: metadata.columns.count)
        try checkEnds(sections)
    }

    /// The offsets begin at 0 and end where the coordinates end. O(1).
    private func checkEnds(_ sections: SnapshotSections) throws {
        guard !isPointLayer else { return }
        let vertices = span(geometrySections.vertexStarts, of: UInt32.self)
        guard vertices[0] == 0, Int(vertices[count]) == vertexCount else {
            throw sections.damaged("the first vertices of the rows do not span the coordinates")
        }
        guard let range = geometrySections.ringStarts else { return }
        let rings = span(range, of: UInt32.self)
        guard rings[0] == 0, Int(rings[count]) == ringCount else {
            throw sections.damaged("the first rings of the rows do not span the rings")
        }
    }

    /// A section as a span of trivial values. Sections are aligned to 64 bytes.
    @_lifetime(borrow self)
    func span<T: BitwiseCopyable>(_ range: Range<Int>, of type: T.Type) -> Span<T> {
        // Safe: the range was checked against the file, every bit pattern is a T, and the file lives as long as self.
        let start = unsafe (file.base + range.lowerBound).assumingMemoryBound(to: T.self)
        let span = unsafe Span(_unsafeStart: start, count: range.count / MemoryLayout<T>.stride)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Vertices of all rows.
    var vertexCount: Int { geometrySections.grid.count / 8 }
    /// Rings of all rows; 0 in a layer of single points.
    var ringCount: Int { geometrySections.ringEnds.count / 4 }
    /// Bytes on disk.
    var byteCount: Int { file.count }

    // MARK: Damage

    /// Whether somebody met damage; ``verify(pause:)`` tells what it is.
    var isSuspect: Bool { suspicion.load(ordering: .relaxed) }

    /// Notes that what was read cannot have been written.
    func suspect() { suspicion.store(true, ordering: .relaxed) }

    /// The first section whose bytes are not those that were written, or nil; what is found is also noted. O(file).
    ///
    /// - Parameter pause: called after every mebibyte with the bytes that were read; false stops, and nil comes out.
    func verify(pause: (Int) -> Bool = { _ in true }) -> String? {
        for entry in entries {
            do {
                guard let checksum = try file.crc32(entry.range, pause: pause) else { return nil }
                if checksum != entry.checksum {
                    suspect()
                    return "\(path): the checksum of section \(entry.name) is wrong"
                }
            } catch {
                suspect()
                return "\(error)"
            }
        }
        return nil
    }
}
