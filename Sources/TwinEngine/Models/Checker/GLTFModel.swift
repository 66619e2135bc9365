// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles

/// A glTF document with its buffers, compressed views decoded.
struct GLTFModel {
    struct Damage: Error {
        var message: String
        var code: String
        init(_ message: String, code: String = "model") { (self.message, self.code) = (message, code) }
    }

    /// Something allowed that the checker does not read.
    struct NotCovered: Error {
        var what: String
    }

    let json: [String: Any]
    private var buffers: [[UInt8]?] = []
    private let binary: [UInt8]?

    init(_ bytes: [UInt8]) throws(Damage) {
        var text = bytes
        var binary: [UInt8]?
        if bytes.starts(with: "glTF".utf8) {
            func word(_ at: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) } }
            guard bytes.count >= 20, word(4) == 2, word(8) == bytes.count else {
                throw Damage("the GLB's version is not 2 or its length is not \(bytes.count)")
            }
            let length = word(12)
            guard word(16) == 0x4E4F_534A, length % 4 == 0, 20 + length <= bytes.count else {
                throw Damage("the first chunk is not JSON or is not padded to 4")
            }
            text = Array(bytes[20..<20 + length])
            let start = 20 + length
            if start + 8 <= bytes.count {
                guard word(start + 4) == 0x004E_4942, start + 8 + word(start) <= bytes.count else {
                    throw Damage("the second chunk is not binary or too long")
                }
                binary = Array(bytes[(start + 8)..<(start + 8 + word(start))])
            }
        }
        guard let object = Tiles3DChecker.object(text) else { throw Damage("its JSON cannot be read") }
        let version = (object["asset"] as? [String: Any])?["version"] as? String ?? ""
        guard version.hasPrefix("2."), Int(version.dropFirst(2)) != nil else {
            throw Damage("asset.version '\(version)' is not 2.0 or a later 2.x (glTF 2.0, \"Asset\")")
        }
        json = object
        self.binary = binary
    }

    mutating func load(_ source: Tiles3DSource, _ path: String) async throws(Damage) {
        for (index, buffer) in list("buffers").enumerated() {
            guard let length = buffer["byteLength"] as? Int, length > 0 else { throw Damage("a buffer has no length") }
            var bytes: [UInt8]?
            if let uri = buffer["uri"] as? String {
                bytes = await self.bytes(of: uri, source, path)
                if bytes == nil { throw Damage("there is no buffer \(uri.prefix(80))", code: "missing") }
            } else if index == 0 {
                bytes = binary
            }
            let isFallback = (buffer["extensions"] as? [String: Any])?["EXT_meshopt_compression"] != nil
            // A buffer without an address is for an extension to fill.
            if let bytes, !isFallback, bytes.count < length {
                throw Damage("buffer \(index) has \(bytes.count) bytes of \(length)")
            }
            buffers.append(bytes)
        }
    }

    /// The bytes behind an address of the document: within it (`data:`), or beside it.
    func bytes(of uri: String, _ source: Tiles3DSource, _ path: String) async -> [UInt8]? {
        if let comma = uri.firstIndex(of: ","), uri.hasPrefix("data:") {
            return Data(base64Encoded: String(uri[uri.index(after: comma)...])).map { [UInt8]($0) }
        }
        return await source.read(Tiles3DSource.resolve(uri, from: path))
    }

    /// What EXT_structural_metadata says of the document.
    var metadata: [String: Any]? {
        (json["extensions"] as? [String: Any])?["EXT_structural_metadata"] as? [String: Any]
    }

    func list(_ key: String) -> [[String: Any]] { json[key] as? [[String: Any]] ?? [] }

    /// The decoded bytes of a view.
    func view(_ index: Int) throws(Damage) -> [UInt8] {
        let views = list("bufferViews")
        guard views.indices.contains(index) else { throw Damage("there is no view \(index)") }
        let view = views[index]
        let compression = (view["extensions"] as? [String: Any])?["EXT_meshopt_compression"] as? [String: Any]
        let place = compression ?? view
        guard let buffer = place["buffer"] as? Int, buffers.indices.contains(buffer), let bytes = buffers[buffer],
            let length = place["byteLength"] as? Int, length >= 0, let offset = (place["byteOffset"] ?? 0) as? Int,
            offset >= 0, offset + length <= bytes.count
        else { throw Damage("view \(index) is outside its buffer") }
        let slice = bytes[offset..<offset + length]
        guard let compression else { return Array(slice) }
        guard let count = compression["count"] as? Int, let stride = compression["byteStride"] as? Int, count > 0,
            view["byteLength"] as? Int == count * stride, let mode = compression["mode"] as? String
        else { throw Damage("view \(index): its compression does not match its length") }
        if mode == "ATTRIBUTES" {
            guard let filter = Meshopt.Filter(rawValue: compression["filter"] as? String ?? "NONE"),
                let decoded = Meshopt.decodeVertices(slice, count: count, stride: stride, filter: filter)
            else { throw Damage("view \(index) cannot be decoded") }
            return decoded
        }
        guard stride == 2 || stride == 4,
            let indices = Meshopt.decodeIndices(slice, count: count, isTriangles: mode == "TRIANGLES")
        else { throw Damage("view \(index) cannot be decoded") }
        return indices.flatMap { index in (0..<stride).map { UInt8(truncatingIfNeeded: index >> UInt32(8 * $0)) } }
    }

    /// The components of an accessor, `width` for each element; normalized integers as they are stored.
    ///
    /// - Throws: `Damage`; `NotCovered` for sparse accessors and those whose values are in another extension.
    func numbers(_ index: Int) throws -> (values: [Double], width: Int, accessor: [String: Any]) {
        let accessors = list("accessors")
        guard accessors.indices.contains(index) else { throw Damage("there is no accessor \(index)") }
        let accessor = accessors[index]
        guard let type = accessor["componentType"] as? Int, let size = Self.sizes[type],
            let width = ["SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4][accessor["type"] as? String ?? ""],
            let count = accessor["count"] as? Int, count > 0
        else { throw Damage("accessor \(index) has no valid type or count") }
        guard accessor["sparse"] == nil, let view = accessor["bufferView"] as? Int else {
            throw NotCovered(what: "models with sparse or Draco accessors")
        }
        let bytes = try self.view(view)
        let stride = list("bufferViews")[view]["byteStride"] as? Int ?? size * width
        let offset = accessor["byteOffset"] as? Int ?? 0
        guard offset >= 0, stride >= size * width, offset + (count - 1) * stride + size * width <= bytes.count else {
            throw Damage("accessor \(index) is outside its view")
        }
        var values: [Double] = []
        values.reserveCapacity(count * width)
        for element in 0..<count {
            for component in 0..<width {
                values.append(Self.number(bytes[...], offset + element * stride + component * size, type))
            }
        }
        return (values, width, accessor)
    }

    private static let sizes = [5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4]

    /// A little-endian number; type 5130 is Float64.
    static func number(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ type: Int) -> Double {
        let size = type == 5130 ? 8 : sizes[type] ?? 1
        var bits: UInt64 = 0
        for index in 0..<size { bits |= UInt64(bytes[bytes.startIndex + offset + index]) << UInt64(8 * index) }
        switch type {
        case 5120: return Double(Int8(truncatingIfNeeded: bits))
        case 5122: return Double(Int16(truncatingIfNeeded: bits))
        case 5126: return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case 5130: return Double(bitPattern: bits)
        default: return Double(bits)
        }
    }
}
