// SPDX-License-Identifier: Apache-2.0
import Tiles

/// How the footprint of a 3D object was found.
enum CityJSONFootprintSource: CaseIterable {
    /// Its GroundSurface polygons.
    case groundSurfaces
    /// No semantics: the surfaces that look down.
    case downwardSurfaces
    /// The surfaces that look up: roofs, roads, terrain.
    case upwardSurfaces
    /// Neither: the convex hull of the vertices.
    case convexHull

    var words: String {
        switch self {
        case .groundSurfaces: "GroundSurface polygons"
        case .downwardSurfaces: "surfaces that look down (no GroundSurface)"
        case .upwardSurfaces: "surfaces that look up (no GroundSurface, none that looks down)"
        case .convexHull: "the convex hull of the vertices (no usable horizontal surface)"
        }
    }
}

/// The outline of a 3D object on the ground.
struct CityJSONFootprint {
    var source: CityJSONFootprintSource
    /// Polygons, rings, x and y.
    var polygons: [[[Double]]]

    /// A surface looks down when its unit normal's z is below -0.7: steeper than 45° is a wall or an eave.
    private static let downward = -0.7
    private static let upward = 0.1
    /// Rings that enclose less are lines, in square units of the source: a square centimetre in metres.
    private static let smallestArea = 1e-4

    /// nil when the object has no area at all. O(vertices log vertices).
    ///
    /// - Parameter isDegrees: x and y are degrees; slopes and areas are judged in metres all the same.
    init?(_ solid: SolidBlob, isDegrees: Bool = false) {
        let scale = isDegrees ? Self.metresPerDegree(solid) : SIMD2(1, 1)
        let choices: [(CityJSONFootprintSource, (SolidBlob.Semantic, Double) -> Bool)] = [
            (.groundSurfaces, { semantic, _ in semantic == .ground }),
            (.downwardSurfaces, { _, slope in slope < Self.downward }),
            (.upwardSurfaces, { _, slope in slope > Self.upward }),
        ]
        for (source, accepts) in choices {
            let polygons = Self.polygons(solid, scale, where: accepts)
            if !polygons.isEmpty {
                self.source = source
                self.polygons = polygons
                return
            }
        }
        let hull = Self.convexHull(solid.coordinates)
        guard abs(SourceGeometry.doubledArea(hull)) * scale.x * scale.y > 2 * Self.smallestArea else { return nil }
        source = .convexHull
        polygons = [[hull]]
    }

    private static func polygons(
        _ solid: SolidBlob, _ scale: SIMD2<Double>, where accepts: (SolidBlob.Semantic, Double) -> Bool
    ) -> [[[Double]]] {
        var polygons: [[[Double]]] = []
        solid.forEachSurface { semantic, rings in
            guard let outer = rings.first, accepts(semantic, slope(outer, scale)) else { return }
            let least = 2 * smallestArea / (scale.x * scale.y)
            let flat = rings.map(flatten).filter { abs(SourceGeometry.doubledArea($0)) > least }
            // The outer ring must be among those that are left.
            guard abs(SourceGeometry.doubledArea(flatten(outer))) > least else { return }
            polygons.append(flat)
        }
        return polygons
    }

    private static func flatten(_ ring: ArraySlice<Double>) -> [Double] {
        var flat: [Double] = []
        flat.reserveCapacity(ring.count / 3 * 2)
        for index in stride(from: ring.startIndex, to: ring.endIndex, by: 3) { flat += [ring[index], ring[index + 1]] }
        return flat
    }

    /// About how many metres a degree is, east and north, where the object is.
    private static func metresPerDegree(_ solid: SolidBlob) -> SIMD2<Double> {
        guard solid.coordinates.count > 1 else { return SIMD2(1, 1) }
        // Cosine by its series: half a percent is enough to tell a wall from a roof.
        let phi = solid.coordinates[1] * .pi / 180
        let cosine = 1 - phi * phi / 2 + phi * phi * phi * phi / 24
        return SIMD2(111_320 * max(cosine, 0.01), 110_570)
    }

    /// z of the unit normal (Newell's method, which holds for any planar polygon).
    private static func slope(_ ring: ArraySlice<Double>, _ scale: SIMD2<Double>) -> Double {
        var values = Array(ring)
        for index in stride(from: 0, to: values.count - 2, by: 3) {
            values[index] *= scale.x
            values[index + 1] *= scale.y
        }
        let (originX, originY, originZ) = (values[0], values[1], values[2])
        var (normalX, normalY, normalZ) = (0.0, 0.0, 0.0)
        var previous = values.count - 3
        for index in stride(from: 0, to: values.count, by: 3) {
            let (x0, y0, z0) = (
                values[previous] - originX, values[previous + 1] - originY, values[previous + 2] - originZ
            )
            let (x1, y1, z1) = (values[index] - originX, values[index + 1] - originY, values[index + 2] - originZ)
            normalX += (y0 - y1) * (z0 + z1)
            normalY += (z0 - z1) * (x0 + x1)
            normalZ += (x0 - x1) * (y0 + y1)
            previous = index
        }
        let length = (normalX * normalX + normalY * normalY + normalZ * normalZ).squareRoot()
        return length > 0 ? normalZ / length : 0
    }

    /// Andrew's monotone chain over x and y.
    private static func convexHull(_ coordinates: [Double]) -> [Double] {
        var points: [(x: Double, y: Double)] = stride(from: 0, to: coordinates.count, by: 3)
            .map { (coordinates[$0], coordinates[$0 + 1]) }
        points.sort { $0 < $1 }
        func chain(_ points: some Sequence<(x: Double, y: Double)>) -> [(x: Double, y: Double)] {
            var hull: [(x: Double, y: Double)] = []
            for point in points {
                while hull.count >= 2 {
                    let (a, b) = (hull[hull.count - 2], hull[hull.count - 1])
                    if (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) > 0 { break }
                    hull.removeLast()
                }
                hull.append(point)
            }
            return hull
        }
        let hull = chain(points).dropLast() + chain(points.reversed()).dropLast()
        return hull.flatMap { [$0.x, $0.y] }
    }
}
