// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a check of a 3D tileset found.
public struct Tiles3DReport: Sendable {
    /// Something that does not hold.
    public struct Finding: Sendable, Hashable, Encodable {
        /// A word for programs, such as `outside` or `availability`.
        public var code: String
        /// The document or content, and the tile within it.
        public var place: String
        public var message: String
    }

    /// How many findings are kept with their text; all are counted.
    public static let maximumFindings = 1000

    public private(set) var findings: [Finding] = []
    /// All findings, kept or not.
    public private(set) var findingCount = 0
    /// What holds and is still worth a look.
    public private(set) var notes: [Finding] = []
    /// All notes, kept or not.
    public private(set) var noteCount = 0
    public internal(set) var tiles = 0
    public internal(set) var subtrees = 0
    public internal(set) var contents = 0
    public internal(set) var vertices = 0
    public internal(set) var features = 0
    /// Copies of meshes (EXT_mesh_gpu_instancing) whose place was judged.
    public internal(set) var instances = 0
    public internal(set) var images = 0
    /// Features whose geometric errors were measured.
    public internal(set) var errorsJudged = 0
    /// By how much the worst vertex leaves its bounding volume, metres; at most 0 where all are inside.
    public internal(set) var worstOutside = -Double.infinity
    /// Content and extensions that were seen and not judged, by name.
    public internal(set) var notCovered: [String: Int] = [:]

    public var isGood: Bool { findingCount == 0 }

    mutating func add(_ code: String, _ place: String, _ message: String) {
        findingCount += 1
        if findings.count < Self.maximumFindings {
            findings.append(Finding(code: code, place: place, message: message))
        }
    }

    mutating func note(_ code: String, _ place: String, _ message: String) {
        noteCount += 1
        if notes.count < Self.maximumFindings { notes.append(Finding(code: code, place: place, message: message)) }
    }

    public func json() throws -> String {
        struct Form: Encodable {
            var good: Bool
            var findingCount, noteCount, tiles, subtrees, contents, vertices, features, instances, images,
                errorsJudged: Int
            var worstOutside: Double?
            var notCovered: [String: Int]
            var findings, notes: [Finding]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let form = Form(
            good: isGood, findingCount: findingCount, noteCount: noteCount, tiles: tiles, subtrees: subtrees,
            contents: contents,
            vertices: vertices, features: features, instances: instances, images: images, errorsJudged: errorsJudged,
            worstOutside: worstOutside.isFinite ? worstOutside : nil,
            notCovered: notCovered, findings: findings, notes: notes)
        return String(decoding: try encoder.encode(form), as: UTF8.self)
    }

    public func table() -> String {
        var lines = findings.map { "\($0.code)  \($0.place): \($0.message)" }
        if findingCount > findings.count { lines.append("and \(findingCount - findings.count) more") }
        lines += notes.map { "note: \($0.code)  \($0.place): \($0.message)" }
        if noteCount > notes.count { lines.append("and \(noteCount - notes.count) more notes") }
        for (name, count) in notCovered.sorted(by: { $0.key < $1.key }) {
            lines.append("not judged: \(name), \(count) times")
        }
        lines.append(
            "\(tiles) tiles, \(subtrees) subtrees, \(contents) contents, \(vertices) vertices, \(features) features"
                + (instances > 0 ? ", \(instances) instances" : "") + (images > 0 ? ", \(images) images" : ""))
        lines.append(isGood ? "everything holds" : "\(findingCount) findings")
        return lines.joined(separator: "\n")
    }
}
