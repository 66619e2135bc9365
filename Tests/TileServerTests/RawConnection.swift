// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Testing
import TwinEngine

@testable import TileServer

/// A connection that sends bytes as they are and reads answers one by one: the tests' judge of what is on the wire.
struct RawConnection {
    private let inbound: AsyncThrowingStream<ByteBuffer, any Error>
    private let channel: any Channel
    private var iterator: AsyncThrowingStream<ByteBuffer, any Error>.Iterator
    private var bytes: [UInt8] = []

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let out: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
        init(_ out: AsyncThrowingStream<ByteBuffer, any Error>.Continuation) { self.out = out }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { out.yield(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { out.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { out.finish() }
    }

    /// - Parameter reads: whether it takes answers from the beginning; otherwise from ``read()`` on.
    init(port: Int, reads: Bool = true) async throws {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        inbound = stream
        iterator = stream.makeAsyncIterator()
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    /// Sends a last text, without waiting until the server takes it.
    func sendAndEnd(_ text: String) {
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
        channel.close(mode: .output, promise: nil)
    }

    func read() async throws {
        try await channel.setOption(.autoRead, value: true).get()
        channel.read()
    }

    func close() async throws {
        // It may be closed already.
        // safe: nothing depends on it
        try? await channel.close().get()
    }

    /// One answer.
    struct Answer: Equatable {
        var head: String
        var body: [UInt8]

        var status: Int { Int(head.dropFirst(9).prefix(3)) ?? 0 }
        /// Without the seconds, which pass.
        var undated: Answer {
            let lines = head.components(separatedBy: "\r\n").map { $0.hasPrefix("Date: ") ? "Date:" : $0 }
            return Answer(head: lines.joined(separator: "\r\n"), body: body)
        }

        func field(_ name: String) -> String? {
            head.components(separatedBy: "\r\n").first { $0.hasPrefix("\(name): ") }
                .map { String($0.dropFirst(name.count + 2)) }
        }
    }

    /// The next answer, or nil where the server closed.
    mutating func answer(hasBody: Bool = true) async throws -> Answer? {
        let end = Array("\r\n\r\n".utf8)
        while bytes.firstRange(of: end) == nil { if try await !more() { return nil } }
        let range = try #require(bytes.firstRange(of: end))
        var answer = Answer(head: String(decoding: bytes[..<range.upperBound], as: UTF8.self), body: [])
        bytes.removeSubrange(..<range.upperBound)
        let length = hasBody && answer.status != 304 ? Int(answer.field("Content-Length") ?? "") ?? 0 : 0
        while bytes.count < length { if try await !more() { return nil } }
        answer.body = Array(bytes.prefix(length))
        bytes.removeFirst(length)
        return answer
    }

    private mutating func more() async throws -> Bool {
        guard let part = try await iterator.next() else { return false }
        bytes += part.readableBytesView
        return true
    }

    /// Serves on a port of the system's choice while a test runs.
    static func serving(_ server: CityServer, _ test: @escaping @Sendable (Int) async throws -> Void) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = try makeApplication(server) { continuation.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask {
                for await port in ports {
                    try await test(port)
                    return
                }
            }
            try await group.next()
            group.cancelAll()
            // How a server ends that is stopped so is not asked here.
            while await group.nextResult() != nil {}
        }
        try await server.workers.shutdown()
    }
}
