// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Spatial

/// A page of features.
public struct FeaturePage: Sendable {
    /// Features that match, exactly.
    public var matched: Int
    public var features: [Feature]
}

/// A feature and its distance from the asked point in metres.
public struct RadiusHit: Sendable {
    public var feature: Feature
    public var distance: Double
}

/// The features within a radius.
public struct RadiusAnswer: Sendable {
    /// Features within the radius, exactly.
    public var count: Int
    /// The nearest of them, nearest first.
    public var hits: [RadiusHit]
}

extension LayerView {
    /// Features that intersect a lon/lat box (edges included), in a stable order, from `offset` on.
    ///
    /// The test is exact for the box as drawn on a map: its edges are followed in the city's system, also where meridians
    /// lean. Without a box O(offset + limit), with one O(log features + hits).
    /// - Throws: `SpatialError.coordinates` for a box that the city's grid cannot hold.
    public func items(in box: LonLatBox?, offset: Int, limit: Int) throws -> FeaturePage {
        guard let box else { return allItems(offset: offset, limit: limit) }
        let area = try LonLatArea(box, coordinates)
        var matched = 0
        var features: [Feature] = []
        searchRows(area.outer) { row in
            guard area.covers(self.box(row: row)) || withGeometry(row: row, { area.intersects($0) }) else {
                return true
            }
            if matched >= offset, features.count < limit { features.append(Feature(view: self, row: row)) }
            matched += 1
            return true
        }
        return FeaturePage(matched: matched, features: features)
    }

    private func allItems(offset: Int, limit: Int) -> FeaturePage {
        var features: [Feature] = []
        let kept = snapshot.count - delta.hiddenRows.count
        if delta.hiddenRows.isEmpty {
            for row in min(offset, snapshot.count)..<min(offset + limit, snapshot.count) {
                features.append(Feature(view: self, row: row))
            }
        } else {
            var seen = 0
            for row in 0..<snapshot.count where !delta.hiddenRows.contains(row) {
                defer { seen += 1 }
                if seen < offset { continue }
                if features.count == limit { break }
                features.append(Feature(view: self, row: row))
            }
        }
        var index = max(0, offset - kept)
        while features.count < limit, index < delta.features.count {
            features.append(Feature(view: self, row: -1 - index))
            index += 1
        }
        return FeaturePage(matched: count, features: features)
    }

    /// Features whose nearest part is at most `metres` from a point, edges included; 0 inside a polygon.
    ///
    /// Planar distance in the city's system, on the millimetre grid. O(log features + candidates).
    public func radius(around point: GridPoint, metres: Double, limit: Int) -> RadiusAnswer {
        let millimetres = (metres * 1000).rounded(.down)
        guard millimetres >= 0 else { return RadiusAnswer(count: 0, hits: []) }
        let reach = GridBox.around(point, millimetres: millimetres)
        let squared = millimetres * millimetres
        var found: [(row: Int, squared: Double)] = []
        searchRows(reach) { row in
            let distance = withGeometry(row: row) { $0.distanceSquared(to: point) }
            if distance <= squared { found.append((row, distance)) }
            return true
        }
        let count = found.count
        found.sort { $0.squared != $1.squared ? $0.squared < $1.squared : id(row: $0.row) < id(row: $1.row) }
        return RadiusAnswer(
            count: count,
            hits: found.prefix(max(0, limit)).map {
                RadiusHit(feature: Feature(view: self, row: $0.row), distance: $0.squared.squareRoot() / 1000)
            })
    }
}

extension GridBox {
    /// The square around a circle, clipped to the grid.
    static func around(_ point: GridPoint, millimetres: Double) -> GridBox {
        func clamped(_ value: Double) -> Int32 { Int32(max(-2_147_483_647, min(2_147_483_647, value))) }
        return GridBox(
            minX: clamped(Double(point.x) - millimetres), minY: clamped(Double(point.y) - millimetres),
            maxX: clamped(Double(point.x) + millimetres), maxY: clamped(Double(point.y) + millimetres))
    }
}

/// A lon/lat box in the city's system: a quadrilateral whose edges are followed by short segments. A class, because
/// regions are handed around for each box of the index.
final class LonLatArea: Sendable {
    /// The grid box around it.
    let outer: GridBox
    /// A grid box inside it, for quick acceptance.
    private let inner: GridBox
    private let region: PreparedRegion
    private let edges: Edges

    /// The lines through the corners of the four edges: how far inside of each a point lies, in millimetres.
    private struct Edges: BitwiseCopyable {
        var x = SIMD4<Double>.zero
        var y = SIMD4<Double>.zero
        var offset = SIMD4<Double>.zero
        /// No part of the area lies farther outside of a line.
        var least = SIMD4<Double>(repeating: -.infinity)
        /// Farther inside of a line than this there is no part of its edge.
        var greatest = SIMD4<Double>(repeating: .infinity)

        /// Lines that tell nothing.
        init() {}

        /// The lines of a ring that runs counter-clockwise, with as many points on each of its four edges. Rounding is far
        /// below the millimetre that is added.
        init(_ ring: [Int32], _ segments: Int) {
            least = .zero
            greatest = .zero
            for side in 0..<4 {
                let from = SIMD2(Double(ring[2 * side * segments]), Double(ring[2 * side * segments + 1]))
                let next = (side + 1) % 4 * segments
                let to = SIMD2(Double(ring[2 * next]), Double(ring[2 * next + 1]))
                let along = to - from
                let length = max((along.x * along.x + along.y * along.y).squareRoot(), 1)
                x[side] = -along.y / length
                y[side] = along.x / length
                offset[side] = -(x[side] * from.x + y[side] * from.y)
                for place in 0..<4 * segments {
                    let distance = inside(Double(ring[2 * place]), Double(ring[2 * place + 1]))[side]
                    least[side] = min(least[side], distance)
                    if place / segments == side { greatest[side] = max(greatest[side], distance) }
                }
            }
            least -= SIMD4(repeating: 1)
            greatest += SIMD4(repeating: 1)
        }

