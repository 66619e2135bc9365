// SPDX-License-Identifier: Apache-2.0

/// Triangulates planar polygons in space, such as the roof and wall surfaces of a city model.
///
/// Thread use: one value per thread; it keeps its memory between calls.
public struct SurfaceMesher: Sendable {
    public private(set) var counts = MeshCounts()
    private var triangulator = Triangulator(keepsStraightVertices: true)
    private var flat: [Double] = []
    private var kept: [SIMD3<Double>] = []
    private var places: [Float] = []
    private var holes: [Int] = []

    public init() {}

    /// Adds one surface. Its outer ring is counterclockwise seen from outside, as in CityGML.
    ///
    /// The surface is laid into its own plane by the normal of Newell's method, so that slightly bent rings work.
    /// - Parameters:
    ///   - xyz: Interleaved coordinates of all rings, metres in the local frame, outer ring first, none closed.
    ///   - ringEnds: The end vertex of each ring, exclusive; bit 31 is ignored: one call draws one surface.
    ///   - uv: Interleaved texture coordinates of all vertices, for a mesh whose surfaces all have them; else empty.
    public mutating func add(
        xyz: [Double], ringEnds: [UInt32], feature: UInt32, colour: VertexColour = .white,
        surface: SurfaceKind = .unknown, uv: [Float] = [], into mesh: inout TriangleMesh
    ) {
        precondition(uv.isEmpty || uv.count * 3 == xyz.count * 2)
        kept.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        flat.removeAll(keepingCapacity: true)
        holes.removeAll(keepingCapacity: true)
        var start = 0
        for (ring, mark) in ringEnds.enumerated() {
            let end = min(Int(mark & ~BuildingMesher.ringStartsPart), xyz.count / 3)
            let first = kept.count
            takeRing(xyz, uv, start, end)
            start = max(start, end)
            if kept.count - first < 3 {
                if !uv.isEmpty { places.removeLast(2 * (kept.count - first)) }
                kept.removeLast(kept.count - first)
                if ring == 0 { break }
            } else if first > 0 {
                holes.append(first)
            }
        }
        let outer = kept[0..<(holes.first ?? kept.count)]
        guard outer.count >= 3, let normal = Self.newell(outer).unit else {
            counts.degenerate += 1
            return
        }
        flatten(normal)
        let triangles = triangulator.triangulate(flat, holes: holes)
        guard !triangles.isEmpty else {
            counts.degenerate += 1
            return
        }
        counts.drawn += 1
        let base = UInt32(truncatingIfNeeded: mesh.vertexCount)
        let paint = Paint(feature: feature, colour: colour, surface: surface)
        for point in kept { mesh.addVertex(point, SIMD3<Float>(normal), paint) }
        mesh.textureCoordinates += places
        for i in stride(from: 0, to: triangles.count, by: 3) {
            mesh.addTriangle(base &+ triangles[i], base &+ triangles[i + 1], base &+ triangles[i + 2])
        }
    }

    private mutating func takeRing(_ xyz: [Double], _ uv: [Float], _ start: Int, _ end: Int) {
        let first = kept.count
        for vertex in stride(from: start, to: end, by: 1) {
            let point = SIMD3(xyz[3 * vertex], xyz[3 * vertex + 1], xyz[3 * vertex + 2])
            guard point.isFinite, kept.count == first || kept[kept.count - 1] != point else { continue }
            kept.append(point)
            if !uv.isEmpty { places += uv[2 * vertex...2 * vertex + 1] }
        }
        while kept.count - first > 1, kept[first] == kept[kept.count - 1] {
            kept.removeLast()
            if !uv.isEmpty { places.removeLast(2) }
        }
    }

    /// Lays all points into the plane: u × v is the normal.
    private mutating func flatten(_ normal: SIMD3<Double>) {
        let helper = abs(normal.z) > 0.7 ? SIMD3<Double>(1, 0, 0) : SIMD3<Double>(0, 0, 1)
        guard let u = helper.cross(normal).unit else { return }
        let v = normal.cross(u)
        let origin = kept[0]
        for point in kept {
            flat.append((point - origin).dot(u))
            flat.append((point - origin).dot(v))
        }
    }

    /// Twice the vector area of a ring. Source: M. Newell, in Tampieri, Graphics Gems III (1992).
    static func newell(_ ring: ArraySlice<SIMD3<Double>>) -> SIMD3<Double> {
        guard let origin = ring.first, var previous = ring.last else { return .zero }
        previous -= origin
        var sum = SIMD3<Double>.zero
        for point in ring {
            let current = point - origin
            sum += previous.cross(current)
            previous = current
        }
        return sum
    }
}
