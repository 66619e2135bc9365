// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOPosix
import Testing
@testable import TileServer
import TwinEngine

@Suite struct LiveRouteTests {
    private static let lines = """
        {"id":"T-1","lon":120.01,"lat":36.25,"t":"2026-11-21T08:00:00Z","kind":"air","values":{"pm25":31}}
        {"id":"T-2","lon":500,"lat":36.25}
        {"id":"A-1","values":{"pm25":12}}
        nonsense
        {"id":"T-3","lon":10,"lat":36.25}
        """

    @Test func goodLinesLandAndBadOnesAreNamed() async throws {
        try await TestCity.run(tokens: false) { client in
            let response = try await client.execute(
                uri: "/live", method: .post, headers: [.contentType: "application/x-ndjson"],
                body: ByteBuffer(string: Self.lines))
            #expect(response.status == .ok)
            let report = try json(response)
            #expect(report["accepted"] as? Int == 2)
            let rejected = try #require(report["rejected"] as? [[String: Any]])
            #expect(rejected.compactMap { $0["line"] as? Int } == [2, 4, 5])
            #expect((rejected[2]["reason"] as? String)?.contains("extent") == true)
            let near = try await json(client.get("/live?at=120.01,36.25&radius=10"))
            let features = try #require(near["features"] as? [[String: Any]])
            #expect(features.compactMap { $0["id"] as? String } == ["T-1"])
            let values = (features[0]["properties"] as? [String: Any])?["values"] as? [String: Any]
            #expect(values?["pm25"] as? Int == 31)
            let box = try await json(client.get("/live?bbox=-180,-90,180,90"))
            #expect((box["features"] as? [Any])?.count == 3)
            let small = try await json(client.get("/live?bbox=120.0005,36.2504,120.0015,36.2506"))
            #expect((small["features"] as? [[String: Any]])?.first?["id"] as? String == "A-1")
            #expect(try await client.get("/live?id=nobody").status == .notFound)
        }
    }

    @Test func postingNeedsATokenWhereTokensExist() async throws {
        try await TestCity.run { client in
            let body = ByteBuffer(string: Self.lines)
            let refused = try await client.execute(uri: "/live", method: .post, body: body)
            #expect(refused.status == .forbidden)
            let accepted = try await client.execute(uri: "/live", method: .post, headers: .bearer, body: body)
            #expect(accepted.status == .ok)
        }
    }

    @Test func largeBodiesAreRefused() async throws {
        try await TestCity.run(tokens: false) { options in
            options.limits.bodyBytes = 1000
        } _: { client in
            let body = ByteBuffer(repeating: 0x20, count: 2000)
            let response = try await client.execute(uri: "/live", method: .post, body: body)
            #expect(response.status == .contentTooLarge)
        }
    }

    @Test func aFullQueueSaysWhenToComeBack() async throws {
        try await TestCity.run(tokens: false) { options in
            options.limits.queuedBatches = 0
            options.limits.queuedJobs = 0
        } _: { client in
            let post = try await client.execute(uri: "/live", method: .post, body: ByteBuffer(string: Self.lines))
            #expect(post.status == .tooManyRequests)
            #expect(post.headers[.retryAfter] == "1")
            let get = try await client.get("/collections/shops/items")
            #expect(get.status == .serviceUnavailable)
            #expect(get.headers[.retryAfter] == "1")
        }
    }

    @Test func observationsSurviveARestart() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("live-\(UUID())").path
        let first = try TestCity.server(live: folder)
        let report = try first.live.ingest(Array(Self.lines.utf8), now: 1_795_000_000_000)
        #expect(report.accepted == 2)
        let second = try TestCity.server(live: folder)
        let snapshot = second.live.index.snapshot()
        #expect(snapshot.count == 3)
        #expect(snapshot.terminal(code: "T-1").map { String(decoding: $0.values, as: UTF8.self) } == "{\"pm25\":31}")
        for server in [first, second] { try await server.workers.shutdown() }
    }

    @Test func aStreamBeginsWithASnapshotAndThenUpdates() async throws {
        let server = try TestCity.server(tokens: false)
        try await makeApplication(server).test(.live) { client in
            let port = try #require(client.port)
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(
                    ByteBuffer(string: "GET /live/stream?bbox=119,36,121,37 HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                var text = ""
                var hasPosted = false
                for try await part in inbound {
                    text += String(buffer: part)
                    if !hasPosted, text.contains("event: snapshot"), text.contains("\"A-1\"") {
                        hasPosted = true
                        _ = try await client.execute(
                            uri: "/live", method: .post, body: ByteBuffer(string: Self.lines))
                    }
                    if text.contains("event: update"), text.contains("\"T-1\"") { break }
                }
                #expect(
                    text.contains("content-type: text/event-stream") || text.contains("Content-Type: text/event-stream")
                )
                #expect(text.contains("\"removed\":[]"))
            }
        }
        try await server.workers.shutdown()
    }

    @Test func aTakenPortIsNamed() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        var options = ServeOptions()
        options.port = port
        let city = try TestCity.city.get()
        let error = await #expect(throws: TwinError.self) { try await runServer(city: city, options: options) }
        #expect(error?.message.contains("\(port)") == true)
        #expect(error?.message.contains("--port") == true)
        try await channel.close()
    }
}
