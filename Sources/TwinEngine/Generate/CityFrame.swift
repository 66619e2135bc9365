// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What a quarter of the city is.
enum Zone: Int, Sendable {
    case river, rail, shore, oldTown, center, newTown, residential, industrial, campus, park, village, farm, hill
    /// Open country beyond the surveyed fields.
    case wild

    var isUrban: Bool {
        switch self {
        case .oldTown, .center, .newTown, .residential, .industrial, .campus, .park: true
        default: false
        }
    }
}

enum RoadKind: String, Sendable {
    case trunk, arterial, secondary, local, lane, rural

    var width: Double {
        switch self {
        case .trunk: 44
        case .arterial: 32
        case .secondary: 20
        case .local: 11
        case .lane: 6
        case .rural: 7
        }
    }

    /// From 0 (local streets and lanes) to 3.
    var rank: Int { self == .trunk ? 3 : self == .arterial ? 2 : self == .secondary ? 1 : 0 }

    var chinese: String {
        switch self {
        case .trunk: "快速路"
        case .arterial: "主干路"
        case .secondary: "次干路"
        case .local: "支路"
        case .lane: "街巷"
        case .rural: "乡道"
        }
    }
}

/// The curvilinear lattice that the city is built on.
///
/// Rows follow the coast (row 0 is the shore line, growing inland), columns follow the river (the strip between
/// columns 0 and 1 is the river itself). A smooth displacement bends both, so that arterials turn with the coast and
/// the river, and a place is found without holding the city: every node is a function of its indices.
struct CityFrame: Sendable {
    let seed: UInt64
    /// Urban radius in metres; area and number of buildings grow with its square.
    let radius: Double
    let columns: ClosedRange<Int>
    let rows: ClosedRange<Int>
    let railRow: Int
    private let alongCoast: [Double]
    private let inland: [Double]
    private let phase: [Double]
    private var shift: PlanPoint
    /// Zones and crossings of the lattice, row by row: a few bytes for each quarter, asked for many times.
    private var zones: [Zone] = []
    private var nodes: [PlanPoint] = []

    /// Jiaozhou, EPSG:4549 metres (120.033E 36.265N).
    static let jiaozhou = PlanPoint(502_965.415, 4_014_947.962)
    /// The coast runs about ENE; inland is NNW.
    static let turn = 0.36
    static let step = 300.0

    init(seed: UInt64, radius: Double) {
        self.seed = seed
        self.radius = radius
        let reach = Int((radius * 1.42 / Self.step).rounded(.up)) + 2
        let depth = Int((radius * 1.62 / Self.step).rounded(.up)) + 3
        columns = -reach...(reach + 1)
        rows = 0...depth
        let rail = max(4, Int(radius * 0.92 / Self.step) | 1)
        railRow = rail
        var random = PlanRandom(seed, 1)
        phase = (0..<10).map { _ in random.real(0, 6.283) }
        var right = [75.0]
        var left = [-75.0]
        for _ in 0..<reach { right.append(right[right.count - 1] + Self.step * random.real(0.84, 1.2)) }
        for _ in 0..<reach { left.append(left[left.count - 1] - Self.step * random.real(0.84, 1.2)) }
        alongCoast = left.dropFirst().reversed() + [-75.0] + right
        var rowsAt = [0.0, 150]
        for row in 2...(depth + 1) {
            let gap = row == rail + 1 ? 70 : Self.step * random.real(0.86, 1.18)
            rowsAt.append(rowsAt[rowsAt.count - 1] + gap)
        }
        inland = rowsAt
        shift = Self.jiaozhou
        // The old town's middle comes to lie on the true centre of Jiaozhou.
        shift = Self.jiaozhou - (place(radius * 0.22, radius * 0.52) - Self.jiaozhou)
        zones = rows.flatMap { row in columns.map { surveyedZone($0, row) } }
        nodes = rows.flatMap { row in columns.map { placedNode($0, row) } }
    }

    private func index(_ column: Int, _ row: Int) -> Int? {
        guard columns.contains(column), rows.contains(row) else { return nil }
        return row * columns.count + column - columns.lowerBound
    }

