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
        region = try PreparedRegion(
            polygon: FlatGeometry(kind: .polygon, xy: xy, ringEnds: [UInt32(xy.count / 2) | ringStartsPart]))
    }

    /// Whether a box lies wholly inside, by a test that may miss some that do.
    func covers(_ box: GridBox) -> Bool { inner.contains(box) }

    /// How it lies to a box; `rim` when in doubt.
    func relation(to box: GridBox) -> RegionRelation {
        if !outer.intersects(box) { return .outside }
        return inner.contains(box) ? .inside : .rim
    }

    func intersects(_ geometry: borrowing GeometryView) -> Bool {
        // Most of what meets the rim has a vertex well inside.
        for vertex in 0..<geometry.vertexCount where inner.contains(geometry.vertex(vertex)) { return true }
        return region.intersects(geometry)
    }
}
