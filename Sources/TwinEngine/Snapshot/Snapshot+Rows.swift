// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Rows of the layer. Nothing here leaves its section whatever the file holds.
extension Snapshot {
    /// Feature ids in storage order, whatever their width in the file.
    struct IDs: ~Escapable {
        private let narrow: Span<UInt32>
        private let wide: Span<Int64>
        private let isWide: Bool

        @_lifetime(copy narrow, copy wide)
        init(narrow: Span<UInt32>, wide: Span<Int64>, isWide: Bool) {
            self.narrow = narrow
            self.wide = wide
            self.isWide = isWide
        }

        var count: Int { isWide ? wide.count : narrow.count }
        subscript(row: Int) -> Int64 { isWide ? wide[row] : Int64(narrow[row]) }
        /// Asks for the memory of a row's id.
        func fetch(_ row: Int) { if isWide { wide.fetch(row) } else { narrow.fetch(row) } }
    }

    var ids: IDs {
        @_lifetime(borrow self)
        get {
            let isWide = geometrySections.hasWideIDs
            let none = geometrySections.ids.lowerBound..<geometrySections.ids.lowerBound
            return IDs(
                narrow: span(isWide ? none : geometrySections.ids, of: UInt32.self),
                wide: span(isWide ? geometrySections.ids : none, of: Int64.self), isWide: isWide)
        }
    }

    /// Interleaved x, y of all rows, in millimetres from the origin.
    var grid: Span<Int32> { @_lifetime(borrow self) get { span(geometrySections.grid, of: Int32.self) } }
    /// The same as points; in a layer of single points, row by row.
    var points: Span<GridPoint> { @_lifetime(borrow self) get { span(geometrySections.grid, of: GridPoint.self) } }
    /// Ring ends of all rows, relative to each row's first vertex.
    var ringEnds: Span<UInt32> { @_lifetime(borrow self) get { span(geometrySections.ringEnds, of: UInt32.self) } }
    /// Heights of all vertices in millimetres, or nil for a flat layer.
    var heights: Span<Int32>? {
        @_lifetime(borrow self)
        get {
            guard let range = geometrySections.heights else { return nil }
            return span(range, of: Int32.self)
        }
    }
    /// Boxes of the index: in a layer of single points of the nodes, else of the rows and then of the nodes.
    var boxes: Span<GridBox> { @_lifetime(borrow self) get { span(geometrySections.boxes, of: GridBox.self) } }

    /// The box around all rows.
    var box: GridBox {
        let boxes = boxes
        return boxes.isEmpty ? .empty : boxes[boxes.count - 1]
    }

    /// The box of a row.
    func box(row: Int) -> GridBox {
        guard isPointLayer else { return boxes[row] }
        let point = points[row]
        return GridBox(minX: point.x, minY: point.y, maxX: point.x, maxY: point.y)
    }

    /// The vertices of a row; empty if the file is damaged there.
    func vertices(_ row: Int) -> Range<Int> {
        if isPointLayer { return row..<row + 1 }
        let starts = span(geometrySections.vertexStarts, of: UInt32.self)
        return checked(starts[row], starts[row + 1], vertexCount)
    }

    /// The rings of a row in ``ringEnds``; empty if the file is damaged there. Not for layers of single points.
    func rings(_ row: Int) -> Range<Int> {
        guard let range = geometrySections.ringStarts else { return row..<row + 1 }
        let starts = span(range, of: UInt32.self)
        return checked(starts[row], starts[row + 1], ringCount)
    }

    private func checked(_ first: UInt32, _ end: UInt32, _ count: Int) -> Range<Int> {
        guard first <= end, Int(end) <= count else {
            suspect()
            return 0..<0
        }
        return Int(first)..<Int(end)
    }

    /// The geometry of a row. A damaged one is empty: its ring ends do not ascend to its number of vertices.
    ///
    /// O(rings).
    @_lifetime(borrow self)
    func geometry(_ row: Int) -> GeometryView {
        let ends = ringEnds(row)
        let vertices = ends.isEmpty ? 0..<0 : vertices(row)
        return GeometryView(
            kind: metadata.kind, xy: grid.extracting(vertices.lowerBound * 2..<vertices.upperBound * 2), ringEnds: ends)
    }

