// SPDX-License-Identifier: Apache-2.0

/// Roofs with slopes.
///
/// Three ways, in this order. Rings that shrink towards a centre (pyramids, domes, onions) where the whole outline can be
/// seen from the centre; the hip of a four-cornered outline; else heights of the smallest rectangle's roof on the
/// footprint, cut along the roof's edges. The last is exact for gabled and lean-to roofs on any footprint, and for
/// the others it is a fit: eaves rise where the footprint leaves the rectangle, and the roof counts as fitted. All of
/// them close the solid.
extension BuildingMesher {
    /// Adds walls and roof of the part; false if the footprint has no rectangle.
    mutating func addRoofed(
        _ base: Double, _ eaves: Double, _ roof: Roof, _ triangles: [UInt32], _ paint: BuildingPaint,
        _ mesh: inout TriangleMesh
    ) -> Bool {
        let outer = 0..<(ringStarts.count > 1 ? ringStarts[1] : part.count / 2)
        if let profile = roof.profile, ringStarts.count == 1, let center = visibleCenter() {
            addRings(profile, center, (base, eaves, roof.height), paint, &mesh)
            roofs.shaped += 1
            return true
        }
        guard let smallest = FootprintRectangle(part, outer) else { return false }
        let isSlope = roof.shape == .skillion
        let rectangle = smallest.laid(roof.lie, part, outer, isSlope: isSlope)
        guard rectangle.length > 0, rectangle.width > 0 else { return false }
        let isRectangular = isNearly(rectangle, triangles)
        if roof.shape == .hipped, isRectangular, outer.count == 4, ringStarts.count == 1 {
            addHip(rectangle, (base, eaves, roof.height), paint, &mesh)
            roofs.shaped += 1
            return true
        }
        let planes = RoofPlanes(roof, rectangle)
        var split = SplitMesh(xy: part, triangles: triangles)
        let tolerance = 1e-9 * (1 + rectangle.length)
        for line in planes.lines { split.cut(normal: line.normal, offset: line.offset, tolerance: tolerance) }
        let heights = split.points.map { eaves + planes.height($0) }
        addFaces(split, heights, paint.roof, &mesh)
        addChains(split, base, heights, paint.wall, &mesh)
        if isRectangular || roof.section != nil { roofs.shaped += 1 } else { roofs.fitted += 1 }
        return true
    }

    /// Whether the part fills its rectangle but for a fiftieth.
    private func isNearly(_ rectangle: FootprintRectangle, _ triangles: [UInt32]) -> Bool {
        var doubled = 0.0
        for at in stride(from: 0, to: triangles.count - 2, by: 3) {
            let (a, b, c) = (Int(triangles[at]), Int(triangles[at + 1]), Int(triangles[at + 2]))
            doubled +=
                (part[2 * b] - part[2 * a]) * (part[2 * c + 1] - part[2 * a + 1])
                - (part[2 * c] - part[2 * a]) * (part[2 * b + 1] - part[2 * a + 1])
        }
        return abs(doubled) / 2 >= 0.98 * rectangle.length * rectangle.width
    }

    /// The outline counterclockwise, as vertex numbers.
    private func outline() -> [Int] {
        let all = Array(0..<part.count / 2)
        return signedArea(0, part.count) > 0 ? all : all.reversed()
    }

    private func point(_ vertex: Int) -> SIMD2<Double> { SIMD2(part[2 * vertex], part[2 * vertex + 1]) }

    /// The centroid, if all of the outline can be seen from it.
    private func visibleCenter() -> SIMD2<Double>? {
        let ring = outline()
        let origin = point(ring[0])
        var (sum, doubled) = (SIMD2<Double>.zero, 0.0)
        for at in ring.indices {
            let (a, b) = (point(ring[at]) - origin, point(ring[(at + 1) % ring.count]) - origin)
            let cross = a.x * b.y - a.y * b.x
            sum += (a + b) * cross
            doubled += cross
        }
        guard doubled > 0 else { return nil }
        let center = origin + sum / (3 * doubled)
        for at in ring.indices {
            let (a, b) = (point(ring[at]) - center, point(ring[(at + 1) % ring.count]) - center)
            guard a.x * b.y - a.y * b.x > 1e-9 * doubled else { return nil }
        }
        return center
    }

