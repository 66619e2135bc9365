// SPDX-License-Identifier: Apache-2.0
import TwinEngine

/// Writes a MapLibre style (version 8) from the layers' declared styles.
///
/// Order: background, areas, line casings, lines, points, labels; inside each the project's order. No glyphs and no
/// sprite are named: the client draws texts itself.
struct MapStyle {
    let layers: [ReadableLayer]
    let project: CityProject
    let base: String
    let language: String
    let theme: StyleTheme

    func bytes() -> [UInt8] {
        var out = JSONBytes(capacity: 16_384)
        out.raw("{\"version\":8,\"name\":")
        out.string(language == "zh" ? project.name.zh : project.name.en)
        out.raw(",\"metadata\":{\"twin:city\":")
        out.string(project.id)
        out.raw("},\"center\":")
        out.position(project.extent.center)
        out.raw(",\"zoom\":13,\"sources\":{")
        appendSources(to: &out)
        out.raw("},\"layers\":[{\"id\":\"background\",\"type\":\"background\",\"paint\":{\"background-color\":")
        out.string(theme.background)
        out.raw("}}")
        for layer in layers where layer.definition.style.kind == .fill { appendFill(layer, to: &out) }
        for layer in layers where hasCasing(layer) { appendLine(layer, isCasing: true, to: &out) }
        for layer in layers where layer.definition.style.kind == .line { appendLine(layer, isCasing: false, to: &out) }
        for layer in layers where isMarked(layer) { appendCircle(layer, to: &out) }
        for layer in layers where layer.definition.style.label != nil { appendLabel(layer, to: &out) }
        out.raw("]}")
        return out.bytes
    }

    private func hasCasing(_ layer: ReadableLayer) -> Bool {
        layer.definition.style.kind == .line && layer.definition.style.outline != nil
    }

    private func isMarked(_ layer: ReadableLayer) -> Bool {
        layer.definition.style.kind == .circle || layer.definition.style.kind == .symbol
    }

    private func appendSources(to out: inout JSONBytes) {
        let baseLayers = layers.filter(\.definition.isBase)
        var isFirst = true
        if !baseLayers.isEmpty {
            appendSource(TileRoutes.basemap, baseLayers, to: &out)
            isFirst = false
        }
        for layer in layers where !layer.definition.isBase {
            if !isFirst { out.raw(",") }
            isFirst = false
            appendSource(layer.id, [layer], to: &out)
        }
    }

    private func appendSource(_ id: String, _ members: [ReadableLayer], to out: inout JSONBytes) {
        let zoom = TileRoutes.zoomRange(members)
        out.key(id)
        out.raw("{\"type\":\"vector\",\"tiles\":[")
        out.string("\(base)/tiles/\(id)/{z}/{x}/{y}.mvt")
        out.raw("],\"minzoom\":")
        out.integer(zoom.lowerBound)
        out.raw(",\"maxzoom\":")
        out.integer(zoom.upperBound)
        out.raw(",\"bounds\":")
        out.box(project.extent)
        out.raw("}")
    }

    /// Opens a style layer up to `"paint":` or `"layout":` values, which the caller adds.
    private func open(
        _ layer: ReadableLayer, _ suffix: String, type: String, layout: String = "", to out: inout JSONBytes
    ) {
        let definition = layer.definition
        out.raw(",{\"id\":")
        out.string(definition.id + suffix)
        out.raw(",\"type\":")
        out.string(type)
        out.raw(",\"source\":")
        out.string(definition.isBase ? TileRoutes.basemap : definition.id)
        out.raw(",\"source-layer\":")
        out.string(definition.id)
        out.raw(",\"minzoom\":")
        out.integer(min(definition.zoom.lowerBound, 24))
        if definition.zoom.upperBound < 20 {
            out.raw(",\"maxzoom\":")
            out.integer(definition.zoom.upperBound + 1)
        }
        out.raw(",\"metadata\":{\"twin:layer\":")
        out.string(definition.id)
        out.raw(",\"twin:theme\":")
        out.string(definition.theme)
        out.raw("},\"layout\":{\"visibility\":")
        out.string(definition.isBase || definition.style.visible ? "visible" : "none")
        out.raw(text: layout)
        out.raw("}")
    }

    private func appendFill(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let style = layer.definition.style
        open(layer, "", type: "fill", to: &out)
        out.raw(",\"paint\":{\"fill-color\":")
        appendColor(layer, to: &out)
        out.raw(",\"fill-opacity\":")
        out.real(style.opacity)
        if let outline = style.outline {
            out.raw(",\"fill-outline-color\":")
            out.string(theme.color(outline))
        }
        out.raw("}}")
    }

