// SPDX-License-Identifier: Apache-2.0

/// Encodes ``FlatCoordinates`` as little-endian ISO well-known binary, closing polygon rings again.
///
/// One part is written as Point, LineString or Polygon; several as the Multi type, or always the Multi type with
/// ``Form/multi``, as a table with a declared multi type needs. An empty geometry is written as its empty type; an
/// empty point as NaN NaN. Source: OGC 06-103r4 clause 8.2. A value type without state: use it from any thread.
public struct WKBWriter: Sendable {
    public enum Form: Sendable {
        /// The simplest type that holds the parts.
        case simplest
        /// Always MultiPoint, MultiLineString or MultiPolygon.
        case multi
    }

    public var form: Form

    public init(form: Form = .simplest) {
        self.form = form
    }

    /// Encodes into a fresh array. O(vertices).
    public func encode(_ geometry: FlatCoordinates) throws(SpatialError) -> [UInt8] {
        var bytes: [UInt8] = []
        try encode(geometry, into: &bytes)
        return bytes
    }

    /// Appends the encoding to `bytes`. O(vertices).
    ///
    /// - Throws: `argument` if the ring ends do not fit the vertices.
    public func encode(_ geometry: FlatCoordinates, into bytes: inout [UInt8]) throws(SpatialError) {
        try Self.check(geometry)
        let vertices = geometry.vertexCount
        bytes.reserveCapacity(
            bytes.count + 32 + (vertices + geometry.ringEnds.count) * 24 + geometry.ringEnds.count * 9)
        let parts = geometry.partCount
        let isMulti = form == .multi || parts > 1
        if isMulti {
            header(UInt32(geometry.kind.rawValue) + 3, geometry, &bytes)
            append(UInt32(parts), &bytes)
        }
        switch geometry.kind {
        case .point:
            for vertex in 0..<vertices {
                header(1, geometry, &bytes)
                append(vertex, geometry, &bytes)
            }
            if vertices == 0 && !isMulti {
                header(1, geometry, &bytes)
                append(Double.nan, &bytes)
                append(Double.nan, &bytes)
            }
        case .line:
            var first = 0
            for end in geometry.ringEnds {
                let last = Int(end & ringEndMask)
                header(2, geometry, &bytes)
                append(UInt32(last - first), &bytes)
                for vertex in first..<last { append(vertex, geometry, &bytes) }
                first = last
            }
        case .polygon:
            encodePolygons(geometry, &bytes)
        }
        if parts == 0 && !isMulti && geometry.kind != .point {
            header(UInt32(geometry.kind.rawValue), geometry, &bytes)
            append(UInt32(0), &bytes)
        }
    }

    private func encodePolygons(_ geometry: FlatCoordinates, _ bytes: inout [UInt8]) {
        var first = 0
        var ring = 0
        while ring < geometry.ringEnds.count {
            var next = ring + 1
            while next < geometry.ringEnds.count && geometry.ringEnds[next] & ringStartsPart == 0 { next += 1 }
            header(3, geometry, &bytes)
            append(UInt32(next - ring), &bytes)
            for index in ring..<next {
                let last = Int(geometry.ringEnds[index] & ringEndMask)
                append(UInt32(last - first + 1), &bytes)
                for vertex in first..<last { append(vertex, geometry, &bytes) }
                append(first, geometry, &bytes)
                first = last
            }
            ring = next
        }
    }

    private static func check(_ geometry: FlatCoordinates) throws(SpatialError) {
        var previous = 0
        for (index, end) in geometry.ringEnds.enumerated() {
            let last = Int(end & ringEndMask)
            guard last > previous, index > 0 || end & ringStartsPart != 0 else {
                throw SpatialError(.argument, "ring \(index) of a \(geometry.kind) is empty or belongs to no part")
            }
            if geometry.kind != .polygon && end & ringStartsPart == 0 {
                throw SpatialError(.argument, "ring \(index) of a \(geometry.kind) must begin a part")
            }
            previous = last
        }
        let isCovered = previous == geometry.vertexCount || (geometry.kind == .point && geometry.ringEnds.isEmpty)
        guard isCovered, geometry.xy.count % 2 == 0, geometry.z.isEmpty || geometry.z.count == geometry.vertexCount
        else {
            throw SpatialError(
                .argument,
                "ring ends cover \(previous) of \(geometry.vertexCount) vertices (\(geometry.z.count) heights)")
        }
    }

    private func header(_ type: UInt32, _ geometry: FlatCoordinates, _ bytes: inout [UInt8]) {
        bytes.append(1)
        append(type + (geometry.hasZ ? 1000 : 0), &bytes)
    }

    private func append(_ vertex: Int, _ geometry: FlatCoordinates, _ bytes: inout [UInt8]) {
        append(geometry.xy[2 * vertex], &bytes)
        append(geometry.xy[2 * vertex + 1], &bytes)
        if geometry.hasZ { append(geometry.z[vertex], &bytes) }
    }

    private func append(_ value: UInt32, _ bytes: inout [UInt8]) {
        var word = value
        for _ in 0..<4 {
            bytes.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }

    private func append(_ value: Double, _ bytes: inout [UInt8]) {
        // Safe: a UInt64 is eight initialised bytes, read while the closure runs.
        unsafe withUnsafeBytes(of: value.bitPattern.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
}
