// SPDX-License-Identifier: Apache-2.0

/// One geometry in double coordinates, in the flat layout of ``FlatGeometry``: what a source file says, before it is
/// snapped to the city's grid.
///
/// The coordinate system is that of the source and is stated by whoever holds the value; x is always east or longitude
/// once a ``CoordinateTransformer`` has been applied. Polygon rings are stored without the closing vertex. The arrays
/// are meant to be reused: ``removeAll()`` keeps their capacity, so that decoding a feature allocates nothing.
public struct FlatCoordinates: Sendable, Hashable {
    public var kind: GeometryKind
    /// Interleaved x, y.
    public var xy: [Double]
    /// Heights, one per vertex, or empty.
    public var z: [Double]
    /// End vertex of each ring with ``ringStartsPart`` in the top bit, as in ``FlatGeometry``.
    public var ringEnds: [UInt32]

    public init(kind: GeometryKind = .point, xy: [Double] = [], z: [Double] = [], ringEnds: [UInt32] = []) {
        self.kind = kind
        self.xy = xy
        self.z = z
        self.ringEnds = ringEnds
    }

    public var vertexCount: Int { xy.count / 2 }
    public var isEmpty: Bool { xy.isEmpty }
    public var hasZ: Bool { !z.isEmpty }

    /// The number of points, linestrings or polygons.
    public var partCount: Int {
        if kind == .point { return vertexCount }
        var parts = 0
        for end in ringEnds where end & ringStartsPart != 0 { parts += 1 }
        return parts
    }

    /// Empties the geometry and keeps the memory.
    public mutating func removeAll() {
        xy.removeAll(keepingCapacity: true)
        z.removeAll(keepingCapacity: true)
        ringEnds.removeAll(keepingCapacity: true)
    }

    /// The smallest box around all vertices as (minX, minY, maxX, maxY), or nil if there are none. O(vertices).
    public var bounds: CoordinateBox? {
        guard xy.count >= 2 else { return nil }
        var box = CoordinateBox(minX: xy[0], minY: xy[1], maxX: xy[0], maxY: xy[1])
        var index = 2
        while index + 1 < xy.count {
            box.formUnion(x: xy[index], y: xy[index + 1])
            index += 2
        }
        return box
    }
}

/// An axis-parallel box in double coordinates; unit and coordinate system are those of its context.
public struct CoordinateBox: Sendable, Hashable, BitwiseCopyable {
    public var minX: Double
    public var minY: Double
    public var maxX: Double
    public var maxY: Double

    @inlinable
    public init(minX: Double, minY: Double, maxX: Double, maxY: Double) {
        self.minX = minX
        self.minY = minY
        self.maxX = maxX
        self.maxY = maxY
    }

    @inlinable
    public mutating func formUnion(x: Double, y: Double) {
        minX = min(minX, x)
        minY = min(minY, y)
        maxX = max(maxX, x)
        maxY = max(maxY, y)
    }

    @inlinable
    public func contains(x: Double, y: Double) -> Bool {
        minX <= x && x <= maxX && minY <= y && y <= maxY
    }

    @inlinable
    public func intersects(_ other: CoordinateBox) -> Bool {
        minX <= other.maxX && other.minX <= maxX && minY <= other.maxY && other.minY <= maxY
    }

    @inlinable public var width: Double { maxX - minX }
    @inlinable public var height: Double { maxY - minY }
}
