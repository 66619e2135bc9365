// SPDX-License-Identifier: Apache-2.0

/// A mesh that was written into the buffer: its accessors.
struct GLBPrimitive {
    let position: Int
    let normal: Int
    let colour: Int?
    let feature: Int
    let indices: Int
    /// How many features have vertices here.
    let featureCount: Int
    let surface: Int?
    /// How many kinds of surfaces have vertices here.
    let surfaceCount: Int
    var place: Int?

    init(
        position: Int, normal: Int, colour: Int?, feature: Int, indices: Int, featureCount: Int, surface: Int?,
        surfaceCount: Int
    ) {
        (self.position, self.normal, self.colour, self.feature) = (position, normal, colour, feature)
        (self.indices, self.featureCount) = (indices, featureCount)
        (self.surface, self.surfaceCount) = (surface, surfaceCount)
    }

    init(
        _ mesh: TriangleMesh, _ material: GLBMaterial, _ translation: SIMD3<Double>,
        _ normalFormat: GLBBuilder.NormalFormat, rows: Int, into buffer: inout GLBBuffer
    ) throws(TileError) {
        guard mesh.vertexCount < Int(UInt32.max) else {
            throw TileError(.tooLarge, "\(mesh.vertexCount) vertices in a tile: split it")
        }
        // A prototype of instances has no features of its own.
        featureCount = rows == .max ? 0 : try Self.countFeatures(mesh.features, rows)
        position = try Self.addPositions(mesh, translation, into: &buffer)
        normal = Self.addNormals(mesh, normalFormat, into: &buffer)
        if rows == .max {
            feature = -1
        } else {
            let ids = buffer.addView(
                mesh.features.map { Float($0) }, alignment: 4, target: GLBBuffer.vertexTarget)
            feature = buffer.addAccessor(
                .init(view: ids, componentType: 5126, count: mesh.vertexCount, type: "SCALAR"))
        }
        colour = mesh.hasColours ? Self.addColours(mesh, into: &buffer) : nil
        if mesh.isTextured {
            let places = (0..<mesh.vertexCount).compactMap { mesh.place($0) }
            let view = buffer.addView(places, alignment: 4, target: GLBBuffer.vertexTarget)
            place = buffer.addAccessor(.init(view: view, componentType: 5126, count: places.count, type: "VEC2"))
        }
        surface = Self.addSurfaces(mesh.surfaces, isCompressed: false, &buffer)
        surfaceCount = Set(mesh.surfaces).count
        indices = Self.addIndices(mesh, into: &buffer)
    }

    static func countFeatures(_ features: [UInt32], _ rows: Int) throws(TileError) -> Int {
        var seen = [Bool](repeating: false, count: rows)
        var count = 0
        for feature in features {
            guard Int(feature) < rows else {
                throw TileError(.argument, "feature \(feature) has no row: the columns have \(rows) values")
            }
            if !seen[Int(feature)] {
                seen[Int(feature)] = true
                count += 1
            }
        }
        return count
    }

    private static func addPositions(
        _ mesh: TriangleMesh, _ translation: SIMD3<Double>, into buffer: inout GLBBuffer
    ) throws(TileError) -> Int {
        var (lowX, lowY, lowZ) = (Float.infinity, Float.infinity, Float.infinity)
        var (highX, highY, highZ) = (-Float.infinity, -Float.infinity, -Float.infinity)
        // Stays zero while all numbers are finite; the box alone would hide what is not a number.
        var poison: Float = 0
        var packed = [Float](repeating: 0, count: mesh.positions.count)
        for i in stride(from: 0, to: mesh.positions.count - 2, by: 3) {
            let x = Float(mesh.positions[i] - translation.x)
            let y = Float(mesh.positions[i + 2] - translation.z)
            let z = Float(0 - (mesh.positions[i + 1] - translation.y))
            poison += (x + y + z) * 0
            if x < lowX { lowX = x }
            if y < lowY { lowY = y }
            if z < lowZ { lowZ = z }
            if x > highX { highX = x }
            if y > highY { highY = y }
            if z > highZ { highZ = z }
            packed[i] = x
            packed[i + 1] = y
            packed[i + 2] = z
        }
        guard poison == 0 else {
            throw TileError(.argument, "positions that are not finite or beyond Float32: leave such shapes out")
        }
        let view = buffer.addView(packed, alignment: 4, target: GLBBuffer.vertexTarget)
        return buffer.addAccessor(
            .init(
                view: view, componentType: 5126, count: mesh.vertexCount, type: "VEC3",
                minimum: [Double(lowX), Double(lowY), Double(lowZ)],
                maximum: [Double(highX), Double(highY), Double(highZ)]))
    }

    private static func addNormals(
        _ mesh: TriangleMesh, _ format: GLBBuilder.NormalFormat, into buffer: inout GLBBuffer
    ) -> Int {
        switch format {
        case .float32:
            var packed = [Float](repeating: 0, count: mesh.normals.count)
            for i in stride(from: 0, to: mesh.normals.count - 2, by: 3) {
                packed[i] = mesh.normals[i]
                packed[i + 1] = mesh.normals[i + 2]
                packed[i + 2] = 0 - mesh.normals[i + 1]
            }
            let view = buffer.addView(packed, alignment: 4, target: GLBBuffer.vertexTarget)
            return buffer.addAccessor(.init(view: view, componentType: 5126, count: mesh.vertexCount, type: "VEC3"))
        case .int8:
            // Four bytes per normal: glTF wants attributes aligned to 4.
            var packed = [Int8](repeating: 0, count: 4 * mesh.vertexCount)
            for vertex in 0..<mesh.vertexCount {
                packed[4 * vertex] = QuantizedMesh.quantized(mesh.normals[3 * vertex])
                packed[4 * vertex + 1] = QuantizedMesh.quantized(mesh.normals[3 * vertex + 2])
                packed[4 * vertex + 2] = QuantizedMesh.quantized(0 - mesh.normals[3 * vertex + 1])
            }
            let view = buffer.addView(packed, alignment: 4, stride: 4, target: GLBBuffer.vertexTarget)
            return buffer.addAccessor(
                .init(
                    view: view, componentType: 5120, count: mesh.vertexCount, type: "VEC3", isNormalized: true))
        }
    }

