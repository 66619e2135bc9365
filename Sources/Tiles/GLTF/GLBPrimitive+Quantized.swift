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
        position = Self.addPositions(mesh, isShort, stepExponent, &buffer)
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
        // 65535 marks a restart and is no index.
        let isNarrow = count <= Int(UInt16.max)
        let triangles = Meshopt.optimizeVertexCache(mesh.indices, vertexCount: count)
        let view = buffer.addCompressed(triangles: triangles, vertexCount: count, size: isNarrow ? 2 : 4)
        indices = buffer.addAccessor(
            .init(view: view, componentType: isNarrow ? 5123 : 5125, count: triangles.count, type: "SCALAR"))
    }

    private static func addPositions(
        _ mesh: QuantizedMesh, _ isShort: Bool, _ stepExponent: Int, _ buffer: inout GLBBuffer
    ) -> Int {
        var (low, high) = (SIMD3<Int32>(repeating: .max), SIMD3<Int32>(repeating: .min))
        for point in mesh.positions {
            low = pointwiseMin(low, point)
            high = pointwiseMax(high, point)
        }
        let view: Int
        if isShort {
            let words = mesh.positions.map { point in
                SIMD4<Int16>(
                    Int16(truncatingIfNeeded: point.x), Int16(truncatingIfNeeded: point.y),
                    Int16(truncatingIfNeeded: point.z), 0)
            }
            view = buffer.addCompressed(vertices: bytes(words), stride: 8)
        } else {
            let exponent = UInt32(UInt8(bitPattern: Int8(stepExponent))) << 24
            var words: [UInt32] = []
            words.reserveCapacity(3 * mesh.positions.count)
            for point in mesh.positions {
                for axis in 0..<3 { words.append(UInt32(bitPattern: point[axis]) & 0xFF_FFFF | exponent) }
            }
            view = buffer.addCompressed(vertices: bytes(words), stride: 12, filter: .exponential)
        }
        let step = isShort ? 1 : Double(sign: .plus, exponent: stepExponent, significand: 1)
        return buffer.addAccessor(
            .init(
                view: view, componentType: isShort ? 5122 : 5126, count: mesh.positions.count, type: "VEC3",
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

    private static func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] {
        // Safe: the bytes of a trivial type, read for the time of the copy only.
        unsafe values.withUnsafeBytes { raw in unsafe [UInt8](raw) }
    }
}
