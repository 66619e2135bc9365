// SPDX-License-Identifier: Apache-2.0
import Spatial

extension FlatCoordinates {
    /// A geometry of the grid, in its millimetres. O(vertices).
    init(grid geometry: FlatGeometry) {
        self.init(kind: geometry.kind, xy: geometry.xy.map(Double.init), ringEnds: geometry.ringEnds)
    }

    /// The smallest grid box around coordinates in grid millimetres; nil if there are none.
    var gridBox: GridBox? {
        guard let bounds else { return nil }
        return GridBox(
            minX: Int32(clamping: Int(bounds.minX.rounded(.down))),
            minY: Int32(clamping: Int(bounds.minY.rounded(.down))),
            maxX: Int32(clamping: Int(bounds.maxX.rounded(.up))), maxY: Int32(clamping: Int(bounds.maxY.rounded(.up))))
    }
}

extension CityCoordinates {
    /// A geometry in grid millimetres as longitudes and latitudes. O(vertices).
    func lonLat(ofMillimetres geometry: FlatCoordinates) -> FlatCoordinates {
        var degrees = FlatCoordinates(kind: geometry.kind, ringEnds: geometry.ringEnds)
        degrees.xy.reserveCapacity(geometry.xy.count)
        for vertex in 0..<geometry.vertexCount {
            let position = lonLat(
                x: grid.originX + geometry.xy[2 * vertex] / 1000, y: grid.originY + geometry.xy[2 * vertex + 1] / 1000)
            degrees.xy.append(position.x)
            degrees.xy.append(position.y)
        }
        return degrees
    }

    /// Square metres on the WGS 84 ellipsoid of polygons in grid millimetres, edges along geodesics. O(vertices), some
    /// 1 µs each.
    ///
    /// - Throws: `coordinates` where a vertex has no longitude and latitude.
    func ellipsoidalArea(ofMillimetres geometry: FlatCoordinates) throws(SpatialError) -> Double {
        try Geodesic.wgs84.area(of: lonLat(ofMillimetres: geometry))
    }
}

extension JSONBytes {
    /// GeoJSON (RFC 7946) of polygons in grid millimetres: lon/lat with 8 decimals (1 mm), outer rings counter-clockwise.
    mutating func polygon(_ geometry: FlatCoordinates, _ coordinates: CityCoordinates) {
        let degrees = coordinates.lonLat(ofMillimetres: geometry)
        let isMulti = degrees.partCount != 1
        if isMulti {
            raw(#"{"type":"MultiPolygon","coordinates":["#)
        } else {
            raw(#"{"type":"Polygon","coordinates":"#)
        }
        var first = 0
        for (index, end) in degrees.ringEnds.enumerated() {
            let last = Int(end & ringEndMask)
            let starts = end & ringStartsPart != 0
            if index > 0 { if starts { raw("],") } else { raw(",") } }
            if starts { raw("[") }
            ring(degrees.xy, first..<last, isOuter: starts)
            first = last
        }
        if !degrees.ringEnds.isEmpty { raw("]") } else if !isMulti { raw("[]") }
        if isMulti { raw("]") }
        raw("}")
    }

    private mutating func ring(_ xy: [Double], _ vertices: Range<Int>, isOuter: Bool) {
        var twice = 0.0
        var before = vertices.upperBound - 1
        let x0 = xy[2 * vertices.lowerBound]
        let y0 = xy[2 * vertices.lowerBound + 1]
        for vertex in vertices {
            twice +=
                (xy[2 * before] - x0) * (xy[2 * vertex + 1] - y0) - (xy[2 * vertex] - x0) * (xy[2 * before + 1] - y0)
            before = vertex
        }
        let isReversed = (twice > 0) != isOuter
        raw("[")
        for step in 0...vertices.count {
            let place = step % vertices.count
            let vertex =
                isReversed
                ? vertices.lowerBound + (vertices.count - place) % vertices.count : vertices.lowerBound + place
            if step > 0 { raw(",") }
            raw("[")
            fixed(xy[2 * vertex], 8)
            raw(",")
            fixed(xy[2 * vertex + 1], 8)
            raw("]")
        }
        raw("]")
    }
}
