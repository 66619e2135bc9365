// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Judges the surfaces of a solid: each by itself, then the shells that they make.
///
/// Shells are told apart by their vertices; those that face inward and lie in another one are cavities.
/// Complexity: O(vertices), O(vertices²) within a surface, and what a sweep along the longest axis finds near each other.
struct SolidExaminer {
    private typealias Vertex = SolidSurface.Vertex
    private typealias Corner = SolidSurface.Corner

    private struct Edge: Hashable {
        var from: Corner
        var to: Corner
    }

    /// A connected part of the surfaces.
    private struct Piece {
        var surfaces: [Int] = []
        var sixfoldVolume = 0.0
        var isClosed = true
    }

    private let isSolid: Bool
    private var faults: Set<SolidFault> = []
    private var surfaces: [SolidSurface] = []
    private var edges: [Edge: Int] = [:]
    private var known: Set<Set<Corner>> = []
    private var joined = DisjointSets<Corner>()

    /// The faults of a level, in the order of their declaration.
    ///
    /// - Parameter isSolid: false judges each surface by itself alone.
    /// - Throws: `geos` where GEOS cannot judge a surface with holes.
    static func faults(of solid: SolidBlob, isSolid: Bool = true) throws(SpatialError) -> [SolidFault] {
        var examiner = SolidExaminer(isSolid: isSolid)
        var failure: SpatialError?
        solid.forEachSurface { _, rings in
            do throws(SpatialError) { try examiner.take(rings) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        if isSolid { examiner.judgeShells(solid) }
        return SolidFault.allCases.filter(examiner.faults.contains)
    }

    private init(isSolid: Bool) { self.isSolid = isSolid }

    private mutating func take(_ rings: [ArraySlice<Double>]) throws(SpatialError) {
        var own: Set<SolidFault> = []
        let surface = try SolidSurface(rings, &own)
        faults.formUnion(own)
        guard isSolid, let surface else { return }
        if !known.insert(Set(surface.corners.joined())).inserted { faults.insert(.duplicateSurface) }
        for ring in surface.corners {
            for at in ring.indices {
                let edge = Edge(from: ring[at], to: ring[(at + 1) % ring.count])
                if edge.from == edge.to { continue }
                edges[edge, default: 0] += 1
                joined.join(edge.from, edge.to)
            }
            joined.join(ring[0], surface.corners[0][0])
        }
        surfaces.append(surface)
    }

    private mutating func judgeShells(_ solid: SolidBlob) {
        if solid.surfaces.count < 4 { faults.insert(.fewSurfaces) }
        if let heights = solid.heightRange, heights.upperBound - heights.lowerBound < SolidSurface.step {
            faults.insert(.zeroHeight)
        }
        let areSurfacesSound = !faults.contains(where: \.concernsSurfaces)
        var open: Set<Corner> = []
        for (edge, count) in edges {
            let back = edges[Edge(from: edge.to, to: edge.from)] ?? 0
            if count + back > 2 { faults.insert(.nonManifold) }
            if count + back == 1 { faults.insert(.open) }
            if count == 2, back == 0 { faults.insert(.turnedSurface) }
            if count != back { open.insert(joined.root(edge.from)) }
        }
        if meetInVertexAlone() { faults.insert(.nonManifold) }
        judgePieces(open)
        if areSurfacesSound, cross() { faults.insert(.crossingSurfaces) }
    }

    /// Whether surfaces meet in a vertex and do not hang together around it.
    private func meetInVertexAlone() -> Bool {
        var fans: [Corner: [(Corner, Corner)]] = [:]
        for ring in surfaces.lazy.flatMap(\.corners) {
            for at in ring.indices {
                fans[ring[at], default: []].append(
                    (ring[(at + ring.count - 1) % ring.count], ring[(at + 1) % ring.count]))
            }
        }
        return fans.values.contains { pairs in
            var around = DisjointSets<Corner>()
            for pair in pairs { around.join(pair.0, pair.1) }
            return around.count > 1
        }
    }

    // MARK: - Shells

    private mutating func judgePieces(_ open: Set<Corner>) {
        var pieces: [Corner: Piece] = [:]
        let base = surfaces.first?.origin ?? .zero
        for (number, surface) in surfaces.enumerated() {
            let root = joined.root(surface.corners[0][0])
            var piece = pieces[root] ?? Piece(isClosed: !open.contains(root))
            piece.surfaces.append(number)
            for ring in surface.points {
                for at in 1..<(ring.count - 1) {
                    let turn = SolidSurface.cross(ring[at] - base, ring[at + 1] - base)
                    piece.sixfoldVolume += ((ring[0] - base) * turn).sum()
                }
            }
            pieces[root] = piece
        }
        let shells = pieces.values.filter { $0.isClosed && $0.sixfoldVolume > 0 }
        let inward = pieces.values.filter { $0.isClosed && $0.sixfoldVolume < 0 }
        if shells.isEmpty, !inward.isEmpty { faults.insert(.insideOut) }
        // Cavities belong to their solid; whatever else is by itself does not.
        let others = pieces.count - (shells.isEmpty ? 0 : inward.count)
        if others > 1 { faults.insert(.severalPieces) }
        guard !shells.isEmpty else { return }
        for cavity in inward where !shells.contains(where: { lies(cavity, in: $0) }) { faults.insert(.badCavity) }
        for shell in shells where shells.contains(where: { $0.surfaces != shell.surfaces && lies(shell, in: $0) }) {
            faults.insert(.insideOut)
        }
    }

    /// Whether the middle of a piece's vertices lies in a shell: by the parity of what a ray from there runs through.
    private func lies(_ piece: Piece, in shell: Piece) -> Bool {
        let vertices = piece.surfaces.flatMap { surfaces[$0].points[0] }
        let middle = vertices.reduce(Vertex.zero, +) / Double(max(vertices.count, 1))
        // A direction along which no built edge runs.
        let ray = Vertex(0.2347, 0.1183, 0.9648)
        var isInside = false
        for number in shell.surfaces {
            let surface = surfaces[number]
            let slope = (ray * surface.normal).sum()
            guard slope != 0 else { continue }
            let way = -surface.height(middle) / slope
            if way > 0, surface.holds(surface.flattened(middle + ray * way), margin: 0) { isInside.toggle() }
        }
        return isInside
    }

    // MARK: - Crossings

    /// Whether two surfaces run through each other, or a corner of one touches the inside of another.
    private func cross() -> Bool {
        let boxes = surfaces.map { surface in
            let all = surface.points.joined()
            let low = all.reduce(surface.origin) { pointwiseMin($0, $1) } - SolidSurface.step
            return (low: low, high: all.reduce(surface.origin) { pointwiseMax($0, $1) } + SolidSurface.step)
        }
        guard let first = boxes.first else { return false }
        let extent = boxes.reduce(first) { (pointwiseMin($0.low, $1.low), pointwiseMax($0.high, $1.high)) }
        let size = extent.high - extent.low
        let axis = size.x >= size.y && size.x >= size.z ? 0 : size.y >= size.z ? 1 : 2
        let order = boxes.indices.sorted { boxes[$0].low[axis] < boxes[$1].low[axis] }
        var active: [Int] = []
        for number in order {
            active.removeAll { boxes[$0].high[axis] < boxes[number].low[axis] }
            for other in active
            where all(boxes[number].low .<= boxes[other].high) && all(boxes[other].low .<= boxes[number].high) {
                if runs(surfaces[number], through: surfaces[other]) || runs(surfaces[other], through: surfaces[number])
                {
                    return true
                }
            }
            active.append(number)
        }
        return false
    }

    /// Whether an edge of a surface runs through the inside of another one, or a corner lies in it.
    private func runs(_ one: SolidSurface, through other: SolidSurface) -> Bool {
        // Vertices beside the plane move what is found by as much.
        let tolerance = SolidSurface.step + other.deviation
        let margin = SolidSurface.step + 3 * (other.deviation + one.deviation)
        for ring in one.points {
            var previous = (point: ring[ring.count - 1], height: other.height(ring[ring.count - 1]))
            for point in ring {
                let height = other.height(point)
                if abs(height) <= tolerance {
                    if other.holds(other.flattened(point), margin: margin) { return true }
                } else if abs(previous.height) > tolerance, (height < 0) != (previous.height < 0) {
                    let share = previous.height / (previous.height - height)
                    let place = other.flattened(previous.point + (point - previous.point) * share)
                    if other.holds(place, margin: margin) { return true }
                }
                previous = (point, height)
            }
        }
        return false
    }
}

/// Elements that are joined in pairs.
private struct DisjointSets<Element: Hashable> {
    private var number: [Element: Int] = [:]
    private var elements: [Element] = []
    private var parents: [Int] = []
    /// How many sets there are.
    private(set) var count = 0

    private mutating func at(_ element: Element) -> Int {
        guard var at = number[element] else {
            number[element] = parents.count
            elements.append(element)
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

    /// The element that stands for the set of this one.
    mutating func root(_ element: Element) -> Element { elements[at(element)] }

    mutating func join(_ a: Element, _ b: Element) {
        let (first, second) = (at(a), at(b))
        guard first != second else { return }
        parents[second] = first
        count -= 1
    }
}
