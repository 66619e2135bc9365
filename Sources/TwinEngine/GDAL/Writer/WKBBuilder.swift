// SPDX-License-Identifier: Apache-2.0

/// Well-known binary (OGC 06-103r4 clause 8.2.8), little-endian, built in one reusable buffer.
struct WKBBuilder {
    private(set) var bytes: [UInt8] = []

    mutating func point(_ point: PlanPoint) {
        start(1)
        append(point)
    }

    mutating func line(_ points: [PlanPoint]) {
        start(2)
        append(UInt32(points.count))
        for point in points { append(point) }
    }

    /// Rings without the closing vertex; it is added here.
    mutating func polygon(_ rings: [[PlanPoint]]) {
        start(3)
        append(UInt32(rings.count))
        for ring in rings {
            append(UInt32(ring.count + 1))
            for point in ring { append(point) }
            if let first = ring.first { append(first) }
        }
    }

    private mutating func start(_ type: UInt32) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(1)
        append(type)
    }

    private mutating func append(_ point: PlanPoint) {
        append(point.x.bitPattern)
        append(point.y.bitPattern)
    }

    private mutating func append<I: FixedWidthInteger & UnsignedInteger>(_ value: I) {
        var rest = value
        for _ in 0..<(I.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
