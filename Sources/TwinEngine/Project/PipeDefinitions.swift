// SPDX-License-Identifier: Apache-2.0
import Yams

/// How the features of a layer are classed: by a field, or all alike.
public struct LayerCodes: Sendable, Hashable {
    /// The kind of profile: `pipes`, `parts`, ….
    public var profile: String
    /// The field that holds the code.
    public var field: String?
    /// The class of features whose field is empty, or of all where there is no field.
    public var `class`: String?
    /// Whether the profile gives the layer its colours: the style states none of its own.
    public var givesColor: Bool
}

/// A field whose values are codes of a profile: checked at import, and else a field like others.
public struct CodeCheck: Sendable, Hashable {
    /// The kind of profile: `part_code`, `grid_code`, `land_use`, ….
    public var profile: String
    /// `code` is the permanent code.
    public var field: String
}

/// The seven levels of a city information model (CJJ/T 315): surface, frame, standard, fine, functional, component,
/// part.
public enum CIMLevel: Int, Sendable, Hashable, CaseIterable {
    case surface = 1
    case frame, standard, fine, functional, component, part

    public var name: String { "CIM\(rawValue)" }
    public var title: LocalizedText {
        switch self {
        case .surface: LocalizedText(zh: "地表模型", en: "surface")
        case .frame: LocalizedText(zh: "框架模型", en: "frame")
        case .standard: LocalizedText(zh: "标准模型", en: "standard")
        case .fine: LocalizedText(zh: "精细模型", en: "fine")
        case .functional: LocalizedText(zh: "功能级模型", en: "functional")
        case .component: LocalizedText(zh: "构件级模型", en: "component")
        case .part: LocalizedText(zh: "零件级模型", en: "part")
        }
    }

    /// - Parameter text: `CIM3`, `cim3` or `3`.
    init?(text: String) {
        let digits = text.uppercased().hasPrefix("CIM") ? text.dropFirst(3) : text[...]
        guard let number = Int(digits) else { return nil }
        self.init(rawValue: number)
    }
}

/// Fields of a model of pipes, besides those of ``ModelDefinition``.
public struct PipeFields: Sendable, Hashable {
    /// Which statement of a level counts.
    public enum Preference: String, Sendable, Hashable, CaseIterable {
        /// Heights of the geometry, else ground minus depth.
        case geometry
        case depth
        case elevation
    }

    /// Width and height of a rectangular duct, in the class's unit of diameters.
    public var width: String?
    public var height: String?
    /// Levels of start and end in metres above the datum.
    public var elevationFrom: String?
    public var elevationTo: String?
    /// Point numbers of start and end.
    public var fromPoint: String?
    public var toPoint: String?
    /// Direction of flow (流向): `+` along the line, `-` against it.
    public var flow: String?
    /// The layer of survey points, whose code is the point number.
    public var points: String?
    public var prefer = Preference.geometry
    /// What levels are measured to; nil follows the class.
    public var level: PipeClassRule.Level?

    var fieldNames: [String?] { [width, height, elevationFrom, elevationTo, fromPoint, toPoint, flow] }
}

/// Fields of a model of street assets, besides those of ``ModelDefinition``.
public struct PartFields: Sendable, Hashable {
    /// Metres across.
    public var size: String?
    /// Degrees clockwise from north.
    public var bearing: String?
}

/// The ground of a city.
public struct TerrainDefinition: Sendable, Hashable {
    /// Absolute paths of rasters of heights above the city's vertical datum.
    public var files: [String]
    public var classification: Classification
}

extension ProjectReader {
    func codes(_ node: ConfigurationNode) -> LayerCodes? {
        guard let codes = node.child("codes") else { return nil }
        codes.allow(["profile", "field", "class"])
        let style = node.child("style")
        let result = LayerCodes(
            profile: codes.required("profile", example: "pipes"), field: codes.string("field"),
            class: codes.string("class"), givesColor: style?.child("color") == nil && style?.child("by") == nil)
        if result.field == nil, result.class == nil {
            codes.fail("'\(codes.path)' needs `field: NAME`, the field with the code, or `class: ID` for all features")
        }
        return result
    }

    func checks(_ node: ConfigurationNode) -> [CodeCheck] {
        node.list("checks").map { check in
            check.allow(["profile", "field"])
            return CodeCheck(
                profile: check.required("profile", example: "part_code"),
                field: check.required("field", example: "code"))
        }
    }

    func cimLevel(_ node: ConfigurationNode) -> CIMLevel? {
        guard let child = node.child("cim"), let text = child.text else { return nil }
        if let level = CIMLevel(text: text) { return level }
        child.fail("'\(text)' is not a level; write CIM1 to CIM7")
        return nil
    }

    /// `{from: FIELD, to: FIELD}`, or one field for both.
    func ends(_ node: ConfigurationNode, _ key: String) -> (from: String?, to: String?) {
        guard let child = node.child(key) else { return (nil, nil) }
        guard child.isMapping else { return (child.text, child.text) }
        child.allow(["from", "to"])
        return (child.string("from"), child.string("to"))
    }

    func pipeFields(_ node: ConfigurationNode) -> PipeFields {
        let isPipes = node.string("kind") == ModelKind.pipes.rawValue
        let (from, to) = ends(node, "elevation")
        var level: PipeClassRule.Level?
        if let child = node.child("measured_to"), child.text != "class" {
            level = node.choice("measured_to", PipeClassRule.Level.self)
        }
        return PipeFields(
            width: node.string("width"), height: isPipes ? node.string("height") : nil, elevationFrom: from,
            elevationTo: to, fromPoint: node.string("from_point"), toPoint: node.string("to_point"),
            flow: node.string("flow"), points: node.string("points"),
            prefer: node.choice("prefer", PipeFields.Preference.self) ?? .geometry, level: level)
    }

    func partFields(_ node: ConfigurationNode) -> PartFields {
        PartFields(size: node.string("size"), bearing: node.string("bearing"))
    }

    func profiles() -> [String: String] {
        guard let node = root.child("profiles") else { return [:] }
        guard node.isMapping else {
            node.fail("'profiles' must be a mapping of kinds to files, for example {pipes: profiles/pipes.yaml}")
            return [:]
        }
        var paths: [String: String] = [:]
        for (key, value) in node.pairs {
            guard let kind = key.string, let path = value.string, !path.isEmpty else {
                node.fail("'profiles' must name a file for each kind, for example {pipes: profiles/pipes.yaml}")
                continue
            }
            paths[kind] = resolve(path)
        }
        return paths
    }

    func terrain() -> TerrainDefinition? {
        guard let node = root.child("terrain") else { return nil }
        node.allow(["file", "files", "classification"])
        var files = node.list("files").compactMap(\.text)
        if let single = node.string("file") { files.append(single) }
        if files.isEmpty { node.fail("'terrain' needs `file: PATH` or `files: [PATH, …]`, rasters of ground heights") }
        return TerrainDefinition(
            files: files.map(resolve),
            classification: node.choice("classification", Classification.self) ?? .public)
    }
}
