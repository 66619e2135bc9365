// SPDX-License-Identifier: Apache-2.0
import Tiles

/// What is wrong with the surfaces of a solid. It is drawn all the same, but for what has no area.
///
/// Names stand beside the codes of ISO 19107 errors that val3dity uses. Not judged: whether shells cross each other or
/// themselves (306, 401), whether the inside hangs together (404), and whether holes cross their outer ring.
package enum SolidFault: String, Sendable, Hashable, CaseIterable {
    /// A ring of fewer than three different vertices (101, 102).
    case fewPoints = "few-points"
    /// A ring that meets or crosses itself (104).
    case selfTouching = "self-touching"
    /// Vertices farther than a centimetre from their surface's plane (203).
    case nonPlanar = "non-planar"
    /// A hole outside its outer ring (206), or turning the same way (208).
    case badHole = "bad-hole"
    /// Two surfaces with the same vertices (202, 402).
    case duplicateSurface = "duplicate-surface"
    /// Fewer than four surfaces (301).
    case fewSurfaces = "few-surfaces"
    /// An edge with a surface on one side only (302).
    case open
    /// An edge of more than two surfaces (303).
    case nonManifold = "non-manifold"
    /// Surfaces that do not hang together (305).
    case severalPieces = "several-pieces"
    /// Neighbours that face different ways (307).
    case turnedSurface = "turned-surface"
    /// All surfaces face inward (405).
    case insideOut = "inside-out"
    /// No extent upward.
    case zeroHeight = "zero-height"

    package var words: String {
        switch self {
        case .fewPoints: "a ring of fewer than three different vertices"
        case .selfTouching: "a ring meets or crosses itself"
        case .nonPlanar: "a surface is not planar within 1 cm"
        case .badHole: "a hole lies outside its surface or turns the same way"
        case .duplicateSurface: "a surface is there twice"
        case .fewSurfaces: "fewer than four surfaces"
        case .open: "not closed: an edge has a surface on one side only"
        case .nonManifold: "an edge has more than two surfaces"
        case .severalPieces: "its surfaces do not hang together"
        case .turnedSurface: "neighbouring surfaces face different ways"
        case .insideOut: "its surfaces face inward"
        case .zeroHeight: "no height"
        }
    }
}

/// Judges the surfaces of one shell. O(vertices), and O(vertices²) within a ring.
struct SolidExaminer {
    private static let planeTolerance = 0.01
    /// Vertices nearer than a millimetre are one.
    private static let grid = 1000.0

    private typealias Vertex = SIMD3<Double>

    private struct Edge: Hashable {
        var from: SIMD3<Int64>
        var to: SIMD3<Int64>
    }

    private var faults: Set<SolidFault> = []
    private var edges: [Edge: Int] = [:]
    private var surfaces: Set<Set<SIMD3<Int64>>> = []
    private var pieces = PieceSet()
    private var doubledSixfoldVolume = 0.0
    private var origin: Vertex?

    /// The faults of a level, in the order of their declaration.
    static func faults(of solid: SolidBlob) -> [SolidFault] {
        var examiner = SolidExaminer()
        solid.forEachSurface { _, rings in examiner.take(rings) }
        return examiner.judged(solid)
    }

    private static func key(_ point: Vertex) -> SIMD3<Int64> {
        func whole(_ value: Double) -> Int64 { Int64(max(-9e15, min(9e15, (value * grid).rounded()))) }
        return SIMD3(whole(point.x), whole(point.y), whole(point.z))
    }

    private mutating func take(_ rings: [ArraySlice<Double>]) {
        var normal = Vertex.zero
        var frame: (u: Vertex, v: Vertex)?
        var outerFlat: [SIMD2<Double>] = []
        var keys: Set<SIMD3<Int64>> = []
        for (number, ring) in rings.enumerated() {
            var points: [Vertex] = stride(from: ring.startIndex, to: ring.endIndex - 2, by: 3).map {
                Vertex(ring[$0], ring[$0 + 1], ring[$0 + 2])
            }
            if points.count > 1, Self.key(points[0]) == Self.key(points[points.count - 1]) { points.removeLast() }
            let corners = points.map(Self.key)
            if zip(corners, corners.dropFirst()).contains(where: { $0 == $1 }) { faults.insert(.fewPoints) }
            guard Set(corners).count >= 3 else {
                faults.insert(.fewPoints)
                if number == 0 { return }
                continue
            }
            if Set(corners).count < corners.count { faults.insert(.selfTouching) }
            keys.formUnion(corners)
            let turn = Self.newell(points)
            if number == 0 {
                let length = (turn * turn).sum().squareRoot()
                guard length > 0 else {
                    faults.insert(.selfTouching)
                    return
                }
                normal = turn / length
                frame = Self.frame(normal)
            }
            guard let frame else { return }
            if points.contains(where: { abs((($0 - points[0]) * normal).sum()) > Self.planeTolerance }) {
                faults.insert(.nonPlanar)
            }
            let flat = points.map { SIMD2((($0 - points[0]) * frame.u).sum(), (($0 - points[0]) * frame.v).sum()) }
            if Self.crossesItself(flat) { faults.insert(.selfTouching) }
            if number == 0 {
                outerFlat = flat
            } else {
                let shift = SIMD2(
                    ((points[0] - first(rings)) * frame.u).sum(), ((points[0] - first(rings)) * frame.v).sum())
                if (turn * normal).sum() > 0 { faults.insert(.badHole) }
                if !flat.contains(where: { Self.contains(outerFlat, $0 + shift) }) { faults.insert(.badHole) }
            }
            addEdges(corners)
            addVolume(points)
        }
        if !surfaces.insert(keys).inserted { faults.insert(.duplicateSurface) }
    }