    private func appendLine(_ layer: ReadableLayer, isCasing: Bool, to out: inout JSONBytes) {
        let style = layer.definition.style
        open(
            layer, isCasing ? "-casing" : "", type: "line",
            layout: #","line-cap":"round","line-join":"round""#, to: &out)
        out.raw(",\"paint\":{\"line-color\":")
        if isCasing {
            out.string(theme.color(style.outline ?? style.color))
        } else {
            appendColor(layer, to: &out)
        }
        out.raw(",\"line-opacity\":")
        out.real(style.opacity)
        let extra = isCasing ? 1.5 : 0
        out.raw(",\"line-width\":[\"interpolate\",[\"exponential\",1.5],[\"zoom\"]")
        for (zoom, factor) in [(10.0, 0.3), (14, 1), (18, 4)] {
            out.raw(",")
            out.real(zoom)
            out.raw(",")
            out.fixed(style.width * factor + extra, 2)
        }
        out.raw("]}}")
    }

    private func appendCircle(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let style = layer.definition.style
        open(layer, "", type: "circle", to: &out)
        out.raw(",\"paint\":{\"circle-color\":")
        appendColor(layer, to: &out)
        out.raw(",\"circle-opacity\":")
        out.real(style.opacity)
        out.raw(",\"circle-radius\":[\"interpolate\",[\"linear\"],[\"zoom\"],10,")
        out.fixed(style.width * 0.4, 2)
        out.raw(",14,")
        out.fixed(style.width, 2)
        out.raw(",18,")
        out.fixed(style.width * 1.8, 2)
        out.raw("],\"circle-stroke-color\":")
        out.string(style.outline.map(theme.color) ?? theme.halo)
        out.raw(",\"circle-stroke-width\":[\"interpolate\",[\"linear\"],[\"zoom\"],12,0,15,1]}}")
    }

    private func appendLabel(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let definition = layer.definition
        guard let label = definition.style.label, !layer.masked.contains(label) else { return }
        var layout = JSONBytes(capacity: 256)
        layout.raw(",\"text-field\":[\"coalesce\"")
        for name in labelFields(definition, label) {
            layout.raw(",[\"get\",")
            layout.string(name)
            layout.raw("]")
        }
        layout.raw(",\"\"],\"text-size\":[\"interpolate\",[\"linear\"],[\"zoom\"],12,11,18,14]")
        switch definition.style.kind {
        case .line: layout.raw(",\"symbol-placement\":\"line\",\"symbol-spacing\":320")
        case .fill: layout.raw(",\"text-max-width\":8")
        case .circle, .symbol:
            layout.raw(",\"text-anchor\":\"top\",\"text-offset\":[0,0.7],\"text-optional\":true,\"text-max-width\":8")
        }
        open(layer, "-label", type: "symbol", layout: String(decoding: layout.bytes, as: UTF8.self), to: &out)
        out.raw(",\"paint\":{\"text-color\":")
        out.string(theme.label)
        out.raw(",\"text-halo-color\":")
        out.string(theme.halo)
        out.raw(",\"text-halo-width\":1.4}}")
    }

    /// The label's fields, the page's language first: `name_en` before `name` in English.
    private func labelFields(_ definition: LayerDefinition, _ label: String) -> [String] {
        let translated = "\(label)_\(language)"
        return (definition.fieldIndex(translated) == nil ? [] : [translated]) + [label]
    }

    /// One colour, or a match expression over a field's values.
    private func appendColor(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let style = layer.definition.style
        guard let category = style.category, !category.values.isEmpty, !layer.masked.contains(category.field) else {
            return out.string(theme.color(style.category?.other ?? style.color))
        }
        let field = layer.definition.fieldIndex(category.field).map { layer.definition.fields[$0] }
        out.raw("[\"match\",[\"to-string\",[\"get\",")
        out.string(category.field)
        out.raw("]]")
        var seen: Set<String> = []
        for entry in category.values where seen.insert(matchText(entry.value, field?.type)).inserted {
            out.raw(",")
            out.string(matchText(entry.value, field?.type))
            out.raw(",")
            out.string(theme.color(entry.color))
        }
        out.raw(",")
        out.string(theme.color(category.other))
        out.raw("]")
    }

    /// A category's value as the client's `to-string` writes it: 3 rather than 3.0.
    private func matchText(_ text: String, _ type: FieldType?) -> String {
        guard type == .real || type == .integer, let number = Double(text), number == number.rounded(),
            number.magnitude < 1e15
        else { return text }
        return "\(Int64(number))"
    }
}
