// SPDX-License-Identifier: Apache-2.0
import Spatial
import TwinEngine

/// Writes a MapLibre style (version 8) from the layers' declared styles.
///
/// Order: background, areas (the ground's shading under those that stand up), line casings, lines, points, symbols,
/// labels, live terminals; inside each the project's order. No glyphs are named: the client draws texts itself, Chinese
/// ones included.
struct MapStyle {
    /// The live terminals, as the style shows them.
    struct Live {
        /// Kinds in the order of their colours.
        var kinds: [String]
    }

    let layers: [ReadableLayer]
    let project: CityProject
    let base: String
    let language: String
    let theme: StyleTheme
    /// The layer that is coloured by a field; the others step back.
    var thematic: StyleThematic?
    /// Nil where the caller may not see terminals.
    var live: Live?
    /// The ground's zooms and extent, where heights are served.
    var terrain: (zooms: ClosedRange<Int>, extent: LonLatBox)?

    static let terrainSource = "twin:terrain"
    static let reliefSource = "twin:relief"
    static let liveSource = "twin:live"

    func bytes() -> [UInt8] {
        var out = JSONBytes(capacity: 16_384)
        out.raw("{\"version\":8,\"name\":")
        out.string(language == "zh" ? project.name.zh : project.name.en)
        out.raw(",\"metadata\":{\"twin:city\":")
        out.string(project.id)
        out.raw(",\"twin:theme\":")
        out.string(theme.rawValue)
        if let thematic {
            out.raw(",\"twin:legend\":")
            thematic.appendLegend(to: &out)
        }
        out.raw("},\"center\":")
        out.position(project.extent.center)
        out.raw(",\"zoom\":13,\"sprite\":")
        out.string("\(base)/sprites/\(theme.rawValue)")
        out.raw(",\"sources\":{")
        appendSources(to: &out)
        out.raw("},\"layers\":[{\"id\":\"background\",\"type\":\"background\",\"paint\":{\"background-color\":")
        out.string(theme.background)
        out.raw("}}")
        let areas = layers.filter { $0.definition.style.kind == .fill }
        let standing = areas.firstIndex { $0.definition.fields.contains { $0.name == "height" || $0.name == "floors" } }
        for layer in areas[..<(standing ?? areas.count)] { appendFill(layer, to: &out) }
        if terrain != nil { appendHillshade(to: &out) }
        for layer in layers where isThematic(layer) && layer.definition.style.kind == .line {
            appendThematicFill(layer, to: &out)
        }
        for layer in areas[(standing ?? areas.count)...] { appendFill(layer, to: &out) }
        for layer in layers where hasCasing(layer) { appendLine(layer, isCasing: true, to: &out) }
        for layer in layers where layer.definition.style.kind == .line { appendLine(layer, isCasing: false, to: &out) }
        for layer in layers where isMarked(layer) { appendCircle(layer, to: &out) }
        for layer in layers where isMarked(layer) { appendSymbol(layer, to: &out) }
        for layer in layers where layer.definition.style.label != nil { appendLabel(layer, to: &out) }
        if let live { appendLive(live, to: &out) }
        out.raw("]}")
        return out.bytes
    }

    func isThematic(_ layer: ReadableLayer) -> Bool { thematic?.layer == layer.id }

    /// A declared colour as this style shows it.
    private func shown(_ color: String, _ layer: ReadableLayer) -> String {
        thematic == nil || isThematic(layer) ? theme.color(color) : theme.muted(color)
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
        if live != nil {
            if !isFirst { out.raw(",") }
            isFirst = false
            out.key(Self.liveSource)
            out.raw("{\"type\":\"vector\",\"tiles\":[")
            out.string("\(base)/tiles/live/{z}/{x}/{y}.mvt")
            out.raw("],\"minzoom\":0,\"maxzoom\":")
            out.integer(LiveTile.firstFullZoom)
            out.raw("}")
        }
        guard let terrain else { return }
        // Two sources of the same tiles: shading and 3D ground ask for different ones.
        for source in [Self.reliefSource, Self.terrainSource] {
            if !isFirst { out.raw(",") }
            isFirst = false
            out.key(source)
            out.raw("{\"type\":\"raster-dem\",\"encoding\":\"mapbox\",\"tileSize\":256,\"tiles\":[")
            out.string("\(base)/terrain/{z}/{x}/{y}.png")
            out.raw("],\"minzoom\":")
            out.integer(terrain.zooms.lowerBound)
            out.raw(",\"maxzoom\":")
            out.integer(terrain.zooms.upperBound)
            out.raw(",\"bounds\":")
            out.box(terrain.extent)
            out.raw("}")
        }
    }

