// SPDX-License-Identifier: Apache-2.0

/// How the vertices and triangles of a GLB are stored.
public enum MeshCompression: Sendable, Equatable {
    /// Float32 positions and plain views: any glTF 2.0 reader takes it.
    case none
    /// Positions on a grid, 8-bit normals, vertices and triangles compressed. The GLB then requires
    /// KHR_mesh_quantization and EXT_meshopt_compression.
    ///
    /// The grid's step is the largest power of two of a metre that is at most twice `precision`, so that each
    /// coordinate is off by at most `precision` metres, and by the same for equal positions of different tiles.
    case meshopt(precision: Double)

    /// Each coordinate within 8 mm: a grid of 1/64 m.
    public static let city = MeshCompression.meshopt(precision: 0.01)

    /// Each coordinate within 16 mm: a grid of 1/32 m, for blocks on footprints, which are surveyed to decimetres.
    public static let blocks = MeshCompression.meshopt(precision: 0.02)

    /// The binary exponent of the grid's step; nil without compression.
    var stepExponent: Int? {
        guard case .meshopt(let precision) = self else { return nil }
        guard precision.isFinite, precision > 0 else { return -6 }
        return max(-20, min(20, Int((precision * 2).exponent)))
    }

    /// The most by which a coordinate differs from the mesh's, metres; 0 means Float32's rounding only.
    public var maximumError: Double {
        stepExponent.map { Double(sign: .plus, exponent: $0, significand: 0.5) } ?? 0
    }
}

/// A mesh on a grid, with its vertices in an order that compresses well.
///
/// Within each feature, vertices are in ``CornerOrder``. Equal vertices become one and triangles that shrink to a line are
/// left out: a closed mesh stays closed. O(n log n).
struct QuantizedMesh {
    /// x, y, z in glTF's axes, in steps from the origin.
    private(set) var positions: [SIMD3<Int32>] = []
    /// glTF's axes in 1/127.
    private(set) var normals: [SIMD4<Int8>] = []
    private(set) var features: [UInt32] = []
    private(set) var colours: [VertexColour] = []
    private(set) var surfaces: [SurfaceKind] = []
    /// u, v of each vertex in glTF's sense, v growing downward; empty without a texture.
    private(set) var places: [SIMD2<Float>] = []
    private(set) var indices: [UInt32] = []

    /// Steps that fit into the mantissa of the exponential filter.
    static let maximumSteps = Double(1 << 23 - 1)

    /// - Throws: `TileError` with code `argument` for positions that are not finite or farther than 2^23 steps away.
    init(_ mesh: TriangleMesh, origin: SIMD3<Double>, stepExponent: Int) throws(TileError) {
        let snapped = try Self.snapped(mesh, origin: origin, stepExponent: stepExponent)
        var remap = [UInt32](repeating: 0, count: mesh.vertexCount)
        var order = CornerOrder()
        var start = 0
        while start < mesh.vertexCount {
            var end = start + 1
            while end < mesh.vertexCount, mesh.features[end] == mesh.features[start] { end += 1 }
            arrange(mesh, snapped, start..<end, &order, &remap)
            start = end
        }
        takeTriangles(mesh, remap)
    }

    /// The vertices in glTF's axes, in steps from the origin.
    ///
    /// - Throws: `TileError` with code `argument` for positions that are not finite or farther than 2^23 steps away.
    static func snapped(
        _ mesh: TriangleMesh, origin: SIMD3<Double>, stepExponent: Int
    ) throws(TileError) -> [SIMD3<Int32>] {
        let perStep = Double(sign: .plus, exponent: -stepExponent, significand: 1)
        var snapped: [SIMD3<Int32>] = []
        snapped.reserveCapacity(mesh.vertexCount)
        for i in stride(from: 0, to: mesh.positions.count - 2, by: 3) {
            let east = (mesh.positions[i] - origin.x) * perStep
            let north = (mesh.positions[i + 1] - origin.y) * perStep
            let up = (mesh.positions[i + 2] - origin.z) * perStep
            guard abs(east) < maximumSteps, abs(north) < maximumSteps, abs(up) < maximumSteps else {
                throw TileError(
                    .argument,
                    "positions that are not finite or beyond the grid: leave such shapes out, or split the tile")
            }
            snapped.append(SIMD3(Int32(east.rounded()), Int32(up.rounded()), 0 &- Int32(north.rounded())))
        }
        return snapped
    }

    /// Puts the vertices of one feature into their order and joins equal ones.
    private mutating func arrange(
        _ mesh: TriangleMesh, _ snapped: [SIMD3<Int32>], _ range: Range<Int>, _ order: inout CornerOrder,
        _ remap: inout [UInt32]
    ) {
        order.sort(snapped, range) { abs(mesh.normals[3 * $0 + 2]) < 0.5 ? 1 : 0 }
        let first = positions.count
        for entry in order.entries {
            let point = snapped[entry.vertex]
            let normal = Self.normal(mesh, entry.vertex)
            let colour = mesh.hasColours ? mesh.colours[entry.vertex] : .white
            let surface = mesh.hasSurfaces ? mesh.surfaces[entry.vertex] : .unknown
            let place = mesh.place(entry.vertex)
            // Vertices of one place and height are neighbours: look back among them.
            var same = positions.count - 1
            while same >= first, positions[same] == point,
                normals[same] != normal || (mesh.hasColours && colours[same] != colour)
                    || (mesh.hasSurfaces && surfaces[same] != surface)
                    || (place != nil && places[same] != place)
            { same -= 1 }
            if same >= first, positions[same] == point {
                remap[entry.vertex] = UInt32(truncatingIfNeeded: same)
                continue
            }
            remap[entry.vertex] = UInt32(truncatingIfNeeded: positions.count)
            positions.append(point)
            normals.append(normal)
            features.append(mesh.features[entry.vertex])
            if mesh.hasColours { colours.append(colour) }
            if mesh.hasSurfaces { surfaces.append(surface) }
            if let place { places.append(place) }
        }
    }

    private mutating func takeTriangles(_ mesh: TriangleMesh, _ remap: [UInt32]) {
        indices.reserveCapacity(mesh.indices.count)
        for i in stride(from: 0, to: mesh.indices.count - 2, by: 3) {
            let corners = (
                remap[Int(mesh.indices[i])], remap[Int(mesh.indices[i + 1])], remap[Int(mesh.indices[i + 2])]
            )
            let (a, b, c) = (positions[Int(corners.0)], positions[Int(corners.1)], positions[Int(corners.2)])
            guard a != b, b != c, c != a else { continue }
            indices.append(corners.0)
            indices.append(corners.1)
            indices.append(corners.2)
        }
    }

    static func normal(_ mesh: TriangleMesh, _ vertex: Int) -> SIMD4<Int8> {
        SIMD4(
            quantized(mesh.normals[3 * vertex]), quantized(mesh.normals[3 * vertex + 2]),
            quantized(0 - mesh.normals[3 * vertex + 1]), 0)
    }

    /// The nearest of the 255 steps from -1 to 1.
    @inline(__always)
    static func quantized(_ component: Float) -> Int8 {
        let scaled = max(-127, min(127, component * 127))
        return Int8(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
    }

    /// The largest distance from the origin along an axis, in steps.
    var extent: Int32 {
        positions.reduce(0) { max($0, max(abs($1.x), max(abs($1.y), abs($1.z)))) }
    }
}
