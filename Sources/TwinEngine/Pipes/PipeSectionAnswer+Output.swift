// SPDX-License-Identifier: Apache-2.0

extension PipeSectionAnswer {
    /// The section as JSON, ready to be drawn.
    public func json() -> [UInt8] {
        var out = JSONBytes(capacity: 1024 + 400 * crossings.count + 200 * stretches.count + 24 * ground.count)
        out.raw("{\"model\":")
        out.string(model)
        out.raw(",\"datum\":")
        out.string(datum)
        out.raw(",\"unit\":\"m\",\"length\":")
        out.fixed(length, 3)
        out.raw(",\"line\":")
        out.list(line) { $0.position($1) }
        out.raw(",\"ground_source\":")
        if let groundSource { out.string(groundSource) } else { out.raw("null") }
        out.raw(",\"ground\":")
        out.list(ground) { out, point in
            out.raw("[")
            out.fixed(point.station, 3)
            out.raw(",")
            out.fixed(point.height, 3)
            out.raw("]")
        }
        out.raw(",\"crossings\":")
        out.list(crossings) { $1.append(to: &$0) }
        out.raw(",\"clearances\":")
        out.list(clearances) { $1.append(to: &$0) }
        out.raw(",\"along\":")
        out.list(stretches) { $1.append(to: &$0) }
        out.raw(",\"version\":")
        out.integer(version)
        out.raw("}")
        return out.bytes
    }

    /// The section as a table for people.
    public func table() -> String {
        func metres(_ value: Double?) -> String { value.map { fixed($0, 2) } ?? "-" }
        var rows = [
            ["station", "pipe", "code", "class", "size", "top", "axis", "invert", "ground", "cover", "to next"]
        ]
        for (index, item) in crossings.enumerated() {
            let size =
                item.isRound
                ? "DN\(Int((item.width * 1000).rounded()))"
                : "\(Int((item.width * 1000).rounded()))x\(Int((item.height * 1000).rounded()))"
            rows.append([
                metres(item.station), "\(item.layer)/\(item.id)", item.code ?? "-", item.pipeClass ?? "-", size,
                metres(item.top), metres(item.axis), metres(item.invert), metres(item.ground), metres(item.cover),
                index < clearances.count ? metres(clearances[index].distance) : "",
            ])
        }
        var text = "\(metres(length)) m, heights above \(datum), \(crossings.count) pipes crossed, "
        text += "\(stretches.count) stretches along the line\n\n\(textTable(rows))"
        guard !stretches.isEmpty else { return text }
        let along = stretches.map { item in
            [
                "\(metres(item.from.station)) - \(metres(item.to.station))", "\(item.layer)/\(item.id)",
                item.code ?? "-", item.pipeClass ?? "-", metres(item.from.axis), metres(item.to.axis),
                metres(item.offset),
            ]
        }
        return text + "\n\n" + textTable([["stations", "pipe", "code", "class", "axis from", "to", "offset"]] + along)
    }
}

extension PipeSectionAnswer.Crossing {
    func append(to out: inout JSONBytes) {
        func member(_ name: String, _ value: Double?) {
            out.raw(",")
            out.key(name)
            if let value { out.fixed(value, 3) } else { out.raw("null") }
        }
        func text(_ name: String, _ value: String?) {
            out.raw(",")
            out.key(name)
            if let value { out.string(value) } else { out.raw("null") }
        }
        out.raw("{\"station\":")
        out.fixed(station, 3)
        out.raw(",\"position\":")
        out.position(position)
        text("layer", layer)
        out.raw(",\"id\":")
        out.integer(id)
        text("code", code)
        text("class", pipeClass)
        text("title", title?.zh)
        text("title_en", title?.en)
        text("color", color)
        text("shape", isRound ? "round" : "duct")
        member("width", width)
        member("height", height)
        member("top", top)
        member("axis", axis)
        member("invert", invert)
        member("ground", ground)
        member("cover", cover)
        member("angle", angle)
        member("half_span", halfSpan)
        out.raw("}")
    }
}

extension PipeSectionAnswer.Clearance {
    func append(to out: inout JSONBytes) {
        out.raw("{\"first\":")
        out.integer(first)
        out.raw(",\"second\":")
        out.integer(second)
        out.raw(",\"horizontal\":")
        out.fixed(horizontal, 3)
        out.raw(",\"vertical\":")
        out.fixed(vertical, 3)
        out.raw(",\"distance\":")
        out.fixed(distance, 3)
        out.raw(",\"required\":")
        if let required { out.fixed(required, 3) } else { out.raw("null") }
        out.raw("}")
    }
}

extension PipeSectionAnswer.Stretch {
    func append(to out: inout JSONBytes) {
        func end(_ name: String, _ end: (station: Double, axis: Double)) {
            out.raw(",")
            out.key(name)
            out.raw("{\"station\":")
            out.fixed(end.station, 3)
            out.raw(",\"top\":")
            out.fixed(end.axis + height / 2, 3)
            out.raw(",\"axis\":")
            out.fixed(end.axis, 3)
            out.raw(",\"invert\":")
            out.fixed(end.axis - height / 2, 3)
            out.raw("}")
        }
        out.raw("{\"layer\":")
        out.string(layer)
        out.raw(",\"id\":")
        out.integer(id)
        out.raw(",\"code\":")
        if let code { out.string(code) } else { out.raw("null") }
        out.raw(",\"class\":")
        if let pipeClass { out.string(pipeClass) } else { out.raw("null") }
        out.raw(",\"color\":")
        if let color { out.string(color) } else { out.raw("null") }
        out.raw(",\"height\":")
        out.fixed(height, 3)
        out.raw(",\"offset\":")
        out.fixed(offset, 3)
        end("from", from)
        end("to", to)
        out.raw("}")
    }
}
