// SPDX-License-Identifier: Apache-2.0

/// A geometry in memory that somebody else owns: the arrays of a ``FlatGeometry``, or slices of a mapped snapshot.
///
/// All measures and predicates live here. They allocate nothing unless they say so, and are pure: any thread.
/// Coordinates are grid millimetres; lengths and areas come out in metres.
public struct GeometryView: ~Escapable {
    public let kind: GeometryKind
    /// Interleaved x, y.
    public let xy: Span<Int32>
    /// End vertices with ``ringStartsPart``; see ``FlatGeometry``.
    public let ringEnds: Span<UInt32>

    /// A view over parts of columns.
    ///
    /// - Precondition: none that memory safety depends on; ring ends beyond the vertices stop the process.
    @inlinable
    @_lifetime(copy xy, copy ringEnds)
    public init(kind: GeometryKind, xy: Span<Int32>, ringEnds: Span<UInt32>) {
        self.kind = kind
        self.xy = xy
        self.ringEnds = ringEnds
    }

    @inlinable public var vertexCount: Int { xy.count / 2 }
    @inlinable public var isEmpty: Bool { xy.count == 0 }

    @inlinable
    public func vertex(_ index: Int) -> GridPoint { GridPoint(x: xy[2 * index], y: xy[2 * index + 1]) }

    /// First vertex of a ring.
    @inlinable
    func ringFirst(_ ring: Int) -> Int { ring == 0 ? 0 : Int(ringEnds[ring - 1] & ringEndMask) }

    /// Vertex after the last of a ring.
    @inlinable
    func ringLast(_ ring: Int) -> Int { Int(ringEnds[ring] & ringEndMask) }

    @inlinable
    func startsPart(_ ring: Int) -> Bool { ringEnds[ring] & ringStartsPart != 0 }

    /// The smallest box around all vertices. O(vertices).
    public var box: GridBox {
        var box = GridBox.empty
        for index in 0..<vertexCount { box.formUnion(x: xy[2 * index], y: xy[2 * index + 1]) }
        return box
    }

    /// Calls `body` with the ends of every segment of lines and rings; rings are closed. False stops, and is returned.
    @inlinable
    func forEachSegment(_ body: (_ start: GridPoint, _ end: GridPoint) -> Bool) -> Bool {
        for ring in 0..<ringEnds.count {
            let first = ringFirst(ring)
            let last = ringLast(ring)
            guard last > first else { continue }
            var index = kind == .polygon ? first : first + 1
            var start = kind == .polygon ? vertex(last - 1) : vertex(first)
            while index < last {
                let end = vertex(index)
                if !body(start, end) { return false }
                start = end
                index += 1
            }
        }
        return true
    }
}

extension FlatGeometry {
    /// The measurable form over this geometry's arrays.
    @inlinable
    public var view: GeometryView {
        @_lifetime(borrow self)
        get { GeometryView(kind: kind, xy: xy.span, ringEnds: ringEnds.span) }
    }
}
