// SPDX-License-Identifier: Apache-2.0
package import Tiles

extension SolidBlob {
    /// What lies on a surface: the image's name, and u and v of each vertex of each ring.
    package struct Texture: Sendable, Equatable {
        package var image: String
        package var places: [[Float]]

        package init(image: String, places: [[Float]]) {
            (self.image, self.places) = (image, places)
        }
    }

    /// Adds a surface; a ring is x, y, z of each vertex without the closing one. A texture that does not fit its rings
    /// is left out.
    package mutating func append(
        _ semantic: Semantic, colour: VertexColour? = nil, rings: [[Double]], texture: Texture? = nil
    ) {
        let fitting = texture.flatMap { texture in
            texture.places.count == rings.count
                && zip(texture.places, rings).allSatisfy { $0.count * 3 == $1.count * 2 } ? texture : nil
        }
        var number: Int?
        if let fitting {
            number = images.firstIndex(of: fitting.image) ?? images.count
            if number == images.count { images.append(fitting.image) }
            // Surfaces before the first texture have places too, which nobody looks at.
            let missing = coordinates.count / 3 * 2 - textureCoordinates.count
            textureCoordinates += Array(repeating: 0, count: missing)
        }
        surfaces.append(Surface(semantic: semantic, ringCount: rings.count, colour: colour, texture: number))
        for ring in rings {
            ringSizes.append(ring.count / 3)
            coordinates += ring
            if fitting == nil, !images.isEmpty {
                textureCoordinates += Array(repeating: 0, count: ring.count / 3 * 2)
            }
        }
        if let fitting { for places in fitting.places { textureCoordinates += places } }
    }

    /// Gives images other names; those without a name are taken off their surfaces.
    package mutating func renameImages(_ body: (String) -> String?) {
        guard !images.isEmpty else { return }
        var numbers: [Int?] = []
        var kept: [String] = []
        for image in images {
            guard let name = body(image) else {
                numbers.append(nil)
                continue
            }
            let number = kept.firstIndex(of: name) ?? kept.count
            if number == kept.count { kept.append(name) }
            numbers.append(number)
        }
        images = kept
        if kept.isEmpty { textureCoordinates = [] }
        for at in surfaces.indices {
            surfaces[at].texture = surfaces[at].texture.flatMap { numbers[$0] }
        }
    }
}

extension SolidLevels {
    /// As ``SolidBlob/renameImages(_:)``, of all levels.
    package mutating func renameImages(_ body: (String) -> String?) {
        for index in levels.indices { levels[index].solid.renameImages(body) }
    }

    /// The images of all levels.
    package var images: Set<String> { Set(levels.flatMap(\.solid.images)) }
}
