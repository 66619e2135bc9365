// SPDX-License-Identifier: Apache-2.0
import Spatial

/// SpatiaLite's geometry format, little-endian ("BLOB-Geometry", SpatiaLite's format note 4.x).
///
/// ```
/// 00 01 srid:i32 minX minY maxX maxY:f64 7C class:i32 body FE
/// ```
/// Lines and polygons are always written as multi-geometries, so that a table has one type. Heights are class + 1000.
enum SpatiaLiteBlob {
    static let headerSize = 43

    /// Appends a geometry. Infallible: the geometry was checked when it was decoded.
    ///
    /// - Parameter hasZ: whether the table has heights; a geometry without them gets 0, heights beyond are left out.
    static func encode(_ geometry: FlatCoordinates, srid: Int32, hasZ: Bool, into bytes: inout [UInt8]) {
        var writer = ByteWriter(bytes: bytes, hasZ: hasZ)
        bytes = []
        defer { bytes = writer.bytes }
        let box = geometry.bounds ?? CoordinateBox(minX: 0, minY: 0, maxX: 0, maxY: 0)
        writer.u8(0)
        writer.u8(1)
        writer.i32(srid)
        for value in [box.minX, box.minY, box.maxX, box.maxY] { writer.f64(value) }
        writer.u8(0x7C)
        let dimension: Int32 = hasZ ? 1000 : 0
        switch geometry.kind {
        case .point where geometry.vertexCount == 1:
            writer.i32(1 + dimension)
            writer.vertex(geometry, 0)
        case .point:
            writer.i32(4 + dimension)
            writer.i32(Int32(geometry.vertexCount))
            for vertex in 0..<geometry.vertexCount {
                writer.u8(0x69)
                writer.i32(1 + dimension)
                writer.vertex(geometry, vertex)
            }
        case .line:
            writer.i32(5 + dimension)
            writer.i32(Int32(geometry.ringEnds.count))
            var start = 0
            for end in geometry.ringEnds {
                let last = Int(end & ringEndMask)
                writer.u8(0x69)
                writer.i32(2 + dimension)
                writer.i32(Int32(last - start))
                for vertex in start..<last { writer.vertex(geometry, vertex) }
                start = last
            }
        case .polygon:
            writer.i32(6 + dimension)
            writePolygons(geometry, dimension, &writer)
        }
        writer.u8(0xFE)
    }

    private static func writePolygons(_ geometry: FlatCoordinates, _ dimension: Int32, _ writer: inout ByteWriter) {
        writer.i32(Int32(geometry.partCount))
        var start = 0
        for (ring, end) in geometry.ringEnds.enumerated() {
            if end & ringStartsPart != 0 {
                var rings = 1
                while ring + rings < geometry.ringEnds.count, geometry.ringEnds[ring + rings] & ringStartsPart == 0 {
                    rings += 1
                }
                writer.u8(0x69)
                writer.i32(3 + dimension)
                writer.i32(Int32(rings))
            }
            let last = Int(end & ringEndMask)
            writer.i32(Int32(last - start + 1))
            for vertex in start..<last { writer.vertex(geometry, vertex) }
            writer.vertex(geometry, start)
            start = last
        }
    }

    /// Reads a geometry that SpatiaLite, QGIS or this engine wrote, also single ones.
    ///
    /// - Throws: `TwinError.store` for bytes that are not such a geometry.
    static func decode(_ bytes: RawSpan, into geometry: inout FlatCoordinates) throws {
        geometry.removeAll()
        var reader = ByteReader(bytes)
        guard reader.u8() == 0, reader.u8() == 1, bytes.byteCount > headerSize else {
            throw TwinError(.store, "a geometry in the store is not a little-endian SpatiaLite geometry")
        }
        reader.skip(36)
        guard reader.u8() == 0x7C else {
            throw TwinError(.store, "a geometry in the store lacks SpatiaLite's mark 0x7C")
        }
        let type = reader.i32()
        try decodeBody(type, &reader, &geometry, depth: 0)
        guard !reader.isShort else { throw TwinError(.store, "a geometry in the store is truncated") }
    }

