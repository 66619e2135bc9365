// SPDX-License-Identifier: Apache-2.0

/// How a primitive looks: one colour, multiplied by the vertices' colours if the mesh has them.
public struct GLBMaterial: Sendable, Equatable {
    public var name: String
    /// In sRGB, as on the screen; written as the linear values that glTF wants.
    public var baseColour: VertexColour
    public var isDoubleSided: Bool
    /// The address of an image, relative to the GLB, for meshes with texture coordinates; it repeats beyond its edges.
    public var image: String?

    public init(
        name: String = "", baseColour: VertexColour = .white, isDoubleSided: Bool = false, image: String? = nil
    ) {
        self.name = name
        self.image = image
        self.baseColour = baseColour
        self.isDoubleSided = isDoubleSided
    }
}

/// Encodes meshes and the properties of their features as one GLB: the content of a 3D tile.
///
/// East, north and up become glTF's x, -z and y; positions are relative to the node's translation, which is the centre
/// of the meshes rounded to whole metres: Float32, or with compression steps of a grid. Units: metres.
/// Complexity: linear, n log n with compression. Thread use: a value.
/// Source: glTF 2.0; EXT_mesh_features; EXT_structural_metadata; KHR_mesh_quantization; EXT_meshopt_compression;
/// 3D Tiles 1.1, "glTF" tile format.
public struct GLBBuilder: Sendable {
    /// How vertex normals are stored.
    public enum NormalFormat: Sendable {
        /// 12 bytes each.
        case float32
        /// 4 bytes each, exact to half a degree. Needs KHR_mesh_quantization, which the GLB then requires.
        case int8
    }

    /// Feature numbers are Float32 in the GLB: more would not be exact.
    public static let maximumFeatureCount = 1 << 24

    /// Of meshes without compression.
    public var normalFormat: NormalFormat
    public var compression: MeshCompression
    /// With compression: corners are written once, whatever the normals of their faces (``SharedMesh``), and the
    /// columns are compressed too. For meshes of flat faces, whose primitives then become three or four.
    public var sharesCorners = false
    /// The id of the class that the columns belong to.
    public var className: String
    private var primitives: [(mesh: TriangleMesh, material: GLBMaterial)] = []
    private var instances: [GLBInstances] = []
    private var columns: [PropertyColumn] = []

    public init(
        className: String = "feature", normalFormat: NormalFormat = .float32, compression: MeshCompression = .none
    ) {
        self.className = className
        self.compression = compression
        self.normalFormat = normalFormat
    }

    /// Adds a mesh as a primitive of its own. Meshes without triangles are left out.
    public mutating func add(_ mesh: TriangleMesh, material: GLBMaterial = GLBMaterial()) {
        guard !mesh.isEmpty else { return }
        primitives.append((mesh, material))
    }

    /// Adds copies of a small mesh. Sets without copies or triangles are left out.
    public mutating func add(_ set: GLBInstances) {
        guard !set.features.isEmpty, !set.prototype.isEmpty else { return }
        instances.append(set)
    }

    /// Adds a column to the property table; all columns have one value per feature.
    public mutating func add(_ column: PropertyColumn) {
        columns.append(column)
    }

    /// The bytes of the GLB.
    ///
    /// - Throws: `TileError` with code `argument` for columns of unequal length, feature numbers outside them, ids that
    ///   the format does not allow and positions that are not finite; `tooLarge` beyond 2^24 features or 4 GiB.
    public func encode() throws(TileError) -> [UInt8] {
        let rows = try checkedRowCount()
        var buffer = GLBBuffer()
        buffer.reserve(primitives.reduce(4096) { $0 + $1.mesh.vertexCount * 32 + $1.mesh.indices.count * 4 })
        let translation = try center()
        let written = try write(translation, rows, into: &buffer)
        var copies: [StoredInstances] = []
        for set in instances { copies.append(try StoredInstances(set, translation, rows: rows, into: &buffer)) }
        var tables = [Table(className: className, rows: rows, columns: stored(into: &buffer))]
        if columns.isEmpty { tables = [] }
        if written.primitives.contains(where: { $0.primitive.surface != nil }) {
            let names = PropertyColumn(
                id: "type", displayName: "表面", values: .string(SurfaceKind.allCases.map(\.name)))
            tables.append(
                Table(
                    className: "surface", rows: SurfaceKind.allCases.count,
                    columns: [StoredColumn(names, into: &buffer)]))
        }
        // EXT_structural_metadata wants 8; a length that is a multiple of 8 needs no further padding.
        buffer.align(8)
        var json = JSONText()
        writeDocument(written, copies, tables, translation, buffer, into: &json)
        return try assemble(json.bytes, buffer.bytes)
    }

