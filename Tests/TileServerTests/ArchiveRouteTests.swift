// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing
import Tiles
import TwinEngine

@testable import TileServer

@Suite struct ArchiveRouteTests {
    /// Archives with tiles 0/0/0 and 1/1/0, in each compression and as MBTiles.
    private struct Files {
        let folder: TemporaryFolder
        let content = [UInt8]((0..<4000).map { UInt8($0 % 7) })

        init() throws {
            folder = try TemporaryFolder()
            var metadata = ArchiveMetadata(
                name: "城 <b>bold</b>", attribution: "<a href='javascript:alert(1)'>us</a>",
                layers: [.init(id: "roads", zooms: 0...1, fields: [.init("name", .string)])])
            metadata.description = "d"
            for compression in ArchiveCompression.allCases where compression != .unknown {
                var options = PMTilesOptions()
                options.tileCompression = compression
                options.bounds = ArchiveBounds(west: 120, south: 36, east: 121, north: 37)
                var writer = try PMTilesWriter(path: folder.file("\(compression).pmtiles"), options: options)
                try writer.add(TileID(z: 0, x: 0, y: 0), compression.compress(content))
                try writer.add(TileID(z: 1, x: 1, y: 0), compression.compress([1, 2, 3]))
                try writer.finish(metadata: metadata.json())
            }
            var writer = try MBTilesWriter(path: folder.file("box.mbtiles"))
            try writer.add(TileID(z: 1, x: 1, y: 0), Compression.gzip(content))
            try writer.finish(metadata: metadata)
        }

        var paths: [String] {
            ["none.pmtiles", "gzip.pmtiles", "brotli.pmtiles", "zstd.pmtiles", "box.mbtiles"].map { folder.file($0) }
        }
    }

    private func run(
        _ classification: Classification = .public,
        _ test: @Sendable (Files, any TestClientProtocol) async throws -> Void
    ) async throws {
        let files = try Files()
        try await TestCity.run {
            $0.archives = files.paths
            $0.archiveClassification = classification
        } _: {
            try await test(files, $0)
        }
    }

    @Test func ownCompressionOrAnother() async throws {
        try await run { files, client in
            for (name, coding) in [("gzip", "gzip"), ("brotli", "br"), ("zstd", "zstd")] {
                let compression = try #require(ArchiveCompression.allCases.first { $0.contentEncoding == coding })
                let path = "/tiles/\(name)/0/0/0"
                // Sent as it is stored.
                let same = try await client.execute(
                    uri: path, method: .get, headers: [.acceptEncoding: "deflate, \(coding)"])
                #expect(same.status == .ok && same.headers[.contentEncoding] == coding)
                let stored = Array(same.body.readableBytesView)
                #expect(try compression.decompress(stored, limit: 10_000) == files.content)
                // Not taken: plain.
                let plain = try await client.execute(uri: path, method: .get)
                #expect(plain.headers[.contentEncoding] == nil)
                #expect(Array(plain.body.readableBytesView) == files.content)
                #expect(plain.headers[.eTag] != same.headers[.eTag])
                // Another one: gzip, which every client takes.
                if coding != "gzip" {
                    let gzip = try await client.execute(
                        uri: path, method: .get, headers: [.acceptEncoding: "gzip, \(coding);q=0"])
                    #expect(gzip.headers[.contentEncoding] == "gzip")
                    #expect(try Compression.gunzip(Array(gzip.body.readableBytesView), limit: 10_000) == files.content)
                }
                for response in [same, plain] {
                    let tag = try #require(response.headers[.eTag])
                    let accepted = response.headers[.contentEncoding] ?? "identity"
                    let again = try await client.execute(
                        uri: path, method: .get, headers: [.acceptEncoding: accepted, .ifNoneMatch: tag])
                    #expect(again.status == .notModified)
                }
            }
            let none = try await client.execute(uri: "/tiles/none/0/0/0.mvt", method: .get)
            #expect(Array(none.body.readableBytesView) == files.content)
            #expect(none.headers[.contentType] == "application/vnd.mapbox-vector-tile")
        }
    }

