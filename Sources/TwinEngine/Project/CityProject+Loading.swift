// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Yams

extension CityProject {
    /// Reads and checks a project file.
    ///
    /// All mistakes are reported together, each with file, line and what to write instead; unknown keys are mistakes.
    /// `${NAME}` in a path is replaced by the environment variable.
    ///
    /// - Throws: `TwinError.project` with one line per mistake.
    public static func load(_ path: String) throws -> CityProject {
        let url = URL(fileURLWithPath: path)
        let text: String
        do {
            text = try String(contentsOf: url, encoding: .utf8)
        } catch {
            let isThere = FileManager.default.fileExists(atPath: path)
            throw TwinError(
                .project,
                isThere
                    ? "cannot read the project file \(path): it must be a readable file of UTF-8 text"
                    : "there is no project file \(path); write the path of a city.yaml")
        }
        return try parse(text, file: path, folder: url.deletingLastPathComponent().path)
    }

    /// `file:line: what is wrong` for text that is not YAML.
    static func explained(_ error: YamlError, _ file: String) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "\(file):\(mark.line): not YAML: \(problem); check indentation, quotes and brackets at column \(mark.column)"
        default: "\(file):1: not YAML: \(error)"
        }
    }

    /// Reads a project from text. `folder` is where relative paths start.
    ///
    /// - Parameter resolvesPaths: false reads a stored project, whose sources need not be there any more.
    public static func parse(
        _ text: String, file: String, folder: String, resolvesPaths: Bool = true
    ) throws -> CityProject {
        let diagnostics = ConfigurationDiagnostics(file: file)
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw TwinError(.project, "\(file):1: the project file is empty; start with `twin: 1`")
            }
            root = node
        } catch let error as YamlError {
            throw TwinError(.project, Self.explained(error, file))
        }
        let reader = ProjectReader(
            root: ConfigurationNode(node: root, path: "city", diagnostics: diagnostics), folder: folder,
            resolvesPaths: resolvesPaths)
        let project = reader.read()
        try diagnostics.throwIfAny()
        return project
    }
}

/// Turns the nodes of a project file into a ``CityProject``.
struct ProjectReader {
    let root: ConfigurationNode
    let folder: String
    let resolvesPaths: Bool

    func read() -> CityProject {
        root.allow([
            "twin", "id", "name", "crs", "vertical", "extent", "themes", "sources", "layers", "models", "scenarios",
            "live", "profiles", "terrain", "tilesets",
        ])
        if root.string("twin") != "1" { root.fail("the first line must be `twin: 1` (the version of the format)") }
        let id = root.required("id", example: "jiaozhou")
        let themes = root.list("themes").map { node -> ThemeDefinition in
            node.allow(["id", "title"])
            let id = node.required("id", example: "base")
            return ThemeDefinition(id: id, title: node.localized("title", fallback: id))
        }
        let project = CityProject(
            id: id, name: root.localized("name", fallback: id), crs: horizontalCRS(), vertical: vertical(),
            extent: extent(), themes: themes, sources: root.list("sources").map(source),
            layers: root.list("layers").map(layer), models: root.list("models").map(model),
            scenarios: root.list("scenarios").map(scenario), live: live(), profiles: profiles(), terrain: terrain(),
            tilesets: root.list("tilesets").map(tileset), folder: folder)
        checkReferences(project)
        return project
    }

    private func horizontalCRS() -> String {
        let crs = root.required("crs", example: "EPSG:4549")
        guard !crs.isEmpty else { return crs }
        do {
            let system = try CoordinateSystem(crs)
            if !system.isProjected {
                root.child("crs")?.fail(
                    "'\(crs)' is not projected; a city needs metres, for example EPSG:4549 (CGCS2000, 3-degree, CM 120E)"
                )
            }
        } catch {
            root.child("crs")?.fail("\(error)")
        }
        return crs
    }

    private func vertical() -> VerticalDatum {
        guard let node = root.child("vertical") else {
            root.fail("the city needs `vertical: {datum: EPSG:5737}`, or `vertical: {datum: unknown}`")
            return .unknown
        }
        node.allow(["datum", "geoid_separation"])
        return VerticalDatum(
            datum: node.required("datum", example: "EPSG:5737"), geoidSeparation: node.number("geoid_separation"))
    }

    private func extent() -> LonLatBox {
        let example = "[119.9, 36.2, 120.1, 36.33]"
        guard let values = root.numbers("extent", count: 4, example: example) else {
            if root.child("extent") == nil {
                root.fail("the city needs `extent: \(example)` (west, south, east, north)")
            }
            return LonLatBox(west: 0, south: 0, east: 0, north: 0)
        }
        let box = LonLatBox(west: values[0], south: values[1], east: values[2], north: values[3])
        if box.west >= box.east || box.south >= box.north || abs(box.west) > 180 || abs(box.east) > 180
            || abs(box.south) > 90 || abs(box.north) > 90
        {
            root.child("extent")?.fail("extent must be west, south, east, north in degrees, for example \(example)")
        }
        return box
    }

    private func live() -> LiveDefinition? {
        guard let node = root.child("live") else { return nil }
        node.allow(["ledger", "replay"])
        return LiveDefinition(ledger: node.string("ledger"), replay: node.string("replay").map(resolve))
    }

    /// Replaces `${NAME}` by the environment and makes relative paths absolute. Connection strings stay as they are.
    func resolve(_ path: String) -> String {
        guard resolvesPaths || !path.contains("${") else { return path }
        var text = path
        while let start = text.range(of: "${"), let end = text.range(of: "}", range: start.upperBound..<text.endIndex) {
            let name = String(text[start.upperBound..<end.lowerBound])
            guard let value = ProcessInfo.processInfo.environment[name] else {
                root.fail("the path '\(path)' needs the environment variable \(name); set it before the import")
                return path
            }
            text.replaceSubrange(start.lowerBound..<end.upperBound, with: value)
        }
        if text.hasPrefix("/vsi") {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: true)
            guard parts.count == 2, !text.dropFirst(parts[0].count + 2).hasPrefix("/") else { return text }
            return "/\(parts[0])/" + absolute(String(parts[1]))
        }
        if text.contains("://") || text.contains("=") { return text }
        return absolute(text)
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : URL(fileURLWithPath: folder).appendingPathComponent(path).standardizedFileURL.path
    }
}
