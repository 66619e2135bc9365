// SPDX-License-Identifier: Apache-2.0
import TwinEngine

/// Points, their symbols, labels and live terminals.
extension MapStyle {
    /// Zoom from which points show their symbol; before, a dot alone is clearer.
    private static let symbolZoom = 16

    private func symbol(_ layer: ReadableLayer) -> MapSymbol? {
        layer.definition.zoom.upperBound >= Self.symbolZoom ? MapSymbol.of(layer.definition) : nil
    }

    func appendCircle(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let style = layer.definition.style
        open(layer, "", type: "circle", to: &out)
        out.raw(",\"paint\":{\"circle-color\":")
        appendColor(layer, to: &out)
        out.raw(",\"circle-opacity\":")
        out.real(style.opacity)
        out.raw(",\"circle-radius\":[\"interpolate\",[\"linear\"],[\"zoom\"]")
        let width = style.width
        let steps: [(Double, Double)] =
            symbol(layer) == nil
            ? [(10, width * 0.4), (14, width), (18, width * 1.8)]
            // The dot grows where the symbol appears in it.
            : [
                (10, width * 0.4), (14.5, width), (15.5, max(width, 4.5)), (17, max(width * 1.3, 8)),
                (20, max(width * 1.8, 11)),
            ]
        for (zoom, radius) in steps {
            out.raw(",")
            out.real(zoom)
            out.raw(",")
            out.fixed(radius, 2)
        }
        out.raw("],\"circle-stroke-color\":")
        out.string(style.outline.map(theme.color) ?? theme.halo)
        out.raw(",\"circle-stroke-width\":[\"interpolate\",[\"linear\"],[\"zoom\"],12,0,15,1]}}")
    }

    func appendSymbol(_ layer: ReadableLayer, to out: inout JSONBytes) {
        guard let symbol = symbol(layer) else { return }
        var layout = JSONBytes(capacity: 256)
        layout.raw(",\"icon-image\":")
        layout.string(symbol.name)
        layout.raw(",\"icon-allow-overlap\":true,\"icon-ignore-placement\":true")
        layout.raw(",\"icon-size\":[\"interpolate\",[\"linear\"],[\"zoom\"],16,0.32,17,0.5,20,0.7]")
        open(
            layer, "-icon", type: "symbol", layout: String(decoding: layout.bytes, as: UTF8.self),
            from: Self.symbolZoom, to: &out)
        out.raw(",\"paint\":{\"icon-color\":")
        out.string(glyphColor(layer))
        out.raw("}}")
    }

    /// White, or nearly black on dots of one bright colour.
    private func glyphColor(_ layer: ReadableLayer) -> String {
        let style = layer.definition.style
        guard style.category == nil, !isThematic(layer), let color = StyleColor(theme.color(style.color)),
            color.lightness > 0.6
        else { return theme.glyph }
        return "#33291a"
    }

    func appendLabel(_ layer: ReadableLayer, to out: inout JSONBytes) {
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

    // MARK: Live terminals

    /// Colours of the kinds of terminals, in the order of the kinds; they begin again after the last.
    private static let kindColors = [
        "#0b84c6", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#5f3dc4", "#087f5b", "#a6630a",
    ]

    /// Clusters with their counts, and terminals by kind.
    func appendLive(_ live: Live, to out: inout JSONBytes) {
        let cluster = "\"filter\":[\"has\",\"point_count\"]"
        let single = "\"filter\":[\"!\",[\"has\",\"point_count\"]]"
        openLive("cluster", "circle", cluster, to: &out)
        out.raw(",\"paint\":{\"circle-color\":")
        out.string(theme == .light ? "#0b6fa8" : "#2f8fc4")
        out.raw(",\"circle-opacity\":0.78,\"circle-stroke-color\":")
        out.string(theme.halo)
        out.raw(",\"circle-stroke-width\":1.5,\"circle-radius\":")
        out.raw("[\"interpolate\",[\"linear\"],[\"log10\",[\"get\",\"point_count\"]],0.3,7.5,1,9.5,2,14,3,18,5,25]}}")
        openLive("point", "circle", single, to: &out)
        out.raw(",\"paint\":{\"circle-color\":")
        appendKindColor(live.kinds, to: &out)
        out.raw(",\"circle-radius\":[\"interpolate\",[\"linear\"],[\"zoom\"],10,3.5,16,6.5],\"circle-stroke-color\":")
        out.string(theme.halo)
        out.raw(",\"circle-stroke-width\":1.2}}")
        openLive("count", "symbol", cluster, to: &out)
        out.raw(
            ",\"layout\":{\"text-allow-overlap\":true,\"text-ignore-placement\":true,\"text-size\":10.5,\"text-field\":"
        )
        out.raw("[\"case\",[\">=\",[\"get\",\"point_count\"],10000],[\"concat\",[\"to-string\",[\"round\",")
        out.raw("[\"/\",[\"get\",\"point_count\"],1000]]],\"k\"],[\"to-string\",[\"get\",\"point_count\"]]]}")
        out.raw(",\"paint\":{\"text-color\":\"#ffffff\"}}")
    }

    private func openLive(_ name: String, _ type: String, _ filter: String, to out: inout JSONBytes) {
        out.raw(",{\"id\":")
        out.string("twin:live-\(name)")
        out.raw(",\"type\":")
        out.string(type)
        out.raw(",\"source\":")
        out.string(Self.liveSource)
        out.raw(",\"source-layer\":")
        out.string(LiveTile.layer)
        out.raw(",\"metadata\":{\"twin:live\":")
        out.string(name)
        out.raw("},")
        out.raw(text: filter)
    }

    private func appendKindColor(_ kinds: [String], to out: inout JSONBytes) {
        guard !kinds.isEmpty else { return out.string(Self.kindColors[0]) }
        out.raw("[\"match\",[\"coalesce\",[\"get\",\"kind\"],\"\"]")
        for (index, kind) in kinds.enumerated() {
            out.raw(",")
            out.string(kind)
            out.raw(",")
            out.string(Self.kindColors[index % Self.kindColors.count])
        }
        out.raw(",\"#6b7480\"]")
    }
}
