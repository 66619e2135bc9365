// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Feature {
    /// Appends the geometry as GeoJSON (RFC 7946): lon/lat with 8 decimals (1 mm), outer rings counter-clockwise.
    ///
    /// Heights are appended as third coordinates where the layer has them.
    public func appendGeometryGeoJSON(to out: inout [UInt8]) {
        let heights = view.heights(row: row)
        view.withGeometry(row: row) { geometry in
            GeoJSONGeometryWriter(coordinates: view.coordinates, heights: heights).write(geometry, to: &out)
        }
    }
}

/// Writes grid geometry as GeoJSON lon/lat.
struct GeoJSONGeometryWriter {
    let coordinates: CityCoordinates
    let heights: [Int32]

    func write(_ geometry: borrowing GeometryView, to out: inout [UInt8]) {
        switch geometry.kind {
        case .point: writePoints(geometry, &out)
        case .line: writeLines(geometry, &out)
        case .polygon: writePolygons(geometry, &out)
        }
    }

    private func writePoints(_ geometry: borrowing GeometryView, _ out: inout [UInt8]) {
        if geometry.vertexCount == 1 {
            out += #"{"type":"Point","coordinates":"#.utf8
            position(geometry, 0, &out)
        } else {
            out += #"{"type":"MultiPoint","coordinates":["#.utf8
            for vertex in 0..<geometry.vertexCount {
                if vertex > 0 { out.append(comma) }
                position(geometry, vertex, &out)
            }
            out.append(close)
        }
        out.append(brace)
    }

    private func writeLines(_ geometry: borrowing GeometryView, _ out: inout [UInt8]) {
        let isMulti = geometry.ringEnds.count > 1
        out += isMulti ? #"{"type":"MultiLineString","coordinates":["#.utf8 : #"{"type":"LineString","coordinates":"#.utf8
        var start = 0
        for ring in 0..<geometry.ringEnds.count {
            let end = Int(geometry.ringEnds[ring] & ringEndMask)
            if ring > 0 { out.append(comma) }
            out.append(open)
            for vertex in start..<end {
                if vertex > start { out.append(comma) }
                position(geometry, vertex, &out)
            }
            out.append(close)
            start = end
        }
        if isMulti { out.append(close) }
        out.append(brace)
    }

    private func writePolygons(_ geometry: borrowing GeometryView, _ out: inout [UInt8]) {
        var parts = 0
        for ring in 0..<geometry.ringEnds.count where geometry.ringEnds[ring] & ringStartsPart != 0 { parts += 1 }
        out += parts > 1 ? #"{"type":"MultiPolygon","coordinates":[["#.utf8 : #"{"type":"Polygon","coordinates":["#.utf8
        var start = 0
        for ring in 0..<geometry.ringEnds.count {
            let end = Int(geometry.ringEnds[ring] & ringEndMask)
            let isOuter = geometry.ringEnds[ring] & ringStartsPart != 0
            if ring > 0 {
                if isOuter { out += "],[".utf8 } else { out.append(comma) }
            }
            let isCounterClockwise = geometry.signedArea(ofRing: ring) > 0
            writeRing(geometry, start..<end, reversed: isCounterClockwise != isOuter, &out)
            start = end
        }
        out += parts > 1 ? "]]}".utf8 : "]}".utf8
    }

    private func writeRing(
        _ geometry: borrowing GeometryView, _ range: Range<Int>, reversed: Bool, _ out: inout [UInt8]
    ) {
        out.append(open)
        let count = range.count
        for step in 0...count {
            if step > 0 { out.append(comma) }
            let index = step % count
            position(geometry, reversed ? range.upperBound - 1 - index : range.lowerBound + index, &out)
        }
        out.append(close)
    }

    private func position(_ geometry: borrowing GeometryView, _ vertex: Int, _ out: inout [UInt8]) {
        let position = coordinates.lonLat(geometry.vertex(vertex))
        out.append(open)
        appendFixed(position.longitude, decimals: 8, to: &out)
        out.append(comma)
        appendFixed(position.latitude, decimals: 8, to: &out)
        if vertex < heights.count {
            out.append(comma)
            appendFixed(Double(heights[vertex]) / 1000, decimals: 3, to: &out)
        }
        out.append(close)
    }

    private var open: UInt8 { UInt8(ascii: "[") }
    private var close: UInt8 { UInt8(ascii: "]") }
    private var comma: UInt8 { UInt8(ascii: ",") }
    private var brace: UInt8 { UInt8(ascii: "}") }
}

/// Appends a number with at most `decimals` decimals and no trailing zeros; `null` for what is not finite.
///
/// Exact for magnitudes below 9.2e18 / 10^decimals. Source: measured 2.5 times as fast as `description`.
public func appendFixed(_ value: Double, decimals: Int, to out: inout [UInt8]) {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (value * scale).rounded()
    guard abs(scaled) < 9.2e18 else {
        out += value.isFinite ? Array(String(value).utf8) : Array("null".utf8)
        return
    }
    var rest = UInt64(abs(scaled))
    if scaled < 0 { out.append(UInt8(ascii: "-")) }
    let unit = UInt64(scale)
    let whole = rest / unit
    rest %= unit
    appendDecimal(whole, to: &out)
    guard rest > 0 else { return }
    out.append(UInt8(ascii: "."))
    var digits = decimals
    while rest % 10 == 0 {
        rest /= 10
        digits -= 1
    }
    let start = out.count
    for _ in 0..<digits { out.append(UInt8(ascii: "0")) }
    var index = start + digits
    while rest > 0 {
        index -= 1
        out[index] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
    }
}

/// Appends an unsigned integer in decimal.
private func appendDecimal(_ value: UInt64, to out: inout [UInt8]) {
    guard value >= 10 else {
        out.append(UInt8(ascii: "0") + UInt8(value))
        return
    }
    var digits: InlineArray<20, UInt8> = InlineArray(repeating: 0)
    var count = 0
    var rest = value
    while rest > 0 {
        digits[count] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
        count += 1
    }
    while count > 0 {
        count -= 1
        out.append(digits[count])
    }
}