    private static func decodeBody(
        _ type: Int32, _ reader: inout ByteReader, _ geometry: inout FlatCoordinates, depth: Int
    ) throws {
        let hasZ = type / 1000 == 1 || type / 1000 == 3
        let stride = (hasZ ? 24 : 16) + (type / 1000 >= 2 ? 8 : 0)
        switch type % 1000 {
        case 1:
            geometry.kind = .point
            reader.vertices(1, hasZ: hasZ, stride: stride, into: &geometry)
            geometry.ringEnds = [UInt32(geometry.vertexCount) | ringStartsPart]
        case 2:
            geometry.kind = .line
            reader.vertices(Int(reader.i32()), hasZ: hasZ, stride: stride, into: &geometry)
            geometry.ringEnds.append(UInt32(geometry.vertexCount) | ringStartsPart)
        case 3:
            geometry.kind = .polygon
            let rings = Int(reader.i32())
            for ring in 0..<max(0, min(rings, reader.remaining / 4)) {
                reader.vertices(Int(reader.i32()), hasZ: hasZ, stride: stride, into: &geometry)
                geometry.xy.removeLast(min(2, geometry.xy.count))
                if hasZ, !geometry.z.isEmpty { geometry.z.removeLast() }
                geometry.ringEnds.append(UInt32(geometry.vertexCount) | (ring == 0 ? ringStartsPart : 0))
            }
        case 4 where depth == 0, 5 where depth == 0, 6 where depth == 0:
            let parts = Int(reader.i32())
            for _ in 0..<max(0, min(parts, reader.remaining / 5)) {
                _ = reader.u8()
                try decodeBody(reader.i32(), &reader, &geometry, depth: 1)
            }
        default:
            throw TwinError(.store, "a geometry in the store has the type \(type), which a layer cannot hold")
        }
    }
}

/// Appends little-endian values.
struct ByteWriter {
    var bytes: [UInt8]
    let hasZ: Bool

    mutating func u8(_ value: UInt8) { bytes.append(value) }

    mutating func i32(_ value: Int32) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func f64(_ value: Double) {
        unsafe withUnsafeBytes(of: value.bitPattern.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func vertex(_ geometry: borrowing FlatCoordinates, _ index: Int) {
        f64(geometry.xy[2 * index])
        f64(geometry.xy[2 * index + 1])
        if hasZ { f64(geometry.hasZ ? geometry.z[index] : 0) }
    }
}

/// Reads little-endian values; past the end it yields zeros and remembers that it was short.
@safe struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    private var offset = 0
    private(set) var isShort = false

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.byteCount - offset }

    mutating func skip(_ count: Int) {
        if remaining < count { isShort = true } else { offset += count }
    }

    mutating func u8() -> UInt8 {
        guard remaining >= 1 else {
            isShort = true
            return 0
        }
        defer { offset += 1 }
        // Safe: the bounds were checked above.
        return unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    mutating func i32() -> Int32 {
        guard remaining >= 4 else {
            isShort = true
            return 0
        }
        defer { offset += 4 }
        // Safe: the bounds were checked above.
        return unsafe Int32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Int32.self))
    }

    private func f64(at offset: Int) -> Double {
        // Safe: `vertices` checked the bounds of the whole run.
        unsafe Double(
            bitPattern: UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)))
    }

    /// Appends a run of vertices; a count that the bytes cannot hold reads nothing.
    mutating func vertices(_ count: Int, hasZ: Bool, stride: Int, into geometry: inout FlatCoordinates) {
        guard count >= 0, count <= remaining / stride else {
            isShort = true
            return
        }
        for _ in 0..<count {
            geometry.xy.append(f64(at: offset))
            geometry.xy.append(f64(at: offset + 8))
            if hasZ { geometry.z.append(f64(at: offset + 16)) }
            offset += stride
        }
    }
}
