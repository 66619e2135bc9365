// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// One surface of a solid in its plane, and what is wrong with it by itself.
///
/// Units: metres; the plane is that of Newell's normal through the first vertex.
struct SolidSurface {
    typealias Vertex = SIMD3<Double>
    typealias Corner = SIMD3<Int64>

    /// Vertices nearer than a millimetre are one.
    static let step = 0.001
    private static let planeTolerance = 0.01
    /// A vertex nearer to a line touches it.
    private static let touch = 0.0001
    /// Cosine of 20°.
    private static let foldTolerance = 0.9397

    /// Vertices in whole millimetres, ring by ring, none closed.
    private(set) var corners: [[Corner]] = []
    private(set) var points: [[Vertex]] = []
    private(set) var flat: [[SIMD2<Double>]] = []
    let origin: Vertex
    let normal: Vertex
    private let u: Vertex
    private let v: Vertex
    /// The farthest vertex from the plane.
    private(set) var deviation = 0.0

    static func corner(_ point: Vertex) -> Corner {
        func whole(_ value: Double) -> Int64 { Int64(max(-9e15, min(9e15, (value / step).rounded()))) }
        return Corner(whole(point.x), whole(point.y), whole(point.z))
    }

    /// Nil where the outer ring has no area.
    ///
    /// Complexity: O(vertices), O(vertices²) within a ring and between rings.
    /// - Throws: `geos` where GEOS cannot judge the holes.
    init?(_ rings: [ArraySlice<Double>], _ faults: inout Set<SolidFault>) throws(SpatialError) {
        var outer: (points: [Vertex], turn: Vertex)?
        for (number, ring) in rings.enumerated() {
            var ringPoints: [Vertex] = stride(from: ring.startIndex, to: ring.endIndex - 2, by: 3).map {
                Vertex(ring[$0], ring[$0 + 1], ring[$0 + 2])
            }
            if ringPoints.count > 1, Self.corner(ringPoints[0]) == Self.corner(ringPoints[ringPoints.count - 1]) {
                ringPoints.removeLast()
            }
            let keys = ringPoints.map(Self.corner)
            if zip(keys, keys.dropFirst()).contains(where: { $0 == $1 }) { faults.insert(.fewPoints) }
            let distinct = Set(keys).count
            guard distinct >= 3 else {
                faults.insert(.fewPoints)
                if number == 0 { return nil }
                continue
            }
            if distinct < keys.count { faults.insert(.selfTouching) }
            if number == 0 { outer = (ringPoints, Self.newell(ringPoints)) }
            corners.append(keys)
            points.append(ringPoints)
        }
        guard let outer else { return nil }
        let length = (outer.turn * outer.turn).sum().squareRoot()
        guard length > 0 else {
            faults.insert(.selfTouching)
            return nil
        }
        origin = outer.points[0]
        normal = outer.turn / length
        (u, v) = Self.frame(normal)
        for ring in points { take(ring, &faults) }
        judgeHoles(&faults)
        if points.count > 1, faults.isDisjoint(with: [.badHole, .crossingRings]) { try judgeInside(&faults) }
        if deviation > Self.planeTolerance { faults.insert(.nonPlanar) } else { judgeFolds(&faults) }
    }

    /// The place in the surface's plane.
    func flattened(_ point: Vertex) -> SIMD2<Double> {
        SIMD2(((point - origin) * u).sum(), ((point - origin) * v).sum())
    }

    /// Signed metres from the plane, positive on the side that the surface faces.
    func height(_ point: Vertex) -> Double { ((point - origin) * normal).sum() }

    /// Whether a place of the plane lies in the surface, farther than `margin` from all of its rings.
    func holds(_ place: SIMD2<Double>, margin: Double) -> Bool {
        var isInside = false
        for ring in flat where Self.contains(ring, place) { isInside.toggle() }
        return isInside && flat.allSatisfy { Self.distance($0, place) > margin }
    }

    // MARK: - Its own faults

    private mutating func take(_ ring: [Vertex], _ faults: inout Set<SolidFault>) {
        let places = ring.map(flattened)
        deviation = ring.reduce(deviation) { max($0, abs(height($1))) }
        if Self.crossesItself(places) { faults.insert(.selfTouching) }
        // Different vertices at one place of the plane are a step in it; slivers that touch themselves have no sure plane.
        for at in places.indices where !faults.contains(.selfTouching) {
            let way = places[at] - places[(at + 1) % places.count]
            if (way * way).sum() < Self.touch * Self.touch { faults.insert(.nonPlanar) }
        }
        if !flat.isEmpty, (Self.newell(ring) * normal).sum() > 0 { faults.insert(.badHole) }
        flat.append(places)
    }

    /// Holes against the outer ring and against each other.
    private func judgeHoles(_ faults: inout Set<SolidFault>) {
        for (number, hole) in flat.enumerated().dropFirst() {
            for (other, ring) in flat.enumerated().prefix(number) {
                if Set(corners[other]) == Set(corners[number]) || Self.cross(ring, hole) {
                    faults.insert(.crossingRings)
                } else if other == 0 {
                    if Self.isInside(hole, ring) == false { faults.insert(.badHole) }
                } else if Self.isInside(hole, ring) == true || Self.isInside(ring, hole) == true {
                    faults.insert(.badHole)
                }
            }
        }
    }

