// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// Writes a model as a folder of 3D Tiles 1.1 that any web server can hold.
///
/// Contents are meshed on all cores, a tile at a time for each thread, so that memory is that of the plan (some 200 bytes a
/// feature) and of a tile a thread. The bytes are those that `twin serve` answers, whatever the number of threads.
public struct TilesetBuild: Sendable {
    public struct Account: Sendable {
        public var features = 0
        public var skipped = 0
        public var tiles = 0
        public var documents = 0
        /// Images on surfaces, and those that are no longer where the source had them.
        public var images = 0
        public var missingImages = 0
        public var bytes: Int64 = 0
        public var planSeconds = 0.0
        public var seconds = 0.0

        public func json() throws -> String {
            let values: [String: Any] = [
                "features": features, "skipped": skipped, "tiles": tiles, "documents": documents, "bytes": bytes,
                "images": images, "missingImages": missingImages,
                "planSeconds": planSeconds, "seconds": seconds,
            ]
            let data = try JSONSerialization.data(withJSONObject: values, options: [.prettyPrinted, .sortedKeys])
            return String(decoding: data, as: UTF8.self)
        }
    }

    public var threads = ProcessInfo.processInfo.activeProcessorCount
    /// Writes the implicit form: one document and binary subtrees.
    public var isImplicit = false

    public init() {}

    /// Writes the model `id` into `folder`, which must not hold a tileset of another build: it is new or empty.
    ///
    /// Documents are written last, `tileset.json` after all others: a folder with it is whole.
    /// - Throws: `TwinError` for an unknown or empty model, a folder that holds something, and files that cannot be written.
    public func run(_ city: City, model id: String, ground: ModelGround, into folder: String) throws -> Account {
        let start = ContinuousClock.now
        let root = URL(fileURLWithPath: folder)
        try Self.prepare(root)
        guard let model = try city.model(id, ground: ground) else {
            let known = city.project.models.map(\.id).joined(separator: ", ")
            throw TwinError(.model, "there is no model '\(id)' with features; the models are: \(known)")
        }
        var account = Account()
        account.features = model.count
        account.skipped = model.skipped
        account.planSeconds = Self.seconds(since: start)
        let names = isImplicit ? model.implicitNames : model.contentNames.map { "t/\($0).glb" }
        account.bytes = try write(names, model, root)
        account.bytes += try write(model.imageNames.map { "i/\($0)" }, model, root)
        account.images = model.images.count
        account.missingImages = model.missingImages.count
        account.tiles = names.count { $0.hasSuffix(".glb") }
        let documents = isImplicit ? [] : model.documentPaths.map { "t/\($0).json" }
        account.bytes += try write(documents, model, root)
        let main = try isImplicit ? model.content(path: "implicit/tileset.json") ?? [] : model.tilesetJSON()
        try Self.write(main, root.appendingPathComponent("tileset.json"))
        account.documents = documents.count + 1
        account.bytes += Int64(main.count)
        account.seconds = Self.seconds(since: start)
        return account
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        let parts = (ContinuousClock.now - start).components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }

    private static func prepare(_ root: URL) throws {
        let manager = FileManager.default
        do {
            try manager.createDirectory(at: root, withIntermediateDirectories: true)
            guard try manager.contentsOfDirectory(atPath: root.path).isEmpty else {
                throw TwinError(.model, "\(root.path) is not empty; give a new folder")
            }
        } catch let error as TwinError {
            throw error
        } catch {
            throw TwinError(.model, "\(root.path) cannot be written; give another folder", cause: "\(error)")
        }
    }

    private struct Progress {
        var next = 0
        var bytes: Int64 = 0
        var failure: (any Error)?
    }

    /// Writes the contents of these names on all threads; their bytes.
    private func write(_ names: [String], _ model: CityModel, _ root: URL) throws -> Int64 {
        let folders = Set(
            names.map { String($0.prefix { $0 != "/" }) } + names.map { ($0 as NSString).deletingLastPathComponent })
        for folder in folders.sorted() where !folder.isEmpty {
            try FileManager.default.createDirectory(
                at: root.appendingPathComponent(folder), withIntermediateDirectories: true)
        }
        let progress = Mutex(Progress())
        let isImplicit = isImplicit
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            while true {
                let next = progress.withLock { state -> Int? in
                    guard state.failure == nil, state.next < names.count else { return nil }
                    defer { state.next += 1 }
                    return state.next
                }
                guard let next else { return }
                do {
                    let path = isImplicit ? "implicit/\(names[next])" : names[next]
                    guard let bytes = try model.content(path: path) else {
                        throw TwinError(.model, "the plan names \(names[next]) and has no such content")
                    }
                    try Self.write(bytes, root.appendingPathComponent(names[next]))
                    progress.withLock { $0.bytes += Int64(bytes.count) }
                } catch {
                    progress.withLock { $0.failure = $0.failure ?? error }
                }
            }
        }
        return try progress.withLock { state in
            if let failure = state.failure { throw failure }
            return state.bytes
        }
    }

    private static func write(_ bytes: [UInt8], _ file: URL) throws {
        do {
            try Data(bytes).write(to: file)
        } catch {
            throw TwinError(.model, "\(file.path) cannot be written", cause: "\(error)")
        }
    }
}
