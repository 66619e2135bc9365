// SPDX-License-Identifier: Apache-2.0

/// Public services (one GeoPackage, a layer each) and administrative areas on the lattice's own nodes, so that
/// neighbours share borders exactly.
final class ServiceWriter: QuarterWriter {
    private let services: VectorDataset
    private let admin: VectorDataset
    private var layers: [String: VectorLayer] = [:]
    private var wkb = WKBBuilder()
    private var hasFirst = false

    /// Quarters along each side of a community and of a town (街道).
    static let communitySide = 4
    static let townSide = 12

    var counts: [String: Int] { layers.mapValues(\.count) }

    init(folder: String) throws {
        services = try VectorDataset(path: folder + "/services.gpkg", driver: "GPKG")
        admin = try VectorDataset(path: folder + "/admin.gpkg", driver: "GPKG")
        for id in ["schools", "hospitals", "fire_stations", "police_stations", "shelters", "hydrants"] {
            layers[id] = try services.addLayer(
                id, .point, epsg: 4549,
                fields: [.text("code"), .text("name"), .text("level"), .integer("capacity"), .text("phone")])
        }
        for id in ["towns", "communities", "grid_cells"] {
            layers[id] = try admin.addLayer(
                id, .polygon, epsg: 4549, fields: [.text("code"), .text("name"), .text("manager")])
        }
    }

    func write(_ quarter: Quarter) throws {
        try areas(quarter)
        try hydrants(quarter)
        var random = PlanRandom(quarter.frame.seed, 70, quarter.column, quarter.row)
        for block in quarter.blocks {
            switch block.use {
            case .school:
                try place(
                    "schools", block.center, block.name, block.name.hasSuffix("中学") ? "中学" : "小学",
                    random.integer(300...2400))
                if random.chance(0.5) {
                    try place("shelters", block.center + PlanPoint(6, 6), block.name + "避难场所", "Ⅱ类", 1500)
                }
            case .hospital:
                try place(
                    "hospitals", block.center, block.name, block.area > 25_000 ? "三级" : "一级", random.integer(40...900))
            case .utility where block.name.contains("消防"):
                try place("fire_stations", block.center, block.name, "一级站", 45)
            case .government where random.chance(0.4):
                try place("police_stations", block.center, block.name.prefix(2) + "派出所", "派出所", 30)
            case .park where block.area > 8_000:
                try place("shelters", block.center, block.name + "应急避难场所", "Ⅰ类", Int(block.area / 4))
            default: break
            }
        }
        guard quarter.plan.zone.isUrban, let block = quarter.blocks.first else { return }
        // A town is never without help: one of each in the first quarter, stations at even distances after that.
        let name = random.pick(Names.locals)
        if !hasFirst || (quarter.column % 7 == 3 && quarter.row % 6 == 2) {
            try place("fire_stations", block.center + PlanPoint(3, 0), name + "路消防救援站", "二级站", 30)
        }
        if !hasFirst || (quarter.column % 5 == 2 && quarter.row % 5 == 4) {
            try place("police_stations", block.center + PlanPoint(0, 3), name + "派出所", "派出所", 25)
        }
        if !hasFirst {
            try place("hospitals", block.center + PlanPoint(-3, 0), "胶州中心医院", "三级", 1200)
            try place("schools", block.center + PlanPoint(0, -3), "胶州实验小学", "小学", 1800)
            try place("shelters", block.center + PlanPoint(3, 3), "中心广场避难场所", "Ⅰ类", 3000)
        }
        hasFirst = true
    }

    /// The hydrants of the water survey, as the fire brigade keeps them.
    private func hydrants(_ quarter: Quarter) throws {
        let corridor = PipeCorridor(quarter.frame, quarter.column, quarter.row)
        for street in quarter.streets where PipeClass.water.carried(by: street) {
            let parts = PipeWriter.parts(.water, street)
            let (start, end) = (corridor.station(street.from), corridor.station(street.to))
            for part in 1..<max(2, parts) where part < parts {
                let point = start.lerp(end, Double(part) / Double(parts)).position(.water)
                try place("hydrants", point, street.name + "消火栓", "地上式", 15)
            }
        }
    }

    private func place(_ layer: String, _ point: PlanPoint, _ name: String, _ level: String, _ capacity: Int) throws {
        guard let target = layers[layer] else { return }
        wkb.point(point)
        try target.write(
            wkb,
            [
                .text(layer.prefix(2).uppercased() + padded(target.count + 1, 6)), .text(name), .text(level),
                .integer(capacity),
                .text("0532-8\(padded(2_000_000 + target.count * 37 % 900_000, 7))"),
            ])
    }

    /// Codes of the unit grid (GB/T 30428.1): 6 county, 3 town, 3 community, 3 cell.
    static func codes(_ frame: CityFrame, _ column: Int, _ row: Int) -> (town: String, community: String, cell: String)
    {
        let across = column - frame.columns.lowerBound
        let up = row - frame.rows.lowerBound
        let townsAcross = (frame.columns.count + townSide - 1) / townSide
        let town = up / townSide * townsAcross + across / townSide + 1
        let perTown = townSide / communitySide
        let community = up % townSide / communitySide * perTown + across % townSide / communitySide + 1
        let cell = (communitySide - 1 - up % communitySide) * communitySide + across % communitySide + 1
        let townCode = "370281" + padded(town, 3)
        return (townCode, townCode + padded(community, 3), townCode + padded(community, 3) + padded(cell, 3))
    }

    private func areas(_ quarter: Quarter) throws {
        let frame = quarter.frame
        let codes = Self.codes(frame, quarter.column, quarter.row)
        let across = quarter.column - frame.columns.lowerBound
        let up = quarter.row - frame.rows.lowerBound
        var random = PlanRandom(frame.seed, 71, quarter.column, quarter.row)
        func add(_ id: String, _ side: Int, _ code: String, _ name: String) throws {
            guard across % side == 0, up % side == 0 else { return }
            wkb.polygon([Self.outline(frame, quarter.column, quarter.row, side)])
            try layers[id]?.write(
                wkb, [.text(code), .text(name), .text(random.pick(["王", "李", "张", "刘", "于", "姜"]) + "网格长")])
        }
        let town = Names.townships[(Int(codes.town.suffix(3)) ?? 1) % Names.townships.count]
        try add("towns", Self.townSide, codes.town, town)
        try add("communities", Self.communitySide, codes.community, random.pick(Names.locals) + "社区")
        try add("grid_cells", 1, codes.cell, "\(town)\(codes.cell.suffix(6))网格")
    }

    /// The border of a square of quarters, along every lattice node on it.
    static func outline(_ frame: CityFrame, _ column: Int, _ row: Int, _ side: Int) -> [PlanPoint] {
        let east = min(column + side, frame.columns.upperBound)
        let north = min(row + side, frame.rows.upperBound)
        var ring: [PlanPoint] = []
        for index in column..<east { ring.append(frame.node(index, row)) }
        for index in row..<north { ring.append(frame.node(east, index)) }
        for index in stride(from: east, to: column, by: -1) { ring.append(frame.node(index, north)) }
        for index in stride(from: north, to: row, by: -1) { ring.append(frame.node(column, index)) }
        return ring
    }

    func finish() throws {
        try services.close()
        try admin.close()
    }
}
