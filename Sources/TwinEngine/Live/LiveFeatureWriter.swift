// SPDX-License-Identifier: Apache-2.0

extension LiveTerminal {
    /// Writes the terminal as a GeoJSON Feature whose id is its code.
    ///
    /// - Parameter distance: metres, as a member `distance`, where the caller asked for nearness.
    package func appendFeature(to out: inout JSONBytes, distance: Double? = nil) {
        out.raw("{\"type\":\"Feature\",\"id\":")
        out.string(code)
        if let distance {
            out.raw(",\"distance\":")
            out.fixed(distance, 3)
        }
        if let position {
            out.raw(",\"geometry\":{\"type\":\"Point\",\"coordinates\":")
            out.position(position)
            out.raw("},\"properties\":")
        } else {
            out.raw(",\"geometry\":null,\"properties\":")
        }
        appendProperties(to: &out)
        out.byte(UInt8(ascii: "}"))
    }

    private func appendProperties(to out: inout JSONBytes) {
        out.raw("{\"code\":")
        out.string(code)
        if let kind {
            out.raw(",\"kind\":")
            out.string(kind)
        }
        if let name {
            out.raw(",\"name\":")
            out.string(name)
        }
        if let time {
            out.raw(",\"t\":\"")
            out.raw(text: LiveTime.format(time))
            out.byte(UInt8(ascii: "\""))
        }
        if isSimulated { out.raw(",\"simulated\":true") }
        out.raw(",\"values\":")
        out.raw(values)
        out.byte(UInt8(ascii: "}"))
    }
}
