// SPDX-License-Identifier: Apache-2.0

/// Extrudes footprints to closed blocks: walls, roof and floor with flat normals that point outward.
///
/// Repeated vertices are dropped; a part without area or height is counted in `counts.degenerate` and left out.
/// The mesh of one part is closed: each directed edge has its opposite, and its volume is area times height, for
/// every valid polygon. Thread use: one value per thread; it keeps its memory between calls.
public struct BuildingMesher: Sendable {
    public private(set) var counts = MeshCounts()
    public internal(set) var roofs = RoofCounts()
    /// Whether blocks get a floor; without it they are open below.
    public var drawsFloor: Bool

    var triangulator = Triangulator(keepsStraightVertices: true)
    /// The cleaned rings of the part being drawn.
    var part: [Double] = []
    var ringStarts: [Int] = []

    /// In `ringEnds`: the ring begins a new part.
    public static let ringStartsPart: UInt32 = 1 << 31

    public init(drawsFloor: Bool = true) {
        self.drawsFloor = drawsFloor
    }

    /// Adds the block of a polygon or multipolygon.
    ///
    /// - Parameters:
    ///   - xy: Interleaved east and north of all rings, metres in the local frame, rings not closed, any winding.
    ///   - ringEnds: The end vertex of each ring, exclusive; bit 31 (`ringStartsPart`) marks an outer ring.
    ///   - baseZ: Height of the floor, metres in the local frame.
    ///   - topZ: Height of the roof, metres in the local frame.
    ///   - feature: The row of the property table.
    ///   - colour: Used if the mesh has colours.
    ///   - roof: The shape of the topmost metres; nil is flat. `topZ` is its ridge.
    ///   - roofColour: Of the roof's faces; nil is `colour`.
    public mutating func extrude(
        xy: [Double], ringEnds: [UInt32], baseZ: Double, topZ: Double, feature: UInt32,
        colour: VertexColour = .white, roof: Roof? = nil, roofColour: VertexColour? = nil,
        into mesh: inout TriangleMesh
    ) {
        let paint = BuildingPaint(feature, walls: colour, roof: roofColour ?? colour, shape: roof)
        let heights = (base: min(baseZ, topZ), top: max(baseZ, topZ))
        var start = 0
        var holdsOuter = false
        part.removeAll(keepingCapacity: true)
        ringStarts.removeAll(keepingCapacity: true)
        for (index, mark) in ringEnds.enumerated() {
            let end = min(Int(mark & ~Self.ringStartsPart), xy.count / 2)
            if index == 0 || mark & Self.ringStartsPart != 0 {
                finishPart(heights, paint, into: &mesh)
                holdsOuter = addRing(xy, start, end)
                if !holdsOuter { counts.degenerate += 1 }
            } else if holdsOuter {
                _ = addRing(xy, start, end)
            }
            start = max(start, end)
        }
        finishPart(heights, paint, into: &mesh)
    }

    /// Takes a ring without its repeated vertices; false if nothing is left of it.
    private mutating func addRing(_ xy: [Double], _ start: Int, _ end: Int) -> Bool {
        let first = part.count
        for vertex in stride(from: start, to: end, by: 1) {
            let (x, y) = (xy[2 * vertex], xy[2 * vertex + 1])
            guard x.isFinite, y.isFinite else { continue }
            let size = part.count
            if size > first, part[size - 2] == x, part[size - 1] == y { continue }
            part.append(x)
            part.append(y)
        }
        while part.count - first > 2, part[first] == part[part.count - 2], part[first + 1] == part[part.count - 1] {
            part.removeLast(2)
        }
        guard part.count - first >= 6, signedArea(first, part.count) != 0 else {
            part.removeLast(part.count - first)
            return false
        }
        ringStarts.append(first / 2)
        return true
    }

    /// Twice the signed area of the ring in `part[start ..< end]`, relative to its first vertex.
    func signedArea(_ start: Int, _ end: Int) -> Double {
        let (x0, y0) = (part[start], part[start + 1])
        var sum = 0.0
        for i in stride(from: start + 2, to: end - 2, by: 2) {
            sum += (part[i] - x0) * (part[i + 3] - y0) - (part[i + 2] - x0) * (part[i + 1] - y0)
        }
        return sum
    }

    private mutating func finishPart(
        _ heights: (base: Double, top: Double), _ paint: BuildingPaint, into mesh: inout TriangleMesh
    ) {
        defer {
            part.removeAll(keepingCapacity: true)
            ringStarts.removeAll(keepingCapacity: true)
        }
        guard !ringStarts.isEmpty else { return }
        guard heights.top > heights.base, heights.base.isFinite, heights.top.isFinite else {
            counts.degenerate += 1
            return
        }
        let triangles = triangulator.triangulate(part, holes: Array(ringStarts.dropFirst()))
        guard !triangles.isEmpty else {
            counts.degenerate += 1
            return
        }
        counts.drawn += 1
        if drawsFloor { addLid(heights.base, triangles, isRoof: false, paint.ground, &mesh) }
        if let roof = paint.shape, roof.shape != .flat, roof.height > 0 {
            var roof = roof
            roof.height = min(roof.height, heights.top - heights.base)
            if addRoofed(heights.base, heights.top - roof.height, roof, triangles, paint, &mesh) { return }
        }
        addLid(heights.top, triangles, isRoof: true, paint.roof, &mesh)
        for (ring, start) in ringStarts.enumerated() {
            let end = ring + 1 < ringStarts.count ? ringStarts[ring + 1] : part.count / 2
            addWalls(start, end, isHole: ring > 0, heights, paint.wall, &mesh)
        }
    }

    private func addLid(
        _ z: Double, _ triangles: [UInt32], isRoof: Bool, _ paint: Paint, _ mesh: inout TriangleMesh
    ) {
        let first = UInt32(truncatingIfNeeded: mesh.vertexCount)
        let normal = SIMD3<Float>(0, 0, isRoof ? 1 : -1)
        for i in stride(from: 0, to: part.count, by: 2) {
            mesh.addVertex(SIMD3(part[i], part[i + 1], z), normal, paint)
        }
        for i in stride(from: 0, to: triangles.count, by: 3) {
            let (a, b, c) = (triangles[i], triangles[i + 1], triangles[i + 2])
            if isRoof {
                mesh.addTriangle(first &+ a, first &+ b, first &+ c)
            } else {
                mesh.addTriangle(first &+ a, first &+ c, first &+ b)
            }
        }
    }

    private func addWalls(
        _ start: Int, _ end: Int, isHole: Bool, _ heights: (base: Double, top: Double), _ paint: Paint,
        _ mesh: inout TriangleMesh
    ) {
        // With the inside of the block on the left, outside is on the right.
        let forward = (signedArea(2 * start, 2 * end) > 0) != isHole
        var previous = end - 1
        for vertex in start..<end {
            let (from, to) = forward ? (previous, vertex) : (vertex, previous)
            previous = vertex
            let (x0, y0, x1, y1) = (part[2 * from], part[2 * from + 1], part[2 * to], part[2 * to + 1])
            let (dx, dy) = (x1 - x0, y1 - y0)
            let length = (dx * dx + dy * dy).squareRoot()
            guard length > 0 else { continue }
            mesh.addQuad(
                (
                    SIMD3(x0, y0, heights.base), SIMD3(x1, y1, heights.base), SIMD3(x1, y1, heights.top),
                    SIMD3(x0, y0, heights.top)
                ),
                SIMD3(Float(dy / length), Float(-dx / length), 0), paint)
        }
    }
}
