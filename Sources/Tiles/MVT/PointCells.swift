// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The cells of one tile in which points are thinned or clustered.
struct PointCells {
    struct Cluster {
        var record: Int
        var count: Int64
        /// Sums of local positions, for the mean.
        var sumX: Int64
        var sumY: Int64
    }

    private var shift: Int64 = 8
    private var positions: [Int64: Int] = [:]
    private(set) var clusters: [Cluster] = []

    /// - Parameter cell: side in tile units; the largest power of two up to it is used, so that cells fit the tile.
    mutating func reset(cell: Int) {
        shift = Int64(Int.bitWidth - 1 - max(cell, 1).leadingZeroBitCount)
        positions.removeAll(keepingCapacity: true)
        clusters.removeAll(keepingCapacity: true)
    }

    /// The number of the cell that holds a local position in the tile's own area; `shift` is that of a tile unit.
    func cell(_ point: TilePoint, shift unit: Int64) -> Int64 {
        (point.y >> (unit + shift)) << 32 | point.x >> (unit + shift)
    }

    func record(of cell: Int64) -> Int? { positions[cell].map { clusters[$0].record } }

    /// Makes a record the one of its cell.
    mutating func begin(_ cell: Int64, record: Int, _ point: TilePoint) {
        positions[cell] = clusters.count
        clusters.append(Cluster(record: record, count: 1, sumX: point.x, sumY: point.y))
    }

    mutating func add(_ cell: Int64, _ point: TilePoint) {
        guard let position = positions[cell] else { return }
        clusters[position].count += 1
        clusters[position].sumX += point.x
        clusters[position].sumY += point.y
    }
}

extension LayerTileEncoder {
    /// Turns the record of each cell with several points into their cluster.
    mutating func writeClusters() {
        let key = table.intern(key: "point_count")
        for cluster in points.clusters where cluster.count > 1 {
            account.clusters += 1
            account.clustered += Int(cluster.count)
            let start = geometry.bytes.count
            let mean = TilePoint(x: cluster.sumX / cluster.count, y: cluster.sumY / cluster.count)
            geometry.encodePoint(geometry.snapped(mean))
            let first = tags.count
            tag(key, .int(cluster.count))
            records[cluster.record].id = nil
            records[cluster.record].geometry = start..<geometry.bytes.count
            records[cluster.record].tags = first..<tags.count
            if rules.order == .size { records[cluster.record].importance = Double(cluster.count) }
        }
    }

    /// Writes the layer of label points for the polygons that were written.
    mutating func writeLabels(_ name: String) {
        var points: [Record] = []
        for label in labels where !records[label.record].isDropped {
            let start = geometry.bytes.count
            // Inside the tile: a place in its own area may round up to its far edge, which is the neighbour's first.
            let x = min(Int64((label.x - Double(tile.worldMinX)) / unit), 4095)
            let y = min(Int64((label.y - Double(tile.worldMinY)) / unit), 4095)
            geometry.encodePoint(TilePoint(x: x, y: y))
            var record = records[label.record]
            record.kind = .point
            record.geometry = start..<geometry.bytes.count
            points.append(record)
        }
        account.labels += points.count
        writer.write(name, points, tags, table, geometry.bytes, &output)
    }
}