    /// Walls up to the eaves and rings from there to the apex.
    private func addRings(
        _ profile: [(scale: Double, height: Double)], _ center: SIMD2<Double>,
        _ levels: (base: Double, eaves: Double, height: Double), _ paint: BuildingPaint, _ mesh: inout TriangleMesh
    ) {
        let ring = outline()
        func corner(_ at: Int, _ level: (scale: Double, height: Double)) -> SIMD3<Double> {
            let flat =
                level.scale == 1
                ? point(ring[at % ring.count])
                : center + (point(ring[at % ring.count]) - center) * level.scale
            return SIMD3(flat.x, flat.y, levels.eaves + level.height * levels.height)
        }
        for at in ring.indices {
            var (a, b) = (corner(at, profile[0]), corner(at + 1, profile[0]))
            let (low, lowNext) = (SIMD3(a.x, a.y, levels.base), SIMD3(b.x, b.y, levels.base))
            mesh.addFace([low, lowNext, b, a], paint.wall)
            for level in profile.dropFirst() {
                let (c, d) = (corner(at + 1, level), corner(at, level))
                mesh.addFace([a, b, c, d], paint.roof)
                (a, b) = (d, c)
            }
        }
    }

    /// The hip roof of a four-cornered outline: its ridge ends half the width from the short sides.
    private func addHip(
        _ rectangle: FootprintRectangle, _ levels: (base: Double, eaves: Double, height: Double),
        _ paint: BuildingPaint, _ mesh: inout TriangleMesh
    ) {
        var ring = outline()
        let first = rectangle.place(point(ring[0])), second = rectangle.place(point(ring[1]))
        // The first edge is one along the ridge.
        if abs(second.x - first.x) < abs(second.y - first.y) { ring.append(ring.removeFirst()) }
        let corners = ring.map(point)
        // Along the ridge the hip falls as steeply as across, where there is room.
        let share = min(0.5, rectangle.width / 2 / rectangle.length)
        let (west, east) = ((corners[3] + corners[0]) * 0.5, (corners[1] + corners[2]) * 0.5)
        let ridge = (west + (east - west) * share, east + (west - east) * share)
        func lift(_ flat: SIMD2<Double>, _ z: Double) -> SIMD3<Double> { SIMD3(flat.x, flat.y, z) }
        let top = levels.eaves + levels.height
        let (left, right) = (lift(ridge.0, top), lift(ridge.1, top))
        let eaves = corners.map { lift($0, levels.eaves) }
        for at in 0..<4 {
            let (a, b) = (corners[at], corners[(at + 1) % 4])
            mesh.addFace([lift(a, levels.base), lift(b, levels.base), eaves[(at + 1) % 4], eaves[at]], paint.wall)
        }
        mesh.addFace([eaves[0], eaves[1], right, left], paint.roof)
        mesh.addFace([eaves[1], eaves[2], right], paint.roof)
        mesh.addFace([eaves[2], eaves[3], left, right], paint.roof)
        mesh.addFace([eaves[3], eaves[0], left], paint.roof)
    }

    private func addFaces(_ split: SplitMesh, _ heights: [Double], _ paint: Paint, _ mesh: inout TriangleMesh) {
        for face in split.faces {
            mesh.addFace(
                face.map { SIMD3(split.points[Int($0)].x, split.points[Int($0)].y, heights[Int($0)]) }, paint)
        }
    }

    /// Walls whose tops follow the roof.
    private func addChains(
        _ split: SplitMesh, _ base: Double, _ heights: [Double], _ paint: Paint, _ mesh: inout TriangleMesh
    ) {
        for (ring, start) in ringStarts.enumerated() {
            let end = ring + 1 < ringStarts.count ? ringStarts[ring + 1] : part.count / 2
            let forward = (signedArea(2 * start, 2 * end) > 0) != (ring > 0)
            var previous = end - 1
            for vertex in start..<end {
                let (from, to) = forward ? (previous, vertex) : (vertex, previous)
                previous = vertex
                let chain = split.chain(Int32(truncatingIfNeeded: from), Int32(truncatingIfNeeded: to))
                let (a, b) = (point(from), point(to))
                var wall = [SIMD3(a.x, a.y, base), SIMD3(b.x, b.y, base)]
                for number in chain.reversed() {
                    let top = split.points[Int(number)]
                    wall.append(SIMD3(top.x, top.y, heights[Int(number)]))
                }
                mesh.addFace(wall, paint)
            }
        }
    }
}

