// SPDX-License-Identifier: Apache-2.0
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// A connection: Hummingbird's HTTP/1.1 with ``WarmPath`` before its decoder.
struct CityChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let server: CityServer
    private let http: HTTP1Channel

    init(server: CityServer, responder: @escaping HTTPChannelHandler.Responder) {
        self.server = server
        // The warm path looks after idle connections: Hummingbird does not see what that answers.
        http = HTTP1Channel(
            responder: responder,
            configuration: .init(
                idleTimeout: nil,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        do {
            let pipeline = channel.pipeline.syncOperations
            let state = ConnectionState()
            try pipeline.addHandler(WarmPath(server: server, state: state))
            let ready = http.setup(channel: channel, logger: logger)
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(TrafficObserver(state), position: .after(decoder))
            return ready
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    func handle(value: Value, logger: Logger) async {
        await http.handle(value: value, logger: logger)
    }
}