    private func first(_ rings: [ArraySlice<Double>]) -> Vertex {
        let start = rings[0].startIndex
        return Vertex(rings[0][start], rings[0][start + 1], rings[0][start + 2])
    }

    private mutating func addEdges(_ corners: [SIMD3<Int64>]) {
        for at in corners.indices {
            let edge = Edge(from: corners[at], to: corners[(at + 1) % corners.count])
            if edge.from == edge.to { continue }
            edges[edge, default: 0] += 1
            pieces.join(edge.from, edge.to)
        }
    }

    /// Six times the volume between the ring and the first vertex of all.
    private mutating func addVolume(_ points: [Vertex]) {
        let base = origin ?? points[0]
        origin = base
        for at in 1..<(points.count - 1) {
            let (a, b, c) = (points[0] - base, points[at] - base, points[at + 1] - base)
            let cross = Vertex(b.y * c.z - b.z * c.y, b.z * c.x - b.x * c.z, b.x * c.y - b.y * c.x)
            doubledSixfoldVolume += (a * cross).sum()
        }
    }

    private mutating func judged(_ solid: SolidBlob) -> [SolidFault] {
        if solid.surfaces.count < 4 { faults.insert(.fewSurfaces) }
        var isClosed = true
        for (edge, count) in edges {
            let back = edges[Edge(from: edge.to, to: edge.from)] ?? 0
            if count + back > 2 { faults.insert(.nonManifold) }
            if count + back == 1 { faults.insert(.open) }
            if count == 2, back == 0 { faults.insert(.turnedSurface) }
            if count != back { isClosed = false }
        }
        if pieces.count > 1 { faults.insert(.severalPieces) }
        if isClosed, doubledSixfoldVolume < 0 { faults.insert(.insideOut) }
        if let heights = solid.heightRange, heights.upperBound - heights.lowerBound < 1 / Self.grid {
            faults.insert(.zeroHeight)
        }
        return SolidFault.allCases.filter(faults.contains)
    }

    // MARK: - Arithmetic

    private static func newell(_ points: [Vertex]) -> Vertex {
        var sum = Vertex.zero
        for at in points.indices {
            let (a, b) = (points[at] - points[0], points[(at + 1) % points.count] - points[0])
            sum += Vertex(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)
        }
        return sum
    }

    private static func frame(_ normal: Vertex) -> (u: Vertex, v: Vertex) {
        let helper = abs(normal.z) > 0.7 ? Vertex(1, 0, 0) : Vertex(0, 0, 1)
        var u = Vertex(
            helper.y * normal.z - helper.z * normal.y, helper.z * normal.x - helper.x * normal.z,
            helper.x * normal.y - helper.y * normal.x)
        u /= (u * u).sum().squareRoot()
        return (
            u, Vertex(normal.y * u.z - normal.z * u.y, normal.z * u.x - normal.x * u.z, normal.x * u.y - normal.y * u.x)
        )
    }

    private static func side(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ p: SIMD2<Double>) -> Double {
        (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)
    }

    /// Whether two edges that are no neighbours meet.
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
        }
        return false
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

/// Vertices that are joined by edges, as disjoint sets.
private struct PieceSet {
    private var number: [SIMD3<Int64>: Int] = [:]
    private var parents: [Int] = []
    private(set) var count = 0

    private mutating func root(_ vertex: SIMD3<Int64>) -> Int {
        guard var at = number[vertex] else {
            number[vertex] = parents.count
            parents.append(parents.count)
            count += 1
            return parents.count - 1
        }
        while parents[at] != at {
            parents[at] = parents[parents[at]]
            at = parents[at]
        }
        return at
    }

    mutating func join(_ a: SIMD3<Int64>, _ b: SIMD3<Int64>) {
        let (first, second) = (root(a), root(b))
        guard first != second else { return }
        parents[second] = first
        count -= 1
    }
}
