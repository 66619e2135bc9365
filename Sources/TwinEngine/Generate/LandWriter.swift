// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Water, green and land cover, as one GeoPackage with three layers.
final class LandWriter: QuarterWriter {
    private let file: VectorDataset
    private let water: VectorLayer
    private let green: VectorLayer
    private let cover: VectorLayer
    private var wkb = WKBBuilder()
    var counts: (water: Int, green: Int, cover: Int) { (water.count, green.count, cover.count) }

    init(folder: String) throws {
        file = try VectorDataset(path: folder + "/land.gpkg", driver: "GPKG")
        let fields: [WriterField] = [.text("name"), .text("class")]
        water = try file.addLayer("water", .polygon, epsg: 4549, fields: fields)
        green = try file.addLayer("green", .polygon, epsg: 4549, fields: fields)
        cover = try file.addLayer("land_cover", .polygon, epsg: 4549, fields: fields)
    }

    /// Sea, river and reservoir, once.
    func writeWaters(_ frame: CityFrame) throws {
        let reach = frame.reach
        let west = frame.s(frame.columns.lowerBound) - reach
        let east = frame.s(frame.columns.upperBound) + reach
        let coast = frame.coastLine()
        try add(water, [frame.place(west, -reach), frame.place(east, -reach)] + coast.reversed(), "胶州湾", "海域")
        var left: [PlanPoint] = []
        var right: [PlanPoint] = []
        let surveyed = frame.t(frame.rows.upperBound) + 3_000
        var t = -30.0
        while t <= surveyed + reach {
            let half = 40 + 46 * exp(-max(0, t) / 90) + 5 * sin(t / 130)
            left.append(frame.place(-half, t))
            right.append(frame.place(half, t))
            t += t < surveyed ? 40 : 160
        }
        try add(water, right + left.reversed(), "大沽河", "河流")
        var random = PlanRandom(frame.seed, 111)
        let size = max(420, frame.radius * 0.085)
        let lake = CountryShapes.blob(
            frame, s: size * 0.2, t: frame.t(frame.rows.upperBound) + size * 1.3, radius: size, stretch: 1.25,
            points: 96, &random)
        try add(water, lake, "青石水库", "水库")
    }

    func write(_ quarter: Quarter) throws {
        switch quarter.plan.zone {
        case .river: try bank(quarter)
        case .shore: try shore(quarter)
        case .farm where quarter.isVillage: try add(cover, quarter.plan.outline.points, "", "村庄")
        case .farm: try farm(quarter)
        case .rail: try add(cover, quarter.plan.outline.points, "", "铁路用地")
        // Built-up area, forest and open country come once, in large shapes, from CountryWriter.
        default: break
        }
        for block in quarter.blocks {
            if block.use.isOpen {
                try add(
                    green, CountryShapes.softened(block.ring, share: 0.16), block.name,
                    block.use == .park ? "公园" : block.use == .square ? "广场" : "绿地")
                if block.use == .park { try lake(block, quarter) }
            }
            for parcel in block.parcels {
                for field in parcel.fields { try add(green, field, parcel.name + "运动场", "运动场") }
            }
        }
    }

    private func bank(_ quarter: Quarter) throws {
        guard quarter.row > 0 else { return }
        let frame = quarter.frame
        let low = frame.t(quarter.row)
        let high = frame.t(quarter.row + 1)
        for side in [-1.0, 1.0] {
            var inner: [PlanPoint] = []
            var outer: [PlanPoint] = []
            for step in 0...4 {
                let t = low + (high - low) * Double(step) / 4
                inner.append(frame.place(side * 38, t))
                outer.append(frame.place(side * 57, t))
            }
            let ring = side > 0 ? outer + inner.reversed() : inner + outer.reversed()
            try add(green, ring, "滨河绿带", "绿地")
        }
    }

    private func shore(_ quarter: Quarter) throws {
        let frame = quarter.frame
        let low = frame.s(quarter.column)
        let high = frame.s(quarter.column + 1)
        func strip(_ near: Double, _ far: Double) -> [PlanPoint] {
            let steps = (0...5).map { low + (high - low) * Double($0) / 5 }
            return steps.map { frame.place($0, near) } + steps.reversed().map { frame.place($0, far) }
        }
        try add(cover, strip(-12, 42), "", "沙滩")
        try add(green, strip(44, 128), "滨海公园", "公园")
    }

    private func farm(_ quarter: Quarter) throws {
        var random = PlanRandom(quarter.frame.seed, 30, quarter.column, quarter.row)
        if random.chance(0.07) { try pond(quarter, &random) }
        var open = [quarter.plan.outline]
        while let next = open.popLast() {
            if next.area < random.real(14_000, 34_000) || open.count > 40 {
                guard let field = next.inset(2.2) else { continue }
                try add(cover, field.points, "", random.pick(["水浇地", "水浇地", "旱地", "果园", "设施大棚", "水浇地"]))
                continue
            }
            let longest = next.longestEdge
            let from = next.points[longest]
            let to = next.points[(longest + 1) % next.points.count]
            let edge = ConvexRing.Edge(half: 0, street: -1)
            let start = from.lerp(to, random.real(0.4, 0.6))
            let across = (to - from).unit.left
            let pair = [next.leftOf(start, across, edge), next.leftOf(start, across * -1, edge)]
            open += pair.filter { $0.points.count > 2 && $0.area > 500 }
        }
    }

    private func pond(_ quarter: Quarter, _ random: inout PlanRandom) throws {
        let frame = quarter.frame
        let (s, t) = (frame.s(quarter.column) + 150, frame.t(quarter.row) + 150)
        let ring = CountryShapes.blob(
            frame, s: s, t: t, radius: random.real(22, 60), stretch: random.real(0.8, 1.4), points: 24, &random)
        try add(water, ring, "", "坑塘")
    }

    private func lake(_ block: PlannedBlock, _ quarter: Quarter) throws {
        guard block.area > 25_000 else { return }
        var random = PlanRandom(quarter.frame.seed, 31, quarter.column, quarter.row)
        let size = block.area.squareRoot() * random.real(0.14, 0.22)
        let phase = random.real(0, 6)
        let ring = (0..<28).map { step -> PlanPoint in
            let angle = Double(step) / 28 * 2 * .pi
            let radius = size * (1 + 0.22 * sin(2 * angle + phase) + 0.12 * sin(3 * angle))
            return block.center + PlanPoint(cos(angle) * radius, sin(angle) * radius)
        }
        try add(water, ring, block.name + "湖", "湖泊")
    }

    private func add(_ layer: VectorLayer, _ ring: [PlanPoint], _ name: String, _ kind: String) throws {
        wkb.polygon([ring])
        try layer.write(wkb, [name.isEmpty ? .null : .text(name), .text(kind)])
    }

    func finish() throws { try file.close() }
}
