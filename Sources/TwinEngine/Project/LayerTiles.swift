// SPDX-License-Identifier: Apache-2.0
public import Spatial
public import Tiles

/// What a layer's tiles hold and how long clients keep them: `layers[].tiles` of city.yaml.
public struct LayerTiles: Sendable, Hashable {
    /// Zooms are the layer's own, see ``LayerDefinition/tileRules``.
    public var rules: TileRules
    /// Seconds for which a client need not ask again; 0 makes it ask each time, which shows an edit at once.
    public var maximumAge = 0
    /// Features that tiles hold: those that pass all filters of the zoom.
    public var filters: [Filter] = []

    /// A condition on features that holds at some zooms.
    public struct Filter: Sendable, Hashable, CustomStringConvertible {
        /// In CQL2, as it was written.
        public var text: String
        public var zooms: ClosedRange<Int>
        var condition: ColumnFilter

        public var description: String { "\(text) at \(zooms)" }
    }

    /// What holds where city.yaml says nothing: all of every feature from zoom 15 on; below, shapes that nobody can see
    /// give way to what stands for them, and a tile that would be too large for a browser gets larger squares for more of
    /// its polygons, or loses its smallest features.
    public static func standard(_ kind: GeometryKind) -> LayerTiles {
        var rules = TileRules()
        rules.maximumBytes = 3_000_000
        switch kind {
        case .point:
            rules.points = .thin
            rules.pointCell = 32
            rules.pointsBelowZoom = 12
        case .line: rules.minimumLineLength = 4
        case .polygon: rules.tinyArea = 4
        }
        return LayerTiles(rules: rules)
    }
}

extension LayerDefinition {
    /// The rules of the layer's tiles, with the layer's zooms.
    public var tileRules: TileRules {
        var rules = (tiles ?? .standard(geometry)).rules
        rules.zooms = zoom
        return rules
    }

    /// What features of the layer's tiles pass at a zoom; nil where all do.
    func tileFilter(zoom: Int) -> ColumnFilter? {
        let parts = (tiles?.filters ?? []).filter { $0.zooms.contains(zoom) }.map(\.condition)
        return parts.count < 2 ? parts.first : .and(parts)
    }
}

extension ProjectReader {
    private enum Tiny: String, CaseIterable { case keep, drop, square }
    private enum Crowd: String, CaseIterable { case all, thin, cluster }

    /// Reads `tiles:` of a layer; what is left out is as in ``LayerTiles/standard(_:)``.
    func tiles(_ layer: ConfigurationNode, _ kind: GeometryKind) -> LayerTiles? {
        guard let node = layer.child("tiles") else { return nil }
        var allowed = ["fields", "simplify", "buffer", "max_features", "max_bytes", "order", "max_age", "filter"]
        switch kind {
        case .point: allowed += ["points", "cell", "all_from"]
        case .line: allowed += ["min_length", "join", "all_from"]
        case .polygon: allowed += ["tiny", "tiny_area", "labels", "all_from"]
        }
        node.allow(allowed)
        guard node.isMapping else { return nil }
        var tiles = LayerTiles.standard(kind)
        common(node, layer, &tiles)
        tiles.filters = filters(node, layer)
        switch kind {
        case .point: points(node, &tiles.rules)
        case .line:
            if let length = node.number("min_length") { tiles.rules.minimumLineLength = length }
            if let joins = node.boolean("join") { tiles.rules.joinsLines = joins }
            if let zoom = whole(node, "all_from", 0...25) { tiles.rules.joinsBelowZoom = zoom }
        case .polygon: polygons(node, &tiles.rules)
        }
        do { try tiles.rules.validate() } catch { node.fail("\(node.path): \(error.message)") }
        return tiles
    }

