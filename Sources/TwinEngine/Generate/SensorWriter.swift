// SPDX-License-Identifier: Apache-2.0

/// The ledger of sensing terminals (感知终端台账): one code for each terminal, with owner, carrier and grade.
final class SensorWriter: QuarterWriter {
    private let toDegrees: PlanTransform
    private let ledger: TextFile
    var count: Int { ledger.rows - 1 }

    static let kinds: [(kind: String, title: String, department: String, carrier: String, grade: String)] = [
        ("air", "空气质量", "生态环境局", "灯杆", "public"), ("level", "河道液位", "水务局", "桥梁", "public"),
        ("manhole", "井盖", "城市管理局", "检查井", "internal"), ("flood", "积水", "水务局", "下穿通道", "public"),
        ("pressure", "管网压力", "水务局", "阀门井", "internal"), ("flow", "管网流量", "水务局", "检查井", "internal"),
        ("video", "视频", "公安局", "综合杆", "restricted"), ("parking", "停车", "城市管理局", "泊位", "public"),
        ("gas", "燃气泄漏", "城市管理局", "阀门井", "restricted"), ("noise", "噪声", "生态环境局", "灯杆", "public"),
        ("smoke", "烟感", "消防救援大队", "建筑", "internal"), ("lamp", "单灯控制", "城市管理局", "灯杆", "internal"),
    ]

    init(folder: String) throws {
        toDegrees = try PlanTransform()
        ledger = try TextFile(folder + "/sensors.csv", .utf8WithMark)
        try ledger.row(
            "终端编码", "类型", "类型名称", "名称", "权属部门", "载体", "载体编码", "数据分级", "状态", "安装日期", "经度", "纬度")
        // Buses are terminals too: the traces carry the same codes.
        for bus in 1...BusTraces.buses {
            try row(
                index: 99, kind: ("bus", "公交车", "交通运输局", "车辆", "public"), "\(bus)号公交车", CityFrame.jiaozhou,
                code: BusTraces.code(bus))
        }
    }

    func write(_ quarter: Quarter) throws {
        guard quarter.plan.zone.isUrban else { return }
        var random = PlanRandom(quarter.frame.seed, 80, quarter.column, quarter.row)
        for street in quarter.streets where street.isUrban && street.length > 30 && random.chance(0.35) {
            let index = random.integer(0...(Self.kinds.count - 1))
            let kind = Self.kinds[index]
            let along = (street.to - street.from).unit
            let place =
                street.from + along * random.real(8, street.length - 8) + along.left * (street.kind.width / 2 - 1)
            try row(index: index + 1, kind: kind, street.name + kind.title + "\(count + 1)", place, code: nil)
        }
    }

    private func row(
        index: Int, kind: (kind: String, title: String, department: String, carrier: String, grade: String),
        _ name: String,
        _ place: PlanPoint, code: String?
    ) throws {
        let degrees = toDegrees(place)
        let serial = count + 1
        try ledger.row(
            code ?? "370281" + padded(index, 3) + padded(serial, 7), kind.kind, kind.title, name, kind.department,
            kind.carrier,
            "ZT" + padded(serial, 7), kind.grade, serial % 53 == 0 ? "停用" : "在用",
            "20\(padded(16 + serial % 10, 2))-\(padded(1 + serial % 12, 2))-15",
            fixed(degrees.x, 7), fixed(degrees.y, 7))
    }

    func finish() throws { try ledger.close() }
}

/// GPS traces of buses that loop along the arterials for half an hour: they drive the live demo.
enum BusTraces {
    static let buses = 40
    /// Seconds between fixes, and of the whole trace.
    private static let interval = 6
    private static let duration = 1800

    static func code(_ bus: Int) -> String { "370281099" + padded(bus, 7) }

    static func write(_ frame: CityFrame, folder: String) throws -> Int {
        let toDegrees = try PlanTransform()
        let file = try TextFile(folder + "/bus_trace.csv")
        try file.row("id", "t", "lon", "lat", "kind", "speed", "heading")
        var random = PlanRandom(frame.seed, 90)
        let routes = (0..<buses).map { _ in Route(frame, &random) }
        for second in stride(from: 0, to: duration, by: interval) {
            for (index, route) in routes.enumerated() {
                let (place, heading, speed) = route.at(second)
                let degrees = toDegrees(place)
                let minute = second / 60
                try file.row(
                    code(index + 1), "2026-11-21T08:\(padded(minute, 2)):\(padded(second % 60, 2))Z",
                    fixed(degrees.x, 7),
                    fixed(degrees.y, 7), "bus", fixed(speed, 1), String(heading))
            }
        }
        try file.close()
        return file.rows - 1
    }

    /// A closed loop along arterial rows and columns.
    struct Route {
        private var points: [PlanPoint] = []
        private var reached: [Double] = [0]
        private let speed: Double
        private let offset: Double

        init(_ frame: CityFrame, _ random: inout PlanRandom) {
            let reach = max(2, Int(frame.radius * 0.6 / CityFrame.step))
            let west = random.integer(-reach...0)
            let south = 1 + random.integer(0...(reach / 2))
            let east = max(west + 2, random.integer(1...(reach + 1)))
            let north = south + random.integer(2...max(3, reach))
            for column in west..<east { points.append(frame.node(column, south)) }
            for row in south..<north { points.append(frame.node(east, row)) }
            for column in stride(from: east, to: west, by: -1) { points.append(frame.node(column, north)) }
            for row in stride(from: north, through: south, by: -1) { points.append(frame.node(west, row)) }
            for index in 1..<points.count {
                reached.append(reached[index - 1] + (points[index] - points[index - 1]).length)
            }
            speed = random.real(6, 11)
            offset = random.real(0, reached[reached.count - 1])
        }

        /// Place, heading in degrees from north, and speed in km/h after `second` seconds. Stops 20 s in every 90 s.
        func at(_ second: Int) -> (PlanPoint, Int, Double) {
            let cycle = second % 90
            let moving = Double(second / 90 * 70 + min(cycle, 70))
            let distance = (offset + moving * speed).truncatingRemainder(dividingBy: reached[reached.count - 1])
            var leg = 1
            while leg < reached.count - 1, reached[leg] < distance { leg += 1 }
            let share = (distance - reached[leg - 1]) / max(0.001, reached[leg] - reached[leg - 1])
            let direction = (points[leg] - points[leg - 1]).unit
            return (points[leg - 1].lerp(points[leg], share), Bearing.degrees(direction), cycle < 70 ? speed * 3.6 : 0)
        }
    }
}
