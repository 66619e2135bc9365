// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Feature {
    /// Appends the geometry as GeoJSON (RFC 7946): lon/lat with 9 decimals (0.1 mm, so that what is sent back is the same), outer rings counter-clockwise.
    ///
    /// Heights are appended as third coordinates where the layer has them.
    public func appendGeometryGeoJSON(to out: inout [UInt8]) {
        let heights = view.heights(row: row)
        var json = JSONBytes(capacity: 0)
        swap(&json.bytes, &out)
        let writer = GeoJSONGeometryWriter(coordinates: view.coordinates)
        view.withGeometry(row: row) { geometry in
            json.reserving(GeoJSONGeometryWriter.most(geometry)) { writer.write(geometry, heights.span, to: &$0) }
        }
        swap(&json.bytes, &out)
    }
}

/// Writes grid geometry as GeoJSON.
struct GeoJSONGeometryWriter {
    private let coordinates: CityCoordinates
    private let output: GeometryOutput?
    private let isNorthFirst: Bool
    private let isMetres: Bool

    /// - Parameter output: the system of positions; nil is longitude and latitude.
    init(coordinates: CityCoordinates, output: GeometryOutput? = nil) {
        self.coordinates = coordinates
        self.output = output
        isNorthFirst = output?.isNorthFirst ?? false
        isMetres = output.map { $0.decimals == 3 } ?? false
    }

    /// Bytes that a geometry takes at most.
    static func most(_ geometry: borrowing GeometryView) -> Int {
        // The first vertex of a ring comes twice.
        (geometry.vertexCount + geometry.ringEnds.count) * (3 * JSONCursor.coordinate + 5)
            + geometry.ringEnds.count * 8 + 80
    }

    /// - Parameter heights: millimetres of the vertices; empty for a flat layer.
    func write(_ geometry: borrowing GeometryView, _ heights: Span<Int32>, to out: inout JSONCursor) {
        switch geometry.kind {
        case .point: writePoints(geometry, heights, &out)
        case .line: writeLines(geometry, heights, &out)
        case .polygon: writePolygons(geometry, heights, &out)
        }
    }

