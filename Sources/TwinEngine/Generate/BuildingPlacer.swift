// SPDX-License-Identifier: Apache-2.0

/// Puts buildings on one lot in rows that face about south (行列式), as towers, courtyards, sheds or houses.
///
/// Everything stays inside the convex lot: a rectangle is inside when the chords at its two long edges cover it.
struct BuildingPlacer {
    let frame: CityFrame
    let zone: Zone
    let use: LandUse
    let name: String
    var random: PlanRandom
    private(set) var buildings: [PlannedBuilding] = []
    private(set) var fields: [[PlanPoint]] = []

    init(frame: CityFrame, zone: Zone, use: LandUse, name: String, random: PlanRandom) {
        self.frame = frame
        self.zone = zone
        self.use = use
        self.name = name
        self.random = random
    }

    /// How a row of buildings looks, in metres.
    struct Pattern {
        var depth: ClosedRange<Double>
        var length: ClosedRange<Double>
        /// Clear distance between rows and between neighbours in a row.
        var rowGap: ClosedRange<Double>
        var sideGap: ClosedRange<Double>
        var setback: Double
        var floors: ClosedRange<Int>
        var storey: Double
        /// Share of places left empty.
        var empty: Double
        var uniformFloors = true
    }

    mutating func fill(_ lot: ConvexRing, _ index: Int) {
        switch use {
        case .park, .green, .square: break
        case .oldHousing: oldHousing(lot)
        case .school: school(lot)
        case .commerce, .culture: mall(lot)
        case .business, .government, .hospital: office(lot)
        default: rows(lot, pattern(lot))
        }
        _ = index
    }

    private mutating func pattern(_ lot: ConvexRing) -> Pattern {
        switch use {
        case .industry:
            return Pattern(
                depth: 26...52, length: 50...120, rowGap: 14...22, sideGap: 12...20, setback: 9, floors: 1...3,
                storey: 5.5,
                empty: 0.1, uniformFloors: false)
        case .logistics:
            return Pattern(
                depth: 40...60, length: 90...160, rowGap: 26...34, sideGap: 18...26, setback: 12, floors: 1...2,
                storey: 7, empty: 0.05)
        case .village:
            return Pattern(
                depth: 8...10, length: 11...16, rowGap: 5...8, sideGap: 1.5...4, setback: 1.5, floors: 1...2,
                storey: 3.2,
                empty: 0.07, uniformFloors: false)
        case .utility:
            return Pattern(
                depth: 12...18, length: 20...36, rowGap: 14...20, sideGap: 10...14, setback: 8, floors: 1...4,
                storey: 4,
                empty: 0.2, uniformFloors: false)
        default: return housing()
        }
    }

    private mutating func housing() -> Pattern {
        let style = random.unit()
        let tall = zone == .newTown || zone == .center ? 0.62 : 0.24
        if style < tall {  // point towers
            let floors = zone == .newTown ? 24...33 : 18...27
            return Pattern(
                depth: 17...20, length: 24...34, rowGap: 30...42, sideGap: 20...32, setback: 11, floors: floors,
                storey: 2.95,
                empty: 0.06)
        }
        if style < tall + 0.3 {  // eleven storeys with lift
            return Pattern(
                depth: 13...14.5, length: 34...52, rowGap: 24...30, sideGap: 11...15, setback: 8, floors: 9...11,
                storey: 2.95,
                empty: 0.04)
        }
        return Pattern(
            depth: 11...12.5, length: 40...64, rowGap: 15...19, sideGap: 8...11, setback: 6, floors: 5...6, storey: 2.9,
            empty: 0.03)
    }

    /// The lot's edge direction nearest to east.
    private func facing(_ lot: ConvexRing) -> PlanPoint {
        var best = PlanPoint(1, 0)
        var score = -1.0
        for index in lot.points.indices {
            let edge = lot.points[(index + 1) % lot.points.count] - lot.points[index]
            let value = abs(edge.unit.x) * (edge.length > 15 ? 1 : 0.2)
            if value > score {
                score = value
                best = edge.x >= 0 ? edge.unit : edge.unit * -1
            }
        }
        return best
    }

