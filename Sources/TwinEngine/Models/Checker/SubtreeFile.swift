// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A subtree of implicit tiling, binary or JSON. Source: OGC 3D Tiles 1.1, "Subtree Binary Format".
struct SubtreeFile {
    struct Damage: Error {
        var message: String
        init(_ message: String) { self.message = message }
    }

    let json: [String: Any]
    private var buffers: [[UInt8]] = []
    private let binary: [UInt8]

    init(_ bytes: [UInt8]) throws(Damage) {
        var text = bytes
        var binary: [UInt8] = []
        if bytes.starts(with: "subt".utf8) {
            func number(_ offset: Int, _ size: Int) -> UInt64 {
                (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
            }
            guard bytes.count >= 24 else { throw Damage("shorter than its header") }
            guard number(4, 4) == 1 else { throw Damage("version \(number(4, 4)) is not 1") }
            let (length, size) = (number(8, 8), number(16, 8))
            guard length % 8 == 0, size % 8 == 0 else { throw Damage("lengths are not multiples of 8") }
            guard length < 1 << 32, size < 1 << 32, 24 + length + size == UInt64(bytes.count) else {
                throw Damage("lengths \(length) and \(size) do not make \(bytes.count) bytes")
            }
            text = Array(bytes[24..<24 + Int(length)])
            binary = Array(bytes[(24 + Int(length))...])
        } else if bytes.first != UInt8(ascii: "{") {
            throw Damage("neither a binary subtree nor JSON")
        }
        guard let object = Tiles3DChecker.object(text) else { throw Damage("its JSON cannot be read") }
        json = object
        self.binary = binary
    }

    /// Reads the buffers that the document names.
    mutating func load(_ source: Tiles3DSource, _ path: String) async throws(Damage) {
        for buffer in try list("buffers") {
            guard let length = buffer["byteLength"] as? Int, length > 0 else { throw Damage("a buffer has no length") }
            try Self.checkName(buffer)
            var bytes = binary
            if let uri = buffer["uri"] as? String {
                guard let read = await source.read(Tiles3DSource.resolve(uri, from: path)) else {
                    throw Damage("there is no buffer \(uri)")
                }
                bytes = read
            }
            guard bytes.count >= length else { throw Damage("a buffer of \(bytes.count) bytes claims \(length)") }
            buffers.append(bytes)
        }
        if json["bufferViews"] != nil, buffers.isEmpty { throw Damage("bufferViews without buffers") }
        for (index, view) in try list("bufferViews").enumerated() {
            guard self.view(index) != nil, (view["byteLength"] as? Int ?? 0) > 0 else {
                throw Damage("bufferView \(index) names no buffer, is outside it, or begins at no multiple of 8")
            }
            try Self.checkName(view)
        }
    }

    private static func checkName(_ object: [String: Any]) throws(Damage) {
        guard let name = object["name"] else { return }
        if (name as? String ?? "").isEmpty { throw Damage("a name of a buffer is no text") }
    }

    private func list(_ key: String) throws(Damage) -> [[String: Any]] {
        guard let value = json[key] else { return [] }
        guard let list = value as? [[String: Any]], !list.isEmpty else { throw Damage("\(key) is no list of objects") }
        return list
    }

    /// The bytes of a buffer view; nil if there is no such view.
    func view(_ index: Int) -> ArraySlice<UInt8>? {
        guard let views = json["bufferViews"] as? [[String: Any]], views.indices.contains(index),
            let buffer = views[index]["buffer"] as? Int, buffers.indices.contains(buffer),
            let offset = views[index]["byteOffset"] as? Int, offset >= 0, offset % 8 == 0,
            let length = views[index]["byteLength"] as? Int, length >= 0, offset + length <= buffers[buffer].count
        else { return nil }
        return buffers[buffer][offset..<offset + length]
    }

    /// An availability as bits.
    func bits(_ value: Any?, _ count: Int, _ name: String) throws(Damage) -> [Bool] {
        guard let item = value as? [String: Any] else { throw Damage("\(name) is missing or no object") }
        var bits = [Bool](repeating: false, count: count)
        switch (item["constant"], item["bitstream"]) {
        case (let constant?, nil):
            guard let constant = constant as? Int, constant == 0 || constant == 1 else {
                throw Damage("\(name).constant is not 0 or 1")
            }
            if constant == 1 { bits = [Bool](repeating: true, count: count) }
        case (nil, let stream?):
            guard let index = stream as? Int, let bytes = view(index) else {
                throw Damage("\(name).bitstream names no view")
            }
            guard bytes.count == (count + 7) / 8 else {
                throw Damage("\(name) has \(bytes.count) bytes for \(count) bits")
            }
            for index in 0..<count { bits[index] = bytes[bytes.startIndex + index >> 3] >> UInt8(index & 7) & 1 == 1 }
        default: throw Damage("\(name) wants either a bitstream or a constant")
        }
        if let told = item["availableCount"] {
            guard let told = told as? Int, told == bits.count(where: { $0 }) else {
                throw Damage("\(name).availableCount is not \(bits.count { $0 })")
            }
        }
        return bits
    }

    /// What refers to the property tables.
    func checkReferences(available: Int) throws(Damage) {
        let tables = try list("propertyTables")
        if let value = json["tileMetadata"] {
            guard let index = value as? Int, tables.indices.contains(index) else {
                throw Damage("tileMetadata names no property table")
            }
            guard tables[index]["count"] as? Int == available else {
                throw Damage("tileMetadata has other than \(available) rows")
            }
        }
        if let value = json["contentMetadata"] {
            guard let indices = value as? [Int], !indices.isEmpty, indices.allSatisfy(tables.indices.contains) else {
                throw Damage("contentMetadata names no property tables")
            }
        }
    }
}