    static func linear(_ colour: VertexColour) -> SIMD4<UInt8> {
        SIMD4(
            LinearColour.bytes[Int(colour.red)], LinearColour.bytes[Int(colour.green)],
            LinearColour.bytes[Int(colour.blue)], colour.alpha)
    }

    private static func addColours(_ mesh: TriangleMesh, into buffer: inout GLBBuffer) -> Int {
        let linear = mesh.colours.map(linear)
        let view = buffer.addView(linear, alignment: 4, target: GLBBuffer.vertexTarget)
        return buffer.addAccessor(
            .init(
                view: view, componentType: 5121, count: mesh.vertexCount, type: "VEC4", isNormalized: true))
    }

    private static func addIndices(_ mesh: TriangleMesh, into buffer: inout GLBBuffer) -> Int {
        // 65535 marks a restart and is no index.
        let isShort = mesh.vertexCount <= Int(UInt16.max)
        let view =
            isShort
            ? buffer.addView(
                mesh.indices.map { UInt16(truncatingIfNeeded: $0) }, alignment: 4, target: GLBBuffer.indexTarget)
            : buffer.addView(mesh.indices, alignment: 4, target: GLBBuffer.indexTarget)
        return buffer.addAccessor(
            .init(
                view: view, componentType: isShort ? 5123 : 5125, count: mesh.indices.count, type: "SCALAR"))
    }

    func write(material: Int, hasTable: Bool, into list: inout JSONText) {
        list.object { item in
            item.objectField("attributes") { attributes in
                attributes.field("POSITION", position)
                attributes.field("NORMAL", normal)
                if feature >= 0 { attributes.field("_FEATURE_ID_0", feature) }
                if let colour { attributes.field("COLOR_0", colour) }
                if let place { attributes.field("TEXCOORD_0", place) }
                if let surface { attributes.field("_FEATURE_ID_1", surface) }
            }
            item.field("indices", indices)
            item.field("material", material)
            item.field("mode", 4)
            guard feature >= 0 else { return }
            item.objectField("extensions") { extensions in
                extensions.objectField("EXT_mesh_features") { features in
                    features.arrayField("featureIds") { ids in
                        ids.object { id in
                            id.field("featureCount", featureCount)
                            id.field("attribute", 0)
                            if hasTable { id.field("propertyTable", 0) }
                        }
                        guard surface != nil else { return }
                        ids.object { id in
                            id.field("featureCount", surfaceCount)
                            id.field("attribute", 1)
                            id.field("label", "surface")
                            id.field("propertyTable", hasTable ? 1 : 0)
                        }
                    }
                }
            }
        }
    }
}

/// A column that was written into the buffer: its views.
struct StoredColumn {
    let column: PropertyColumn
    let values: Int
    let offsets: Int?
    /// The smallest type that holds the length of the text.
    private(set) var offsetType = "UINT32"

    init(_ column: PropertyColumn, isCompressed: Bool = false, into buffer: inout GLBBuffer) {
        self.column = column
        switch column.values {
        case .string(let texts):
            var text: [UInt8] = []
            var ends: [UInt32] = [0]
            ends.reserveCapacity(texts.count + 1)
            for value in texts {
                text.append(contentsOf: value.utf8)
                ends.append(UInt32(truncatingIfNeeded: text.count))
            }
            // A view may not be empty.
            if text.isEmpty { text.append(0) }
            values = buffer.addView(text, alignment: 8)
            if isCompressed {
                // Steps of one length cost nothing.
                offsets = buffer.addCompressed(column: ends)
            } else if text.count <= Int(UInt16.max) {
                offsetType = "UINT16"
                offsets = buffer.addView(ends.map { UInt16(truncatingIfNeeded: $0) }, alignment: 8)
            } else {
                offsets = buffer.addView(ends, alignment: 8)
            }
        case .float64(let numbers): (values, offsets) = (Self.add(numbers, isCompressed, &buffer), nil)
        case .float32(let numbers): (values, offsets) = (Self.add(numbers, isCompressed, &buffer), nil)
        case .int64(let numbers): (values, offsets) = (Self.add(numbers, isCompressed, &buffer), nil)
        case .uint64(let numbers): (values, offsets) = (Self.add(numbers, isCompressed, &buffer), nil)
        case .uint32(let numbers): (values, offsets) = (Self.add(numbers, isCompressed, &buffer), nil)
        }
    }

    private static func add<Value: BitwiseCopyable>(
        _ numbers: [Value], _ isCompressed: Bool, _ buffer: inout GLBBuffer
    ) -> Int {
        isCompressed ? buffer.addCompressed(column: numbers) : buffer.addView(numbers, alignment: 8)
    }

    func writeProperty(into properties: inout JSONText) {
        properties.objectField(column.id) { item in
            item.field("name", column.displayName)
            let (type, component) = column.values.schemaType
            item.field("type", type)
            if let component { item.field("componentType", component) }
            if let semantic = column.semantic { item.field("semantic", semantic.rawValue) }
            item.field("required", true)
        }
    }

    func writeViews(into properties: inout JSONText) {
        properties.objectField(column.id) { item in
            item.field("values", values)
            if let offsets {
                item.field("stringOffsets", offsets)
                item.field("stringOffsetType", offsetType)
            }
        }
    }
}
