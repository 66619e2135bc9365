// SPDX-License-Identifier: Apache-2.0
package import Spatial

/// The surfaces of a 3D object in one binary value, so that the record keeps more than a footprint: all its levels of
/// detail, the coarsest first.
///
/// Layout, little-endian, no padding; a value that begins with 1, 2 or 4 is one level of ``SolidBlob`` by itself:
/// ```
/// u32 version = 3
/// u32 levelCount
/// levelCount times:
///   u8 flags                  1: the source says that it is one solid, which its surfaces enclose
///   u8 length, length bytes   the level of detail as its source writes it, UTF-8
///   a SolidBlob
/// ```
package struct SolidLevels: Sendable, Equatable {
    package struct Level: Sendable, Equatable {
        /// As the source writes it: `2`, `1.3`, or nothing.
        package var lod: String
        package var solid: SolidBlob
        /// The source says that it is one solid, which its surfaces enclose.
        package var isSolid: Bool

        package init(lod: String, solid: SolidBlob, isSolid: Bool = false) {
            (self.lod, self.solid, self.isSolid) = (lod, solid, isSolid)
        }
    }

    /// At least one.
    package internal(set) var levels: [Level]

    /// - Parameter levels: coarsest first, not empty.
    package init(_ levels: [Level]) {
        precondition(!levels.isEmpty)
        self.levels = levels
    }

    package var finest: SolidBlob { levels[levels.count - 1].solid }

    /// Levels that are shown: those with a height, or the finest.
    package var shown: [Level] {
        let solid = levels.filter { $0.solid.heightRange.map { $0.upperBound > $0.lowerBound } ?? false }
        return solid.isEmpty ? [levels[levels.count - 1]] : solid
    }

    package mutating func transform(
        _ body: ((x: Double, y: Double, z: Double)) throws -> (x: Double, y: Double, z: Double)
    ) rethrows {
        for index in levels.indices { try levels[index].solid.transform(body) }
    }

    /// O(vertices).
    package func encoded() -> [UInt8] {
        if levels.count == 1, levels[0].lod.isEmpty, !levels[0].isSolid { return finest.encoded() }
        var writer = LittleEndianWriter(reserving: 64)
        writer.write(UInt32(3))
        writer.write(UInt32(levels.count))
        var bytes = writer.bytes
        for level in levels {
            let name = Array(level.lod.utf8.prefix(255))
            bytes.append(level.isSolid ? 1 : 0)
            bytes.append(UInt8(name.count))
            bytes += name
            bytes += level.solid.encoded()
        }
        return bytes
    }

    package init(decoding bytes: some RandomAccessCollection<UInt8>) throws(ReaderError) {
        var reader = LittleEndianReader(Array(bytes))
        var levels: [Level] = []
        if try reader.peekU32() == 3 {
            _ = try reader.u32()
            let count = try reader.count(itemSize: 10)
            guard count > 0 else {
                throw ReaderError(.syntax, "solid value: no level of detail; import the layer again")
            }
            for _ in 0..<count {
                let isSolid = try reader.u8() & 1 != 0
                let lod = try reader.text(Int(try reader.u8()))
                levels.append(Level(lod: lod, solid: try SolidBlob(layout: &reader), isSolid: isSolid))
            }
        } else {
            levels.append(Level(lod: "", solid: try SolidBlob(layout: &reader)))
        }
        guard reader.isAtEnd else {
            throw ReaderError(.syntax, "solid value: \(reader.remaining) bytes too many; import the layer again")
        }
        self.levels = levels
    }
}

extension SolidLevels {
    /// What is wrong with any of the shapes, in the order of declaration. Of surfaces that do not claim to be a solid only
    /// what concerns each by itself.
    ///
    /// - Throws: `geos` where GEOS cannot judge a surface with holes.
    package func faults() throws(SpatialError) -> [SolidFault] {
        var found: Set<SolidFault> = []
        for level in levels {
            found.formUnion(try SolidExaminer.faults(of: level.solid, isSolid: level.isSolid))
        }
        return SolidFault.allCases.filter(found.contains)
    }
}

extension SolidBlob {
    /// Lowest and highest vertex; nil without one.
    package var heightRange: ClosedRange<Double>? {
        var (low, high) = (Double.infinity, -Double.infinity)
        for index in stride(from: 2, to: coordinates.count, by: 3) {
            low = min(low, coordinates[index])
            high = max(high, coordinates[index])
        }
        return low <= high ? low...high : nil
    }
}

/// Reads little-endian values with bounds checks.
struct LittleEndianReader {
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

    func peekU32() throws(ReaderError) -> UInt32 {
        var copy = self
        return try copy.u32()
    }

    mutating func f64() throws(ReaderError) -> Double {
        let start = try advance(8)
        return Double(bitPattern: (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64($1 * 8) })
    }

    /// The next `size` bytes as text.
    mutating func text(_ size: Int) throws(ReaderError) -> String {
        let start = try advance(size)
        return String(decoding: bytes[start..<start + size], as: UTF8.self)
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