    private func stored(into buffer: inout GLBBuffer) -> [StoredColumn] {
        columns.map { StoredColumn($0, isCompressed: sharesCorners && compression != .none, into: &buffer) }
    }

    /// A property table as it was written.
    private struct Table {
        let className: String
        let rows: Int
        let columns: [StoredColumn]
    }

    /// The primitives as they were written, and by what the node scales them.
    private struct Written {
        var primitives: [(primitive: GLBPrimitive, material: Int)] = []
        var materials: [GLBMaterial] = []
        var scale = 1.0
    }

    private func write(
        _ translation: SIMD3<Double>, _ rows: Int, into buffer: inout GLBBuffer
    ) throws(TileError) -> Written {
        var written = Written()
        guard let exponent = compression.stepExponent else {
            for (mesh, material) in primitives {
                let primitive = try GLBPrimitive(mesh, material, translation, normalFormat, rows: rows, into: &buffer)
                written.primitives.append((primitive, written.materials.count))
                written.materials.append(material)
            }
            return written
        }
        var shared: [(mesh: SharedMesh, material: GLBMaterial)] = []
        var single: [(mesh: QuantizedMesh, material: GLBMaterial)] = []
        for (mesh, material) in primitives {
            // Corners of textured faces differ by their places on the image.
            if sharesCorners, !mesh.isTextured {
                let mesh = try SharedMesh(mesh, origin: translation, stepExponent: exponent)
                if !mesh.layers.isEmpty { shared.append((mesh, material)) }
            } else {
                let mesh = try QuantizedMesh(mesh, origin: translation, stepExponent: exponent)
                if !mesh.indices.isEmpty { single.append((mesh, material)) }
            }
        }
        let isShort =
            shared.allSatisfy { $0.mesh.extent <= Int32(Int16.max) }
            && single.allSatisfy { $0.mesh.extent <= Int32(Int16.max) }
        if isShort { written.scale = Double(sign: .plus, exponent: exponent, significand: 1) }
        for (mesh, material) in shared {
            let layers = try GLBPrimitive.layers(
                mesh, isShort: isShort, stepExponent: exponent, rows: rows, into: &buffer)
            for layer in layers { written.primitives.append((layer, written.materials.count)) }
            written.materials.append(material)
        }
        for (mesh, material) in single {
            let primitive = try GLBPrimitive(
                mesh, isShort: isShort, stepExponent: exponent, rows: rows, into: &buffer)
            written.primitives.append((primitive, written.materials.count))
            written.materials.append(material)
        }
        return written
    }

    private func checkedRowCount() throws(TileError) -> Int {
        guard let first = columns.first else {
            let drawn = primitives.map(\.mesh.features) + instances.map(\.features)
            let features = drawn.reduce(0) { max($0, Int($1.max() ?? 0) + 1) }
            guard features <= Self.maximumFeatureCount else { throw tooManyFeatures(features) }
            return features
        }
        let rows = first.values.count
        guard rows > 0 else { throw TileError(.argument, "column \(first.id) is empty: a table has at least one row") }
        guard rows <= Self.maximumFeatureCount else { throw tooManyFeatures(rows) }
        guard PropertyColumn.isIdentifier(className) else { throw invalidIdentifier(className) }
        var seen: Set<String> = []
        for column in columns {
            guard column.values.count == rows else {
                throw TileError(
                    .argument,
                    "column \(column.id) has \(column.values.count) values, but \(first.id) has \(rows)")
            }
            guard PropertyColumn.isIdentifier(column.id) else { throw invalidIdentifier(column.id) }
            guard seen.insert(column.id).inserted else {
                throw TileError(.argument, "two columns are called \(column.id): rename one")
            }
        }
        return rows
    }

