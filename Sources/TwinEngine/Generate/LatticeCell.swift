// SPDX-License-Identifier: Apache-2.0

/// A quarter by its place in the lattice.
struct LatticeCell: Hashable, Sendable {
    var column: Int
    var row: Int

    /// The outlines of a set of cells along lattice nodes: each an outer ring (counter-clockwise) and its holes.
    ///
    /// - Complexity: O(cells) for tracing, O(holes x outlines) for nesting.
    static func outlines(_ cells: Set<LatticeCell>, _ frame: CityFrame) -> [[[PlanPoint]]] {
        var next: [LatticeCell: [LatticeCell]] = [:]
        func edge(_ a: (Int, Int), _ b: (Int, Int)) {
            next[LatticeCell(column: a.0, row: a.1), default: []].append(LatticeCell(column: b.0, row: b.1))
        }
        let sorted = cells.sorted { ($0.row, $0.column) < ($1.row, $1.column) }
        for cell in sorted {
            let c = cell.column
            let r = cell.row
            if !cells.contains(LatticeCell(column: c, row: r - 1)) { edge((c, r), (c + 1, r)) }
            if !cells.contains(LatticeCell(column: c + 1, row: r)) { edge((c + 1, r), (c + 1, r + 1)) }
            if !cells.contains(LatticeCell(column: c, row: r + 1)) { edge((c + 1, r + 1), (c, r + 1)) }
            if !cells.contains(LatticeCell(column: c - 1, row: r)) { edge((c, r + 1), (c, r)) }
        }
        var outer: [[PlanPoint]] = []
        var holes: [[PlanPoint]] = []
        for cell in next.keys.sorted(by: { ($0.row, $0.column) < ($1.row, $1.column) }) {
            while let ring = trace(from: cell, &next) {
                let points = ring.map { frame.node($0.column, $0.row) }
                if ringArea(points) > 0 { outer.append(points) } else { holes.append(points) }
            }
        }
        var result = outer.map { [$0] }
        for hole in holes {
            let owner = outer.indices.filter { contains(outer[$0], hole[0].lerp(hole[1], 0.5)) }
                .min { ringArea(outer[$0]) < ringArea(outer[$1]) }
            if let owner { result[owner].append(hole) }
        }
        return result
    }

    /// Follows edges, turning left where two rings touch, so that rings do not cross themselves.
    private static func trace(from start: LatticeCell, _ next: inout [LatticeCell: [LatticeCell]]) -> [LatticeCell]? {
        guard let first = next[start]?.popLast() else { return nil }
        var ring = [start]
        var previous = start
        var here = first
        while here != start {
            ring.append(here)
            guard var choices = next[here], !choices.isEmpty else { return nil }
            let dx = here.column - previous.column
            let dy = here.row - previous.row
            let best =
                choices.indices.max { a, b in
                    turn(dx, dy, here, choices[a]) < turn(dx, dy, here, choices[b])
                } ?? 0
            previous = here
            here = choices.remove(at: best)
            next[previous] = choices
        }
        return ring
    }

    private static func turn(_ dx: Int, _ dy: Int, _ here: LatticeCell, _ to: LatticeCell) -> Int {
        dx * (to.row - here.row) - dy * (to.column - here.column)
    }

    private static func contains(_ ring: [PlanPoint], _ p: PlanPoint) -> Bool {
        var inside = false
        for index in ring.indices {
            let a = ring[index]
            let b = ring[(index + 1) % ring.count]
            if (a.y > p.y) != (b.y > p.y), p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x { inside.toggle() }
        }
        return inside
    }
}
