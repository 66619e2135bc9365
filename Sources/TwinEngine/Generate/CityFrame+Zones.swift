// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension CityFrame {
    /// Decides what stands in a quarter; ``zone(_:_:)`` remembers it.
    func surveyedZone(_ column: Int, _ row: Int) -> Zone {
        if column == 0 { return .river }
        if row == railRow { return .rail }
        if row == 0 { return .shore }
        let a = (s(min(column, columns.upperBound - 1)) + 150) / radius
        let b = (t(row) + 150) / radius
        let wobble = noise(Double(column), Double(row), 5, 1) * 0.16 + noise(Double(column), Double(row), 2, 2) * 0.07
        let reach = (a / 1.15) * (a / 1.15) + ((b - 0.45) / 0.8) * ((b - 0.45) / 0.8)
        if reach + wobble > 1 { return rural(column, row, a, b) }
        return urban(column, row, a, b)
    }

    private func rural(_ column: Int, _ row: Int, _ a: Double, _ b: Double) -> Zone {
        let height = noise(Double(column), Double(row), 9, 3) + b * 0.75 - 0.9
        // One hill stands in any case, so that a city of any size has a protected area.
        let isTown = radius < 1_500
        let top = t(rows.upperBound) / radius
        let ripple = noise(Double(column), Double(row), 3, 9)
        let fringe = max(0, abs(a) - 1.1) * 2.2 + max(0, b - top + 0.3 + ripple * 0.08) * 4.5
        let knoll = hypot(a - 0.45, b - top + 0.32) + ripple * 0.05
        if height - fringe + ripple * 0.12 > 0.42 || knoll < max(0.17, 520 / radius) { return .hill }
        if isTown && row >= rows.upperBound - 2 { return .hill }
        let edge = noise(Double(column), Double(row), 7, 10) * 0.3 + noise(Double(column), Double(row), 2.5, 11) * 0.12
        let out = (a / 1.45) * (a / 1.45) + ((b - 0.4) / 1.12) * ((b - 0.4) / 1.12)
        return out + edge > 1 && !isTown ? .wild : .farm
    }

    private func urban(_ column: Int, _ row: Int, _ a: Double, _ b: Double) -> Zone {
        var random = PlanRandom(seed, 4, column, row)
        let near = hypot(a - 0.22, b - 0.52) + noise(Double(column), Double(row), 3, 4) * 0.05
        let oldReach = max(0.22, min(0.42, 420 / radius))
        if near < oldReach { return .oldTown }
        if near < oldReach + 0.14, a > 0.05 { return random.chance(0.08) ? .park : .center }
        if noise(Double(column), Double(row), 1.7, 5) > 0.72 { return .park }
        if b < 0.33, a < 0.35 { return random.chance(0.06) ? .park : .newTown }
        if a > 0.62 || (b > 0.95 && a > -0.2) { return .industrial }
        if a < -0.5, b > 0.35, b < 0.7, noise(Double(column), Double(row), 4, 6) > 0.1 { return .campus }
        // Centres of a polycentric city appear once it is large.
        if noise(Double(column), Double(row), 14, 7) > 0.62 { return .center }
        if noise(Double(column), Double(row), 16, 8) > 0.66 { return .industrial }
        return .residential
    }

    enum Side: Int { case south, east, north, west }

    /// The street on the edge of the lattice from node (column, row): to the east (`alongRow`) or to the north.
    /// nil where there is none, as between fields or across the river where no bridge stands.
    func street(_ column: Int, _ row: Int, alongRow: Bool) -> RoadKind? {
        let here = zone(column, row)
        let other = alongRow ? zone(column, row - 1) : zone(column - 1, row)
        let urban = here.isUrban || other.isUrban
        if alongRow {
            if row <= 0 { return nil }
            if column == 0 { return crossing(row) }
            if row == 1 { return urban || here == .farm ? .arterial : .rural }
            if isRingRow(row) && abs(column) <= ringColumn { return .trunk }
            if !urban { return countryRoad(column, row, here, other, isMain: isRingRow(row) || row == 2, line: row) }
            return row % 2 == 0 ? .arterial : .secondary
        }
        if row <= 0 { return nil }
        if row == railRow {
            if abs(column) == ringColumn { return .trunk }
            let crosses = zone(column, row - 1).isUrban && zone(column, row + 1).isUrban
            return column % 2 == 0 && column != 0 && crosses ? .secondary : nil
        }
        if column == 0 || column == 1 { return urban ? .arterial : .rural }
        if abs(column) == ringColumn && row < ringRow && row >= 1 { return .trunk }
        if !urban { return countryRoad(column, row, here, other, isMain: abs(column) == ringColumn, line: column) }
        return column % 2 == 0 ? .arterial : .secondary
    }

    /// Roads between fields: main roads run on to the edge of the map, lanes are few and some end.
    private func countryRoad(
        _ column: Int, _ row: Int, _ here: Zone, _ other: Zone, isMain: Bool, line: Int
    ) -> RoadKind? {
        if isMain { return .arterial }
        guard here == .farm, other == .farm, line % 3 == 0 else { return nil }
        var random = PlanRandom(seed, 5, column, row)
        return random.chance(0.82) ? .rural : nil
    }

    /// Bridges stand on every second arterial row, and on the coast road and the ring.
    private func crossing(_ row: Int) -> RoadKind? {
        if row == 1 { return .arterial }
        if isRingRow(row) { return .trunk }
        if row % 2 == 0 && radius < 1500 { return .arterial }
        return row % 4 == 2 && (row == 2 || zone(-1, row).isUrban || zone(1, row).isUrban) ? .arterial : nil
    }

    var ringColumn: Int { max(2, Int(radius * 0.55 / Self.step)) & ~1 }
    var ringRow: Int {
        let row = max(2, Int(radius * 0.85 / Self.step)) & ~1
        return row == railRow ? row - 2 : row
    }
    func isRingRow(_ row: Int) -> Bool { row == ringRow }

    /// Ground height in metres above the 1985 datum. Falls towards the sea and the river along every street, so
    /// that sewers laid at a steady depth below the plane drain without pumps.
    func ground(_ p: PlanPoint) -> Double {
        let (s, t) = unplaced(p)
        if t < 0 { return max(-18, 1.2 + t * 0.012) }
        return plane(s, t) + 2.4 + bump(p) + hills(s, t)
    }

    /// Invert of the sewers in metres above the datum, and ground at the same place. They lie 4 to 7 m deep, below
    /// what else crosses.
    func levels(_ p: PlanPoint) -> (invert: Double, ground: Double) {
        let (s, t) = unplaced(p)
        return (plane(s, t) - 3, plane(s, t) + 2.4 + bump(p) + hills(s, t))
    }

    /// The drainage plane: sewers lie on a plane below it, ground above it.
    private func plane(_ s: Double, _ t: Double) -> Double {
        0.8 + max(0, t) * 0.0026 + abs(s) * 0.0005
    }

    func bump(_ p: PlanPoint) -> Double {
        0.9 * sin(p.x / 610) * cos(p.y / 740) + 0.35 * sin(p.x / 170 + p.y / 230)
    }

    /// Height of the hills behind the city, metres.
    private func hills(_ s: Double, _ t: Double) -> Double {
        let out = max(0, t - radius * 1.28)
        let swell = 0.6 + 0.4 * sin(s / 1400) * cos(t / 1700) + 0.2 * sin(s / 420 + t / 380)
        return min(260, out * 0.085) * swell
    }
}