    /// What stands in the quarter whose south-west node is (column, row).
    func zone(_ column: Int, _ row: Int) -> Zone {
        guard let index = index(column, row), index < zones.count else { return surveyedZone(column, row) }
        return zones[index]
    }

    /// A crossing of the lattice.
    func node(_ column: Int, _ row: Int) -> PlanPoint {
        guard let index = index(column, row), index < nodes.count else { return placedNode(column, row) }
        return nodes[index]
    }

    private static func rotated(_ p: PlanPoint) -> PlanPoint {
        PlanPoint(p.x * cos(turn) - p.y * sin(turn), p.x * sin(turn) + p.y * cos(turn))
    }

    /// East along the coast, as a unit vector.
    static var eastward: PlanPoint { rotated(PlanPoint(1, 0)) }

    func s(_ column: Int) -> Double { alongCoast[max(0, min(column - columns.lowerBound, alongCoast.count - 1))] }
    func t(_ row: Int) -> Double { inland[max(0, min(row, inland.count - 1))] }

    /// From metres along the coast and inland to the map.
    func place(_ s: Double, _ t: Double) -> PlanPoint {
        let meander = 270 * sin(t / 1900 + phase[0]) + 110 * sin(t / 760 + phase[1])
        let near = exp(-(s / 2900) * (s / 2900)) + 0.25
        let bend = tanh((s / 7500) * (s / 7500))
        let coast = 210 * sin(s / 1500 + phase[2]) + 420 * sin(s / 4300 + phase[3]) - 1500 * bend
        let fade = 0.25 + 0.75 * exp(-max(0, t) / 4500)
        let east = 75 * sin(t / 1150 + s / 2600 + phase[4]) + 45 * sin(t / 640 - s / 900 + phase[5])
        let north = 80 * sin(s / 1270 + t / 3100 + phase[6]) + 42 * sin(s / 700 + t / 1100 + phase[7])
        return shift
            + Self.rotated(PlanPoint(s + meander * near + east * min(1, abs(s) / 700), t + coast * fade + north))
    }

    /// The inverse of ``place(_:_:)``, by fixed-point iteration; within a few metres.
    func unplaced(_ p: PlanPoint) -> (s: Double, t: Double) {
        let east = Self.eastward
        let relative = p - shift
        var s = relative.dot(east)
        var t = relative.dot(east.left)
        for _ in 0..<3 {
            let miss = p - place(s, t)
            s += miss.dot(east)
            t += miss.dot(east.left)
        }
        return (s, t)
    }

    private func placedNode(_ column: Int, _ row: Int) -> PlanPoint {
        var s = s(column)
        var t = t(row)
        let zone = zone(column, row)
        if column != 0, column != 1, row > 1, row != railRow, row != railRow + 1 {
            var random = PlanRandom(seed, 2, column, row)
            let loose = zone == .oldTown ? 46.0 : zone == .farm || zone == .hill || zone == .wild ? 50 : 14
            s += random.real(-loose, loose)
            t += random.real(-loose, loose)
        }
        return place(s, t)
    }

    /// South-west, south-east, north-east, north-west corner of a quarter.
    func corners(_ column: Int, _ row: Int) -> [PlanPoint] {
        [node(column, row), node(column + 1, row), node(column + 1, row + 1), node(column, row + 1)]
    }

    func contains(_ column: Int, _ row: Int) -> Bool {
        column >= columns.lowerBound && column < columns.upperBound && row >= rows.lowerBound && row < rows.upperBound
    }

    /// Smooth value noise in -1...1, `scale` in quarters.
    func noise(_ column: Double, _ row: Double, _ scale: Double, _ key: Int) -> Double {
        let x = column / scale
        let y = row / scale
        let i = Int(x.rounded(.down))
        let j = Int(y.rounded(.down))
        func value(_ a: Int, _ b: Int) -> Double {
            var random = PlanRandom(seed, 3, key, a, b)
            return random.real(-1, 1)
        }
        let u = x - Double(i)
        let v = y - Double(j)
        let a = u * u * (3 - 2 * u)
        let b = v * v * (3 - 2 * v)
        let low = value(i, j) * (1 - a) + value(i + 1, j) * a
        let high = value(i, j + 1) * (1 - a) + value(i + 1, j + 1) * a
        return low * (1 - b) + high * b
    }
}