    /// The ring ends of a row, checked against its vertices; empty if the file is damaged there. O(rings).
    @_lifetime(borrow self)
    func ringEnds(_ row: Int) -> Span<UInt32> {
        if isPointLayer {
            // Safe: the array is a constant of self, so its buffer stays while self does.
            let buffer = unsafe pointRing.withUnsafeBufferPointer { unsafe $0 }
            let ring = unsafe Span(_unsafeElements: buffer)
            return unsafe _overrideLifetime(ring, borrowing: self)
        }
        let ends = ringEnds.extracting(rings(row))
        let vertices = UInt32(vertices(row).count)
        var last: UInt32 = 0
        var isGood = true
        for index in ends.indices {
            let end = ends[index] & ringEndMask
            if end < last { isGood = false }
            last = end
        }
        guard isGood, last == vertices, vertices > 0 else {
            suspect()
            return ends.extracting(0..<0)
        }
        return ends
    }

    /// The zoom from which on each vertex of a row is needed (0 always, 255 never below full detail); empty where the
    /// layer has no such levels, and then all vertices are needed.
    @_lifetime(borrow self)
    func vertexZoom(_ row: Int) -> Span<UInt8> {
        guard let range = geometrySections.vertexZoom else {
            return span(geometrySections.grid.lowerBound..<geometrySections.grid.lowerBound, of: UInt8.self)
        }
        return span(range, of: UInt8.self).extracting(vertices(row))
    }

    /// The row of an id, or nil. O(log rows).
    func row(id: Int64) -> Int? {
        let ids = ids
        let order = span(geometrySections.idOrder ?? 0..<0, of: UInt32.self)
        let isOrdered = order.isEmpty
        func row(at place: Int) -> Int {
            if isOrdered { return place }
            let row = Int(order[place])
            if row < count { return row }
            suspect()
            return 0
        }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if ids[row(at: middle)] < id { low = middle + 1 } else { high = middle }
        }
        guard low < count else { return nil }
        let found = row(at: low)
        return ids[found] == id ? found : nil
    }

    /// Calls `visit` with ranges of rows whose boxes meet `box`: whole subtrees where the box contains them. False stops,
    /// and is returned. O(log rows + hits).
    func searchRanges(_ box: GridBox, _ visit: (_ first: Int, _ end: Int) -> Bool) -> Bool {
        do {
            if isPointLayer { return try PackedPointTreeView(points: points, nodes: boxes).searchRanges(box, visit) }
            return try PackedRTreeView(boxes, count: count).searchRanges(box, visit)
        } catch {
            // The lengths were compared on opening, so this is not reached; no rows is the answer of no index.
            suspect()
            return true
        }
    }
}

extension Snapshot {
    /// Whether geometry and columns of some rows lie in memory, so that reading them waits for no disk. Texts are not
    /// looked at. O(pages).
    func isResident(_ ranges: [Range<Int>]) -> Bool {
        var next = 0
        while next < ranges.count {
            // Ranges that lie close to each other are one question.
            var rows = ranges[next]
            next += 1
            while next < ranges.count, ranges[next].lowerBound - rows.upperBound < 2048 {
                rows = rows.lowerBound..<ranges[next].upperBound
                next += 1
            }
            guard isResident(rows) else { return false }
        }
        return true
    }

    private func isResident(_ rows: Range<Int>) -> Bool {
        func holds(_ section: Range<Int>, _ items: Range<Int>, of size: Int) -> Bool {
            let start = section.lowerBound + items.lowerBound * size
            return file.isResident(start..<min(start + items.count * size, section.upperBound))
        }
        let sections = geometrySections
        guard holds(sections.ids, rows, of: sections.hasWideIDs ? 8 : 4) else { return false }
        if !isPointLayer {
            guard holds(sections.vertexStarts, rows.lowerBound..<rows.upperBound + 1, of: 4) else { return false }
            let rings = rings(rows.lowerBound).lowerBound..<rings(rows.upperBound - 1).upperBound
            guard rings.isEmpty || holds(sections.ringEnds, rings, of: 4) else { return false }
        }
        let first = vertices(rows.lowerBound).lowerBound, last = vertices(rows.upperBound - 1).upperBound
        guard first <= last, holds(sections.grid, first..<last, of: 8) else { return false }
        for (column, values) in zip(metadata.columns, columnSections) {
            let size = column.type == .text ? 4 : column.type == .boolean ? 1 : 8
            guard holds(values.values, rows, of: size) else { return false }
        }
        return true
    }
}
