// SPDX-License-Identifier: Apache-2.0

/// ``GeometryView``'s predicates and measures on a geometry that owns its arrays.
extension FlatGeometry {
    /// Metres of lines or boundaries.
    public var length: Double { view.length }
    /// Square metres without holes.
    public var area: Double { view.area }
    /// A point on the geometry for a label; nil if it is empty.
    public var labelPoint: GridPoint? { view.labelPoint }

    /// Whether a point belongs to the geometry, boundaries included.
    public func contains(_ point: GridPoint) -> Bool { view.contains(point) }

    /// Whether the geometry and a box share a point.
    public func intersects(_ box: GridBox) -> Bool { view.intersects(box) }

    /// Whether two geometries share a point.
    public func intersects(_ other: FlatGeometry) -> Bool { view.intersects(other.view) }

    /// Metres from a point; 0 inside polygons; infinity for an empty geometry.
    public func distance(to point: GridPoint) -> Double { view.distance(to: point) }

    /// Metres between two geometries; 0 where they share a point, infinity if one is empty.
    public func distance(to other: FlatGeometry) -> Double { view.distance(to: other.view) }

    /// Whether two geometries come as near as a limit. Exact, also at the limit.
    public func isWithin(_ limit: DistanceLimit, of other: FlatGeometry) -> Bool {
        view.isWithin(limit, of: other.view)
    }
}

/// The tests on a geometry that owns its arrays.
extension PreparedRegion {
    /// Whether the region and a geometry share a point. Exact.
    public func intersects(_ geometry: FlatGeometry) -> Bool { intersects(geometry.view) }

    /// The squared distance in square millimetres if the geometry meets the region, else nil.
    public func distanceSquared(ifWithin geometry: FlatGeometry) -> Double? {
        distanceSquared(ifWithin: geometry.view)
    }

    /// Metres to the circle's centre, the corridor's line or the polygon.
    public func distance(to geometry: FlatGeometry) -> Double { distance(to: geometry.view) }
}