        @inline(__always)
        func inside(_ px: Double, _ py: Double) -> SIMD4<Double> {
            x * SIMD4(repeating: px) + y * SIMD4(repeating: py) + offset
        }

        @inline(__always)
        func holds(_ point: GridPoint) -> Bool { all(inside(Double(point.x), Double(point.y)) .> greatest) }

        /// How the area lies to a box, from its corners that lie farthest inside and farthest outside.
        @inline(__always)
        func relation(to box: GridBox) -> RegionRelation {
            let (isEast, isNorth) = (x .> SIMD4.zero, y .> SIMD4.zero)
            let (west, east) = (SIMD4(repeating: Double(box.minX)), SIMD4(repeating: Double(box.maxX)))
            let (south, north) = (SIMD4(repeating: Double(box.minY)), SIMD4(repeating: Double(box.maxY)))
            let farX = west.replacing(with: east, where: isEast)
            let farY = south.replacing(with: north, where: isNorth)
            if !all(x * farX + y * farY + offset .>= least) { return .outside }
            let nearX = east.replacing(with: west, where: isEast)
            let nearY = north.replacing(with: south, where: isNorth)
            return all(x * nearX + y * nearY + offset .> greatest) ? .inside : .rim
        }
    }

    /// Segments per edge at most: over 100 km the deviation of a parallel from its chord falls below a centimetre.
    private static let segmentLimit = 64

    /// As many segments as keep an edge within a tenth of a millimetre of its chords: the chord of a parallel of length d
    /// at latitude φ is d² tan φ / 8R away from it, and projections bend meridians as much; twice that is allowed for.
    static func segments(_ box: LonLatBox) -> Int {
        let metresPerDegree = 111_320.0
        let latitude = min(89, max(box.south.magnitude, box.north.magnitude))
        let length = metresPerDegree * max(box.east - box.west, box.north - box.south)
        let bend = 2 * length * length * max(1, tan(latitude * .pi / 180)) / (8 * 6_371_000)
        return Int(min(Double(segmentLimit), max(1, (bend / 0.0001).squareRoot().rounded(.up))))
    }

    init(_ box: LonLatBox, _ coordinates: CityCoordinates) throws {
        var xy: [Int32] = []
        var outer = GridBox.empty
        var inner = GridBox(minX: .min, minY: .min, maxX: .max, maxY: .max)
        let segments = Self.segments(box)
        func add(_ longitude: Double, _ latitude: Double) throws -> GridPoint {
            let point = try coordinates.gridPoint(LonLat(longitude: longitude, latitude: latitude))
            xy += [point.x, point.y]
            outer.formUnion(x: point.x, y: point.y)
            return point
        }
        for step in 0..<segments {
            let share = Double(step) / Double(segments)
            let point = try add(box.west + (box.east - box.west) * share, box.south)
            inner.minY = max(inner.minY, point.y)
        }
        for step in 0..<segments {
            let share = Double(step) / Double(segments)
            let point = try add(box.east, box.south + (box.north - box.south) * share)
            inner.maxX = min(inner.maxX, point.x)
        }
        for step in 0..<segments {
            let share = Double(step) / Double(segments)
            let point = try add(box.east - (box.east - box.west) * share, box.north)
            inner.maxY = min(inner.maxY, point.y)
        }
        for step in 0..<segments {
            let share = Double(step) / Double(segments)
            let point = try add(box.west, box.north - (box.north - box.south) * share)
            inner.minX = max(inner.minX, point.x)
        }
        // Corners belong to two edges; the closing corner of each edge is the next edge's first.
        let corner = try coordinates.gridPoint(LonLat(longitude: box.east, latitude: box.south))
        inner.minY = max(inner.minY, corner.y)
        let opposite = try coordinates.gridPoint(LonLat(longitude: box.west, latitude: box.north))
        inner.maxY = min(inner.maxY, opposite.y)
        inner.maxX = min(inner.maxX, try coordinates.gridPoint(LonLat(longitude: box.east, latitude: box.north)).x)
        inner.minX = max(inner.minX, try coordinates.gridPoint(LonLat(longitude: box.west, latitude: box.south)).x)
        self.outer = outer
        self.inner = inner
        let ring = FlatGeometry(kind: .polygon, xy: xy, ringEnds: [UInt32(xy.count / 2) | ringStartsPart])
        let prepared = try PreparedRegion(polygon: ring)
        region = prepared
        // What lies inside of all four lines is convex and holds no part of the ring: it is inside if one point of it is.
        let lines = Edges(xy, segments)
        let middle = GridPoint(
            x: Int32(clamping: (Int64(inner.minX) + Int64(inner.maxX)) / 2),
            y: Int32(clamping: (Int64(inner.minY) + Int64(inner.maxY)) / 2))
        edges = lines.holds(middle) && prepared.contains(middle) ? lines : Edges()
    }

    /// Whether a box lies wholly inside, by a test that may miss some that do.
    func covers(_ box: GridBox) -> Bool { inner.contains(box) }

    /// How it lies to a box; `rim` when in doubt.
    func relation(to box: GridBox) -> RegionRelation {
        if !outer.intersects(box) { return .outside }
        return inner.contains(box) ? .inside : edges.relation(to: box)
    }

    func intersects(_ geometry: borrowing GeometryView) -> Bool {
        // Most of what meets the rim has a vertex well inside.
        for vertex in 0..<geometry.vertexCount where edges.holds(geometry.vertex(vertex)) { return true }
        return region.intersects(geometry)
    }
}
