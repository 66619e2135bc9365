// SPDX-License-Identifier: Apache-2.0

/// The binary chunk of a GLB and the views and accessors into it. glTF is little-endian, as is every platform of ours.
struct GLBBuffer {
    struct View {
        var offset: Int
        var length: Int
        var stride: Int?
        /// 34962 vertices, 34963 indices; nil for metadata.
        var target: Int?
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

    /// Adds an accessor over a view of its own and returns its index.
    mutating func addAccessor(_ accessor: Accessor) -> Int {
        accessors.append(accessor)
        return accessors.count - 1
    }

    func write(into json: inout JSONText) {
        json.arrayField("buffers") { list in
            list.object { $0.field("byteLength", bytes.count) }
        }
        json.arrayField("bufferViews") { list in
            for view in views {
                list.object { item in
                    item.field("buffer", 0)
                    item.field("byteOffset", view.offset)
                    item.field("byteLength", view.length)
                    if let stride = view.stride { item.field("byteStride", stride) }
                    if let target = view.target { item.field("target", target) }
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
}