    private func writePoints(_ geometry: borrowing GeometryView, _ heights: Span<Int32>, _ out: inout JSONCursor) {
        if geometry.vertexCount == 1 {
            out.raw(#"{"type":"Point","coordinates":"#)
            position(geometry.vertex(0), heights, 0, &out)
        } else {
            out.raw(#"{"type":"MultiPoint","coordinates":["#)
            for vertex in 0..<geometry.vertexCount {
                if vertex > 0 { out.byte(comma) }
                position(geometry.vertex(vertex), heights, vertex, &out)
            }
            out.byte(close)
        }
        out.byte(UInt8(ascii: "}"))
    }

    private func writeLines(_ geometry: borrowing GeometryView, _ heights: Span<Int32>, _ out: inout JSONCursor) {
        let isMulti = geometry.ringEnds.count > 1
        if isMulti {
            out.raw(#"{"type":"MultiLineString","coordinates":["#)
        } else {
            out.raw(#"{"type":"LineString","coordinates":"#)
        }
        var start = 0
        for ring in 0..<geometry.ringEnds.count {
            let end = Int(geometry.ringEnds[ring] & ringEndMask)
            if ring > 0 { out.byte(comma) }
            out.byte(open)
            for vertex in start..<end {
                if vertex > start { out.byte(comma) }
                position(geometry.vertex(vertex), heights, vertex, &out)
            }
            out.byte(close)
            start = end
        }
        if isMulti { out.byte(close) }
        out.byte(UInt8(ascii: "}"))
    }

    private func writePolygons(_ geometry: borrowing GeometryView, _ heights: Span<Int32>, _ out: inout JSONCursor) {
        var parts = 0
        for ring in 0..<geometry.ringEnds.count where geometry.ringEnds[ring] & ringStartsPart != 0 { parts += 1 }
        if parts > 1 {
            out.raw(#"{"type":"MultiPolygon","coordinates":[["#)
        } else {
            out.raw(#"{"type":"Polygon","coordinates":["#)
        }
        var start = 0
        for ring in 0..<geometry.ringEnds.count {
            let end = Int(geometry.ringEnds[ring] & ringEndMask)
            let isOuter = geometry.ringEnds[ring] & ringStartsPart != 0
            if ring > 0 {
                if isOuter { out.raw("],[") } else { out.byte(comma) }
            }
            writeRing(geometry, start..<end, isOuter: isOuter, heights, &out)
            start = end
        }
        if parts > 1 { out.raw("]]}") } else { out.raw("]}") }
    }

    private func writeRing(
        _ geometry: borrowing GeometryView, _ range: Range<Int>, isOuter: Bool, _ heights: Span<Int32>,
        _ out: inout JSONCursor
    ) {
        out.byte(open)
        defer { out.byte(close) }
        guard !range.isEmpty else { return }
        if isCounterClockwise(geometry, range) == isOuter {
            for vertex in range {
                position(geometry.vertex(vertex), heights, vertex, &out)
                out.byte(comma)
            }
            position(geometry.vertex(range.lowerBound), heights, range.lowerBound, &out)
        } else {
            for vertex in range.reversed() {
                position(geometry.vertex(vertex), heights, vertex, &out)
                out.byte(comma)
            }
            position(geometry.vertex(range.upperBound - 1), heights, range.upperBound - 1, &out)
        }
    }

    private func isCounterClockwise(_ geometry: borrowing GeometryView, _ range: Range<Int>) -> Bool {
        // About the ring's own first vertex, so that products stay small and exact.
        let xy = geometry.xy
        let originX = Double(xy[2 * range.lowerBound])
        let originY = Double(xy[2 * range.lowerBound + 1])
        var area = 0.0
        var x0 = 0.0
        var y0 = 0.0
        for vertex in range {
            let x1 = Double(xy[2 * vertex]) - originX
            let y1 = Double(xy[2 * vertex + 1]) - originY
            area += x0 * y1 - x1 * y0
            x0 = x1
            y0 = y1
        }
        return area > 0
    }

    @inline(__always)
    private func position(_ point: GridPoint, _ heights: Span<Int32>, _ vertex: Int, _ out: inout JSONCursor) {
        let metres = coordinates.grid.metres(point)
        var place: SIMD2<Double>
        if let output {
            place = output.eastNorth(point)
            if isNorthFirst { place = SIMD2(place.y, place.x) }
        } else if let fast = coordinates.toLonLat.transform(x: metres.x, y: metres.y) {
            place = fast
        } else {
            place = coordinates.lonLat(x: metres.x, y: metres.y)
        }
        out.byte(open)
        if isMetres { out.metres(place.x) } else { out.degrees(place.x) }
        out.byte(comma)
        if isMetres { out.metres(place.y) } else { out.degrees(place.y) }
        if vertex < heights.count {
            out.byte(comma)
            out.metres(Double(heights[vertex]) / 1000)
        }
        out.byte(close)
    }

    private var open: UInt8 { UInt8(ascii: "[") }
    private var close: UInt8 { UInt8(ascii: "]") }
    private var comma: UInt8 { UInt8(ascii: ",") }
}

extension Feature {
    /// Appends a GeoJSON Feature with the named fields, and a member `distance` in metres where it is given.
    package func appendGeoJSON(distance: Double? = nil, fields: some Sequence<Int>, to out: inout JSONBytes) {
        FeatureJSONWriter(view, fields: fields, hasCode: layer.code != nil).append(self, distance: distance, to: &out)
    }
}

extension JSONBytes {
    /// A field's value; null and binary are `null`.
    package mutating func value(_ value: FieldValue) {
        switch value {
        case .null, .binary: raw("null")
        case .string(let text): string(text)
        case .integer(let number): integer(number)
        case .real(let number): real(number)
        case .boolean(let flag): boolean(flag)
        }
    }
}
