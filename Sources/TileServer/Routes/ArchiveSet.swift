// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import Synchronization
import Tiles
import TwinEngine

/// One archive as it was when it was opened; a newer file under the same name is another value.
struct ServedArchive: Sendable {
    /// The tileset's name: the file's, without its ending.
    let name: String
    /// `NAME.pmtiles` or `NAME.mbtiles`.
    let fileName: String
    let path: String
    let archive: any TileArchive
    /// The same file, for requests of byte ranges.
    let file: FileRangeSource
    let classification: Classification
    /// The compression of every tile, or nil where each tile shows its own.
    let compression: ArchiveCompression?
    /// Of which layers and versions it was built, for archives of ours.
    let origin: TileOrigin?
    let standing = ArchiveStanding()

    init(path: String, classification: Classification) throws {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        let parts = last.split(separator: ".")
        guard parts.count > 1, let ending = parts.last, ending == "pmtiles" || ending == "mbtiles" else {
            throw TileError(.argument, "\(path) is no tile archive by its name; it must end in .pmtiles or .mbtiles")
        }
        self.path = path
        self.classification = classification
        fileName = last
        name = parts.dropLast().joined(separator: ".")
        file = try FileRangeSource(path: path)
        if ending == "pmtiles" {
            let reader = try PMTilesReader(file)
            archive = reader
            compression = reader.header.tileCompression == .unknown ? nil : reader.header.tileCompression
        } else {
            archive = try MBTilesReader(path: path)
            compression = nil
        }
        origin = TileOrigin(metadata: try archive.metadata())
    }

    var entityTag: String { "\"\(file.identity)\"" }
}

/// Whether an archive is served still.
final class ArchiveStanding: Sendable {
    /// Whether a newer file is served in its place.
    let isReplaced = Atomic<Bool>(false)
}

/// The archives that are served as tilesets. A file that is replaced under its name is opened again within a second.
final class ArchiveSet: Sendable {
    private let archives: Mutex<[ServedArchive]>
    /// What the replaced file was when it could not be opened, so that it is reported once.
    private let refused = Mutex<[String: String]>([:])

    /// - Throws: `TwinError.argument` for a file that cannot be served, or a name that is taken, saying which.
    init(paths: [String], classification: Classification, taken: Set<String>) throws {
        var opened: [ServedArchive] = []
        for path in paths {
            do {
                let archive = try ServedArchive(path: path, classification: classification)
                guard !taken.contains(archive.name), !opened.contains(where: { $0.name == archive.name }) else {
                    throw TileError(
                        .argument, "there is another tileset '\(archive.name)'; give \(path) a name of its own")
                }
                opened.append(archive)
            } catch let error as TileError {
                throw TwinError(.argument, "--archive: \(error.message)")
            }
        }
        archives = Mutex(opened)
    }

    var isEmpty: Bool { archives.withLock { $0.isEmpty } }

    /// All of them, in the order in which they were named.
    var all: [ServedArchive] { archives.withLock { $0 } }

    subscript(_ name: String) -> ServedArchive? { archives.withLock { $0.first { $0.name == name } } }

    func file(_ name: String) -> ServedArchive? { archives.withLock { $0.first { $0.fileName == name } } }

    /// The oldest version of each layer that an archive holds tiles of.
    var versions: [String: Int64] {
        archives.withLock { archives in
            Dictionary(archives.flatMap { $0.origin?.layers ?? [] }.map { ($0.id, $0.version) }, uniquingKeysWith: min)
        }
    }

    /// The archives that a caller may see, in the order in which they were named.
    func readable(_ access: Access, _ principal: Principal) -> [ServedArchive] {
        archives.withLock { $0 }.filter { access.canRead(principal, .tileset($0.name, $0.classification)) }
    }

    /// Opens files again that were replaced. Reads the disk: call it on a worker.
    ///
    /// - Returns: what could not be opened, and why, once per file; the older one is served on. And which newer ones are
    ///   not of this city as it is.
    func refresh(_ city: City) -> [String] {
        var problems: [String] = []
        for archive in archives.withLock({ $0 }) {
            do {
                let now = try FileRangeSource(path: archive.path).identity
                let known = refused.withLock { $0[archive.name] }
                guard now != archive.file.identity, now != known else { continue }
                refused.withLock { $0[archive.name] = now }
                let newer = try ServedArchive(path: archive.path, classification: archive.classification)
                archives.withLock { list in
                    if let index = list.firstIndex(where: { $0.name == newer.name }) { list[index] = newer }
                }
                archive.standing.isReplaced.store(true, ordering: .releasing)
                if let reason = ArchiveRoutes.apart(newer, city) { problems.append(reason) }
            } catch {
                let reason = "\(error)"
                let isNew = refused.withLock { $0.updateValue(reason, forKey: archive.name + " reason") != reason }
                if isNew { problems.append("\(archive.path) is served as it was before: \(reason)") }
            }
        }
        return problems
    }
}
