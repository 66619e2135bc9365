// SPDX-License-Identifier: Apache-2.0
import Spatial
import Yams

extension ProjectReader {
    func source(_ node: ConfigurationNode) -> SourceDefinition {
        node.allow([
            "id", "path", "format", "layer", "encoding", "crs", "override_crs", "axis_order", "datum_shift", "columns",
            "filter", "invalid", "points", "lines", "survey",
        ])
        let format = node.choice("format", SourceFormat.self) ?? .gdal
        let isSurvey = format == .pipeSurvey
        let path = isSurvey ? (node.string("lines") ?? "") : node.required("path", example: "sources/roads.gpkg")
        if isSurvey, node.child("points") == nil || node.child("lines") == nil {
            node.fail("\(node.path) of format pipe-survey needs `points:` and `lines:`, the two survey tables")
        }
        if isSurvey, let axis = node.child("axis_order"), axis.text != AxisOrder.northingEasting.rawValue {
            axis.fail("pipe-survey tables have X as north and name their columns under `survey:`; remove `axis_order`")
        }
        if format != .gdal, let filter = node.child("filter") {
            filter.fail("`filter` works for sources that GDAL reads; remove it, or convert the source first")
        }
        if let crs = node.string("crs") {
            do { _ = try CoordinateSystem(crs) } catch { node.child("crs")?.fail("\(error)") }
        }
        return SourceDefinition(
            id: node.required("id", example: "roads"), path: resolve(path), format: format,
            layer: node.string("layer"), encoding: node.string("encoding"), crs: node.string("crs"),
            overridesCRS: node.boolean("override_crs") ?? false,
            axisOrder: node.choice("axis_order", AxisOrder.self),
            datumShift: node.choice("datum_shift", DatumShift.self), columns: columns(node),
            filter: node.string("filter"), invalid: node.choice("invalid", InvalidGeometryPolicy.self) ?? .repair,
            points: node.string("points").map(resolve), lines: node.string("lines").map(resolve),
            survey: isSurvey ? survey(node) : nil)
    }

    private func columns(_ node: ConfigurationNode) -> CoordinateColumns? {
        guard let columns = node.child("columns") else { return nil }
        columns.allow(["x", "y", "z", "wkt"])
        return CoordinateColumns(
            x: columns.string("x"), y: columns.string("y"), z: columns.string("z"), wkt: columns.string("wkt"))
    }

    private func survey(_ node: ConfigurationNode) -> SurveyColumns {
        let survey = node.child("survey")
        survey?.allow([
            "number", "north", "east", "ground", "from", "to", "from_depth", "to_depth", "from_elevation",
            "to_elevation", "prefer", "diameter", "part",
        ])
        func name(_ key: String, _ fallback: String) -> String { survey?.string(key) ?? fallback }
        return SurveyColumns(
            number: name("number", "物探点号"), north: name("north", "X"), east: name("east", "Y"),
            ground: name("ground", "地面高程"), from: name("from", "起点点号"), to: name("to", "终点点号"),
            fromDepth: name("from_depth", "起点埋深"), toDepth: name("to_depth", "终点埋深"),
            fromElevation: name("from_elevation", "起点高程"), toElevation: name("to_elevation", "终点高程"),
            prefer: survey?.choice("prefer", SurveyColumns.Preference.self) ?? .depth,
            diameter: name("diameter", "管径"), part: survey?.choice("part", SurveyColumns.Part.self) ?? .lines)
    }

    func layer(_ node: ConfigurationNode) -> LayerDefinition {
        node.allow([
            "id", "title", "theme", "department", "classification", "geometry", "source", "sources", "code", "base",
            "zoom", "fields", "style", "tiles", "codes", "checks", "cim", "history",
        ])
        let id = node.required("id", example: "roads")
        if !isIdentifier(id) { node.fail("layer id '\(id)' must be a-z, 0-9 and _, starting with a letter") }
        var sources = node.list("sources", allowsSingle: true).compactMap(\.text)
        if let single = node.string("source") { sources.append(single) }
        if sources.isEmpty { node.fail("layer '\(id)' needs `source: ID`, one of the ids under `sources`") }
        let kinds: [String: GeometryKind] = ["point": .point, "line": .line, "polygon": .polygon]
        let kindName = node.required("geometry", example: "polygon")
        if kinds[kindName] == nil { node.fail("geometry of layer '\(id)' must be point, line or polygon") }
        let kind = kinds[kindName] ?? .polygon
        return LayerDefinition(
            id: id, title: node.localized("title", fallback: id), theme: node.required("theme", example: "base"),
            department: node.required("department", example: "自然资源和规划局"),
            classification: node.choice("classification", Classification.self) ?? .public, geometry: kind,
            sources: sources, code: node.string("code"), isBase: node.boolean("base") ?? false, zoom: zoom(node),
            fields: fields(node), style: style(node, kind), tiles: tiles(node, kind),
            codes: codes(node), checks: checks(node), cimLevel: cimLevel(node),
            keepsHistory: node.boolean("history") ?? true)
    }

