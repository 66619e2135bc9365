// SPDX-License-Identifier: Apache-2.0

/// The binary chunk of a GLB and the views and accessors into it. glTF is little-endian, as is every platform of ours.
struct GLBBuffer {
    struct View {
        var offset: Int
        var length: Int
        var stride: Int?
        /// 34962 vertices, 34963 indices; nil for metadata.
        var target: Int?
        /// Where the view's compressed bytes are; `offset` is then in the second buffer, which nobody stores.
        var compression: Compression?
    }

    /// What EXT_meshopt_compression says of a view.
    struct Compression {
        var offset: Int
        var length: Int
        var stride: Int
        var count: Int
        var isTriangles: Bool
        var filter: Meshopt.Filter
    }

    struct Accessor {
        var view: Int
        var componentType: Int
        var count: Int
        var type: String
        var isNormalized = false
        var minimum: [Double] = []
        var maximum: [Double] = []
    }

    static let vertexTarget = 34_962
    static let indexTarget = 34_963

    private(set) var bytes: [UInt8] = []
    private(set) var views: [View] = []
    private(set) var accessors: [Accessor] = []
    /// The size that the compressed views have when they are decoded.
    private var decodedLength = 0

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    mutating func align(_ boundary: Int) {
        while bytes.count % boundary != 0 { bytes.append(0) }
    }

    /// Appends the values' bytes as a view and returns its index.
    mutating func addView<Value: BitwiseCopyable>(
        _ values: [Value], alignment: Int, stride: Int? = nil, target: Int? = nil
    ) -> Int {
        align(alignment)
        let offset = bytes.count
        // Safe: the bytes of a trivial type, read for the time of the copy only.
        unsafe values.withUnsafeBytes { raw in unsafe bytes.append(contentsOf: raw) }
        views.append(View(offset: offset, length: bytes.count - offset, stride: stride, target: target))
        return views.count - 1
    }

    /// Appends elements of `stride` bytes as a compressed view and returns its index.
    mutating func addCompressed(
        vertices raw: [UInt8], stride: Int, filter: Meshopt.Filter = .none
    ) -> Int {
        let encoded = Meshopt.encodeVertices(raw, stride: stride)
        return addCompressed(
            encoded, decoded: raw.count, target: Self.vertexTarget,
            Compression(
                offset: bytes.count, length: encoded.count, stride: stride, count: raw.count / stride,
                isTriangles: false, filter: filter))
    }

    /// Appends a column of a property table, four or eight bytes a value, as a compressed view and returns its index.
    mutating func addCompressed<Value: BitwiseCopyable>(column: [Value]) -> Int {
        // Safe: the bytes of a trivial type, read for the time of the copy only.
        let raw = unsafe column.withUnsafeBytes { raw in unsafe [UInt8](raw) }
        let stride = MemoryLayout<Value>.stride
        let encoded = Meshopt.encodeVertices(raw, stride: stride)
        return addCompressed(
            encoded, decoded: raw.count, target: nil,
            Compression(
                offset: bytes.count, length: encoded.count, stride: stride, count: column.count, isTriangles: false,
                filter: .none))
    }

    /// Appends triangles as a compressed view of `size` bytes per index and returns its index.
    mutating func addCompressed(triangles indices: [UInt32], vertexCount: Int, size: Int) -> Int {
        let encoded = Meshopt.encodeTriangles(indices, vertexCount: vertexCount)
        return addCompressed(
            encoded, decoded: indices.count * size, target: Self.indexTarget,
            Compression(
                offset: bytes.count, length: encoded.count, stride: size, count: indices.count,
                isTriangles: true, filter: .none))
    }

    private mutating func addCompressed(
        _ encoded: [UInt8], decoded: Int, target: Int?, _ compression: Compression
    ) -> Int {
        bytes.append(contentsOf: encoded)
        views.append(
            View(
                offset: decodedLength, length: decoded,
                stride: compression.isTriangles || target == nil ? nil : compression.stride,
                target: target, compression: compression))
        decodedLength += (decoded + 7) / 8 * 8
        return views.count - 1
    }

    /// Adds an accessor over a view of its own and returns its index.
    mutating func addAccessor(_ accessor: Accessor) -> Int {
        accessors.append(accessor)
        return accessors.count - 1
    }

    func write(into json: inout JSONText) {
        json.arrayField("buffers") { list in
            list.object { $0.field("byteLength", bytes.count) }
            guard decodedLength > 0 else { return }
            list.object { buffer in
                buffer.field("byteLength", decodedLength)
                buffer.objectField("extensions") { extensions in
                    extensions.objectField("EXT_meshopt_compression") { $0.field("fallback", true) }
                }
            }
        }
        json.arrayField("bufferViews") { list in
            for view in views {
                list.object { item in
                    item.field("buffer", view.compression == nil ? 0 : 1)
                    item.field("byteOffset", view.offset)
                    item.field("byteLength", view.length)
                    if let stride = view.stride { item.field("byteStride", stride) }
                    if let target = view.target { item.field("target", target) }
                    if let compression = view.compression { Self.write(compression, into: &item) }
                }
            }
        }
        guard !accessors.isEmpty else { return }
        json.arrayField("accessors") { list in
            for accessor in accessors {
                list.object { item in
                    item.field("bufferView", accessor.view)
                    item.field("componentType", accessor.componentType)
                    if accessor.isNormalized { item.field("normalized", true) }
                    item.field("count", accessor.count)
                    item.field("type", accessor.type)
                    if !accessor.minimum.isEmpty {
                        item.field("min", accessor.minimum)
                        item.field("max", accessor.maximum)
                    }
                }
            }
        }
    }

    private static func write(_ compression: Compression, into view: inout JSONText) {
        view.objectField("extensions") { extensions in
            extensions.objectField("EXT_meshopt_compression") { item in
                item.field("buffer", 0)
                item.field("byteOffset", compression.offset)
                item.field("byteLength", compression.length)
                item.field("byteStride", compression.stride)
                item.field("count", compression.count)
                item.field("mode", compression.isTriangles ? "TRIANGLES" : "ATTRIBUTES")
                if compression.filter != .none { item.field("filter", compression.filter.rawValue) }
            }
        }
    }
}
