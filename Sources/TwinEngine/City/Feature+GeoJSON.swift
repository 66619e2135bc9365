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
        view.withGeometry(row: row) { geometry in
            GeoJSONGeometryWriter(coordinates: view.coordinates, heights: heights).write(geometry, to: &json)
        }
        swap(&json.bytes, &out)
    }
}

/// Writes grid geometry as GeoJSON lon/lat.
struct GeoJSONGeometryWriter {
    let coordinates: CityCoordinates
    let heights: [Int32]
    /// Nil writes longitude and latitude.
    var output: GeometryOutput?

    func write(_ geometry: borrowing GeometryView, to out: inout JSONBytes) {
        switch geometry.kind {
        case .point: writePoints(geometry, &out)
        case .line: writeLines(geometry, &out)
        case .polygon: writePolygons(geometry, &out)
        }
    }

    private func writePoints(_ geometry: borrowing GeometryView, _ out: inout JSONBytes) {
        if geometry.vertexCount == 1 {
            out.raw(#"{"type":"Point","coordinates":"#)
            position(geometry, 0, &out)
        } else {
            out.raw(#"{"type":"MultiPoint","coordinates":["#)
            for vertex in 0..<geometry.vertexCount {
                if vertex > 0 { out.byte(comma) }
                position(geometry, vertex, &out)
            }
            out.byte(close)
        }
        out.byte(brace)
    }

    private func writeLines(_ geometry: borrowing GeometryView, _ out: inout JSONBytes) {
        let isMulti = geometry.ringEnds.count > 1
        out.raw(isMulti ? #"{"type":"MultiLineString","coordinates":["# : #"{"type":"LineString","coordinates":"#)
        var start = 0
        for ring in 0..<geometry.ringEnds.count {
            let end = Int(geometry.ringEnds[ring] & ringEndMask)
            if ring > 0 { out.byte(comma) }
            out.byte(open)
            for vertex in start..<end {
                if vertex > start { out.byte(comma) }
                position(geometry, vertex, &out)
            }
            out.byte(close)
            start = end
        }
        if isMulti { out.byte(close) }
        out.byte(brace)
    }

    private func writePolygons(_ geometry: borrowing GeometryView, _ out: inout JSONBytes) {
        var parts = 0
        for ring in 0..<geometry.ringEnds.count where geometry.ringEnds[ring] & ringStartsPart != 0 { parts += 1 }
        out.raw(parts > 1 ? #"{"type":"MultiPolygon","coordinates":[["# : #"{"type":"Polygon","coordinates":["#)
        var start = 0
        for ring in 0..<geometry.ringEnds.count {
            let end = Int(geometry.ringEnds[ring] & ringEndMask)
            let isOuter = geometry.ringEnds[ring] & ringStartsPart != 0
            if ring > 0 {
                if isOuter { out.raw("],[") } else { out.byte(comma) }
            }
            let isCounterClockwise = geometry.signedArea(ofRing: ring) > 0
            writeRing(geometry, start..<end, reversed: isCounterClockwise != isOuter, &out)
            start = end
        }
        out.raw(parts > 1 ? "]]}" : "]}")
    }

    private func writeRing(
        _ geometry: borrowing GeometryView, _ range: Range<Int>, reversed: Bool, _ out: inout JSONBytes
    ) {
        out.byte(open)
        let count = range.count
        for step in 0...count {
            if step > 0 { out.byte(comma) }
            let index = step % count
            position(geometry, reversed ? range.upperBound - 1 - index : range.lowerBound + index, &out)
        }
        out.byte(close)
    }

    private func position(_ geometry: borrowing GeometryView, _ vertex: Int, _ out: inout JSONBytes) {
        let height = vertex < heights.count ? heights[vertex] : nil
        let point = geometry.vertex(vertex)
        guard let output else {
            let position = coordinates.lonLat(point)
            out.position(position.longitude, position.latitude, decimals: 9, millimetres: height)
            return
        }
        let position = output.eastNorth(point)
        out.position(
            output.isNorthFirst ? position.y : position.x, output.isNorthFirst ? position.x : position.y,
            decimals: output.decimals, millimetres: height)
    }

    private var open: UInt8 { UInt8(ascii: "[") }
    private var close: UInt8 { UInt8(ascii: "]") }
    private var comma: UInt8 { UInt8(ascii: ",") }
    private var brace: UInt8 { UInt8(ascii: "}") }
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