    private func tooManyFeatures(_ count: Int) -> TileError {
        TileError(.tooLarge, "a tile of \(count) features: split it, at most \(Self.maximumFeatureCount) fit")
    }

    private func invalidIdentifier(_ text: String) -> TileError {
        TileError(
            .argument, "\(text) is no identifier: use ASCII letters, digits and _; other names go into displayName")
    }

    /// The node's translation: whole metres, so that a viewer with Float32 matrices holds it exactly.
    private func center() throws(TileError) -> SIMD3<Double> {
        var box = Box3D.empty
        for primitive in primitives {
            if let bounds = primitive.mesh.bounds { box.include(bounds) }
        }
        for set in instances { set.positions.forEach { box.include($0) } }
        guard !box.isEmpty else { return .zero }
        let center = box.center.rounded(.toNearestOrAwayFromZero)
        guard center.isFinite, box.diagonal.isFinite else {
            throw TileError(.argument, "positions that are not finite: leave such shapes out")
        }
        return center
    }

    private func writeDocument(
        _ written: Written, _ copies: [StoredInstances], _ tables: [Table], _ translation: SIMD3<Double>,
        _ buffer: GLBBuffer, into json: inout JSONText
    ) {
        json.object { root in
            root.objectField("asset") { asset in
                asset.field("version", "2.0")
                asset.field("generator", "TwinEngine")
            }
            writeExtensionLists(hasMesh: !written.primitives.isEmpty, hasTable: !tables.isEmpty, into: &root)
            root.field("scene", 0)
            root.arrayField("scenes") { list in
                list.object { scene in
                    let nodes = (written.primitives.isEmpty ? 0 : 1) + copies.count
                    if nodes > 0 { scene.field("nodes", (0..<nodes).map(Double.init)) }
                }
            }
            writeNodes(written, copies, hasTable: !columns.isEmpty, translation, into: &root)
            if !buffer.bytes.isEmpty { buffer.write(into: &root) }
            if !tables.isEmpty {
                root.objectField("extensions") { writeMetadata(tables, into: &$0) }
            }
        }
    }

    /// Nodes, meshes and materials: one of all primitives, then one of each set of instances.
    private func writeNodes(
        _ written: Written, _ copies: [StoredInstances], hasTable: Bool, _ translation: SIMD3<Double>,
        into root: inout JSONText
    ) {
        let hasMesh = !written.primitives.isEmpty
        guard hasMesh || !copies.isEmpty else { return }
        root.arrayField("nodes") { list in
            if hasMesh {
                list.object { node in
                    node.field("mesh", 0)
                    node.field("translation", [translation.x, translation.z, 0 - translation.y])
                    if written.scale != 1 { node.field("scale", [written.scale, written.scale, written.scale]) }
                }
            }
            for (index, copy) in copies.enumerated() {
                copy.writeNode(mesh: index + (hasMesh ? 1 : 0), translation, hasTable: hasTable, into: &list)
            }
        }
        root.arrayField("meshes") { list in
            func mesh(_ primitives: [(primitive: GLBPrimitive, material: Int)]) {
                list.object { mesh in
                    mesh.arrayField("primitives") { items in
                        for entry in primitives {
                            entry.primitive.write(material: entry.material, hasTable: hasTable, into: &items)
                        }
                    }
                }
            }
            if hasMesh { mesh(written.primitives) }
            for (index, copy) in copies.enumerated() { mesh([(copy.primitive, written.materials.count + index)]) }
        }
        var images: [String] = []
        for image in written.materials.compactMap(\.image) where !images.contains(image) { images.append(image) }
        root.arrayField("materials") { list in
            for material in written.materials { Self.write(material, images, into: &list) }
            for set in instances { Self.write(set.material, images, into: &list) }
        }
        guard !images.isEmpty else { return }
        root.arrayField("textures") { list in
            for image in images.indices { list.object { $0.field("source", image) } }
        }
        root.arrayField("images") { list in
            for image in images { list.object { $0.field("uri", image) } }
        }
    }

