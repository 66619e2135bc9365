// SPDX-License-Identifier: Apache-2.0

/// The eight classes of underground pipes (CJJ 61), with how each is laid and delivered.
enum PipeClass: Int, CaseIterable, Sendable {
    case water, storm, sewage, gas, heat, power, telecom, industrial

    var id: String {
        switch self {
        case .water: "water"
        case .storm: "storm"
        case .sewage: "sewage"
        case .gas: "gas"
        case .heat: "heat"
        case .power: "power"
        case .telecom: "telecom"
        case .industrial: "industrial"
        }
    }
    var prefix: String { Self.prefixs[rawValue] }
    private static let prefixs: [String] = ["JS", "YS", "WS", "RQ", "RL", "DL", "DX", "GY"]
    var chinese: String { Self.chineses[rawValue] }
    private static let chineses: [String] = ["给水", "雨水", "污水", "燃气", "热力", "电力", "电信", "工业"]
    var english: String { Self.englishs[rawValue] }
    private static let englishs: [String] = [
        "Water supply", "Storm water", "Sewage", "Gas", "Heating", "Power", "Telecom", "Industrial",
    ]
    var color: String { Self.colors[rawValue] }
    private static let colors: [String] = [
        "#2f6fdd", "#8a5a3c", "#6b4423", "#d9369b", "#e08a1e", "#e03131", "#2f9e44", "#3d3d3d",
    ]
    var owner: String { Self.owners[rawValue] }
    private static let owners: [String] = [
        "胶州水务集团", "市政公用服务中心", "市政公用服务中心", "新奥燃气", "胶州热力公司", "国网胶州供电公司", "中国铁塔", "工业园管委会",
    ]
    var department: String { Self.departments[rawValue] }
    private static let departments: [String] = ["水务局", "水务局", "水务局", "城市管理局", "城市管理局", "供电公司", "通信管理办", "工业和信息化局"]
    /// Metres from the street's centre line: to the left along a row, to the right along a column. The order leaves the
    /// clearances of the profile of pipe classes between neighbours, with room for bends.
    var offset: Double { Self.offsets[rawValue] }
    private static let offsets: [Double] = [-0.85, 3.1, 1.65, -4.1, -6.1, -2.6, 5.6, -7.0]
    /// How far storm sewers lie above the sewers, invert to invert, in metres.
    static let stormAboveSewage = 1.0

    /// Metres of cover below a place where streets of a rank (0 to 3) meet; sewers follow the drainage plane instead.
    ///
    /// The classes lie in layers, so that pipes of crossing streets pass each other: telecom, gas, power, water, heat.
    func cover(_ rank: Double) -> Double {
        let covers = Self.covers[rawValue]
        let lower = min(max(Int(rank), 0), covers.count - 2)
        return covers[lower] + (covers[lower + 1] - covers[lower]) * (rank - Double(lower))
    }
    private static let covers: [[Double]] = [
        [1.72, 1.86, 2.12, 2.38], [], [], [1.02, 1.08, 1.15, 1.25], [2.1, 2.4, 2.85, 3.25], [1.38, 1.45, 1.6, 1.75],
        [0.7, 0.7, 0.7, 0.7], [2.5, 2.95, 3.5, 4.0],
    ]
    /// Metres between points along a street: hydrants, manholes, chambers.
    var spacing: Double { Self.spacings[rawValue] }
    private static let spacings: [Double] = [120, 55, 50, 400, 150, 90, 100, 200]
    var encoding: TextFile.Encoding { Self.encodings[rawValue] }
    private static let encodings: [TextFile.Encoding] = [
        .gbk, .gbk, .utf8WithMark, .gbk, .utf8, .utf8WithMark, .gbk, .utf8,
    ]
    var encodingName: String { encoding == .gbk ? "GBK" : "UTF-8" }
    var isGravity: Bool { self == .storm || self == .sewage }
    var classification: String {
        self == .gas || self == .power ? "restricted" : self == .telecom || self == .industrial ? "internal" : "public"
    }

    /// What stands at a junction and between junctions (附属物).
    var junctionFixture: String { Self.junctionFixtures[rawValue] }
    private static let junctionFixtures: [String] = ["阀门井", "检查井", "检查井", "阀门", "阀门井", "人孔", "人孔", "阀门"]
    var middleFixture: String { Self.middleFixtures[rawValue] }
    private static let middleFixtures: [String] = ["消火栓", "雨水篦", "检查井", "凝水缸", "补偿器", "手孔", "手孔", "阀门"]

    func carried(by street: StreetPiece) -> Bool {
        guard street.isUrban else { return false }
        switch self {
        case .water, .power, .telecom: return street.kind != .lane || self != .telecom
        case .storm, .sewage: return !street.isBridge
        case .gas: return street.kind != .lane && !street.isBridge
        case .heat: return street.kind != .lane && street.kind != .local && !street.isBridge
        case .industrial: return street.isIndustrial && street.kind != .local
        }
    }

    /// Inside diameter in millimetres, or width and height of a duct bank.
    func size(_ kind: RoadKind) -> (diameter: Int, text: String) {
        let rank = kind.rank
        switch self {
        case .water: let d = [150, 300, 500, 600][rank]; return (d, "\(d)")
        case .storm: let d = [500, 800, 1000, 1200][rank]; return (d, "\(d)")
        case .sewage: let d = [300, 400, 600, 800][rank]; return (d, "\(d)")
        case .gas: let d = [110, 160, 250, 315][rank]; return (d, "\(d)")
        case .heat: let d = [200, 300, 400, 500][rank]; return (d, "\(d)")
        case .power: let w = [300, 400, 600, 800][rank]; return (w, "\(w)X\(w / 2)")
        case .telecom: let w = [200, 300, 400, 500][rank]; return (w, "\(w)X\(w / 2)")
        case .industrial: let d = [150, 200, 300, 300][rank]; return (d, "\(d)")
        }
    }

    func material(_ kind: RoadKind, year: Int) -> String {
        switch self {
        case .water: year < 2000 ? "铸铁" : kind == .local ? "PE" : "球墨铸铁"
        case .storm: "混凝土"
        case .sewage: year < 2005 ? "混凝土" : "HDPE"
        case .gas: year < 2002 ? "钢" : "PE"
        case .heat: "预制保温钢管"
        case .power: "铜"
        case .telecom: "光纤"
        case .industrial: "不锈钢"
        }
    }
}
