// SPDX-License-Identifier: Apache-2.0

/// A convex counter-clockwise polygon whose edges carry the half width of the street they lie on.
///
/// Streets are cut as centre lines, so neighbouring rings share edges exactly; a block is the ring moved inwards
/// by each edge's half width.
///
///        v3 ----- e2 ----- v2
///        |                  |
///        e3                 e1      e(k) runs from v(k) to v(k+1)
///        |                  |
///        v0 ----- e0 ----- v1
struct ConvexRing: Sendable {
    struct Edge: Sendable {
        /// Metres from the street's centre line to the block.
        var half: Double
        /// 0...3: a side of the quarter (south, east, north, west); 4 and up: cut number - 4.
        var street: Int
    }
    var points: [PlanPoint]
    var edges: [Edge]

    var area: Double {
        var sum = 0.0
        for index in points.indices { sum += points[index].cross(points[(index + 1) % points.count]) }
        return sum / 2
    }

    var center: PlanPoint {
        points.reduce(PlanPoint(0, 0), +) * (1 / Double(max(1, points.count)))
    }

    /// The part left of the line through `origin` along `direction`; the new edge gets `edge`.
    func leftOf(_ origin: PlanPoint, _ direction: PlanPoint, _ edge: Edge) -> ConvexRing {
        var kept = ConvexRing(points: [], edges: [])
        let count = points.count
        for index in 0..<count {
            let from = points[index]
            let to = points[(index + 1) % count]
            let a = direction.cross(from - origin)
            let b = direction.cross(to - origin)
            if a >= 0 {
                kept.points.append(from)
                kept.edges.append(edges[index])
                if b < 0 {
                    if a > 0 {
                        kept.append(from.lerp(to, a / (a - b)), edge)
                    } else {
                        kept.edges[kept.edges.count - 1] = edge
                    }
                }
            } else if b > 0 {
                kept.append(from.lerp(to, a / (a - b)), edges[index])
            }
        }
        return kept
    }

    private mutating func append(_ point: PlanPoint, _ edge: Edge) {
        points.append(point)
        edges.append(edge)
    }

    /// Moves every edge inwards by its half width (or by `distance`); nil if nothing is left.
    func inset(_ distance: Double? = nil, smallest: Double = 60) -> ConvexRing? {
        var ring = self
        for index in points.indices {
            let from = points[index]
            let direction = (points[(index + 1) % points.count] - from).unit
            let offset = distance ?? edges[index].half
            guard offset > 0 else { continue }
            ring = ring.leftOf(from + direction.left * offset, direction, edges[index])
            if ring.points.count < 3 { return nil }
        }
        return ring.area >= smallest ? ring : nil
    }

    /// Where the line through `origin` along `direction` is inside, as distances along `direction`.
    func chord(_ origin: PlanPoint, _ direction: PlanPoint) -> ClosedRange<Double>? {
        var low = -Double.infinity
        var high = Double.infinity
        for index in points.indices {
            let from = points[index]
            let edge = points[(index + 1) % points.count] - from
            let rate = edge.cross(direction)
            let distance = edge.cross(origin - from)
            if abs(rate) < 1e-9 {
                if distance < 0 { return nil }
            } else if rate > 0 {
                low = max(low, -distance / rate)
            } else {
                high = min(high, -distance / rate)
            }
        }
        return low < high ? low...high : nil
    }

    /// Index of the longest edge.
    var longestEdge: Int {
        var best = 0
        var length = -1.0
        for index in points.indices {
            let size = (points[(index + 1) % points.count] - points[index]).length
            if size > length {
                length = size
                best = index
            }
        }
        return best
    }

    /// Extent along `direction` (unit length).
    func extent(_ direction: PlanPoint) -> ClosedRange<Double> {
        var low = Double.infinity
        var high = -Double.infinity
        for point in points {
            let value = point.dot(direction)
            low = min(low, value)
            high = max(high, value)
        }
        return low...high
    }
}
