// SPDX-License-Identifier: Apache-2.0

/// How a box lies with respect to a region.
public enum BoxClass: Sendable, Hashable {
    /// No point of the box belongs to the region.
    case outside
    /// All of the box does.
    case inside
    /// Neither is certain: test the geometries in the box.
    case rim
}

/// An area to ask with, prepared for very many boxes and geometries: a polygon, a circle, a corridor along a line, or
/// anything within a distance of a geometry. Boundaries belong to it.
///
/// ``intersects(_:)`` is exact for every pair of kinds and every coordinate of the grid, also at exactly the distance.
/// Its segments stand under a ``SegmentTree``, so a boundary of ten million vertices costs ten million steps to prepare
/// and some hundreds to ask. Immutable: share it between threads.
///
/// ```swift
/// let region = try PreparedRegion(circle: centre, millimetres: 500_000)
/// switch region.classify(nodeBox) { … }
/// if let squared = region.distanceSquared(ifWithin: geometry) { … }      // 0 for what lies over the centre
/// ```
public struct PreparedRegion: Sendable {
    @usableFromInline
    enum Shape: Sendable {
        case circle(GridPoint)
        case tree(SegmentTree, isPolygon: Bool)
    }

    /// The smallest grid box around the region.
    public let box: GridBox
    /// How far beyond the geometry the region goes; 0 for a polygon as it is.
    public let limit: DistanceLimit
    @usableFromInline let shape: Shape

    /// The area of a polygon with its boundary.
    ///
    /// Parts count separately, each by the even-odd rule with its holes, so a ring that touches or crosses itself has
    /// a definite meaning and is no error. O(vertices).
    /// - Throws: `invalidGeometry` if the geometry is no polygon, is empty, or has a ring of fewer than three vertices
    ///   or a ring end that is not one.
    public init(polygon: FlatGeometry) throws(SpatialError) {
        guard polygon.kind == .polygon else {
            throw SpatialError(.invalidGeometry, "an area needs a polygon, not a \(polygon.kind)")
        }
        try self.init(around: polygon, millimetres: 0)
    }

    /// Everything within a distance of a line, ends rounded.
    ///
    /// - Throws: `invalidGeometry` if the geometry is no line or is empty, `argument` if the distance is negative.
    public init(corridor line: FlatGeometry, millimetres: Int64) throws(SpatialError) {
        guard line.kind == .line else {
            throw SpatialError(.invalidGeometry, "a corridor needs a line, not a \(line.kind)")
        }
        try self.init(around: line, millimetres: millimetres)
    }

    /// A full circle.
    ///
    /// - Throws: `argument` if the radius is negative. A radius beyond the grid covers all of it.
    public init(circle centre: GridPoint, millimetres: Int64) throws(SpatialError) {
        limit = try DistanceLimit(millimetres: millimetres)
        box = GridBox(minX: centre.x, minY: centre.y, maxX: centre.x, maxY: centre.y).grown(by: limit)
        shape = .circle(centre)
    }

    /// Everything within a distance of a geometry of any kind. O(vertices).
    ///
    /// - Throws: as the other initialisers.
    public init(around geometry: FlatGeometry, millimetres: Int64) throws(SpatialError) {
        try geometry.checkRings()
        limit = try DistanceLimit(millimetres: millimetres)
        if geometry.kind == .point && geometry.vertexCount == 1 {
            shape = .circle(GridPoint(x: geometry.xy[0], y: geometry.xy[1]))
            box = geometry.box.grown(by: limit)
            return
        }
        let tree = SegmentTree(geometry.view)
        box = tree.box.grown(by: limit)
        shape = .tree(tree, isPolygon: geometry.kind == .polygon)
    }

    /// How a box lies with respect to the region. `outside` and `inside` are certain; for circles, and for polygons
    /// without a distance, `rim` means that the region's boundary passes or touches. O(log vertices) for most boxes.
    public func classify(_ box: GridBox) -> BoxClass {
        guard !box.isEmpty, self.box.intersects(box) else { return .outside }
        switch shape {
        case .circle(let centre):
            return Self.classify(box, centre, limit)
        case .tree(let tree, let isPolygon):
            let reach = box.grown(by: limit)
            guard tree.meets(reach) else {
                return isPolygon && tree.locate(GridPoint(x: box.minX, y: box.minY)) == .inside ? .inside : .outside
            }
            if limit.millimetres == 0 { return .rim }
            if isPolygon && !tree.meets(box) && tree.locate(GridPoint(x: box.minX, y: box.minY)) == .inside {
                return .inside
            }
            return Self.covers(box, tree, isPolygon: isPolygon, limit) ? .inside : .rim
        }
    }

