// SPDX-License-Identifier: Apache-2.0

/// The ground as a GeoTIFF: sea floor near the coast to the hills behind the city.
enum DEMWriter {
    static func write(_ frame: CityFrame, folder: String) throws {
        var low = PlanPoint(.infinity, .infinity)
        var high = PlanPoint(-.infinity, -.infinity)
        for column in frame.columns {
            for row in [frame.rows.lowerBound, frame.rows.upperBound] {
                let node = frame.node(column, row)
                low = PlanPoint(min(low.x, node.x), min(low.y, node.y))
                high = PlanPoint(max(high.x, node.x), max(high.y, node.y))
            }
        }
        let size = max(high.x - low.x, high.y - low.y)
        // 30 m cells, coarser for a large city so that the file stays near a million cells.
        let cell = max(30.0, (size / 1_000 / 10).rounded(.up) * 10)
        let width = Int((high.x - low.x) / cell) + 1
        let height = Int((high.y - low.y) / cell) + 1
        try RasterWriter.write(
            path: folder + "/dem.tif", width: width, height: height, west: low.x, north: high.y, cell: cell
        ) { row in
            (0..<width).map { column in
                Float(
                    frame.ground(PlanPoint(low.x + (Double(column) + 0.5) * cell, high.y - (Double(row) + 0.5) * cell)))
            }
        }
    }
}