    private mutating func rows(_ lot: ConvexRing, _ pattern: Pattern) {
        guard let inner = lot.inset(pattern.setback) else { return }
        let east = facing(inner)
        let north = east.left
        let span = inner.extent(north)
        var v = span.lowerBound + random.real(0, 2)
        let floors = random.integer(pattern.floors)
        let year = random.integer(yearRange(floors))
        let length = random.real(pattern.length.lowerBound, pattern.length.upperBound)
        let depth = random.real(pattern.depth.lowerBound, pattern.depth.upperBound)
        while v + pattern.depth.lowerBound < span.upperBound {
            let lower = inner.chord(north * v, east)
            let upper = inner.chord(north * (v + depth), east)
            if let lower, let upper {
                let low = max(lower.lowerBound, upper.lowerBound)
                let high = min(lower.upperBound, upper.upperBound)
                if high - low > pattern.length.lowerBound * 0.55 {
                    row(from: low, to: high, at: v, east, depth, length, floors, year, pattern)
                }
            }
            v += depth + random.real(pattern.rowGap.lowerBound, pattern.rowGap.upperBound)
        }
    }

    private mutating func row(
        from low: Double, to high: Double, at v: Double, _ east: PlanPoint, _ depth: Double, _ length: Double,
        _ floors: Int,
        _ year: Int, _ pattern: Pattern
    ) {
        let gap = random.real(pattern.sideGap.lowerBound, pattern.sideGap.upperBound)
        let count = max(1, Int(((high - low + gap) / (length + gap)).rounded()))
        let size = min((high - low - gap * Double(count - 1)) / Double(count), pattern.length.upperBound)
        guard size > pattern.length.lowerBound * 0.5 else { return }
        let used = size * Double(count) + gap * Double(count - 1)
        var u = low + (high - low - used) / 2
        for _ in 0..<count {
            if !random.chance(pattern.empty) {
                let levels = pattern.uniformFloors ? floors : random.integer(pattern.floors)
                add([rectangle(u, v, size, depth, east)], floors: levels, storey: pattern.storey, year: year)
            }
            u += size + gap
        }
    }

    private func rectangle(_ u: Double, _ v: Double, _ length: Double, _ depth: Double, _ east: PlanPoint)
        -> [PlanPoint]
    {
        let north = east.left
        let corner = east * u + north * v
        return [corner, corner + east * length, corner + east * length + north * depth, corner + north * depth]
    }

    private func yearRange(_ floors: Int) -> ClosedRange<Int> {
        switch zone {
        case .oldTown: 1958...1998
        case .newTown: 2010...2024
        case .village, .farm: 1982...2015
        default: floors > 12 ? 2006...2023 : floors > 6 ? 2002...2020 : 1988...2008
        }
    }

    private mutating func add(_ rings: [[PlanPoint]], floors: Int, storey: Double, year: Int) {
        let structure = floors > 7 ? "钢筋混凝土" : use == .industry || use == .logistics ? "钢结构" : floors > 2 ? "混合" : "砖木"
        let number = buildings.count + 1
        let label: String =
            switch use {
            case .housing, .oldHousing: "\(name)\(number)号楼"
            case .village: "\(name)\(number)号"
            case .industry, .logistics: "\(name)\(number)号车间"
            default: number == 1 ? name : "\(name)\(number)号楼"
            }
        buildings.append(
            PlannedBuilding(
                rings: rings, floors: floors, height: ((Double(floors) * storey + 0.6) * 10).rounded() / 10, year: year,
                use: use, structure: structure, name: label, ground: frame.ground(rings[0][0])))
    }

