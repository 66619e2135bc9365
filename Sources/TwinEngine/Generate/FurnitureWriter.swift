// SPDX-License-Identifier: Apache-2.0

/// Street furniture: lamps and parts (部件) as GeoJSON in degrees, cameras as CSV, trees and bus stops as GeoPackage.
final class FurnitureWriter: QuarterWriter {
    private let toDegrees: PlanTransform
    private let lamps: GeoJSONFile
    private let poles: GeoJSONFile
    private let parts: GeoJSONFile
    private let cameras: TextFile
    private let file: VectorDataset
    private let trees: VectorLayer
    private let stops: VectorLayer
    private var wkb = WKBBuilder()

    var counts: [String: Int] {
        [
            "street_lamps": lamps.count, "poles": poles.count, "components": parts.count, "cameras": cameras.rows - 1,
            "trees": trees.count, "bus_stops": stops.count,
        ]
    }

    private static let kinds: [(code: String, name: String, department: String)] = [
        ("0101", "上水井盖", "水务局"), ("0102", "污水井盖", "水务局"), ("0103", "雨水井盖", "水务局"), ("0104", "雨水箅子", "水务局"),
        ("0105", "电力井盖", "供电公司"), ("0107", "通讯井盖", "通信管理办"), ("0116", "消防设施", "消防救援大队"),
        ("0201", "停车设施", "城市管理局"), ("0203", "公交站亭", "交通运输局"), ("0207", "交通信号灯", "公安局"),
        ("0208", "交通护栏", "公安局"), ("0302", "垃圾箱", "城市管理局"), ("0405", "护树设施", "园林局"),
    ]

    init(folder: String) throws {
        toDegrees = try PlanTransform()
        lamps = try GeoJSONFile(folder + "/street_lamps.geojson", "street_lamps")
        poles = try GeoJSONFile(folder + "/poles.geojson", "poles")
        parts = try GeoJSONFile(folder + "/components.geojson", "components")
        cameras = try TextFile(folder + "/cameras.csv", .utf8WithMark)
        try cameras.row("设备编码", "名称", "经度", "纬度", "朝向", "类型", "权属单位")
        file = try VectorDataset(path: folder + "/street.gpkg", driver: "GPKG")
        trees = try file.addLayer(
            "trees", .point, epsg: 4549, fields: [.text("species"), .real("height"), .integer("planted")])
        stops = try file.addLayer("bus_stops", .point, epsg: 4549, fields: [.text("name"), .text("lines")])
    }

    func write(_ quarter: Quarter) throws {
        var random = PlanRandom(quarter.frame.seed, 60, quarter.column, quarter.row)
        for street in quarter.streets where street.isUrban && !street.isBridge {
            try furnish(street, &random)
        }
    }

    private func furnish(_ street: StreetPiece, _ random: inout PlanRandom) throws {
        let major = street.kind != .local && street.kind != .lane
        let along = (street.to - street.from).unit
        func spot(_ at: Double, _ side: Double) -> PlanPoint {
            street.from + along * at + along.left * (side * (street.kind.width / 2 - (major ? 1.5 : 0.8)))
        }
        var at = 9.0
        var side = 1.0
        while at < street.length - 6 {
            let file = lamps.begin("LD", 8)
            file.append(
                major ? "\",\"height\":11,\"power\":180,\"road\":\"" : "\",\"height\":7,\"power\":60,\"road\":\"")
            file.append(street.name)
            file.append("\"")
            try lamps.end(toDegrees(spot(at, side)))
            at += major ? 34 : 48
            side = -side
        }
        if major {
            at = 15
            let species = random.pick(["国槐", "法国梧桐", "银杏", "白蜡", "栾树"])
            while at < street.length - 8 {
                wkb.point(spot(at, side) - along.left * (side * 1.2))
                try trees.write(
                    wkb, [.text(species), .real(random.real(5, 14).rounded()), .integer(random.integer(1995...2022))])
                at += 17
                side = -side
            }
            try stopAndPole(street, spot(street.length * 0.4, 1), spot(street.length * 0.75, -1), &random)
        }
        for _ in 0..<(major ? 3 : 1) where street.length > 20 {
            let kind = random.pick(Self.kinds)
            let place = spot(random.real(6, street.length - 6), random.chance(0.5) ? 0.7 : -0.7)
            let state = random.chance(0.97) ? "完好" : "破损"
            let file = parts.begin("370281" + kind.code, 6)
            file.append("\",\"name\":\"")
            file.append(kind.name)
            file.append("\",\"department\":\"")
            file.append(kind.department)
            file.append("\",\"state\":\"")
            file.append(state)
            file.append("\"")
            try parts.end(toDegrees(place))
        }
    }

    private func stopAndPole(
        _ street: StreetPiece, _ stop: PlanPoint, _ pole: PlanPoint, _ random: inout PlanRandom
    ) throws {
        if street.length > 110, random.chance(0.45) {
            wkb.point(stop)
            try stops.write(
                wkb,
                [
                    .text(street.name + random.pick(Names.locals) + "站"),
                    .text("\(random.integer(1...30))路,\(random.integer(101...120))路"),
                ])
        }
        guard street.length > 60, random.chance(0.7) else { return }
        let degrees = toDegrees(pole)
        let code = "ZG\(padded(poles.count + 1, 7))"
        try poles.point(degrees, "\"code\":\"\(code)\",\"kind\":\"综合杆\",\"height\":12,\"road\":\"\(street.name)\"")
        guard random.chance(0.55) else { return }
        try cameras.row(
            "37028100\(padded(cameras.rows, 12))", street.name + "监控\(cameras.rows)", fixed(degrees.x, 7),
            fixed(degrees.y, 7),
            String(random.integer(0...359)), random.pick(["枪机", "球机", "卡口"]), "公安局")
    }

    func finish() throws {
        try lamps.close()
        try poles.close()
        try parts.close()
        try cameras.close()
        try file.close()
    }
}

/// A FeatureCollection of points (RFC 7946), streamed.
final class GeoJSONFile {
    private let file: TextFile
    private(set) var count = 0

    init(_ path: String, _ name: String) throws {
        file = try TextFile(path)
        try file.write("{\"type\":\"FeatureCollection\",\"name\":\"\(name)\",\"features\":[\n")
    }

    /// - Parameter properties: JSON members without the braces.
    func point(_ degrees: PlanPoint, _ properties: String) throws {
        let comma = count > 0 ? ",\n" : ""
        count += 1
        try file.write(
            "\(comma){\"type\":\"Feature\",\"properties\":{\(properties)},\"geometry\":{\"type\":\"Point\","
                + "\"coordinates\":["
                + fixed(degrees.x, 7) + "," + fixed(degrees.y, 7) + "]}}")
    }

    /// Starts a point whose first property `code` is a prefix and its number; the caller closes the quotation, adds
    /// further members and calls ``end(_:)``.
    func begin(_ prefix: String, _ digits: Int) -> TextFile {
        file.append(count > 0 ? ",\n{\"type\":\"Feature\",\"properties\":{\"code\":\"" : Self.first)
        count += 1
        file.append(prefix)
        file.append(count, minimum: digits)
        return file
    }
    private static let first = "{\"type\":\"Feature\",\"properties\":{\"code\":\""

    func end(_ degrees: PlanPoint) throws {
        file.append("},\"geometry\":{\"type\":\"Point\",\"coordinates\":[")
        file.append(degrees.x, 7)
        file.append(",")
        file.append(degrees.y, 7)
        file.append("]}}")
        try file.flushIfFull()
    }

    func close() throws {
        try file.write("\n]}\n")
        try file.close()
    }
}