    @Test func addresses() async throws {
        try await run { files, client in
            let box = try await client.execute(uri: "/tiles/box/1/1/0.pbf", method: .get)
            #expect(Array(box.body.readableBytesView) == files.content)
            for (path, status) in [
                ("/tiles/gzip/1/0/0", 204), ("/tiles/gzip/5/0/0.mvt", 204), ("/tiles/box/1/1/1", 204),
                ("/tiles/gzip/0/0/1", 400), ("/tiles/gzip/25/0/0", 400), ("/tiles/gzip/a/0/0", 400),
                ("/tiles/gzip/0/0/0.png", 404), ("/tiles/nothing/0/0/0", 404), ("/archives/no.pmtiles", 404),
                ("/archives/..%2Fgzip.pmtiles", 404), ("/tiles/shops/14/13653/6419", 200),
            ] {
                let response = try await client.execute(uri: path, method: .get)
                #expect(
                    response.status.code == status || (path.contains("shops") && response.status.code == 204), "\(path)"
                )
            }
        }
    }

    @Test func tileJSON() async throws {
        try await run { _, client in
            for name in ["gzip", "box"] {
                let document = try json(try await client.execute(uri: "/tiles/\(name).json", method: .get))
                #expect(document["tilejson"] as? String == "3.0.0")
                #expect((document["tiles"] as? [String])?.first?.hasSuffix("/tiles/\(name)/{z}/{x}/{y}") == true)
                #expect(document["attribution"] as? String == "us")
                #expect(document["name"] as? String == "城 bold")
                #expect((document["vector_layers"] as? [[String: Any]])?.first?["id"] as? String == "roads")
            }
            let list = try json(try await client.execute(uri: "/archives", method: .get))
            #expect((list["archives"] as? [[String: Any]])?.count == 5)
        }
    }

    /// The requests of the pmtiles clients, and the odd ones of RFC 9110 §14.
    @Test func byteRanges() async throws {
        try await run { files, client in
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: files.folder.file("none.pmtiles"))))
            let uri = "/archives/none.pmtiles"
            let whole = try await client.execute(uri: uri, method: .get)
            #expect(whole.status == .ok && Array(whole.body.readableBytesView) == bytes)
            #expect(whole.headers[.acceptRanges] == "bytes")
            let tag = try #require(whole.headers[.eTag])
            let size = bytes.count
            for (range, expected) in [
                ("bytes=0-126", 0..<127), ("bytes=127-130", 127..<131), ("bytes=10-", 10..<size),
                ("bytes=-16", size - 16..<size), ("bytes=0-999999", 0..<size), ("bytes=-999999", 0..<size),
            ] {
                let part = try await client.execute(uri: uri, method: .get, headers: [.range: range, .ifRange: tag])
                #expect(part.status == .partialContent, "\(range)")
                #expect(Array(part.body.readableBytesView) == Array(bytes[expected]))
                #expect(
                    part.headers[.contentRange] == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/\(size)")
                #expect(part.headers[.eTag] == tag)
            }
            for range in ["bytes=\(size)-", "bytes=999999-1000000", "bytes=-0"] {
                let refused = try await client.execute(uri: uri, method: .get, headers: [.range: range])
                #expect(refused.status == .rangeNotSatisfiable)
                #expect(refused.headers[.contentRange] == "bytes */\(size)")
            }
            for range in [
                "bytes=5-2", "bytes=0-1,4-5", "lines=0-1", "bytes=a-b", "bytes=", "bytes=99999999999999999999-",
            ] {
                let answer = try await client.execute(uri: uri, method: .get, headers: [.range: range])
                #expect(answer.status == .ok && answer.body.readableBytes == size, "\(range)")
            }
            let changed = try await client.execute(
                uri: uri, method: .get, headers: [.range: "bytes=0-1", .ifRange: "\"other\""])
            #expect(changed.status == .ok && changed.body.readableBytes == size)
            let head = try await client.execute(uri: uri, method: .head)
            #expect(head.status == .ok && head.body.readableBytes == 0)
        }
    }

    @Test func classifiedArchives() async throws {
        try await run(.restricted) { _, client in
            for path in ["/tiles/gzip/0/0/0", "/tiles/gzip.json", "/archives/gzip.pmtiles"] {
                #expect(try await client.execute(uri: path, method: .get).status == .forbidden)
                let headers: HTTPFields = [.authorization: "Bearer \(TestCity.token)"]
                let allowed = try await client.execute(uri: path, method: .get, headers: headers)
                #expect(allowed.status == .ok)
                #expect(allowed.headers[.cacheControl]?.contains("public") == false)
            }
            let list = try json(try await client.execute(uri: "/archives", method: .get))
            #expect((list["archives"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func replacedFileIsSeen() async throws {
        let files = try Files()
        let server = try TestCity.server { $0.archives = [files.folder.file("gzip.pmtiles")] }
        let before = try #require(server.archives["gzip"])
        #expect(server.archives.refresh(server.city).isEmpty)
        try Data("broken".utf8).write(to: URL(fileURLWithPath: files.folder.file("gzip.pmtiles")))
        #expect(server.archives.refresh(server.city).count == 1)
        #expect(server.archives.refresh(server.city).isEmpty)
        #expect(server.archives["gzip"]?.entityTag == before.entityTag)
        var writer = try PMTilesWriter(path: files.folder.file("gzip.pmtiles"))
        try writer.add(TileID(z: 0, x: 0, y: 0), [9])
        try writer.finish(metadata: Array("{}".utf8))
        #expect(server.archives.refresh(server.city).isEmpty)
        #expect(try server.archives["gzip"]?.archive.tile(TileID(z: 0, x: 0, y: 0))?.bytes == [9])
        try await server.workers.shutdown()
    }

    @Test func refusedAtTheStart() throws {
        let files = try Files()
        let shops = files.folder.file("shops.pmtiles")
        try FileManager.default.copyItem(atPath: files.paths[0], toPath: shops)
        let broken = files.folder.file("broken.pmtiles")
        try Data("PMTiles".utf8).write(to: URL(fileURLWithPath: broken))
        for path in [shops, broken, files.folder.file("absent.pmtiles"), files.folder.file("x.txt")] {
            let error = #expect(throws: TwinError.self) { try TestCity.server { $0.archives = [path] } }
            #expect(error?.message.hasPrefix("--archive: ") == true)
        }
    }
}