extension TriangleMesh {
    /// Adds a convex flat face, corners counterclockwise from outside. Corners that repeat are joined; a face of less
    /// than three corners or without a direction adds the triangles that keep its neighbours' edges company.
    mutating func addFace(_ corners: [SIMD3<Double>], _ paint: Paint) {
        var ring: [SIMD3<Double>] = []
        for corner in corners where ring.last != corner { ring.append(corner) }
        while ring.count > 1, ring.first == ring.last { ring.removeLast() }
        guard ring.count > 2 else { return }
        let normal = SurfaceMesher.newell(ring[...]).unit.map { SIMD3<Float>($0) } ?? SIMD3(0, 0, 1)
        let first = addVertex(ring[0], normal, paint)
        for corner in ring.dropFirst() { addVertex(corner, normal, paint) }
        for at in 1..<(ring.count - 1) {
            addTriangle(first, first &+ UInt32(at), first &+ UInt32(at + 1))
        }
    }
}

/// The heights of a roof on its rectangle, and the lines where its planes meet.
struct RoofPlanes {
    private let roof: Roof
    private let rectangle: FootprintRectangle

    init(_ roof: Roof, _ rectangle: FootprintRectangle) {
        (self.roof, self.rectangle) = (roof, rectangle)
    }

    /// How a hip rises with the distance from the eaves, in halves of the width: positions and heights, both 0 to 1.
    private var rise: [(inward: Double, height: Double)] {
        roof.shape == .mansard ? [(0, 0), (0.3, 0.7), (1, 1)] : [(0, 0), (1, 1)]
    }

    /// By what share of the height the hip of the short sides begins above the eaves.
    private var start: Double { roof.shape == .halfHipped ? 0.5 : 0 }

    /// Metres over which the roof rises from the long and from the short sides.
    private var runs: (across: Double, along: Double) {
        let half = rectangle.width / 2
        // Pyramids and domes reach the top in the middle alone.
        return roof.profile == nil ? (half, min(half, rectangle.length / 2)) : (half, rectangle.length / 2)
    }

    /// Metres above the eaves at a point of the footprint.
    func height(_ point: SIMD2<Double>) -> Double {
        let place = rectangle.place(point)
        if let section = roof.section {
            return roof.height * Self.interpolated(section.map { ($0.across, $0.height) }, place.y / rectangle.width)
        }
        let across = min(place.y, rectangle.width - place.y) / runs.across
        let along = start + min(place.x, rectangle.length - place.x) / runs.along
        let inward = max(0, min(1, min(across, along)))
        return roof.height * Self.interpolated(rise.map { ($0.inward, $0.height) }, inward)
    }

    private static func interpolated(_ steps: [(Double, Double)], _ at: Double) -> Double {
        guard let upper = steps.firstIndex(where: { $0.0 >= at }), upper > 0 else {
            return at <= steps[0].0 ? steps[0].1 : steps[steps.count - 1].1
        }
        let (low, high) = (steps[upper - 1], steps[upper])
        return low.1 + (high.1 - low.1) * (at - low.0) / (high.0 - low.0)
    }

    struct Line {
        var normal: SIMD2<Double>
        var offset: Double
    }

    /// A line a·along + b·across = c of the rectangle as one of the plan.
    private func line(_ a: Double, _ b: Double, _ c: Double) -> Line {
        let normal = rectangle.u * a + rectangle.v * b
        let size = (normal * normal).sum().squareRoot()
        return Line(normal: normal / size, offset: (c + (normal * rectangle.origin).sum()) / size)
    }

    var lines: [Line] {
        let (length, width) = (rectangle.length, rectangle.width)
        if let section = roof.section {
            return section.dropFirst().dropLast().map { line(0, 1, $0.across * width) }
        }
        let (p, q) = (runs.across, runs.along)
        var lines = [line(0, 1, width / 2)]
        if p != width / 2 || q * 2 == length { lines.append(line(1, 0, length / 2)) }
        // Where y/p = start + x/q, and its mirror images.
        lines.append(line(-1 / q, 1 / p, start))
        lines.append(line(1 / q, 1 / p, width / p - start))
        lines.append(line(1 / q, 1 / p, start + length / q))
        lines.append(line(-1 / q, 1 / p, width / p - start - length / q))
        for step in rise.dropFirst().dropLast() {
            lines.append(line(0, 1, step.inward * p))
            lines.append(line(0, 1, width - step.inward * p))
            lines.append(line(1, 0, step.inward * q))
            lines.append(line(1, 0, length - step.inward * q))
        }
        if start > 0 {
            // The short sides' hip is capped where it passes the ridge.
            lines.append(line(1, 0, (1 - start) * q))
            lines.append(line(1, 0, length - (1 - start) * q))
        }
        return lines
    }
}
