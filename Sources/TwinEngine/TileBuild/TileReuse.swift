// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles

/// The tiles of an older archive of the same layers that still hold, because no change touched them since.
struct TileReuse: Sendable {
    let archive: any TileArchive
    let origin: TileOrigin
    let changes: TileChanges
    let city: City

    /// A tile's bytes as the archive has them, empty where it has none; nil where the tile must be made.
    func tile(_ id: TileID) throws -> [UInt8]? {
        for layer in origin.layers {
            guard changes.version(of: layer.id, tile: id, in: city) <= layer.version else { return nil }
        }
        return try archive.tile(id)?.bytes ?? []
    }

    /// Bytes of a gzip member when it is not compressed, as its end says (RFC 1952 §2.3.1).
    static func plainLength(_ gzip: [UInt8]) -> UInt32 {
        gzip.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension TileBuild {
    /// A build that brings an archive of this store up to date: what no change touched is taken over as it is, and the
    /// archive is replaced when the new one is whole. Its bytes are those of a build from the beginning.
    ///
    /// A layer that was imported again, got a new snapshot, or whose changed features had changed before the archive
    /// was made, has all of its tiles made again.
    /// - Returns: nil where nothing changed.
    /// - Throws: `TwinError.argument` for an archive that is not of this store as it is defined now; say `build` then.
    public static func updating(_ path: String, of city: City, threads: Int? = nil) throws -> TileBuild? {
        let archive: any TileArchive
        switch TileArchiveFormat(path: path) {
        case .pmtiles: archive = try PMTilesReader(path: path)
        case .mbtiles: archive = try MBTilesReader(path: path)
        case nil: throw TwinError(.argument, "the archive must end in .pmtiles or .mbtiles, not '\(path)'")
        }
        let metadata = try archive.metadata()
        let members = try JSONSerialization.jsonObject(with: Data(metadata)) as? [String: Any]
        guard let origin = TileOrigin(metadata: metadata), let name = members?["name"] as? String else {
            throw TwinError(
                .argument, "\(path) was not built by `twin tiles build`; only such archives can be brought up to date")
        }
        guard members?["generator"] as? String == TileArchiveOutput.generator else {
            throw TwinError(
                .argument,
                "\(path) was built by another version of this program, whose tiles may differ: build it again")
        }
        let view = city.view()
        guard case .current(let layers) = origin.standing(in: view, of: city) else {
            let standing = origin.standing(in: view, of: city)
            guard case .apart(let reason) = standing else { return nil }
            throw TwinError(.argument, "\(path) cannot be brought up to date, because \(reason)")
        }
        if zip(layers, origin.layers).allSatisfy({ $0.version == $1.version }) { return nil }
        var options = TileBuildOptions(output: path)
        options.zooms = archive.zooms
        if let threads { options.threads = threads }
        var build = try TileBuild(city: city, name: name, layers: layers.map(\.definition.id), options: options)
        let versions = Dictionary(origin.layers.map { ($0.id, $0.version) }, uniquingKeysWith: min)
        build.reuse = TileReuse(
            archive: archive, origin: origin, changes: try TileChanges(view: build.view, since: versions, of: city),
            city: city)
        return build
    }
}
