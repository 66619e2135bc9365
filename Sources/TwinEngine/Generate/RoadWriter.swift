// SPDX-License-Identifier: Apache-2.0

/// Streets and the railway, as GeoPackages.
final class RoadWriter: QuarterWriter {
    private let file: VectorDataset
    private let roads: VectorLayer
    private let main: VectorLayer
    private let folder: String
    private var wkb = WKBBuilder()
    var count: Int { roads.count }
    var mainCount: Int { main.count }

    init(folder: String) throws {
        self.folder = folder
        file = try VectorDataset(path: folder + "/roads.gpkg", driver: "GPKG")
        roads = try file.addLayer(
            "roads", .line, epsg: 4549,
            fields: [
                .text("road_code"), .text("name"), .text("class"), .real("width"), .integer("lanes"),
                .integer("bridge"),
                .integer("speed"),
            ])
        main = try file.addLayer("main_roads", .line, epsg: 4549, fields: [.text("name"), .text("class")])
    }

    func write(_ quarter: Quarter) throws {
        for street in quarter.streets {
            try add([street.from, street.to], street.kind, street.name, isBridge: street.isBridge)
        }
    }

    private func add(_ points: [PlanPoint], _ kind: RoadKind, _ name: String, isBridge: Bool) throws {
        wkb.line(points)
        let lanes = max(1, Int(kind.width / 5.2)) / 2 * 2
        let speed = kind == .trunk ? 80 : kind == .arterial ? 60 : kind == .secondary ? 50 : 30
        try roads.write(
            wkb,
            [
                .text("R" + padded(roads.count + 1, 8)), .text(name), .text(kind.chinese), .real(kind.width),
                .integer(max(1, lanes)), .integer(isBridge ? 1 : 0), .integer(speed),
            ])
    }

    /// Roads out of town, and every main road in one piece from end to end: what a map of the whole city shows.
    func writeMainRoads(_ frame: CityFrame) throws {
        for row in frame.rows where row > 0 {
            var run: [PlanPoint] = []
            var kind: RoadKind?
            for column in frame.columns.lowerBound..<frame.columns.upperBound {
                let next = frame.street(column, row, alongRow: true)
                if next != kind || run.isEmpty {
                    try flush(&run, kind, Names.row(row, east: column > 0))
                    kind = next
                    run = [frame.node(column, row)]
                }
                run.append(frame.node(column + 1, row))
            }
            try flush(&run, kind, Names.row(row, east: true))
        }
        for column in frame.columns {
            var run: [PlanPoint] = []
            var kind: RoadKind?
            for row in 1..<frame.rows.upperBound {
                let next = frame.street(column, row, alongRow: false)
                if next != kind || run.isEmpty {
                    try flush(&run, kind, Names.column(column))
                    kind = next
                    run = [frame.node(column, row)]
                }
                run.append(frame.node(column, row + 1))
            }
            try flush(&run, kind, Names.column(column))
        }
        try writeHighways(frame)
    }

    private func flush(_ run: inout [PlanPoint], _ kind: RoadKind?, _ name: String) throws {
        defer { run = [] }
        guard run.count > 1, let kind, kind == .trunk || kind == .arterial else { return }
        wkb.line(run)
        try main.write(wkb, [.text(name), .text(kind.chinese)])
    }

    private func writeHighways(_ frame: CityFrame) throws {
        let west = frame.s(frame.columns.lowerBound)
        let east = frame.s(frame.columns.upperBound)
        let top = frame.t(frame.rows.upperBound)
        func run(_ start: PlanPoint, _ name: String, _ place: (Double) -> PlanPoint) throws {
            var points = [start]
            var at = 200.0
            while at < frame.reach * 0.8 {
                points.append(place(at))
                at += 200
            }
            try add(points, .arterial, name, isBridge: false)
            wkb.line(points)
            try main.write(wkb, [.text(name), .text(RoadKind.arterial.chinese)])
        }
        for (row, name) in [(1, "滨海公路"), (2, "G308国道"), (frame.ringRow, "S219省道")] {
            let t = frame.t(row)
            try run(frame.node(frame.columns.lowerBound, row), name) { frame.place(west - $0, t) }
            try run(frame.node(frame.columns.upperBound, row), name) { frame.place(east + $0, t) }
        }
        for (column, name) in [(-frame.ringColumn, "G204国道"), (frame.ringColumn, "S217省道")] {
            let s = frame.s(column)
            try run(frame.node(column, frame.rows.upperBound), name) { frame.place(s, top + $0) }
        }
    }

    func finish() throws { try file.close() }

    /// The railway follows its strip of the lattice from edge to edge.
    static func writeRailway(_ frame: CityFrame, folder: String) throws -> Int {
        let file = try VectorDataset(path: folder + "/railway.gpkg", driver: "GPKG")
        let layer = try file.addLayer(
            "railway", .line, epsg: 4549, fields: [.text("name"), .text("class"), .integer("tracks")])
        var wkb = WKBBuilder()
        let west = frame.s(frame.columns.lowerBound) - frame.reach * 0.8
        let east = frame.s(frame.columns.upperBound) + frame.reach * 0.8
        let middle = frame.t(frame.railRow) + 35
        let inner = frame.s(frame.columns.lowerBound) - 3_000...frame.s(frame.columns.upperBound) + 3_000
        for (offset, name) in [(-2.5, "胶济铁路下行"), (2.5, "胶济铁路上行")] {
            var points: [PlanPoint] = []
            var s = west
            while s < east {
                points.append(frame.place(s, middle + offset))
                s += inner.contains(s) ? 60 : 200
            }
            points.append(frame.place(east, middle + offset))
            wkb.line(points)
            try layer.write(wkb, [.text(name), .text("国铁干线"), .integer(1)])
        }
        try file.close()
        return layer.count
    }
}
