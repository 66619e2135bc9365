// SPDX-License-Identifier: Apache-2.0
package import Tiles

/// The surfaces of a 3D object at one level of detail.
///
/// Layout, little-endian, no padding:
/// ```
/// u32 version = 1, 2 or 4
/// u32 surfaceCount
/// u32 imageCount       version 4 only, imageCount times: u32 length, length bytes: the path of an image, UTF-8
/// surfaceCount times:
///   u8  semantic       as in ``SurfaceKind``
///   u32 colour         not in version 1: red in the lowest byte, then green, blue, alpha; 0 for none
///   u32 texture        version 4 only: 0 for none, else the number of its image counted from 1
///   u32 ringCount      the first ring is the outer one, the others are holes
///   ringCount times:
///     u32 vertexCount  without the closing vertex
///     vertexCount times: f64 x, f64 y, f64 z   in the CRS of the source, easting first, metres (or its units)
///     vertexCount times, with a texture: f32 u, f32 v   v grows upward, as in CityGML
/// ```
package struct SolidBlob: Sendable, Equatable {
    package typealias Semantic = SurfaceKind

    package struct Surface: Sendable, Equatable {
        package var semantic: Semantic
        /// How many of the blob's rings belong to it.
        package var ringCount: Int
        /// Of its material; nil without one.
        package var colour: VertexColour?
        /// Which of ``SolidBlob/images`` lies on it; nil without one.
        package var texture: Int?

        package init(semantic: Semantic, ringCount: Int, colour: VertexColour? = nil, texture: Int? = nil) {
            self.semantic = semantic
            self.ringCount = ringCount
            self.colour = colour
            self.texture = texture
        }
    }

    package var surfaces: [Surface] = []
    /// Vertices of each ring, over all surfaces.
    package var ringSizes: [Int] = []
    /// x, y, z of each vertex, over all rings.
    package var coordinates: [Double] = []
    /// The images of its textures.
    package internal(set) var images: [String] = []
    /// u, v of each vertex, over all rings; empty without images.
    package internal(set) var textureCoordinates: [Float] = []

    package init() {}

    /// The bytes of the layout above. O(vertices).
    package func encoded() -> [UInt8] {
        var writer = LittleEndianWriter(reserving: 8 + surfaces.count * 9 + ringSizes.count * 4 + coordinates.count * 8)
        let hasColours = surfaces.contains { $0.colour != nil }
        let hasImages = !images.isEmpty
        writer.write(UInt32(hasImages ? 4 : hasColours ? 2 : 1))
        writer.write(UInt32(surfaces.count))
        if hasImages {
            writer.write(UInt32(images.count))
            for image in images {
                writer.write(UInt32(image.utf8.count))
                for byte in image.utf8 { writer.write(byte) }
            }
        }
        var ring = 0
        var value = 0
        for surface in surfaces {
            writer.write(surface.semantic.rawValue)
            if hasColours || hasImages { writer.write(surface.colour.map(Self.number) ?? 0) }
            if hasImages { writer.write(UInt32(surface.texture.map { $0 + 1 } ?? 0)) }
            writer.write(UInt32(surface.ringCount))
            for size in ringSizes[ring..<ring + surface.ringCount] {
                writer.write(UInt32(size))
                for coordinate in coordinates[value..<value + size * 3] { writer.write(coordinate) }
                if surface.texture != nil {
                    let first = value / 3 * 2
                    for place in textureCoordinates[first..<first + size * 2] { writer.write(place.bitPattern) }
                }
                value += size * 3
            }
            ring += surface.ringCount
        }
        return writer.bytes
    }

    private static func number(_ colour: VertexColour) -> UInt32 {
        UInt32(colour.red) | UInt32(colour.green) << 8 | UInt32(colour.blue) << 16 | UInt32(max(1, colour.alpha)) << 24
    }

    private static func colour(_ number: UInt32) -> VertexColour? {
        guard number != 0 else { return nil }
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) }
        return VertexColour(red: bytes[0], green: bytes[1], blue: bytes[2], alpha: bytes[3])
    }

    /// Reads the layout above, or the finest level of ``SolidLevels``. Every count is compared with the bytes that are
    /// left before anything is reserved.
    package init(decoding bytes: some RandomAccessCollection<UInt8>) throws(ReaderError) {
        self = try SolidLevels(decoding: bytes).finest
    }

    init(layout reader: inout LittleEndianReader) throws(ReaderError) {
        let version = try reader.u32()
        guard version == 1 || version == 2 || version == 4 else {
            throw ReaderError(.version, "solid value: version is \(version), not 1, 2 or 4; import the layer again")
        }
        let surfaceCount = try reader.count(itemSize: version == 1 ? 5 : 9)
        if version == 4 {
            for _ in 0..<(try reader.count(itemSize: 4)) {
                images.append(try reader.text(try reader.count(itemSize: 1)))
            }
        }
        surfaces.reserveCapacity(surfaceCount)
        for _ in 0..<surfaceCount {
            guard let semantic = Semantic(rawValue: try reader.u8()) else {
                throw ReaderError(.syntax, "solid value: unknown semantic before byte \(reader.position)")
            }
            let colour = version == 1 ? nil : Self.colour(try reader.u32())
            let texture = version == 4 ? Int(try reader.u32()) - 1 : -1
            guard texture < images.count else {
                throw ReaderError(.syntax, "solid value: unknown image before byte \(reader.position)")
            }
            let ringCount = try reader.count(itemSize: 4)
            surfaces.append(
                Surface(
                    semantic: semantic, ringCount: ringCount, colour: colour, texture: texture < 0 ? nil : texture))
            for _ in 0..<ringCount {
                let size = try reader.count(itemSize: 24)
                ringSizes.append(size)
                for _ in 0..<size * 3 { coordinates.append(try reader.f64()) }
                guard version == 4 else { continue }
                for _ in 0..<size * 2 {
                    textureCoordinates.append(texture < 0 ? 0 : Float(bitPattern: try reader.u32()))
                }
            }
        }
    }

    /// Replaces every vertex by `body`'s answer, for instance to reproject. O(vertices).
    package mutating func transform(
        _ body: ((x: Double, y: Double, z: Double)) throws -> (x: Double, y: Double, z: Double)
    ) rethrows {
        for index in stride(from: 0, to: coordinates.count, by: 3) {
            let vertex = try body((coordinates[index], coordinates[index + 1], coordinates[index + 2]))
            coordinates[index] = vertex.x
            coordinates[index + 1] = vertex.y
            coordinates[index + 2] = vertex.z
        }
    }

    /// Calls `body` with each surface's semantic and rings; a ring is x, y, z of each vertex.
    package func forEachSurface(_ body: (Semantic, [ArraySlice<Double>]) throws -> Void) rethrows {
        try forEach { try body($0.semantic, $1) }
    }

    /// Calls `body` with each surface and its rings; a ring is x, y, z of each vertex.
    package func forEach(_ body: (Surface, [ArraySlice<Double>]) throws -> Void) rethrows {
        var ring = 0
        var value = 0
        for surface in surfaces {
            var rings: [ArraySlice<Double>] = []
            for size in ringSizes[ring..<ring + surface.ringCount] {
                rings.append(coordinates[value..<value + size * 3])
                value += size * 3
            }
            ring += surface.ringCount
            try body(surface, rings)
        }
    }
}
