// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
@testable import Tiles

/// A small independent reader of GLB files, for tests.
struct GLBParser {
    let json: [String: Any]
    let binary: [UInt8]

    init(_ glb: [UInt8]) throws {
        func word(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(glb[offset + $1]) << (8 * $1) } }
        try #require(glb.count >= 20)
        #expect(Array(glb[0..<4]) == Array("glTF".utf8))
        #expect(word(4) == 2)
        #expect(word(8) == glb.count)
        let jsonLength = word(12)
        #expect(jsonLength % 4 == 0)
        #expect(word(16) == 0x4E4F_534A)
        json = try #require(JSONSerialization.jsonObject(with: Data(glb[20..<20 + jsonLength])) as? [String: Any])
        let start = 20 + jsonLength
        guard start < glb.count else {
            binary = []
            return
        }
        let length = word(start)
        #expect(length % 8 == 0)
        #expect((start + 8) % 8 == 0)
        #expect(word(start + 4) == 0x004E_4942)
        #expect(start + 8 + length == glb.count)
        binary = Array(glb[(start + 8)...])
    }

    func list(_ key: String) -> [[String: Any]] { json[key] as? [[String: Any]] ?? [] }

    var primitives: [[String: Any]] { list("meshes").first?["primitives"] as? [[String: Any]] ?? [] }

    func accessor(_ primitive: Int, _ attribute: String) throws -> [String: Any] {
        let attributes = try #require(primitives[primitive]["attributes"] as? [String: Int])
        return list("accessors")[try #require(attributes[attribute])]
    }

    func viewBytes(_ index: Int) throws -> ArraySlice<UInt8> {
        let view = list("bufferViews")[index]
        if let extensions = view["extensions"] as? [String: [String: Any]],
            let compression = extensions["EXT_meshopt_compression"]
        {
            return try decoded(compression, length: view["byteLength"] as? Int)[...]
        }
        let offset = try #require(view["byteOffset"] as? Int)
        let length = try #require(view["byteLength"] as? Int)
        try #require(offset + length <= binary.count)
        return binary[offset..<offset + length]
    }

    /// A compressed view, by the library's decoder.
    private func decoded(_ compression: [String: Any], length: Int?) throws -> [UInt8] {
        let offset = try #require(compression["byteOffset"] as? Int)
        let bytes = try #require(compression["byteLength"] as? Int)
        let count = try #require(compression["count"] as? Int)
        let stride = try #require(compression["byteStride"] as? Int)
        try #require(compression["buffer"] as? Int == 0 && offset + bytes <= binary.count)
        #expect(length == count * stride)
        let source = binary[offset..<offset + bytes]
        if compression["mode"] as? String == "TRIANGLES" {
            #expect(source.first == 0xE1)
            let indices = try #require(Meshopt.decodeIndices(source, count: count, isTriangles: true))
            return indices.flatMap { index in (0..<stride).map { UInt8(truncatingIfNeeded: index >> (8 * $0)) } }
        }
        #expect(source.first == 0xA0)
        let filter = try #require(Meshopt.Filter(rawValue: compression["filter"] as? String ?? "NONE"))
        return try #require(Meshopt.decodeVertices(source, count: count, stride: stride, filter: filter))
    }

    /// All components of an accessor as numbers.
    func numbers(_ accessor: [String: Any]) throws -> [Double] {
        let index = try #require(accessor["bufferView"] as? Int)
        let bytes = Array(try viewBytes(index))
        let type = try #require(accessor["componentType"] as? Int)
        let count = try #require(accessor["count"] as? Int)
        let width = ["SCALAR": 1, "VEC3": 3, "VEC4": 4][accessor["type"] as? String ?? ""] ?? 0
        let size = [5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4][type] ?? 0
        let stride = list("bufferViews")[index]["byteStride"] as? Int ?? size * width
        var numbers: [Double] = []
        for element in 0..<count {
            for component in 0..<width {
                let at = element * stride + component * size
                try #require(at + size <= bytes.count)
                let bits = (0..<size).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << (8 * UInt32($1)) }
                switch type {
                case 5126: numbers.append(Double(Float(bitPattern: bits)))
                case 5120: numbers.append(Double(Int8(bitPattern: UInt8(bits))) / 127)
                case 5121: numbers.append(Double(bits) / 255)
                case 5122: numbers.append(Double(Int16(bitPattern: UInt16(bits))))
                default: numbers.append(Double(bits))
                }
            }
        }
        return numbers
    }

    /// The node's translation and the positions of a primitive, turned back to east, north, up.
    func positions(_ primitive: Int) throws -> [SIMD3<Double>] {
        let node = try #require(list("nodes").first?["translation"] as? [Double])
        let scale = list("nodes").first?["scale"] as? [Double] ?? [1, 1, 1]
        let flat = try numbers(accessor(primitive, "POSITION"))
        return stride(from: 0, to: flat.count, by: 3).map {
            SIMD3(
                flat[$0] * scale[0] + node[0], -(flat[$0 + 2] * scale[2] + node[2]),
                flat[$0 + 1] * scale[1] + node[1])
        }
    }
}
