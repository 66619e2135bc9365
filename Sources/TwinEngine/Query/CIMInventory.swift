// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A city's content by level of detail (CIM1 to CIM7), class and department, with counts, areas and lengths.
///
/// A level is what the project states (`cim: CIM3`), else follows from the content: plain layers are CIM1, what a model
/// draws in three dimensions is CIM2, features with surfaces of their own are CIM3; terrain is CIM1.
public struct CIMInventory: Sendable {
    public enum Kind: String, Sendable {
        case layer, model, terrain
    }

    /// One layer, model or terrain.
    public struct Entry: Sendable {
        public var kind: Kind
        public var id: String
        public var title: LocalizedText
        public var level: CIMLevel
        /// Whether the project states the level.
        public var isStated: Bool
        public var department: String?
        public var theme: String?
        public var count: Int
        /// Square metres of polygons, metres of lines, in the city's system.
        public var area: Double?
        public var length: Double?
    }

    /// Sums over the layers of one level, class or department. Models and terrain are made from layers and not added.
    public struct Group: Sendable {
        public var id: String
        public var title: LocalizedText?
        public var layers = 0
        public var count = 0
        public var area = 0.0
        public var length = 0.0
    }

    public var entries: [Entry] = []
    public var levels: [Group] = []
    public var themes: [Group] = []
    public var departments: [Group] = []

    /// The inventory of layers and of the models that show at least one of them. O(vertices), once for a version.
    public init(city: City, layers: [LayerView]? = nil) {
        let project = city.project
        let layers = layers ?? city.view().layers
        let ids = Set(layers.map(\.definition.id))
        let models = project.models.filter { !ids.isDisjoint(with: $0.layers) }
        let drawn = Set(models.flatMap(\.layers))
        for layer in layers {
            let definition = layer.definition
            let byContent: CIMLevel = layer.hasSolids ? .standard : drawn.contains(definition.id) ? .frame : .surface
            let size = city.sizes.value(definition.id, versions: [layer.version]) { Self.size(layer) }
            entries.append(
                Entry(
                    kind: .layer, id: definition.id, title: definition.title,
                    level: definition.cimLevel ?? byContent, isStated: definition.cimLevel != nil,
                    department: definition.department, theme: definition.theme, count: layer.count,
                    area: definition.geometry == .polygon ? size.area : nil,
                    length: definition.geometry == .line ? size.length : nil))
        }
        for model in models {
            let own = layers.filter { model.layers.contains($0.definition.id) }
            let byContent: CIMLevel = own.contains(where: \.hasSolids) ? .standard : .frame
            entries.append(
                Entry(
                    kind: .model, id: model.id, title: model.title, level: model.cimLevel ?? byContent,
                    isStated: model.cimLevel != nil, department: nil, theme: nil,
                    count: own.reduce(0) { $0 + $1.count }))
        }
        if project.terrain != nil {
            entries.append(
                Entry(
                    kind: .terrain, id: "terrain", title: LocalizedText(zh: "地形", en: "Terrain"), level: .surface,
                    isStated: false, department: nil, theme: nil, count: 1))
        }
        let titles = Dictionary(project.themes.map { ($0.id, $0.title) }, uniquingKeysWith: { $1 })
        levels = Self.groups(entries, by: { $0.level.name }, title: { CIMLevel(text: $0)?.title })
        themes = Self.groups(entries, by: { $0.theme ?? "" }, title: { titles[$0] })
        departments = Self.groups(entries, by: { $0.department ?? "" }, title: { LocalizedText(zh: $0, en: $0) })
    }

    private static func groups(
        _ entries: [Entry], by key: (Entry) -> String, title: (String) -> LocalizedText?
    ) -> [Group] {
        var groups: [String: Group] = [:]
        for entry in entries where entry.kind == .layer {
            let id = key(entry)
            var group = groups[id] ?? Group(id: id, title: title(id))
            group.layers += 1
            group.count += entry.count
            group.area += entry.area ?? 0
            group.length += entry.length ?? 0
            groups[id] = group
        }
        return groups.values.sorted { $0.id < $1.id }
    }

    /// What the features of a layer measure together.
    struct Size: Sendable {
        var area = 0.0
        var length = 0.0
    }

    private static func size(_ layer: LayerView) -> Size {
        var size = Size()
        guard layer.definition.geometry != .point else { return size }
        let isArea = layer.definition.geometry == .polygon
        layer.forEachRow { row in
            layer.withGeometry(row: row) { geometry in
                if isArea { size.area += geometry.area } else { size.length += geometry.length }
            }
        }
        return size
    }

    /// Tables for people: by level, then by department.
    public func table() -> String {
        func rows(_ name: String, _ groups: [Group]) -> [[String]] {
            [[name, "", "layers", "features", "area km²", "length km"]]
                + groups.map { group in
                    [
                        group.id, group.title?.zh == group.id ? "" : group.title?.zh ?? "", String(group.layers),
                        String(group.count), fixed(group.area / 1e6, 3),
                        fixed(group.length / 1e3, 3),
                    ]
                }
        }
        let models = entries.filter { $0.kind != .layer }.map { "\($0.id) \($0.level.name)" }.joined(separator: ", ")
        return textTable(rows("level", levels)) + (models.isEmpty ? "" : "\nmodels: \(models)") + "\n\n"
            + textTable(rows("department", departments))
    }

    package func append(to out: inout JSONBytes) {
        func groups(_ name: String, _ groups: [Group]) {
            out.raw(",")
            out.key(name)
            out.list(groups) { out, group in
                out.raw("{\"id\":")
                out.string(group.id)
                out.raw(",\"title\":")
                if let title = group.title {
                    out.localized(title)
                } else {
                    out.raw("null")
                }
                out.raw(",\"layers\":")
                out.integer(group.layers)
                out.raw(",\"count\":")
                out.integer(group.count)
                out.raw(",\"area\":")
                out.fixed(group.area, 1)
                out.raw(",\"length\":")
                out.fixed(group.length, 1)
                out.raw("}")
            }
        }
        out.raw("{\"units\":{\"area\":\"m2\",\"length\":\"m\"}")
        groups("levels", levels)
        groups("themes", themes)
        groups("departments", departments)
        out.raw(",\"entries\":")
        out.list(entries) { $1.append(to: &$0) }
        out.raw("}")
    }

    /// The inventory as JSON.
    public func json() -> [UInt8] {
        var out = JSONBytes(capacity: 8192)
        append(to: &out)
        return out.bytes
    }
}

extension CIMInventory.Entry {
    fileprivate func append(to out: inout JSONBytes) {
        out.raw("{\"kind\":")
        out.string(kind.rawValue)
        out.raw(",\"id\":")
        out.string(id)
        out.raw(",\"title\":")
        out.localized(title)
        out.raw(",\"cim\":")
        out.string(level.name)
        out.raw(",\"stated\":")
        out.boolean(isStated)
        for (name, text) in [("department", department), ("theme", theme)] {
            guard let text else { continue }
            out.raw(",")
            out.key(name)
            out.string(text)
        }
        out.raw(",\"count\":")
        out.integer(count)
        for (name, value) in [("area", area), ("length", length)] {
            guard let value else { continue }
            out.raw(",")
            out.key(name)
            out.fixed(value, 1)
        }
        out.raw("}")
    }
}