    /// Ids become table names, file names and URL parts.
    private func isIdentifier(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first), text.utf8.count <= 60 else { return false }
        return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }

    private func zoom(_ node: ConfigurationNode) -> ClosedRange<Int> {
        guard let values = node.numbers("zoom", count: 2, example: "[10, 22]") else { return 0...22 }
        guard values[0] >= 0, values[0] <= values[1], values[1] <= 24 else {
            node.child("zoom")?.fail("zoom must be [lowest, highest] within 0 to 24, for example [10, 22]")
            return 0...22
        }
        return Int(values[0])...Int(values[1])
    }

    private func fields(_ node: ConfigurationNode) -> [FieldDefinition] {
        var seen: Set<String> = ["id", "code", "geom"]
        return node.list("fields").map { field in
            field.allow(["name", "from", "type", "unit", "title"])
            let name = field.required("name", example: "height")
            if !isIdentifier(name) { field.fail("field name '\(name)' must be a-z, 0-9 and _, starting with a letter") }
            if !seen.insert(name).inserted {
                field.fail("field name '\(name)' is used twice or reserved (id, code, geom)")
            }
            return FieldDefinition(
                name: name, from: field.string("from"), type: field.choice("type", FieldType.self) ?? .string,
                unit: field.string("unit"), title: field.localized("title", fallback: name))
        }
    }

    private func style(_ node: ConfigurationNode, _ kind: GeometryKind) -> LayerStyle {
        let drawn: LayerStyle.Kind = kind == .point ? .circle : kind == .line ? .line : .fill
        guard let style = node.child("style") else {
            return LayerStyle(
                kind: drawn, color: "#7a8ca0", outline: nil, opacity: 1, width: kind == .point ? 4 : 1.5,
                visible: false,
                label: nil, category: nil)
        }
        style.allow(["kind", "color", "outline", "opacity", "width", "visible", "label", "by"])
        return LayerStyle(
            kind: style.choice("kind", LayerStyle.Kind.self) ?? drawn, color: color(style, "color") ?? "#7a8ca0",
            outline: color(style, "outline"), opacity: style.number("opacity") ?? 1,
            width: style.number("width") ?? (kind == .point ? 4 : 1.5), visible: style.boolean("visible") ?? false,
            label: style.string("label"), category: category(style))
    }

    private func color(_ node: ConfigurationNode, _ key: String) -> String? {
        guard let text = node.string(key) else { return nil }
        let digits = text.dropFirst()
        if text.hasPrefix("#"), [3, 6].contains(digits.count), digits.allSatisfy(\.isHexDigit) { return text }
        node.child(key)?.fail("'\(text)' is not a colour; write it as \"#d9d0c7\"")
        return nil
    }

    private func category(_ style: ConfigurationNode) -> CategoryStyle? {
        guard let by = style.child("by") else { return nil }
        by.allow(["field", "values", "other"])
        var entries: [CategoryStyle.Entry] = []
        if let values = by.child("values"), values.isMapping {
            for (key, value) in values.pairs {
                entries.append(CategoryStyle.Entry(value: key.string ?? "", color: value.string ?? "#888888"))
            }
        } else {
            by.fail("'\(by.path)' needs `values: {VALUE: \"#colour\", …}`")
        }
        return CategoryStyle(
            field: by.required("field", example: "use"), values: entries, other: color(by, "other") ?? "#bbbbbb")
    }

    func model(_ node: ConfigurationNode) -> ModelDefinition {
        node.allow(
            [
                "id", "kind", "title", "layer", "layers", "height", "floors", "storey_height", "base", "ground",
                "diameter",
                "depth", "default_depth", "color_by", "cim", "width", "elevation", "from_point", "to_point", "flow",
                "points", "prefer", "measured_to", "size", "bearing",
            ] + Self.buildingKeys)
        let id = node.required("id", example: "buildings")
        var layers = node.list("layers", allowsSingle: true).compactMap(\.text)
        if let single = node.string("layer") { layers.append(single) }
        if layers.isEmpty { node.fail("model '\(id)' needs `layer: ID` or `layers: [ID, …]`") }
        if node.child("kind") == nil {
            node.fail("model '\(id)' needs `kind: buildings`, `kind: pipes` or `kind: parts`")
        }
        let (from, to) = ends(node, "depth")
        return ModelDefinition(
            id: id, kind: node.choice("kind", ModelKind.self) ?? .buildings,
            title: node.localized("title", fallback: id), layers: layers, height: node.string("height"),
            floors: node.string("floors"), storeyHeight: node.number("storey_height") ?? 3.0,
            ground: node.string("ground") ?? node.string("base"), diameter: node.string("diameter"), depthFrom: from,
            depthTo: to, defaultDepth: node.number("default_depth") ?? 1.5, colorBy: node.string("color_by"),
            pipes: pipeFields(node), parts: partFields(node), cimLevel: cimLevel(node), building: buildings(node))
    }

    func scenario(_ node: ConfigurationNode) -> ScenarioDefinition {
        node.allow(["id", "title", "department", "description", "layers", "view", "query"])
        let id = node.required("id", example: "fire")
        return ScenarioDefinition(
            id: id, title: node.localized("title", fallback: id),
            department: node.required("department", example: "应急管理局"),
            description: node.localized("description", fallback: ""), layers: node.list("layers").compactMap(\.text),
            view: view(node), query: query(node))
    }

    private func view(_ node: ConfigurationNode) -> ScenarioView? {
        guard let view = node.child("view") else { return nil }
        view.allow(["center", "zoom", "pitch", "bearing"])
        guard let center = view.numbers("center", count: 2, example: "[120.03, 36.26]") else {
            view.fail("'\(view.path)' needs `center: [lon, lat]`")
            return nil
        }
        return ScenarioView(
            center: LonLat(longitude: center[0], latitude: center[1]), zoom: view.number("zoom") ?? 14,
            pitch: view.number("pitch") ?? 0, bearing: view.number("bearing") ?? 0)
    }

    private func query(_ node: ConfigurationNode) -> ScenarioQuery? {
        guard let query = node.child("query") else { return nil }
        query.allow(["at", "radius", "layers"])
        let at = query.numbers("at", count: 2, example: "[120.03, 36.26]")
        return ScenarioQuery(
            at: at.map { LonLat(longitude: $0[0], latitude: $0[1]) }, radius: query.number("radius") ?? 500,
            layers: query.list("layers").compactMap(\.text))
    }

    /// Names used must be names declared, and declared once.
    func checkReferences(_ project: CityProject) {
        func unique(_ key: String, _ ids: [String]) {
            var seen: Set<String> = []
            for (node, id) in zip(root.list(key), ids) where !seen.insert(id).inserted {
                node.fail("the id '\(id)' is used twice in \(key); ids must be unique")
            }
        }
        func known(_ node: ConfigurationNode?, _ id: String, _ ids: [String], _ what: String) {
            guard !ids.contains(id) else { return }
            let hint = nearest(to: id, in: ids).map { "; did you mean '\($0)'?" } ?? ""
            (node ?? root).fail("there is no \(what) '\(id)'\(hint)")
        }
        let sources = project.sources.map(\.id)
        let layers = project.layers.map(\.id)
        let themes = project.themes.map(\.id)
        unique("sources", sources)
        unique("layers", layers)
        unique("themes", themes)
        unique("models", project.models.map(\.id))
        unique("tilesets", project.tilesets.map(\.id))
        for (node, tileset) in zip(root.list("tilesets"), project.tilesets)
        where project.models.contains(where: { $0.id == tileset.id }) {
            node.fail("the id '\(tileset.id)' is that of a model; tilesets and models share their addresses")
        }
        unique("scenarios", project.scenarios.map(\.id))
        for (node, layer) in zip(root.list("layers"), project.layers) {
            layer.sources.forEach { known(node.child("source") ?? node, $0, sources, "source") }
            known(node.child("theme") ?? node, layer.theme, themes, "theme")
            let fields = layer.fields.map(\.name)
            if let label = layer.style.label { known(node.child("style"), label, fields, "field in layer \(layer.id)") }
            if let field = layer.codes?.field {
                known(node.child("codes"), field, fields, "field in layer \(layer.id)")
            }
            for check in layer.checks where check.field != "code" {
                known(node.child("checks"), check.field, fields, "field in layer \(layer.id)")
            }
            if let by = layer.style.category {
                known(node.child("style"), by.field, fields, "field in layer \(layer.id)")
            }
        }
        for (node, model) in zip(root.list("models"), project.models) {
            (model.layers + [model.pipes.points].compactMap(\.self)).forEach { known(node, $0, layers, "layer") }
            let fields = project.layers.filter { model.layers.contains($0.id) }.flatMap { $0.fields.map(\.name) }
            let used =
                [
                    model.height, model.floors, model.ground, model.diameter, model.depthFrom, model.depthTo,
                    model.colorBy,
                ] + model.pipes.fieldNames + [model.parts.size, model.parts.bearing] + model.building.fields
            for field in used.compactMap(\.self) where !fields.isEmpty {
                known(node, field, fields, "field in the layers of model \(model.id):")
            }
        }
        for (node, scenario) in zip(root.list("scenarios"), project.scenarios) {
            scenario.layers.forEach { known(node, $0, layers, "layer") }
            scenario.query?.layers.forEach { known(node, $0, layers + ["live"], "layer") }
        }
        if let ledger = project.live?.ledger { known(root.child("live"), ledger, layers, "layer") }
    }
}