    private func appendHillshade(to out: inout JSONBytes) {
        out.raw(",{\"id\":\"hillshade\",\"type\":\"hillshade\",\"source\":")
        out.string(Self.reliefSource)
        out.raw(",\"metadata\":{\"twin:relief\":true},\"paint\":{\"hillshade-exaggeration\":0.45")
        out.raw(",\"hillshade-shadow-color\":")
        out.string(theme == .light ? "#473b24" : "#000000")
        out.raw(",\"hillshade-highlight-color\":")
        out.string(theme == .light ? "#ffffff" : "#5d7286")
        out.raw(",\"hillshade-accent-color\":")
        out.string(theme == .light ? "#5a4a30" : "#0a0d11")
        out.raw("}}")
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
    func open(
        _ layer: ReadableLayer, _ suffix: String, type: String, layout: String = "", from zoom: Int = 0,
        to out: inout JSONBytes
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
        out.integer(max(zoom, min(definition.zoom.lowerBound, 24)))
        if definition.zoom.upperBound < 20 {
            out.raw(",\"maxzoom\":")
            out.integer(definition.zoom.upperBound + 1)
        }
        out.raw(",\"metadata\":{\"twin:layer\":")
        out.string(definition.id)
        out.raw(",\"twin:theme\":")
        out.string(definition.theme)
        out.raw("},\"layout\":{\"visibility\":")
        out.string(definition.isBase || definition.style.visible || isThematic(layer) ? "visible" : "none")
        out.raw(text: layout)
        out.raw("}")
    }

    private func appendFill(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let style = layer.definition.style
        open(layer, "", type: "fill", to: &out)
        out.raw(",\"paint\":{\"fill-color\":")
        appendColor(layer, to: &out)
        out.raw(",\"fill-opacity\":")
        out.real(isThematic(layer) ? max(0.85, style.opacity) : style.opacity)
        if let outline = style.outline {
            out.raw(",\"fill-outline-color\":")
            out.string(shown(outline, layer))
        }
        out.raw("}}")
        appendMissing(layer, to: &out)
    }

    /// Areas that are otherwise drawn by their borders alone.
    private func appendThematicFill(_ layer: ReadableLayer, to out: inout JSONBytes) {
        guard layer.definition.geometry == .polygon else { return }
        open(layer, "-area", type: "fill", to: &out)
        out.raw(",\"paint\":{\"fill-opacity\":0.7,\"fill-color\":")
        appendColor(layer, to: &out)
        out.raw("}}")
        appendMissing(layer, to: &out)
    }

    /// Hatching where the subject of a thematic map has no value.
    private func appendMissing(_ layer: ReadableLayer, to out: inout JSONBytes) {
        guard let thematic, isThematic(layer) else { return }
        open(layer, "-missing", type: "fill", to: &out)
        out.raw(",\"filter\":[\"!\",[\"has\",")
        out.string(thematic.field.name)
        out.raw("]],\"paint\":{\"fill-pattern\":")
        out.string(SymbolSheet.hatch)
        out.raw("}}")
    }

    private func appendLine(_ layer: ReadableLayer, isCasing: Bool, to out: inout JSONBytes) {
        let style = layer.definition.style
        open(
            layer, isCasing ? "-casing" : "", type: "line",
            layout: #","line-cap":"round","line-join":"round""#, to: &out)
        out.raw(",\"paint\":{\"line-color\":")
        if isCasing {
            out.string(shown(style.outline ?? style.color, layer))
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

    /// One colour, or a match expression over a field's values.
    func appendColor(_ layer: ReadableLayer, to out: inout JSONBytes) {
        let style = layer.definition.style
        if let thematic, isThematic(layer) { return thematic.appendColor(to: &out) }
        guard let category = style.category, !category.values.isEmpty, !layer.masked.contains(category.field) else {
            return out.string(shown(style.category?.other ?? style.color, layer))
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
            out.string(shown(entry.color, layer))
        }
        out.raw(",")
        out.string(shown(category.other, layer))
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
