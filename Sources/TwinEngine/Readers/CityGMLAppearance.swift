// SPDX-License-Identifier: Apache-2.0

/// The textures of CityGML by the rings that they lie on.
///
/// Source: OGC 12-019 §9 (CityGML 2.0: `textureCoordinates` names its ring), OGC 20-010 (3.0: a `ring` follows each).
struct CityGMLAppearance {
    struct Place {
        var image: String
        /// u, v of each vertex, the closing one too.
        var coordinates: [Float]
    }

    private(set) var rings: [String: Place] = [:]
    /// Images laid on the ground by a position in the world.
    private(set) var georeferenced = 0

    /// Collects the parameterized textures in a tree. O(values).
    mutating func collect(_ tree: XMLTree) {
        if tree.name == "GeoreferencedTexture" { georeferenced += 1 }
        if tree.name == "ParameterizedTexture" {
            if let image = tree.first("imageURI")?.text, !image.isEmpty { take(tree, image) }
            return
        }
        for child in tree.children { collect(child) }
    }

    private mutating func take(_ tree: XMLTree, _ image: String) {
        guard tree.name == "TexCoordList" else {
            for child in tree.children { take(child, image) }
            return
        }
        let lists = tree.children.filter { $0.name == "textureCoordinates" }
        let names = tree.children.filter { $0.name == "ring" }.map(\.text)
        for (index, list) in lists.enumerated() {
            guard let ring = list.attribute("ring") ?? (index < names.count ? names[index] : nil), ring.hasPrefix("#")
            else { continue }
            var coordinates: [Float] = []
            for word in list.text.utf8.split(whereSeparator: { $0 <= 0x20 || $0 == UInt8(ascii: ",") }) {
                guard let number = Float(Substring(word)), number.isFinite else { break }
                coordinates.append(number)
            }
            rings[String(ring.dropFirst())] = Place(image: image, coordinates: coordinates)
        }
    }
}
