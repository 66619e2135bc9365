// SPDX-License-Identifier: Apache-2.0

/// Streets and the railway, as GeoPackages.
final class RoadWriter: QuarterWriter {
    private let file: VectorDataset
    private let roads: VectorLayer
    private let folder: String
    private var wkb = WKBBuilder()
    var count: Int { roads.count }

    init(folder: String) throws {
        self.folder = folder
        file = try VectorDataset(path: folder + "/roads.gpkg", driver: "GPKG")
        roads = try file.addLayer(
            "roads", .line, epsg: 4549,
            fields: [
                .text("road_code"), .text("name"), .text("class"), .real("width"), .integer("lanes"),
                .integer("bridge"),
                .integer("speed"),
            ], options: ["SPATIAL_INDEX=YES"])
    }

    func write(_ quarter: Quarter) throws {
        for street in quarter.streets {
            wkb.line([street.from, street.to])
            let lanes = max(1, Int(street.kind.width / 5.2)) / 2 * 2
            try roads.write(
                wkb,
                [
                    .text("R" + padded(roads.count + 1, 8)), .text(street.name), .text(street.kind.chinese),
                    .real(street.kind.width), .integer(max(1, lanes)), .integer(street.isBridge ? 1 : 0),
                    .integer(
                        street.kind == .trunk ? 80 : street.kind == .arterial ? 60 : street.kind == .secondary ? 50 : 30
                    ),
                ])
        }
    }

    func finish() throws { try file.close() }

    /// The railway follows its strip of the lattice from edge to edge.
    static func writeRailway(_ frame: CityFrame, folder: String) throws -> Int {
        let file = try VectorDataset(path: folder + "/railway.gpkg", driver: "GPKG")
        let layer = try file.addLayer(
            "railway", .line, epsg: 4549, fields: [.text("name"), .text("class"), .integer("tracks")])
        var wkb = WKBBuilder()
        let west = frame.s(frame.columns.lowerBound) - max(6_000, frame.radius)
        let east = frame.s(frame.columns.upperBound) + max(6_000, frame.radius)
        let middle = frame.t(frame.railRow) + 35
        for (offset, name) in [(-2.5, "胶济铁路下行"), (2.5, "胶济铁路上行")] {
            var points: [PlanPoint] = []
            var s = west
            while s < east {
                points.append(frame.place(s, middle + offset))
                s += 60
            }
            points.append(frame.place(east, middle + offset))
            wkb.line(points)
            try layer.write(wkb, [.text(name), .text("国铁干线"), .integer(1)])
        }
        try file.close()
        return layer.count
    }
}