    private func writeExtensionLists(hasMesh: Bool, hasTable: Bool, into root: inout JSONText) {
        let isCompressed = hasMesh && compression != .none
        let quantized = hasMesh && (isCompressed || normalFormat == .int8)
        let hasCopies = !instances.isEmpty
        guard hasMesh || hasTable || hasCopies else { return }
        root.arrayField("extensionsUsed") { list in
            if hasCopies {
                list.value("EXT_mesh_gpu_instancing")
                list.value("EXT_instance_features")
            }
            if hasMesh { list.value("EXT_mesh_features") }
            if hasTable { list.value("EXT_structural_metadata") }
            if quantized { list.value("KHR_mesh_quantization") }
            if isCompressed { list.value("EXT_meshopt_compression") }
        }
        guard quantized || hasCopies else { return }
        root.arrayField("extensionsRequired") { list in
            if hasCopies { list.value("EXT_mesh_gpu_instancing") }
            if quantized { list.value("KHR_mesh_quantization") }
            if isCompressed { list.value("EXT_meshopt_compression") }
        }
    }

    private static func write(_ material: GLBMaterial, _ images: [String], into list: inout JSONText) {
        list.object { item in
            if !material.name.isEmpty { item.field("name", material.name) }
            item.objectField("pbrMetallicRoughness") { surface in
                let colour = material.baseColour
                surface.field(
                    "baseColorFactor",
                    [
                        LinearColour.value(colour.red), LinearColour.value(colour.green),
                        LinearColour.value(colour.blue),
                        Double(colour.alpha) / 255,
                    ])
                if let image = material.image, let texture = images.firstIndex(of: image) {
                    surface.objectField("baseColorTexture") { $0.field("index", texture) }
                }
                surface.field("metallicFactor", 0)
                surface.field("roughnessFactor", 0.9)
            }
            if material.baseColour.alpha < 255 { item.field("alphaMode", "BLEND") }
            if material.isDoubleSided { item.field("doubleSided", true) }
        }
    }

    private func writeMetadata(_ tables: [Table], into extensions: inout JSONText) {
        extensions.objectField("EXT_structural_metadata") { metadata in
            metadata.objectField("schema") { schema in
                schema.field("id", "schema")
                schema.objectField("classes") { classes in
                    for table in tables {
                        classes.objectField(table.className) { item in
                            item.objectField("properties") { properties in
                                for stored in table.columns { stored.writeProperty(into: &properties) }
                            }
                        }
                    }
                }
            }
            metadata.arrayField("propertyTables") { list in
                for table in tables {
                    list.object { item in
                        item.field("class", table.className)
                        item.field("count", table.rows)
                        item.objectField("properties") { properties in
                            for stored in table.columns { stored.writeViews(into: &properties) }
                        }
                    }
                }
            }
        }
    }

    /// Header, JSON chunk padded with spaces to 8, binary chunk.
    private func assemble(_ document: [UInt8], _ binary: [UInt8]) throws(TileError) -> [UInt8] {
        // The header and the chunk head take 20 bytes: 20 + JSON + 8 is the offset of the binary data.
        let padding = (8 - (28 + document.count) % 8) % 8
        let jsonLength = document.count + padding
        let total = 20 + jsonLength + (binary.isEmpty ? 0 : 8 + binary.count)
        guard total <= Int(UInt32.max) else {
            throw TileError(.tooLarge, "a GLB of \(total) bytes: split the tile, at most 4 GiB fit")
        }
        var glb: [UInt8] = []
        glb.reserveCapacity(total)
        func append(_ value: Int) {
            for shift in [0, 8, 16, 24] { glb.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        append(0x4654_6C67)
        append(2)
        append(total)
        append(jsonLength)
        append(0x4E4F_534A)
        glb.append(contentsOf: document)
        for _ in 0..<padding { glb.append(0x20) }
        if !binary.isEmpty {
            append(binary.count)
            append(0x004E_4942)
            glb.append(contentsOf: binary)
        }
        return glb
    }
}
