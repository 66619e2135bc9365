// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A region on the city's grid, ready to be asked about boxes and geometries.
enum GridRegion: Sendable {
    case everywhere
    case nowhere
    case box(LonLatArea)
    case circle(GridCircle, PreparedRegion)
    /// A circle that is searched from its centre outwards.
    case nearest(GridCircle)
    case polygon(PreparedRegion, vertices: Int)
    case corridor(PreparedRegion, vertices: Int)

    /// The grid box around it.
    var box: GridBox {
        switch self {
        case .everywhere: GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)
        case .nowhere: GridBox.empty
        case .box(let area): area.outer
        case .circle(let circle, _), .nearest(let circle): circle.box
        case .polygon(let region, _), .corridor(let region, _): region.box
        }
    }

    /// How it lies to a box; `rim` when in doubt.
    func relation(to box: GridBox) -> RegionRelation {
        switch self {
        case .everywhere: return .inside
        case .nowhere: return .outside
        case .circle(let circle, _), .nearest(let circle): return circle.relation(to: box)
        case .box(let area): return area.relation(to: box)
        case .polygon(let region, _), .corridor(let region, _): return RegionRelation(region.classify(box))
        }
    }

    /// Square millimetres from the region's centre or line to a geometry that belongs to it; nil for one that does not.
    /// 0 for regions without a centre or line.
    func distanceSquared(_ geometry: borrowing GeometryView) -> Double? {
        switch self {
        case .everywhere: return 0
        case .nowhere: return nil
        case .box(let area): return area.intersects(geometry) ? 0 : nil
        case .circle(_, let region), .corridor(let region, _): return region.distanceSquared(ifWithin: geometry)
        case .nearest(let circle):
            let distance = geometry.distanceSquared(to: circle.center)
            let reach = Double(circle.radius)
            return distance <= reach * reach ? distance : nil
        case .polygon(let region, _): return region.intersects(geometry) ? 0 : nil
        }
    }

    /// Whether a geometry belongs to the region: ``distanceSquared(_:)`` without the distance, which takes longer.
    func meets(_ geometry: borrowing GeometryView) -> Bool {
        switch self {
        case .circle(_, let region), .corridor(let region, _): region.intersects(geometry)
        case .everywhere, .nowhere, .box, .nearest, .polygon: distanceSquared(geometry) != nil
        }
    }

    /// The greatest distance that it holds, in square millimetres.
    var radiusSquared: Double {
        switch self {
        case .circle(let circle, _), .nearest(let circle): Double(circle.radius) * Double(circle.radius)
        case .corridor(let region, _): Double(region.limit.millimetres) * Double(region.limit.millimetres)
        case .everywhere, .nowhere, .box, .polygon: 0
        }
    }

    /// Whether features have a distance to it.
    var hasDistance: Bool {
        switch self {
        case .circle, .nearest, .corridor: true
        case .everywhere, .nowhere, .box, .polygon: false
        }
    }

    /// Vertices that it has, for estimates.
    var vertexCount: Int {
        switch self {
        case .everywhere, .nowhere: 0
        case .circle, .nearest: 1
        case .box: 4
        case .polygon(_, let vertices), .corridor(_, let vertices): vertices
        }
    }
}

extension RegionRelation {
    init(_ found: BoxClass) {
        switch found {
        case .outside: self = .outside
        case .inside: self = .inside
        case .rim: self = .rim
        }
    }
}
