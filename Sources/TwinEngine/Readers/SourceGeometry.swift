// SPDX-License-Identifier: Apache-2.0

/// ISO WKB (OGC 06-103r4 §8.2, Z as type + 1000), little-endian, made from plain coordinates.
package enum SourceGeometry {
    /// A point; `z` makes it a Point Z.
    package static func point(x: Double, y: Double, z: Double? = nil) -> [UInt8] {
        var writer = LittleEndianWriter(reserving: 29)
        writer.header(1, hasZ: z != nil)
        writer.write(x)
        writer.write(y)
        if let z { writer.write(z) }
        return writer.bytes
    }

    /// A line through `coordinates`: x, y (, z) of each vertex in turn.
    package static func line(_ coordinates: [Double], hasZ: Bool) -> [UInt8] {
        let stride = hasZ ? 3 : 2
        precondition(coordinates.count % stride == 0, "whole vertices only")
        var writer = LittleEndianWriter(reserving: 9 + coordinates.count * 8)
        writer.header(2, hasZ: hasZ)
        writer.write(UInt32(coordinates.count / stride))
        for value in coordinates { writer.write(value) }
        return writer.bytes
    }

    /// A MultiPolygon of flat rings. `polygons[p][r]` is x, y of each vertex without the closing one.
    /// Outer rings are written counter-clockwise and holes clockwise, whatever way round they came.
    package static func multiPolygon(_ polygons: [[[Double]]]) -> [UInt8] {
        var writer = LittleEndianWriter(reserving: 64)
        writer.header(6, hasZ: false)
        writer.write(UInt32(polygons.count))
        for rings in polygons {
            writer.header(3, hasZ: false)
            writer.write(UInt32(rings.count))
            for (index, ring) in rings.enumerated() { writer.ring(ring, counterClockwise: index == 0) }
        }
        return writer.bytes
    }

    /// Twice the signed area of a flat ring, measured from its first vertex to keep digits.
    static func doubledArea(_ ring: [Double]) -> Double {
        guard ring.count >= 6 else { return 0 }
        let (originX, originY) = (ring[0], ring[1])
        var sum = 0.0
        var (previousX, previousY) = (ring[ring.count - 2] - originX, ring[ring.count - 1] - originY)
        for index in stride(from: 0, to: ring.count, by: 2) {
            let (x, y) = (ring[index] - originX, ring[index + 1] - originY)
            sum += previousX * y - x * previousY
            (previousX, previousY) = (x, y)
        }
        return sum
    }
}

/// Appends little-endian values to a byte array.
struct LittleEndianWriter {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func write(_ value: UInt8) { bytes.append(value) }

    mutating func write(_ value: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }

    mutating func write(_ value: Double) {
        let pattern = value.bitPattern
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: pattern >> UInt64(shift)))
        }
    }

    mutating func header(_ type: UInt32, hasZ: Bool) {
        write(UInt8(1))
        write(hasZ ? type + 1000 : type)
    }

    mutating func ring(_ ring: [Double], counterClockwise: Bool) {
        let count = ring.count / 2
        write(UInt32(count + 1))
        let isReversed = (SourceGeometry.doubledArea(ring) > 0) != counterClockwise
        for step in 0...count {
            let vertex = isReversed ? (count - step) % count : step % count
            write(ring[vertex * 2])
            write(ring[vertex * 2 + 1])
        }
    }
}
