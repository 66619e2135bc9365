// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import NIOCore
import Tiles
import TwinEngine

/// An archive's bytes, whole or one range of them.
enum ArchiveFileRoute {
    /// Bytes that are read and sent at a time.
    private static let pieceSize = 256 << 10

    @Sendable static func file(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        guard let archive = server.archives.file(request.path("file")) else {
            throw Problem.notFound(
                "there is no archive '\(request.path("file").prefix(80))'; GET /archives lists what is served")
        }
        try ArchiveRoutes.check(archive, server, request.principal)
        let size = Int(archive.file.byteCount)
        var reply: Reply
        switch range(request.request, size: size, tag: archive.entityTag) {
        case .whole:
            reply = try await part(archive, 0..<size, server)
        case .part(let range):
            reply = try await part(archive, range, server)
            reply.status = .partialContent
            reply.headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        case .unsatisfiable:
            reply =
                Problem(
                    .rangeNotSatisfiable, "the archive has \(size) bytes; ask for a range inside, such as bytes=0-16383"
                ).reply
            reply.headers[.contentRange] = "bytes */\(size)"
            return reply
        }
        reply.entityTag = archive.entityTag
        reply.headers[.acceptRanges] = "bytes"
        reply.headers[.vary] = "Authorization"
        reply.cacheControl = "no-cache"
        return reply
    }

    private static func part(_ archive: ServedArchive, _ range: Range<Int>, _ server: CityServer) async throws -> Reply
    {
        let type = "application/octet-stream"
        let file = archive.file
        guard range.count > pieceSize else {
            let bytes = try await server.workers.run {
                try ArchiveRoutes.named(archive) { try file.read(at: UInt64(range.lowerBound), count: range.count) }
            }
            return Reply(ByteBuffer(bytes: bytes), type: type)
        }
        let body = ResponseBody(contentLength: range.count) { writer in
            for start in stride(from: range.lowerBound, to: range.upperBound, by: pieceSize) {
                let count = min(pieceSize, range.upperBound - start)
                let bytes = try await server.workers.run { try file.read(at: UInt64(start), count: count) }
                try await writer.write(ByteBuffer(bytes: bytes))
            }
            try await writer.finish(nil)
        }
        var reply = Reply(stream: body, type: type)
        // HEAD answers without the body that would state it.
        reply.headers[.contentLength] = "\(range.count)"
        return reply
    }

    enum Wanted: Equatable {
        case whole
        case part(Range<Int>)
        case unsatisfiable
    }

    /// What a request asks for. Several ranges, other units and broken ones are answered with the whole, as
    /// RFC 9110 §14.2 allows; `If-Range` must be this very tag (§13.1.5).
    static func range(_ request: Request, size: Int, tag: String) -> Wanted {
        guard let header = request.headers[.range], header.hasPrefix("bytes=") else { return .whole }
        if let condition = request.headers[.ifRange], condition != tag { return .whole }
        let ends = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }) else { return .whole }
        if ends[0].isEmpty {
            guard let count = Int(ends[1]) else { return .whole }
            return count == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - count)..<size)
        }
        guard let first = Int(ends[0]) else { return .whole }
        guard first < size else { return .unsatisfiable }
        guard !ends[1].isEmpty else { return .part(first..<size) }
        guard let last = Int(ends[1]), last >= first else { return .whole }
        return .part(first..<min(last, size - 1) + 1)
    }
}
