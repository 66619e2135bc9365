// SPDX-License-Identifier: Apache-2.0

/// The land at a glance, for low zoom levels and as the ground under everything: open country far beyond the city's
/// extent, the built-up area, forests and fields as a few large shapes.
final class CountryWriter: QuarterWriter {
    private let frame: CityFrame
    private let file: VectorDataset
    private let land: VectorLayer
    private var wkb = WKBBuilder()
    private var built: Set<LatticeCell> = []
    private var fields: Set<LatticeCell> = []
    private var forest: Set<LatticeCell> = []
    var count: Int { land.count }

    init(_ frame: CityFrame, folder: String) throws {
        self.frame = frame
        file = try VectorDataset(path: folder + "/country.gpkg", driver: "GPKG")
        land = try file.addLayer("land_general", .polygon, epsg: 4549, fields: [.text("class")])
        try writeOpenCountry()
    }

    func write(_ quarter: Quarter) throws {
        let cell = LatticeCell(column: quarter.column, row: quarter.row)
        switch quarter.plan.zone {
        case .hill: forest.insert(cell)
        case .farm: fields.insert(cell)
        case .wild, .river, .shore: break
        default: built.insert(cell)
        }
    }

    private func writeOpenCountry() throws {
        let reach = frame.reach
        let coast = frame.coastLine()
        let west = frame.s(frame.columns.lowerBound) - reach
        let east = frame.s(frame.columns.upperBound) + reach
        let top = frame.t(frame.rows.upperBound) + reach
        try add([coast + [frame.place(east, top), frame.place(west, top)]], "乡野")
        // Woods and fields in the open country, up to where a map of the whole city ends.
        var random = PlanRandom(frame.seed, 110)
        for index in 0..<700 {
            let s = random.real(-2, 2) * frame.radius
            let t = random.real(0.12, 2.15) * frame.radius
            let isForest = random.chance(t > frame.radius * 1.45 ? 0.42 : 0.16)
            let size = frame.radius * (isForest ? random.real(0.02, 0.1) : random.real(0.012, 0.05))
            let stretch = random.real(1, 1.7)
            guard isOpen(s, t, size) else { continue }
            let ring = CountryShapes.blob(frame, s: s, t: t, radius: size, stretch: stretch, points: 72, &random)
            try add([ring], isForest ? "林地" : index % 2 == 0 ? "耕地" : "园地")
        }
    }

    /// Whether a shape of this size around a place of the frame touches no surveyed quarter.
    private func isOpen(_ s: Double, _ t: Double, _ size: Double) -> Bool {
        for (u, v) in [(0.0, 0.0), (1, 0), (-1, 0), (0, 1), (0, -1)] {
            let x = s + u * size * 1.5
            let y = t + v * size * 1.5
            guard let column = frame.columns.last(where: { frame.s($0) <= x }), column < frame.columns.upperBound,
                let row = frame.rows.last(where: { frame.t($0) <= y }), row < frame.rows.upperBound
            else { continue }
            if frame.zone(column, row) != .wild { return false }
        }
        return true
    }

    private func add(_ rings: [[PlanPoint]], _ kind: String) throws {
        wkb.polygon(rings)
        try land.write(wkb, [.text(kind)])
    }

    func finish() throws {
        for rings in LatticeCell.outlines(fields, frame) { try add(rings.map { CountryShapes.softened($0) }, "耕地") }
        for rings in LatticeCell.outlines(forest, frame) {
            try add(rings.map { CountryShapes.softened($0, times: 3) }, "林地")
        }
        for rings in LatticeCell.outlines(built, frame) { try add(rings, "建成区") }
        try file.close()
    }
}

extension CityFrame {
    /// How far sea, river, country and main roads run on beyond the lattice, metres: no map of the city sees their end.
    var reach: Double { max(60_000, radius * 3) }

    /// The shore from west to east, far beyond the city; the beach's small bays included.
    func coastLine() -> [PlanPoint] {
        let seaward = Self.eastward.left * -1
        let inner = s(columns.lowerBound) - 3_000...s(columns.upperBound) + 3_000
        var line: [PlanPoint] = []
        var s = s(columns.lowerBound) - reach
        let east = self.s(columns.upperBound) + reach
        while s < east {
            line.append(place(s, 0) + seaward * Self.bays(s))
            s += inner.contains(s) ? 35 : 180
        }
        return line + [place(east, 0)]
    }
}
