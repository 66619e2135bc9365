// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The code systems of one city: its own profile files, and those that come with the engine.
public struct ProfileSet: Sendable, Hashable {
    public let pipes: PipeProfile
    public let parts: PartProfile
    /// Codes whose digits have places, by kind.
    public let patterns: [String: CodePattern]
    private let others: [String: CodeProfile]

    /// Reads profiles.
    ///
    /// - Parameter texts: the text and name of the file of each kind that the city brings.
    /// - Throws: `TwinError.project` with one line `file:line: mistake` for each.
    init(_ texts: [String: (text: String, file: String)]) throws {
        func text(_ kind: String, _ builtin: [UInt8]) -> (text: String, file: String) {
            texts[kind] ?? (String(decoding: builtin, as: UTF8.self), "data/profiles/\(kind).yaml")
        }
        let ownPipes = text(PipeProfile.kind, PackageResources.pipes_yaml)
        pipes = try PipeProfile(yaml: ownPipes.text, file: ownPipes.file)
        let ownParts = text(PartProfile.kind, PackageResources.parts_yaml)
        parts = try PartProfile(yaml: ownParts.text, file: ownParts.file)
        // Land-use systems and patterns that come with the engine; a file of the city goes before them.
        var others = try CodeConversions.systemsOfEngine()
        var patterns: [String: CodePattern] = [:]
        for pattern in try CodePattern.builtin() { patterns[pattern.kind] = pattern }
        for (kind, own) in texts where kind != PipeProfile.kind && kind != PartProfile.kind {
            let diagnostics = ConfigurationDiagnostics(file: own.file)
            let reader = try ProfileReader(own.text, file: own.file, diagnostics)
            if CodePattern.kinds.contains(kind) || reader.root.child("segments") != nil {
                patterns[kind] = try CodePattern(yaml: own.text, file: own.file, kind: kind)
                continue
            }
            others[kind] = reader.profile(kind: kind, keys: [])
            try diagnostics.throwIfAny()
        }
        self.others = others
        self.patterns = patterns
    }

    /// The files that a project names, else the profiles that come with the engine.
    public static func load(_ project: CityProject) throws -> (profiles: ProfileSet, texts: [String: String]) {
        var texts: [String: (text: String, file: String)] = [:]
        for (kind, path) in project.profiles {
            do {
                texts[kind] = (try String(contentsOfFile: path, encoding: .utf8), path)
            } catch {
                throw TwinError(
                    .project, "cannot read the profile \(path) of '\(kind)': it must be a readable file of UTF-8 text",
                    cause: error.localizedDescription)
            }
        }
        let profiles = try ProfileSet(texts)
        try profiles.check(project)
        return (profiles, texts.mapValues(\.text))
    }

    /// The codes of a kind; nil where the city has no such profile.
    public subscript(kind: String) -> CodeProfile? {
        switch kind {
        case PipeProfile.kind: pipes.codes
        case PartProfile.kind: parts.codes
        default: others[kind]
        }
    }

    /// What is wrong with a value of a code field; nil for a good one.
    func mistake(_ value: String, in kind: String) -> String? {
        if let pattern = patterns[kind] { return pattern.mistake(value) }
        guard let profile = self[kind], profile.position(value) == nil else { return nil }
        return "no class has it"
    }

    /// Whether the layers name profiles and classes that there are.
    func check(_ project: CityProject) throws {
        var mistakes: [String] = []
        for layer in project.layers {
            for check in layer.checks where self[check.profile] == nil && patterns[check.profile] == nil {
                let known = ([PipeProfile.kind, PartProfile.kind] + others.keys.sorted() + patterns.keys.sorted())
                    .joined(separator: ", ")
                mistakes.append(
                    "layer '\(layer.id)': there is no profile '\(check.profile)' to check by; name its file under "
                        + "`profiles`, or write one of: \(known)")
            }
            guard let codes = layer.codes else { continue }
            guard let profile = self[codes.profile] else {
                let known = ([PipeProfile.kind, PartProfile.kind] + others.keys.sorted()).joined(separator: ", ")
                guard patterns[codes.profile] == nil else {
                    mistakes.append(
                        "layer '\(layer.id)': '\(codes.profile)' has no classes; write it under `checks`, for example "
                            + "checks: [{profile: \(codes.profile), field: code}]")
                    continue
                }
                mistakes.append(
                    "layer '\(layer.id)': there is no profile '\(codes.profile)'; name its file under `profiles`, "
                        + "or write one of: \(known)")
                continue
            }
            if let id = codes.class, profile.position(id) == nil {
                let known = profile.classes.map(\.id).joined(separator: ", ")
                mistakes.append("layer '\(layer.id)': the profile has no class '\(id)'; it has: \(known)")
            }
        }
        guard mistakes.isEmpty else { throw TwinError(.project, mistakes.joined(separator: "\n")) }
    }
}

extension CityProject {
    /// The project with the colours that its profiles give to layers without colours of their own.
    func colored(by profiles: ProfileSet) -> CityProject {
        var project = self
        for index in layers.indices {
            guard let codes = layers[index].codes, codes.givesColor, let profile = profiles[codes.profile] else {
                continue
            }
            let single = codes.class.flatMap(profile.class)?.color
            if let single { project.layers[index].style.color = single }
            if let field = codes.field, single == nil {
                project.layers[index].style.category = profile.category(
                    field: field, other: layers[index].style.color)
            }
        }
        return project
    }
}
