// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// Folders and files of the generated city.
enum FileStore {
    static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw TwinError(
                .system, "cannot make the folder \(path); choose one that can be written",
                cause: error.localizedDescription)
        }
    }

    static func removeIfPresent(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw TwinError(.system, "cannot remove \(path)", cause: error.localizedDescription)
        }
    }

    /// Refuses a folder whose `sources` somebody else filled: a run replaces them.
    static func checkIsOurs(_ directory: String) throws {
        let manager = FileManager.default
        guard manager.fileExists(atPath: "\(directory)/sources") else { return }
        guard manager.fileExists(atPath: "\(directory)/conflicts.json") else {
            throw TwinError(
                .argument,
                "\(directory)/sources is there already and was not generated; choose an empty folder for --out")
        }
    }

    /// Removes what an earlier run left under the names that are written now.
    static func clear(_ folder: String) throws {
        try removeIfPresent(folder)
        try makeFolder(folder)
    }

    static func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