    private func judgeInside(_ faults: inout Set<SolidFault>) throws(SpatialError) {
        var polygon = FlatCoordinates(kind: .polygon)
        for ring in flat {
            for place in ring + [ring[0]] { polygon.xy += [place.x, place.y] }
            polygon.ringEnds.append(UInt32(polygon.xy.count / 2))
        }
        polygon.ringEnds[0] |= ringStartsPart
        if let reason = try GEOSContext().validityReason(polygon), reason.hasPrefix("Interior is disconnected") {
            faults.insert(.dividedSurface)
        }
    }

    private func judgeFolds(_ faults: inout Set<SolidFault>) {
        // Surfaces without a vertex beside their plane have no folds.
        guard deviation > Self.step / 10, faults.isDisjoint(with: [.selfTouching, .crossingRings]) else { return }
        let all = points.flatMap { $0 }
        var holes: [Int] = []
        for ring in points.dropLast() { holes.append((holes.last ?? 0) + ring.count) }
        var triangulator = Triangulator()
        let triangles = triangulator.triangulate(flat.flatMap { $0.flatMap { [$0.x, $0.y] } }, holes: holes)
        for at in stride(from: 0, to: triangles.count, by: 3) {
            let corner = triangles[at..<(at + 3)].map { all[Int($0)] }
            let sides = (0..<3).map { corner[($0 + 1) % 3] - corner[$0] }
            let turn = Self.cross(sides[0], sides[1])
            let area = (turn * turn).sum().squareRoot()
            let longest = sides.map { ($0 * $0).sum().squareRoot() }.max() ?? 0
            // Slivers have no direction.
            guard area > longest * Self.step else { continue }
            if (turn * normal).sum() < area * Self.foldTolerance { faults.insert(.nonPlanar) }
        }
    }

    // MARK: - Arithmetic

    static func cross(_ a: Vertex, _ b: Vertex) -> Vertex {
        Vertex(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
    }

    private static func newell(_ points: [Vertex]) -> Vertex {
        var sum = Vertex.zero
        for at in points.indices { sum += cross(points[at] - points[0], points[(at + 1) % points.count] - points[0]) }
        return sum
    }

    private static func frame(_ normal: Vertex) -> (u: Vertex, v: Vertex) {
        let helper = abs(normal.z) > 0.7 ? Vertex(1, 0, 0) : Vertex(0, 0, 1)
        var u = cross(helper, normal)
        u /= (u * u).sum().squareRoot()
        return (u, cross(normal, u))
    }

    private static func side(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ p: SIMD2<Double>) -> Double {
        (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
    }

    /// Whether two edges that are no neighbours cross, or a vertex lies on one.
    private static func crossesItself(_ ring: [SIMD2<Double>]) -> Bool {
        let count = ring.count
        guard count > 3 else { return false }
        for i in 0..<count {
            let (a, b) = (ring[i], ring[(i + 1) % count])
            for j in (i + 2)..<max(i + 2, count) where !(i == 0 && j == count - 1) {
                let (c, d) = (ring[j], ring[(j + 1) % count])
                let (s, t) = (side(a, b, c), side(a, b, d))
                let (u, v) = (side(c, d, a), side(c, d, b))
                if (s > 0) != (t > 0), (u > 0) != (v > 0), s != 0, t != 0, u != 0, v != 0 { return true }
            }
            for (j, point) in ring.enumerated() where j != i && j != (i + 1) % count {
                let length = ((b - a) * (b - a)).sum()
                let share = ((point - a) * (b - a)).sum()
                guard share > step * length.squareRoot(), share < length - step * length.squareRoot() else { continue }
                if abs(side(a, b, point)) < touch * length.squareRoot() { return true }
            }
        }
        return false
    }

    /// Whether edges of two rings cross with more than a millimetre on both sides.
    private static func cross(_ one: [SIMD2<Double>], _ two: [SIMD2<Double>]) -> Bool {
        for i in one.indices {
            let (a, b) = (one[i], one[(i + 1) % one.count])
            let own = ((b - a) * (b - a)).sum().squareRoot() * step
            for j in two.indices {
                let (c, d) = (two[j], two[(j + 1) % two.count])
                let other = ((d - c) * (d - c)).sum().squareRoot() * step
                let (s, t) = (side(a, b, c), side(a, b, d))
                let (u, v) = (side(c, d, a), side(c, d, b))
                if min(s, t) < -own, max(s, t) > own, min(u, v) < -other, max(u, v) > other { return true }
            }
        }
        return false
    }

    /// Whether a ring that does not cross another lies in it; nil where all of its vertices lie on the other.
    private static func isInside(_ ring: [SIMD2<Double>], _ other: [SIMD2<Double>]) -> Bool? {
        ring.first { distance(other, $0) > step }.map { contains(other, $0) }
    }

    private static func distance(_ ring: [SIMD2<Double>], _ point: SIMD2<Double>) -> Double {
        var least = Double.infinity
        for at in ring.indices {
            let (a, b) = (ring[at], ring[(at + 1) % ring.count])
            let length = ((b - a) * (b - a)).sum()
            let share = length > 0 ? max(0, min(1, ((point - a) * (b - a)).sum() / length)) : 0
            let gap = point - a - (b - a) * share
            least = min(least, (gap * gap).sum())
        }
        return least.squareRoot()
    }

    private static func contains(_ ring: [SIMD2<Double>], _ point: SIMD2<Double>) -> Bool {
        var isInside = false
        var previous = ring.count - 1
        for at in ring.indices {
            let (a, b) = (ring[at], ring[previous])
            if (a.y > point.y) != (b.y > point.y), point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x {
                isInside.toggle()
            }
            previous = at
        }
        return isInside
    }
}
