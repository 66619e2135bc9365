// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A temporary folder of symbolic links to a shapefile's parts.
///
/// GDAL restores a missing `.shx` by writing it beside the `.shp`. A department's folder is not ours to write to, so such a
/// shapefile is opened through links. The folder goes when this object goes.
final class ShapefileLinks {
    /// The `.shp` to open.
    let path: String
    private let folder: String

    /// Nil where the shapefile has its index, or is none.
    /// - Throws: `ReaderError` when the temporary folder cannot be made.
    init?(_ shapefile: String) throws {
        let files = FileManager.default
        let stem = String(shapefile.dropLast(4))
        guard shapefile.lowercased().hasSuffix(".shp"), !shapefile.hasPrefix("/vsi"),
            ![".shx", ".SHX", ".Shx"].contains(where: { files.fileExists(atPath: stem + $0) })
        else { return nil }
        folder = files.temporaryDirectory.appendingPathComponent("twin-\(UUID().uuidString)").path
        path = "\(folder)/source.shp"
        do {
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try files.createSymbolicLink(atPath: path, withDestinationPath: shapefile)
            for suffix in ["dbf", "prj", "cpg"] {
                guard let part = [suffix, suffix.uppercased()].map({ "\(stem).\($0)" }).first(where: files.fileExists)
                else { continue }
                try files.createSymbolicLink(atPath: "\(folder)/source.\(suffix)", withDestinationPath: part)
            }
        } catch {
            try? files.removeItem(atPath: folder)  // safe: the reason is thrown below, and the folder is temporary
            throw ReaderError(
                .unreadable,
                "\(shapefile): it has no .shx, and the temporary folder to restore one in cannot be made: "
                    + "\(error.localizedDescription); set TMPDIR to a folder that can be written")
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)  // safe: a folder that stays in TMPDIR harms nobody
    }
}
