// SPDX-License-Identifier: Apache-2.0

/// The surfaces of a 3D object in one binary value, so that the record keeps more than a footprint.
///
/// Layout, little-endian, no padding:
/// ```
/// u32 version = 1
/// u32 surfaceCount
/// surfaceCount times:
///   u8  semantic       0 unknown, 1 ground, 2 wall, 3 roof, 4 other
///   u32 ringCount      the first ring is the outer one, the others are holes
///   ringCount times:
///     u32 vertexCount  without the closing vertex
///     vertexCount times: f64 x, f64 y, f64 z   in the CRS of the source, easting first, metres (or its units)
/// ```
package struct SolidBlob: Sendable, Equatable {
    package enum Semantic: UInt8, Sendable {
        case unknown = 0, ground, wall, roof, other
    }

    package struct Surface: Sendable, Equatable {
        package var semantic: Semantic
        /// How many of the blob's rings belong to it.
        package var ringCount: Int

        package init(semantic: Semantic, ringCount: Int) {
            self.semantic = semantic
            self.ringCount = ringCount
        }
    }

    package var surfaces: [Surface] = []
    /// Vertices of each ring, over all surfaces.
    package var ringSizes: [Int] = []
    /// x, y, z of each vertex, over all rings.
    package var coordinates: [Double] = []

    package init() {}

    /// The bytes of the layout above. O(vertices).
    package func encoded() -> [UInt8] {
        var writer = LittleEndianWriter(reserving: 8 + surfaces.count * 5 + ringSizes.count * 4 + coordinates.count * 8)
        writer.write(UInt32(1))
        writer.write(UInt32(surfaces.count))
        var ring = 0
        var value = 0
        for surface in surfaces {
            writer.write(surface.semantic.rawValue)
            writer.write(UInt32(surface.ringCount))
            for size in ringSizes[ring..<ring + surface.ringCount] {
                writer.write(UInt32(size))
                for coordinate in coordinates[value..<value + size * 3] { writer.write(coordinate) }
                value += size * 3
            }
            ring += surface.ringCount
        }
        return writer.bytes
    }

    /// Reads the layout above. Every count is compared with the bytes that are left before anything is reserved.
    package init(decoding bytes: some RandomAccessCollection<UInt8>) throws(ReaderError) {
        var reader = LittleEndianReader(Array(bytes))
        guard try reader.u32() == 1 else {
            throw ReaderError(.version, "solid value: version is not 1; import the layer again")
        }
        let surfaceCount = try reader.count(itemSize: 5)
        surfaces.reserveCapacity(surfaceCount)
        for _ in 0..<surfaceCount {
            guard let semantic = Semantic(rawValue: try reader.u8()) else {
                throw ReaderError(.syntax, "solid value: unknown semantic before byte \(reader.position)")
            }
            let ringCount = try reader.count(itemSize: 4)
            surfaces.append(Surface(semantic: semantic, ringCount: ringCount))
            for _ in 0..<ringCount {
                let size = try reader.count(itemSize: 24)
                ringSizes.append(size)
                for _ in 0..<size * 3 { coordinates.append(try reader.f64()) }
            }
        }
        guard reader.isAtEnd else {
            throw ReaderError(.syntax, "solid value: \(reader.remaining) bytes too many; import the layer again")
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
        var ring = 0
        var value = 0
        for surface in surfaces {
            var rings: [ArraySlice<Double>] = []
            for size in ringSizes[ring..<ring + surface.ringCount] {
                rings.append(coordinates[value..<value + size * 3])
                value += size * 3
            }
            ring += surface.ringCount
            try body(surface.semantic, rings)
        }
    }
}

/// Reads little-endian values with bounds checks.
private struct LittleEndianReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { remaining == 0 }

    private mutating func advance(_ size: Int) throws(ReaderError) -> Int {
        guard remaining >= size else {
            throw ReaderError(.syntax, "solid value: ends at byte \(bytes.count) where \(size) more were expected")
        }
        defer { position += size }
        return position
    }

    mutating func u8() throws(ReaderError) -> UInt8 { bytes[try advance(1)] }

    mutating func u32() throws(ReaderError) -> UInt32 {
        let start = try advance(4)
        return (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32($1 * 8) }
    }

    mutating func f64() throws(ReaderError) -> Double {
        let start = try advance(8)
        return Double(bitPattern: (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64($1 * 8) })
    }

    /// A count of items of at least `itemSize` bytes each.
    mutating func count(itemSize: Int) throws(ReaderError) -> Int {
        let count = Int(try u32())
        guard count <= remaining / itemSize else {
            throw ReaderError(.syntax, "solid value: announces \(count) items, only \(remaining) bytes are left")
        }
        return count
    }
}
