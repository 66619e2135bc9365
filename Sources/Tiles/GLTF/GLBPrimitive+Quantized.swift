// SPDX-License-Identifier: Apache-2.0

extension GLBPrimitive {
    /// Writes a mesh on a grid, compressed.
    ///
    /// - Parameter isShort: Whether positions are Int16 in steps, which the node scales to metres; else they are
    ///   Float32 in metres through the exponential filter, exact on the grid.
    init(
        _ mesh: QuantizedMesh, isShort: Bool, stepExponent: Int, rows: Int, into buffer: inout GLBBuffer
    ) throws(TileError) {
        let count = mesh.positions.count
        featureCount = try Self.countFeatures(mesh.features, rows)
        position = Self.addPositions(mesh.positions, isShort, stepExponent, &buffer)
        let normals = buffer.addCompressed(vertices: Self.bytes(mesh.normals), stride: 4)
        normal = buffer.addAccessor(
            .init(view: normals, componentType: 5120, count: count, type: "VEC3", isNormalized: true))
        feature = Self.addFeatures(mesh.features, rows, &buffer)
        if mesh.colours.isEmpty {
            colour = nil
        } else {
            let view = buffer.addCompressed(vertices: Self.bytes(mesh.colours.map(Self.linear)), stride: 4)
            colour = buffer.addAccessor(
                .init(view: view, componentType: 5121, count: count, type: "VEC4", isNormalized: true))
        }
        if !mesh.places.isEmpty {
            let view = buffer.addCompressed(vertices: Self.bytes(mesh.places), stride: 8)
            place = buffer.addAccessor(.init(view: view, componentType: 5126, count: count, type: "VEC2"))
        }
        surface = Self.addSurfaces(mesh.surfaces, isCompressed: true, &buffer)
        surfaceCount = Set(mesh.surfaces).count
        indices = Self.addTriangles(mesh.indices, vertexCount: count, &buffer)
    }

    private static func addTriangles(_ indices: [UInt32], vertexCount: Int, _ buffer: inout GLBBuffer) -> Int {
        // 65535 marks a restart and is no index.
        let isNarrow = vertexCount <= Int(UInt16.max)
        let triangles = Meshopt.optimizeVertexCache(indices, vertexCount: vertexCount)
        let view = buffer.addCompressed(triangles: triangles, vertexCount: vertexCount, size: isNarrow ? 2 : 4)
        return buffer.addAccessor(
            .init(view: view, componentType: isNarrow ? 5123 : 5125, count: triangles.count, type: "SCALAR"))
    }

    /// Writes the layers of a mesh, compressed: positions and feature numbers once for all.
    static func layers(
        _ mesh: SharedMesh, isShort: Bool, stepExponent: Int, rows: Int, into buffer: inout GLBBuffer
    ) throws(TileError) -> [GLBPrimitive] {
        let count = mesh.positions.count
        let featureCount = try countFeatures(mesh.features, rows)
        let position = addPositions(mesh.positions, isShort, stepExponent, &buffer)
        let feature = addFeatures(mesh.features, rows, &buffer)
        var written: [(colours: [VertexColour], accessor: Int)] = []
        var primitives: [GLBPrimitive] = []
        for layer in mesh.layers {
            let normals = buffer.addCompressed(vertices: bytes(layer.normals), stride: 4)
            let normal = buffer.addAccessor(
                .init(view: normals, componentType: 5120, count: count, type: "VEC3", isNormalized: true))
            var colour = written.first { $0.colours == layer.colours }?.accessor
            if colour == nil, !layer.colours.isEmpty {
                let view = buffer.addCompressed(vertices: bytes(layer.colours.map(linear)), stride: 4)
                let accessor = buffer.addAccessor(
                    .init(view: view, componentType: 5121, count: count, type: "VEC4", isNormalized: true))
                written.append((layer.colours, accessor))
                colour = accessor
            }
            let surface = addSurfaces(layer.surfaces, isCompressed: true, &buffer)
            let indices = addTriangles(layer.indices, vertexCount: count, &buffer)
            primitives.append(
                GLBPrimitive(
                    position: position, normal: normal, colour: colour, feature: feature, indices: indices,
                    featureCount: featureCount, surface: surface, surfaceCount: Set(layer.surfaces).count))
        }
        return primitives
    }

    private static func addPositions(
        _ positions: [SIMD3<Int32>], _ isShort: Bool, _ stepExponent: Int, _ buffer: inout GLBBuffer
    ) -> Int {
        var (low, high) = (SIMD3<Int32>(repeating: .max), SIMD3<Int32>(repeating: .min))
        for point in positions {
            low = pointwiseMin(low, point)
            high = pointwiseMax(high, point)
        }
        let view: Int
        if isShort {
            let words = positions.map { point in
                SIMD4<Int16>(
                    Int16(truncatingIfNeeded: point.x), Int16(truncatingIfNeeded: point.y),
                    Int16(truncatingIfNeeded: point.z), 0)
            }
            view = buffer.addCompressed(vertices: bytes(words), stride: 8)
        } else {
            let exponent = UInt32(UInt8(bitPattern: Int8(stepExponent))) << 24
            var words: [UInt32] = []
            words.reserveCapacity(3 * positions.count)
            for point in positions {
                for axis in 0..<3 { words.append(UInt32(bitPattern: point[axis]) & 0xFF_FFFF | exponent) }
            }
            view = buffer.addCompressed(vertices: bytes(words), stride: 12, filter: .exponential)
        }
        let step = isShort ? 1 : Double(sign: .plus, exponent: stepExponent, significand: 1)
        return buffer.addAccessor(
            .init(
                view: view, componentType: isShort ? 5122 : 5126, count: positions.count, type: "VEC3",
                minimum: (0..<3).map { Double(low[$0]) * step }, maximum: (0..<3).map { Double(high[$0]) * step }))
    }

    private static func addFeatures(_ features: [UInt32], _ rows: Int, _ buffer: inout GLBBuffer) -> Int {
        if rows <= 1 << 16 {
            let view = buffer.addCompressed(vertices: bytes(features), stride: 4)
            return buffer.addAccessor(.init(view: view, componentType: 5123, count: features.count, type: "SCALAR"))
        }
        let view = buffer.addCompressed(vertices: bytes(features.map { Float($0) }), stride: 4)
        return buffer.addAccessor(.init(view: view, componentType: 5126, count: features.count, type: "SCALAR"))
    }

    /// What each vertex's face is, as rows of the table of surfaces; nil for a mesh that does not say.
    static func addSurfaces(_ surfaces: [SurfaceKind], isCompressed: Bool, _ buffer: inout GLBBuffer) -> Int? {
        guard !surfaces.isEmpty else { return nil }
        // Attributes begin at multiples of four bytes.
        let words = surfaces.map { UInt32($0.rawValue) }
        let view =
            isCompressed
            ? buffer.addCompressed(vertices: bytes(words), stride: 4)
            : buffer.addView(words, alignment: 4, stride: 4, target: GLBBuffer.vertexTarget)
        return buffer.addAccessor(.init(view: view, componentType: 5121, count: surfaces.count, type: "SCALAR"))
    }

    private static func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] {
        // Safe: the bytes of a trivial type, read for the time of the copy only.
        unsafe values.withUnsafeBytes { raw in unsafe [UInt8](raw) }
    }
}