    // Old town: perimeter houses around courtyards, or short rows of low houses.
    private mutating func oldHousing(_ lot: ConvexRing) {
        guard let inner = lot.inset(1.2, smallest: 90) else { return }
        let year = random.integer(yearRange(1))
        if random.chance(0.42), let court = inner.inset(random.real(5.5, 7)), court.area > 60 {
            add([inner.points, court.points.reversed()], floors: random.integer(1...3), storey: 3.1, year: year)
            return
        }
        rows(
            lot,
            Pattern(
                depth: 7...9.5, length: 9...17, rowGap: 3.5...5.5, sideGap: 0.8...2.2, setback: 1, floors: 1...3,
                storey: 3.1,
                empty: 0.06, uniformFloors: false))
    }

    private mutating func school(_ lot: ConvexRing) {
        guard let inner = lot.inset(8), inner.area > 3000 else { return rows(lot, housing()) }
        let east = facing(inner)
        let north = east.left
        let span = inner.extent(east)
        let middle = span.lowerBound + (span.upperBound - span.lowerBound) * random.real(0.48, 0.58)
        let edge = ConvexRing.Edge(half: 0, street: -1)
        let west = inner.leftOf(east * (middle - 6), north, edge)
        let right = inner.leftOf(east * (middle + 6), north * -1, edge)
        let teaching = Pattern(
            depth: 12...16, length: 42...72, rowGap: 22...28, sideGap: 14...20, setback: 0, floors: 4...5, storey: 3.7,
            empty: 0)
        if west.points.count > 2 { rows(west, teaching) }
        if right.points.count > 2 { field(right) }
    }

    /// A running track: a stadium shape as large as fits, at most 84 m x 172 m.
    private mutating func field(_ lot: ConvexRing) {
        let center = lot.center
        let axis = facing(lot).left
        guard let along = lot.chord(center, axis), let across = lot.chord(center, axis.left) else { return }
        var half = min(86, min(-along.lowerBound, along.upperBound) - 4)
        let radius = min(half * 0.49, 40, min(-across.lowerBound, across.upperBound) - 4)
        half = min(half, radius * 2.3)
        guard radius > 8 else { return }
        var ring: [PlanPoint] = []
        for step in 0..<16 {
            let side = step < 8 ? 1.0 : -1.0
            let turn = Double(step % 8) / 7
            let angle = (turn - 0.5) * .pi
            let x = radius * Self.cosine(angle)
            let y = radius * Self.sine(angle)
            ring.append(center + (axis * ((half - radius) + x) + axis.left * y) * side)
        }
        fields.append(ring)
    }

    /// Bhaskara's rational sine: enough for a running track, and no libm differences between machines.
    private static func cosine(_ angle: Double) -> Double {
        let square = angle * angle
        return (9.8696044 - 4 * square) / (9.8696044 + square)
    }
    private static func sine(_ angle: Double) -> Double {
        angle >= 0 ? cosine(1.57079633 - angle) : -cosine(1.57079633 + angle)
    }

    private mutating func mall(_ lot: ConvexRing) {
        if zone == .oldTown || lot.area < 2500 {
            return rows(
                lot,
                Pattern(
                    depth: 9...13, length: 14...30, rowGap: 5...8, sideGap: 1.5...4, setback: 1.5, floors: 2...4,
                    storey: 3.6,
                    empty: 0.04, uniformFloors: false))
        }
        rows(
            lot,
            Pattern(
                depth: 34...58, length: 46...86, rowGap: 16...24, sideGap: 14...20, setback: 10, floors: 3...6,
                storey: 4.8,
                empty: 0.04, uniformFloors: false))
    }

    private mutating func office(_ lot: ConvexRing) {
        let floors = zone == .center ? 12...36 : zone == .newTown ? 10...28 : 4...14
        rows(
            lot,
            Pattern(
                depth: 20...30, length: 28...52, rowGap: 24...34, sideGap: 18...28, setback: 10,
                floors: use == .business ? floors : 4...10, storey: 3.8, empty: 0.06, uniformFloors: false))
    }
}
