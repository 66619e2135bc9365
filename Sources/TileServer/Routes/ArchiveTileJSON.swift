// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import Tiles
import TwinEngine

/// TileJSON 3.0 of an archive, from its own metadata.
enum ArchiveTileJSON {
    static func reply(_ archive: ServedArchive, _ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let address = "\(request.base)/tiles/\(archive.name)/{z}/{x}/{y}"
        return try await server.workers.run {
            try ArchiveRoutes.named(archive) {
                var reply = Reply(try bytes(archive, tiles: address), type: "application/json")
                reply.cacheControl = ArchiveRoutes.cacheControl(archive)
                return reply
            }
        }
    }

    private static func bytes(_ archive: ServedArchive, tiles: String) throws -> [UInt8] {
        let tileset = archive.archive
        // The metadata is somebody else's: what is not as TileJSON wants it is left out.
        let metadata = try parsed(tileset.metadata())
        let (bounds, center, zooms) = (tileset.bounds, tileset.center, tileset.zooms)
        var document: [String: Any] = [
            "tilejson": "3.0.0", "scheme": "xyz", "tiles": [tiles],
            "name": text(metadata["name"]) ?? archive.name,
            "minzoom": min(zooms.lowerBound, TileID.maximumZoom),
            "maxzoom": min(zooms.upperBound, TileID.maximumZoom),
            "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
            "center": [center.longitude, center.latitude, Double(center.zoom)],
        ]
        for name in ["description", "attribution", "version"] {
            if let value = text(metadata[name]) { document[name] = value }
        }
        if tileset.tileType == .mvt || tileset.tileType == .mlt {
            let layers = metadata["vector_layers"] as? [[String: Any]] ?? []
            document["vector_layers"] = layers.compactMap { layer -> [String: Any]? in
                guard layer["id"] is String else { return nil }
                var layer = layer
                if !(layer["fields"] is [String: Any]) { layer["fields"] = [String: String]() }
                return layer
            }
        }
        if tileset.tileType == .mlt { document["encoding"] = "mlt" }
        return [UInt8](
            try JSONSerialization.data(withJSONObject: document, options: [.sortedKeys, .withoutEscapingSlashes]))
    }

    private static func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
        do {
            return try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] ?? [:]
        } catch {
            throw TileError(.malformed, "the metadata is no JSON: \(error)")
        }
    }

    /// A text without markup: clients put attributions into their page as HTML, and an archive may come from anybody.
    private static func text(_ value: Any?) -> String? {
        guard let value = value as? String, !value.isEmpty else { return nil }
        var plain = ""
        var isInTag = false
        for character in value.prefix(4000) {
            switch character {
            case "<": isInTag = true
            case ">": isInTag = false
            default: if !isInTag { plain.append(character) }
            }
        }
        return plain
    }
}
