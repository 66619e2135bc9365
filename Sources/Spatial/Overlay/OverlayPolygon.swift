// SPDX-License-Identifier: Apache-2.0

/// A polygon of the grid with what overlays of it need, each part made when it is first asked for.
///
/// For one thread: it may hold a geometry of GEOS.
public final class OverlayPolygon {
    public let geometry: FlatGeometry
    public let box: GridBox
    /// Square metres.
    public let area: Double
    let convex: [GridPoint]?
    private var region: PreparedRegion?
    private var native: NativePolygon?

    /// Copies the polygon. O(vertices).
    public init(_ view: borrowing GeometryView) {
        var geometry = FlatGeometry(kind: view.kind)
        geometry.xy.reserveCapacity(view.xy.count)
        for index in view.xy.indices { geometry.xy.append(view.xy[index]) }
        geometry.ringEnds.reserveCapacity(view.ringEnds.count)
        for index in view.ringEnds.indices { geometry.ringEnds.append(view.ringEnds[index]) }
        self.geometry = geometry
        box = view.box
        area = view.area
        convex = view.convexRing
    }

    public convenience init(_ geometry: FlatGeometry) { self.init(geometry.view) }

    public var vertexCount: Int { geometry.vertexCount }

    /// The polygon as a region to ask with.
    func prepared() throws(SpatialError) -> PreparedRegion {
        if let region { return region }
        let made = try PreparedRegion(polygon: geometry)
        region = made
        return made
    }

    /// The polygon in GEOS' memory.
    func native(_ context: borrowing GEOSContext) throws(SpatialError) -> NativePolygon {
        if let native { return native }
        let geometry = geometry
        let made = NativePolygon(try context.gridPolygon(geometry.view))
        native = made
        return made
    }

    /// Makes the polygon valid for GEOS, whatever it was; the grid's rounding can make a narrow polygon touch itself.
    func repair(_ context: borrowing GEOSContext) throws(SpatialError) -> NativePolygon {
        let made = NativePolygon(try native(context).geometry.madeValid())
        native = made
        return made
    }
}

/// Shares a geometry of GEOS within its thread.
final class NativePolygon {
    let geometry: GEOSGeometry
    init(_ geometry: consuming GEOSGeometry) { self.geometry = geometry }
}

/// What two polygons share.
public enum SharedArea {
    /// No area: at most edges or points.
    case none
    /// All of the first.
    case wholeFirst
    /// All of the second.
    case wholeSecond
    /// Polygons in grid millimetres, as doubles: the crossings of edges lie between grid points.
    case part(FlatCoordinates)
}

/// What two polygons share, as far as it was asked for.
public enum SharedParts {
    case area(SharedArea)
    /// Square millimetres of each connected part.
    case sizes([Double])
}

extension OverlayPolygon {
    /// How the polygon lies to a box; `outside` and `inside` are certain.
    public func relation(to box: GridBox) throws(SpatialError) -> BoxClass { try prepared().classify(box) }

    /// Whether a point lies in the polygon or on its boundary.
    public func contains(_ point: GridPoint) throws(SpatialError) -> Bool { try prepared().contains(point) }
}
