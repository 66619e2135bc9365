// SPDX-License-Identifier: Apache-2.0

/// The dimension of a geometry's parts. Multi-geometries are the same kind with more parts.
public enum GeometryKind: UInt8, Sendable, Hashable, CaseIterable {
    case point = 1
    case line = 2
    case polygon = 3
}

/// Set in a ring's end index when the ring begins a new part: an outer ring, a linestring, a run of points.
@inlinable
public var ringStartsPart: UInt32 { 0x8000_0000 }

/// Masks the vertex index out of a ring's end index.
@inlinable
public var ringEndMask: UInt32 { 0x7FFF_FFFF }

/// One geometry as flat arrays, in the layout that snapshots store.
///
/// ```
/// xy       x0 y0 x1 y1 x2 y2 | x3 y3 x4 y4 x5 y5      interleaved, millimetres from the city's origin
/// ringEnds 3 + startsPart      6                       outer ring with one hole
/// ```
///
/// Polygon rings are stored without the closing vertex. Points are one ring that holds all points. `z`, where present,
/// has one millimetre height per vertex. Not validated: a reader makes it from input that it has checked.
public struct FlatGeometry: Sendable, Hashable {
    public var kind: GeometryKind
    /// Interleaved x, y.
    public var xy: [Int32]
    /// End vertex of each ring, relative to this geometry's first vertex, with ``ringStartsPart`` in the top bit.
    public var ringEnds: [UInt32]
    /// Heights in millimetres, one per vertex, or empty for a flat geometry.
    public var z: [Int32]

    public init(kind: GeometryKind, xy: [Int32] = [], ringEnds: [UInt32] = [], z: [Int32] = []) {
        self.kind = kind
        self.xy = xy
        self.ringEnds = ringEnds
        self.z = z
    }

    public var vertexCount: Int { xy.count / 2 }
    public var isEmpty: Bool { xy.isEmpty }

    /// The smallest box around all vertices. O(vertices).
    public var box: GridBox {
        var box = GridBox.empty
        var index = 0
        while index + 1 < xy.count {
            box.formUnion(x: xy[index], y: xy[index + 1])
            index += 2
        }
        return box
    }
}
