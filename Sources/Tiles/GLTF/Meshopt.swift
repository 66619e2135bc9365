// SPDX-License-Identifier: Apache-2.0
import CMeshopt

/// The codecs of EXT_meshopt_compression, by meshoptimizer. Any thread; every call is by itself.
///
/// Vertices are written in version 0 and triangles in version 1, which are the versions that the extension names.
package enum Meshopt {
    /// The library's format switch is global: it is set once, before the first call of any thread.
    private static let formatIsSet: Bool = {
        meshopt_encodeVertexVersion(0)
        meshopt_encodeIndexVersion(1)
        return true
    }()

    /// Mode ATTRIBUTES: elements of `stride` bytes, a multiple of 4 and at most 256. O(bytes).
    static func encodeVertices(_ bytes: [UInt8], stride: Int) -> [UInt8] {
        precondition(formatIsSet && stride % 4 == 0 && stride <= 256 && bytes.count % stride == 0)
        let count = bytes.count / stride
        let bound = meshopt_encodeVertexBufferBound(count, stride)
        // Safe: both buffers live for the call, and the library writes no more than the bound that it gave.
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, written in
            unsafe bytes.withUnsafeBytes { source in
                written = unsafe meshopt_encodeVertexBuffer(
                    target.baseAddress, target.count, source.baseAddress, count, stride)
            }
        }
    }

    /// Mode TRIANGLES: the triangles keep their order and their first corner may change. O(indices).
    static func encodeTriangles(_ indices: [UInt32], vertexCount: Int) -> [UInt8] {
        precondition(formatIsSet && indices.count % 3 == 0)
        let bound = meshopt_encodeIndexBufferBound(indices.count, vertexCount)
        // Safe: both buffers live for the call, and the library writes no more than the bound that it gave.
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, written in
            unsafe indices.withUnsafeBufferPointer { source in
                written = unsafe meshopt_encodeIndexBuffer(
                    target.baseAddress, target.count, source.baseAddress, source.count)
            }
        }
    }

    /// The triangles in an order in which a graphics card transforms few vertices twice. O(indices).
    static func optimizeVertexCache(_ indices: [UInt32], vertexCount: Int) -> [UInt32] {
        precondition(indices.allSatisfy { Int($0) < vertexCount })
        // Safe: both arrays have the same count, and every index was compared with the number of vertices.
        return unsafe [UInt32](unsafeUninitializedCapacity: indices.count) { target, written in
            unsafe indices.withUnsafeBufferPointer { source in
                unsafe meshopt_optimizeVertexCache(
                    target.baseAddress, source.baseAddress, source.count, vertexCount)
            }
            written = indices.count
        }
    }

    /// How a decoded view is turned into numbers.
    package enum Filter: String, Sendable {
        case none = "NONE"
        case octahedral = "OCTAHEDRAL"
        case quaternion = "QUATERNION"
        case exponential = "EXPONENTIAL"
    }

    /// What mode ATTRIBUTES and a filter hold; nil for damaged bytes. The bytes are checked by the library.
    package static func decodeVertices(_ bytes: ArraySlice<UInt8>, count: Int, stride: Int, filter: Filter) -> [UInt8]?
    {
        guard count >= 0, stride > 0, stride % 4 == 0, stride <= 256, count <= 1 << 30 else { return nil }
        var status: Int32 = -1
        // Safe: the library reads and writes within the sizes it is given, and reports damage by its status.
        let decoded = unsafe [UInt8](unsafeUninitializedCapacity: max(1, count * stride)) { target, written in
            unsafe bytes.withUnsafeBytes { source in
                status = unsafe meshopt_decodeVertexBuffer(
                    target.baseAddress, count, stride, source.baseAddress, source.count)
            }
            guard status == 0 else { return written = 0 }
            switch filter {
            case .none: break
            case .octahedral: unsafe meshopt_decodeFilterOct(target.baseAddress, count, stride)
            case .quaternion: unsafe meshopt_decodeFilterQuat(target.baseAddress, count, stride)
            case .exponential: unsafe meshopt_decodeFilterExp(target.baseAddress, count, stride)
            }
            written = count * stride
        }
        return status == 0 ? decoded : nil
    }

    /// What mode TRIANGLES or INDICES holds; nil for damaged bytes.
    package static func decodeIndices(_ bytes: ArraySlice<UInt8>, count: Int, isTriangles: Bool) -> [UInt32]? {
        guard count >= 0, count <= 1 << 30, !isTriangles || count % 3 == 0 else { return nil }
        var status: Int32 = -1
        // Safe: the library reads and writes within the sizes it is given, and reports damage by its status.
        let decoded = unsafe [UInt32](unsafeUninitializedCapacity: max(1, count)) { target, written in
            unsafe bytes.withUnsafeBytes { source in
                status =
                    isTriangles
                    ? unsafe meshopt_decodeIndexBuffer(target.baseAddress, count, 4, source.baseAddress, source.count)
                    : unsafe meshopt_decodeIndexSequence(
                        target.baseAddress, count, 4, source.baseAddress, source.count)
            }
            written = status == 0 ? count : 0
        }
        return status == 0 ? decoded : nil
    }
}