    private func common(_ node: ConfigurationNode, _ layer: ConfigurationNode, _ tiles: inout LayerTiles) {
        let names = layer.list("fields").compactMap { $0.isMapping ? $0.string("name") : nil }
        func checked(_ name: String, _ place: ConfigurationNode) {
            guard !names.contains(name) else { return }
            let hint = nearest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
            place.fail("'\(name)' is no field of the layer\(hint)")
        }
        if node.child("fields") != nil {
            tiles.rules.fields = node.list("fields").compactMap { entry in
                guard entry.isMapping else {
                    guard let name = entry.text else { return nil }
                    checked(name, entry)
                    return TileRules.Field(name: name)
                }
                entry.allow(["name", "from"])
                let name = entry.required("name", example: "height")
                checked(name, entry)
                return TileRules.Field(name: name, fromZoom: whole(entry, "from", 0...24) ?? 0)
            }
        }
        if let simplifies = node.boolean("simplify") { tiles.rules.simplifies = simplifies }
        if let buffer = whole(node, "buffer", 0...2048) { tiles.rules.buffer = buffer }
        // 0 takes a limit off.
        if let most = whole(node, "max_features", 0...100_000_000) {
            tiles.rules.maximumFeatures = most > 0 ? most : nil
        }
        if let most = whole(node, "max_bytes", 0...1_000_000_000) { tiles.rules.maximumBytes = most > 0 ? most : nil }
        if let age = whole(node, "max_age", 0...31_536_000) { tiles.maximumAge = age }
        guard let order = node.string("order") else { return }
        switch order {
        case "size": tiles.rules.order = .size
        case "row": tiles.rules.order = .row
        default:
            checked(order, node.child("order") ?? node)
            tiles.rules.order = .attribute(order)
        }
    }

    /// `filter`: a condition, or a list of `{where, from, below}`.
    private func filters(_ node: ConfigurationNode, _ layer: ConfigurationNode) -> [LayerTiles.Filter] {
        let names = layer.list("fields").compactMap { $0.isMapping ? $0.string("name") : nil } + ["id", "code", "geom"]
        return node.list("filter", allowsSingle: true).compactMap { entry in
            var (text, low, high) = (entry.isMapping ? nil : entry.text, 0, TileID.maximumZoom)
            if entry.isMapping {
                entry.allow(["where", "from", "below"])
                text = entry.required("where", example: "\"floors > 6\"")
                low = whole(entry, "from", 0...TileID.maximumZoom) ?? low
                high = (whole(entry, "below", 1...TileID.maximumZoom + 1) ?? high + 1) - 1
            }
            guard let text, !text.isEmpty else { return nil }
            guard low <= high else {
                entry.fail("\(entry.path): `below` must be above `from`")
                return nil
            }
            do {
                let condition = try ColumnFilter(text: text)
                for name in condition.fields.sorted() where !names.contains(name) {
                    let hint = nearest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
                    entry.fail("'\(name)' is no field of the layer\(hint)")
                }
                return LayerTiles.Filter(text: text, zooms: low...high, condition: condition)
            } catch {
                entry.fail("\(entry.path): \((error as? TwinError)?.message ?? "\(error)")")
                return nil
            }
        }
    }

    private func points(_ node: ConfigurationNode, _ rules: inout TileRules) {
        switch node.choice("points", Crowd.self) {
        case .all: rules.points = .all
        case .thin: rules.points = .thin
        case .cluster: rules.points = .cluster
        case nil: break
        }
        if let cell = whole(node, "cell", 8...4096) { rules.pointCell = cell }
        if let zoom = whole(node, "all_from", 0...25) { rules.pointsBelowZoom = zoom }
    }

    private func polygons(_ node: ConfigurationNode, _ rules: inout TileRules) {
        switch node.choice("tiny", Tiny.self) {
        case .keep: rules.tinyPolygons = .keep
        case .drop: rules.tinyPolygons = .drop
        case .square: rules.tinyPolygons = .square
        case nil: break
        }
        if let area = node.number("tiny_area") { rules.tinyArea = area }
        if let labels = node.boolean("labels") { rules.labelsPolygons = labels }
        if let zoom = whole(node, "all_from", 0...25) { rules.tinyBelowZoom = zoom }
    }

    private func whole(_ node: ConfigurationNode, _ key: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = node.number(key) else { return nil }
        guard let number = Int(exactly: value), range.contains(number) else {
            node.child(key)?.fail(
                "'\(node.path).\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }
}
