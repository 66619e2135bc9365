// SPDX-License-Identifier: Apache-2.0
import Foundation
import FoundationNetworking

/// Where a tileset's files come from: a folder, or a server.
struct Tiles3DSource: Sendable {
    let base: URL

    /// - Parameter place: A folder, a `tileset.json`, or the URL of one.
    /// - Returns: The source and the name of the main document.
    static func open(_ place: String) throws -> (Tiles3DSource, String) {
        if place.hasPrefix("http://") || place.hasPrefix("https://") {
            let text = place.hasSuffix(".json") ? place : place + (place.hasSuffix("/") ? "" : "/") + "tileset.json"
            guard let url = URL(string: text) else {
                throw TwinError(.model, "'\(place)' is no URL: give the one of a tileset.json")
            }
            return (Tiles3DSource(base: url.deletingLastPathComponent()), url.lastPathComponent)
        }
        guard FileManager.default.fileExists(atPath: place) else {
            throw TwinError(.model, "there is no '\(place)': give a folder with tileset.json, or its URL")
        }
        let url = URL(fileURLWithPath: place)
        if FileManager.default.fileExists(atPath: place + "/.") {
            return (Tiles3DSource(base: URL(fileURLWithPath: place, isDirectory: true)), "tileset.json")
        }
        return (Tiles3DSource(base: url.deletingLastPathComponent()), url.lastPathComponent)
    }

    /// The bytes at a path relative to the base; nil where there is nothing.
    func read(_ path: String) async -> [UInt8]? {
        let name = path.split(separator: "?", maxSplits: 1).first.map(String.init) ?? path
        guard base.scheme?.hasPrefix("http") == true else {
            return FileManager.default.contents(atPath: base.path + "/" + (name.removingPercentEncoding ?? name))
                .map { [UInt8]($0) }
        }
        guard let url = URL(string: path, relativeTo: base) else { return nil }
        do {
            let (data, response) = try await URLSession.shared.data(from: url)
            guard (response as? HTTPURLResponse)?.statusCode == 200 else { return nil }
            return [UInt8](data)
        } catch {
            return nil
        }
    }

    /// A path relative to the file that names it, without `.` and `..`.
    static func resolve(_ uri: String, from document: String) -> String {
        var parts = document.split(separator: "/").dropLast().map(String.init)
        for part in uri.split(separator: "/") {
            switch part {
            case ".": continue
            case ".." where !parts.isEmpty && parts.last != "..": parts.removeLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