    /// Whether the region and a point share it.
    public func contains(_ point: GridPoint) -> Bool {
        guard box.contains(point) else { return false }
        switch shape {
        case .circle(let centre):
            return limit.reaches(centre, point)
        case .tree(let tree, let isPolygon):
            return isPolygon && tree.locate(point) != .outside
                || limit.millimetres > 0 && tree.isNear(point, point, limit)
                || !isPolygon && limit.millimetres == 0 && tree.meets(point, point)
        }
    }

    /// Whether the region and a geometry share a point. Exact.
    ///
    /// O(m log n) for a geometry of m and a region of n vertices; allocates nothing for geometries of up to 512 vertices
    /// and one tree for larger polygons.
    public func intersects(_ geometry: borrowing GeometryView) -> Bool {
        if geometry.isEmpty { return false }
        switch shape {
        case .circle(let centre):
            return Self.squared(ifWithin: limit, centre, geometry) != nil
        case .tree(let tree, let isPolygon):
            if geometry.kind == .point { return containsOne(of: geometry) }
            if isPolygon && geometry.lies(in: tree) { return true }
            if geometry.kind == .polygon && geometry.containsOne(of: tree.partPoints) { return true }
            return !geometry.forEachPiece { start, end in
                !(limit.millimetres == 0 ? tree.meets(start, end) : tree.isNear(start, end, limit))
            }
        }
    }

    /// The squared distance in square millimetres between a geometry and the circle's centre, the corridor's line or
    /// the polygon, if the geometry meets the region; else nil. 0 where they share a point.
    ///
    /// Whether it is nil is decided exactly; the distance itself is rounded a few times (1e-6 mm within a city).
    public func distanceSquared(ifWithin geometry: borrowing GeometryView) -> Double? {
        if case .circle(let centre) = shape { return Self.squared(ifWithin: limit, centre, geometry) }
        return intersects(geometry) ? distanceSquared(to: geometry) : nil
    }

    /// Metres between a geometry and the circle's centre, the corridor's line or the polygon: 0 where they share a point,
    /// infinity for an empty geometry. The distance that made the region plays no part.
    public func distance(to geometry: borrowing GeometryView) -> Double {
        distanceSquared(to: geometry).squareRoot() / 1000
    }

    private func distanceSquared(to geometry: borrowing GeometryView) -> Double {
        if geometry.isEmpty { return .infinity }
        switch shape {
        case .circle(let centre):
            return geometry.distanceSquared(to: centre)
        case .tree(let tree, let isPolygon):
            return geometry.distanceSquared(to: tree, isPolygon: isPolygon)
        }
    }

    private func containsOne(of points: borrowing GeometryView) -> Bool {
        for index in 0..<points.vertexCount where contains(points.vertex(index)) { return true }
        return false
    }
}

extension GridBox {
    /// The box with the limit added on all sides, clipped to the grid.
    func grown(by limit: DistanceLimit) -> GridBox {
        if isEmpty { return self }
        return GridBox(
            minX: Int32(clamping: Int64(minX) - limit.millimetres),
            minY: Int32(clamping: Int64(minY) - limit.millimetres),
            maxX: Int32(clamping: Int64(maxX) + limit.millimetres),
            maxY: Int32(clamping: Int64(maxY) + limit.millimetres))
    }
}

extension FlatGeometry {
    /// Refuses what has no area, line or point to work with.
    ///
    /// - Throws: `invalidGeometry` for an empty geometry, polygon rings of fewer than three vertices, and ring ends that
    ///   do not rise to the number of vertices.
    public func checkRings() throws(SpatialError) {
        guard !isEmpty else { throw SpatialError(.invalidGeometry, "the \(kind) is empty: give it coordinates") }
        guard xy.count % 2 == 0 else {
            throw SpatialError(.invalidGeometry, "the \(kind) has \(xy.count) numbers: they must come in pairs")
        }
        var first = 0
        for (ring, end) in ringEnds.enumerated() {
            let last = Int(end & ringEndMask)
            guard last >= first && last <= vertexCount else {
                throw SpatialError(
                    .invalidGeometry, "ring \(ring) ends at vertex \(last), outside \(first)...\(vertexCount)")
            }
            guard kind != .polygon || last - first >= 3 else {
                throw SpatialError(
                    .invalidGeometry, "ring \(ring) has \(last - first) vertices: a polygon's ring needs at least 3")
            }
            first = last
        }
        guard first == vertexCount else {
            throw SpatialError(
                .invalidGeometry, "the rings end at vertex \(first) of \(vertexCount): the last must end at the last")
        }
    }
}
