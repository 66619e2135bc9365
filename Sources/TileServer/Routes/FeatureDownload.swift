// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import NIOCore
import Synchronization
import TwinEngine

/// Features as a file: FlatGeobuf, GeoPackage, CSV or Shapefile, written to a temporary folder and sent from there.
enum FeatureDownload {
    /// Files that are written at the same time; they hold a worker each.
    private static let limit = 2
    private static let running = Atomic<Int>(0)
    private static let piece = 1 << 18

    /// Writes and sends a file. Runs on a worker.
    ///
    /// - Throws: 503 where two are being written already.
    static func reply(
        _ layer: ReadableLayer, _ asked: ItemsRequest, _ request: RouteRequest, _ server: CityServer,
        _ coordinates: CityCoordinates
    ) throws -> Reply {
        guard let ending = asked.format.ending, let format = fileFormat(asked.format) else {
            throw Problem.parameter("f", "'\(asked.format.rawValue)' is no file; write for example f=gpkg")
        }
        guard running.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            running.wrappingSubtract(1, ordering: .relaxed)
            throw Problem(
                .serviceUnavailable, "other files are being written; try again in some seconds", retryAfter: 5)
        }
        defer { running.wrappingSubtract(1, ordering: .relaxed) }
        let folder = try TemporaryPlace()
        var file = FeatureFile(format: format)
        file.encoding = request.query["encoding"] ?? "UTF-8"
        file.names = asked.names
        file.hasGeometry = asked.hasGeometry
        let path = try file.write(
            layer.view, asked.query, masked: layer.masked, in: server.outputs.output(asked.crs, coordinates),
            folder: folder.path)
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let size = try handle.seekToEnd()
        try handle.seek(toOffset: 0)
        // The file goes with the folder; its bytes stay until the handle is closed.
        folder.remove()
        let body = ResponseBody(contentLength: Int(size)) { writer in
            defer {
                // Safe to ignore: nothing was written through it.
                try? handle.close()
            }
            while true {
                let bytes = try await server.workers.run { try handle.read(upToCount: piece) ?? Data() }
                if bytes.isEmpty { break }
                try await writer.write(ByteBuffer(bytes: bytes))
            }
            try await writer.finish(nil)
        }
        var reply = Reply(stream: body, type: asked.format.mediaType)
        reply.headers[.contentLength] = "\(size)"
        reply.headers[.contentDisposition] = "attachment; filename=\"\(layer.id).\(ending)\""
        reply.headers.contentCRS = "<\(asked.crs.uri)>"
        reply.headers[.vary] = "Accept, Authorization"
        reply.cacheControl = "no-store"
        return reply
    }

    private static func fileFormat(_ format: FeatureFormat) -> FeatureFile.Format? {
        switch format {
        case .fgb: .flatGeobuf
        case .gpkg: .geoPackage
        case .csv: .csv
        case .shp: .shapefile
        case .json, .html: nil
        }
    }
}

/// A folder of its own below the system's temporary folder, removed when it is let go.
private final class TemporaryPlace {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("twin-download-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    func remove() {
        // Safe to ignore: a folder that cannot be removed now is the system's to clean.
        try? FileManager.default.removeItem(atPath: path)
    }

    deinit { remove() }
}
