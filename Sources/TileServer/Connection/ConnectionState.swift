// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// What is under way on one connection. Its handlers share it, on the connection's event loop.
final class ConnectionState {
    /// Requests whose head the decoder gave.
    var heads = 0
    /// Those of them that are not answered to their end.
    var underWay = 0
    /// Whether the decoder gave the head of a request and not its end.
    var isArriving = false
    /// Whether everything goes to the decoder, unread, until the connection ends.
    var isPassing = false
    /// When a request arrived or was answered last.
    var lastActive = NIODeadline.now()
}

/// Sees what the HTTP decoder makes of the bytes and what the routes answer, so that ``WarmPath`` knows when it may.
final class TrafficObserver: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: ConnectionState

    init(_ state: ConnectionState) {
        self.state = state
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        state.lastActive = .now()
        switch unwrapInboundIn(data) {
        case .head:
            state.heads += 1
            state.underWay += 1
            state.isArriving = true
        case .body: break
        case .end: state.isArriving = false
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            // Nothing may follow such an answer.
            if head.headers["connection"].contains(where: { $0.lowercased() == "close" }) { state.isPassing = true }
        case .body: break
        case .end:
            state.underWay -= 1
            state.lastActive = .now()
        }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The decoder reads nothing more.
        state.isPassing = true
        context.fireErrorCaught(error)
    }
}
