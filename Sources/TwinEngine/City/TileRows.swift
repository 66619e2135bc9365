// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// The rows of a layer that a tile offers to its encoder, in their order: ranges of the snapshot, then changed features.
struct TileRows {
    /// Rows whose boxes meet the tile's area, hidden ones included.
    var ranges: [Range<Int>] = []
    /// Rows of the delta.
    var changed: [Int] = []
    /// Polygons of less reach are not drawn.
    var limit: Float = 0
    /// Of the snapshot's polygons, where some are left out.
    var extents: PolygonExtents?

    /// Rows in the ranges, hidden ones included.
    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Calls `visit` with each row that may be drawn; false stops and is returned.
    @discardableResult
    func forEach(hidden: Set<Int>, _ visit: (Int) -> Bool) -> Bool {
        for range in ranges {
            guard forEach(in: range, hidden: hidden, visit) else { return false }
        }
        return changed.allSatisfy(visit)
    }

    /// The same for a part of the snapshot's rows.
    func forEach(in range: Range<Int>, hidden: Set<Int>, _ visit: (Int) -> Bool) -> Bool {
        if let extents {
            return extents.forEachRow(in: range, reaching: limit) { row in
                hidden.contains(row) || visit(row)
            }
        }
        if hidden.isEmpty { return range.allSatisfy(visit) }
        return range.allSatisfy { hidden.contains($0) || visit($0) }
    }

    /// Tiny polygons that are not drawn and that the tile decides on. O(rows).
    func skipped(in tile: TileID, hidden: Set<Int>) -> Int {
        guard let extents else { return 0 }
        var count = 0
        for row in ranges.joined() where extents.rows[row].reach < limit && !hidden.contains(row) {
            let x = Int(extents.centres[row].x) - tile.worldMinX, y = Int(extents.centres[row].y) - tile.worldMinY
            if x >= 0, y >= 0, x < tile.worldSize, y < tile.worldSize { count += 1 }
        }
        return count
    }
}

extension LayerView {
    /// Below this zoom so many polygons are tiny that their extents are worth having.
    static let extentsBelowZoom = 13

    /// The rows that a tile looks at.
    func tileRows(_ area: GridBox) -> TileRows {
        var rows = TileRows()
        _ = snapshot.searchRanges(area) { first, end in
            rows.ranges.append(first..<end)
            return true
        }
        // The search comes to whole subtrees early; tiles are in the order of rows.
        rows.ranges.sort { $0.lowerBound < $1.lowerBound }
        var merged = 0
        for index in rows.ranges.indices.dropFirst() {
            let next = rows.ranges[index]
            if rows.ranges[merged].upperBound == next.lowerBound {
                rows.ranges[merged] = rows.ranges[merged].lowerBound..<next.upperBound
            } else {
                merged += 1
                rows.ranges[merged] = next
            }
        }
        rows.ranges.removeLast(max(0, rows.ranges.count - merged - 1))
        rows.changed = changedRows(area)
        return rows
    }

    /// Rows of the delta whose boxes meet an area, the newest change last.
    func changedRows(_ area: GridBox) -> [Int] {
        delta.drawn.lazy.filter { self.delta.features[$0].box.intersects(area) }.map { -1 - $0 }
    }

    /// Decides which polygons a tile draws: makes the squares larger until the layer's estimate is within its limit of
    /// bytes, and leaves out the rows that are not drawn then.
    ///
    /// - Parameter ladder: the estimate, where one was needed.
    func coarsen(
        _ rows: inout TileRows, _ request: inout TileRequest, attributes: Int, ladder: inout SquareLadder?,
        passes: (Int) -> Bool, scratch: inout [UInt32]
    ) {
        let rules = request.rules
        guard definition.geometry == .polygon, rules.tinyPolygons == .square, request.tile.z < rules.tinyBelowZoom,
            rules.squareSide > 0
        else { return }
        if let most = rules.maximumBytes, mostBytes(rows, attributes) > most {
            if request.plane == .webMercator { rows.extents = polygonExtents() }
            var sum = SquareLadder(rules, tile: request.tile, attributes: attributes)
            rows.limit = limit(request)
            rows.forEach(hidden: delta.hiddenRows) { row in
                guard passes(row) else { return true }
                sum.add(extent(of: row, rows, request.plane, &scratch), vertices: vertexCount(row: row))
                return true
            }
            ladder = sum
            let side = sum.side(within: most)
            if side > rules.squareSide { request.rules.tinyArea = Double(side * side) }
        }
        if request.plane == .webMercator, request.tile.z < Self.extentsBelowZoom { rows.extents = polygonExtents() }
        rows.limit = limit(request)
    }

    /// The reach below which a polygon is not drawn.
    func limit(_ request: TileRequest) -> Float {
        let unit = Double(request.tile.worldSize) / 4096
        return Float(Double(request.rules.squareSide * request.rules.squareSide) * unit * unit)
    }

    /// The extent of a row's polygon.
    func extent(
        of row: Int, _ rows: TileRows, _ plane: TileGrid.Plane, _ scratch: inout [UInt32]
    ) -> TinyPolygons.Extent {
        if row >= 0, let extents = rows.extents { return extents.rows[row] }
        return polygonExtent(row: row, on: plane, scratch: &scratch).0
    }

    /// At least as many bytes as the estimate for the rows' polygons. O(ranges).
    func mostBytes(_ rows: TileRows, _ attributes: Int) -> Int {
        let each = SquareLadder.bytes(vertices: 0, attributes: attributes)
        var bytes = rows.changed.reduce(0) { $0 + each + 3 * vertexCount(row: $1) }
        for range in rows.ranges {
            let vertices =
                snapshot.vertices(range.upperBound - 1).upperBound - snapshot.vertices(range.lowerBound).lowerBound
            bytes += range.count * each + 3 * vertices
        }
        return bytes
    }

    /// Calls `body` with the rows of a range that may be drawn.
    func forEachRow(in range: Range<Int>, _ rows: TileRows, _ body: (Int) throws -> Void) throws {
        var failure: (any Error)?
        _ = rows.forEach(in: range, hidden: delta.hiddenRows) { row in
            do {
                try body(row)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
    }

    func vertexCount(row: Int) -> Int {
        row < 0 ? delta.features[-1 - row].geometry.xy.count / 2 : snapshot.vertices(row).count
    }
}
