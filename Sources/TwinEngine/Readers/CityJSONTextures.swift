// SPDX-License-Identifier: Apache-2.0

/// The `texture` member of a geometry: for each ring a texture and the places on it (CityJSON 2.0 §6.2).
struct CityJSONTextures {
    private let bytes: SourceBytes
    private let images: [String]
    private let vertices: [Float]

    init(_ bytes: SourceBytes, _ text: CityJSONText) {
        self.bytes = bytes
        (images, vertices) = (text.textures, text.textureVertices)
    }

    /// One texture per surface, of the first theme that has any; empty without textures, or where their values do not
    /// match the boundaries. O(values).
    func resolved(_ range: Range<Int>?, depth: Int, count: Int) throws -> [SolidBlob.Texture?] {
        guard let range, !images.isEmpty else { return [] }
        var scanner = JSONScanner(bytes, range: range)
        guard scanner.peek() == UInt8(ascii: "{") else { return [] }
        var found: [SolidBlob.Texture?] = []
        try scanner.object { scanner, _ in
            guard found.isEmpty, scanner.peek() == UInt8(ascii: "{") else {
                try scanner.skip()
                return
            }
            try scanner.object { scanner, key in
                guard key == "values", scanner.peek() == UInt8(ascii: "[") else {
                    try scanner.skip()
                    return
                }
                var surfaces: [SolidBlob.Texture?] = []
                try self.surfaces(&scanner, depth: depth, into: &surfaces)
                if surfaces.count == count, surfaces.contains(where: { $0 != nil }) { found = surfaces }
            }
        }
        return found
    }

    private func surfaces(
        _ scanner: inout JSONScanner, depth: Int, into found: inout [SolidBlob.Texture?]
    ) throws {
        var list: [SolidBlob.Texture?] = []
        try scanner.array { scanner in
            if depth > 1, scanner.peek() == UInt8(ascii: "[") {
                try surfaces(&scanner, depth: depth - 1, into: &list)
            } else if depth == 1, scanner.peek() == UInt8(ascii: "[") {
                list.append(try surface(&scanner))
            } else {
                try scanner.skip()
                list.append(nil)
            }
        }
        found += list
    }

    /// A surface's rings, each a texture and a number of `vertices-texture` per vertex, or null.
    private func surface(_ scanner: inout JSONScanner) throws -> SolidBlob.Texture? {
        var (image, places, isWhole) = (Int?.none, [[Float]](), true)
        let vertices = vertices
        try scanner.array { scanner in
            guard scanner.peek() == UInt8(ascii: "[") else {
                isWhole = false
                try scanner.skip()
                return
            }
            var (ring, at) = ([Float](), 0)
            try scanner.array { scanner in
                let number = try scanner.attribute().integer.flatMap { Int(exactly: $0) }
                if at == 0 {
                    isWhole = isWhole && number != nil && (image == nil || image == number)
                    image = number
                } else if let number, number >= 0, 2 * number + 1 < vertices.count {
                    ring += vertices[2 * number...2 * number + 1]
                } else {
                    isWhole = false
                }
                at += 1
            }
            places.append(ring)
        }
        guard isWhole, let image, images.indices.contains(image), !images[image].isEmpty else { return nil }
        return SolidBlob.Texture(image: images[image], places: places)
    }
}
