// SPDX-License-Identifier: Apache-2.0
import CoreMetrics
import HTTPTypes
import Logging
import NIOCore
import TwinEngine

/// Answers what is warm on the connection's event loop, before the HTTP decoder: no other thread is asked and nothing is
/// encoded but small tiles, as far as the ``LoopBudget`` goes. Other plain requests for tiles of layers go to a worker
/// and come back here. Everything else goes to the routes, as it arrived.
///
/// Answers keep the order of the requests: while the routes have one under way, those behind it go the same way, and
/// while a worker makes a tile, those behind it wait. What is
/// not plainly a request of its own (see ``RequestHead``) sends the rest of the connection to the decoder for good. A
/// client that does not take its answers is not read from, and is dropped like an idle one.
final class WarmPath: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let server: CityServer
    private let state: ConnectionState
    private let idleTimeout: TimeAmount
    /// Bytes that arrived and were not taken: the beginning of a request, or requests that wait for the client.
    private var held: ByteBuffer?
    /// Whether the client must take what was written before more is answered.
    private var isWaiting = false
    /// The request at the beginning of ``held`` whose tile a worker makes.
    private var making: Making?
    private var makings = 0
    /// What was asked of the channel meanwhile.
    private var wantsRead = false
    private var inputEnded = false
    private var needsFlush = false
    private var isWritable = true
    /// Whether something was passed on since the last time that the reading paused.
    private var hasPassed = false
    /// Bytes of the present request's body that are still to come.
    private var bodyRemaining = 0
    private var idleCheck: Scheduled<Void>?
    /// Bytes that the client had not taken at the last idle check.
    private var untaken = 0
    /// The latest `Accept-Encoding`, which hardly changes on a connection.
    private var acceptEncoding: [UInt8] = []
    private var codings: ContentCodings = []
    private var budget: LoopBudget?

    private struct Making {
        let number: Int
        let head: RequestHead
        let start: NIODeadline
    }

    /// What becomes of a request.
    private enum Outcome {
        case answered
        /// A worker makes its tile.
        case later
        case routes
    }

    /// Whether what arrives is held.
    private var isPaused: Bool { isWaiting || making != nil }

    init(server: CityServer, state: ConnectionState) {
        self.server = server
        self.state = state
        idleTimeout = .seconds(server.options.limits.requestSeconds)
    }

    // MARK: Bytes from the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard var bytes = held else {
            if state.isPassing { pass(unwrapInboundIn(data), context) } else { take(unwrapInboundIn(data), context) }
            return
        }
        held = nil
        bytes.writeImmutableBuffer(unwrapInboundIn(data))
        if isPaused { held = bytes } else { take(bytes, context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush(context)
        // Nobody else saw a read that was answered here.
        guard hasPassed else { return }
        hasPassed = false
        context.fireChannelReadComplete()
    }

    /// Answers or passes on all requests in some bytes, and holds what is left.
    private func take(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            if state.isPassing { return pass(bytes, context) }
            if bodyRemaining > 0 {
                let count = min(bodyRemaining, bytes.readableBytes)
                bodyRemaining -= count
                pass(count, &bytes, context)
                continue
            }
            guard canWrite(context) else {
                isWaiting = true
                held = bytes
                return
            }
            switch RequestHead.scan(bytes.readableBytesUInt8Span) {
            case .foreign: state.isPassing = true
            case .incomplete:
                held = bytes
                return
            case .complete(let head):
                switch state.underWay == 0 ? answer(head, bytes, context) : .routes {
                case .answered: bytes.moveReaderIndex(forwardBy: head.length)
                case .later:
                    held = bytes
                    return
                case .routes: pass(head, &bytes, context)
                }
            }
        }
    }

    /// Passes a request on to the decoder.
    private func pass(_ head: RequestHead, _ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
        let heads = state.heads
        bodyRemaining = head.contentLength ?? 0
        pass(head.length, &bytes, context)
        // The decoder sees it otherwise: then it is right.
        if state.heads != heads + 1 { state.isPassing = true }
    }

    private func pass(_ count: Int, _ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
        if let part = bytes.readSlice(length: count) { pass(part, context) }
    }

    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        hasPassed = true
        context.fireChannelRead(wrapInboundOut(bytes))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            inputEnded = true
            if !isPaused { endInput(context) }
        } else if event is ChannelShouldQuiesceEvent {
            quiesce(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func endInput(_ context: ChannelHandlerContext) {
        guard inputEnded else { return }
        inputEnded = false
        passHeld(context)
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    private func passHeld(_ context: ChannelHandlerContext) {
        guard let bytes = held else { return }
        held = nil
        state.isPassing = true
        pass(bytes, context)
        channelReadComplete(context: context)
    }

    /// The server stops: the connection ends once the client has what was written.
    private func quiesce(_ context: ChannelHandlerContext) {
        // A request whose tile is being made is the routes' then.
        making = nil
        passHeld(context)
        state.isPassing = true
        isWaiting = false
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in
            context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: written)
    }

    // MARK: Answers

    /// Answers a request if that is warm or a tile.
    private func answer(_ head: RequestHead, _ bytes: ByteBuffer, _ context: ChannelHandlerContext) -> Outcome {
        guard head.method != .other, !head.needsRoutes, !head.hasQuery else { return .routes }
        let start = NIODeadline.now()
        let span = bytes.readableBytesUInt8Span
        guard accept(head.acceptEncoding, span) else { return .routes }
        if let found = known(span.extracting(head.target)) {
            return give(found, head, bytes, start, context)
        }
        guard let question = server.question(span.extracting(head.target), codings) else {
            return later(head, start, context) {
                server.lookLater(bytes.readableBytesUInt8Span.extracting(head.target), codings, $0)
            }
        }
        switch server.tiles.claim(question.key) {
        case .found(let tile): return give(server.answer(question, tile), head, bytes, start, context)
        case .taken: return .routes
        case .yours: break
        }
        if let tile = made(question, start, context) {
            server.tiles.settle(question.key, .success(tile))
            return give(server.answer(question, tile), head, bytes, start, context)
        }
        return later(head, start, context) { server.makeLater(question, $0) }
    }

    /// Leaves a request to a worker, if it takes it.
    private func later(
        _ head: RequestHead, _ start: NIODeadline, _ context: ChannelHandlerContext,
        _ submit: (@escaping @Sendable (WarmAnswer?) -> Void) -> Bool
    ) -> Outcome {
        makings += 1
        let number = makings
        let here = NIOLoopBound((path: self, context: context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let isTaken = submit { found in
            loop.execute {
                let (path, context) = here.value
                path.isMade(number, found, context)
            }
        }
        guard isTaken else { return .routes }
        making = Making(number: number, head: head, start: start)
        return .later
    }

    /// Goes on where a worker is done with a request's tile.
    private func isMade(_ number: Int, _ found: WarmAnswer?, _ context: ChannelHandlerContext) {
        guard let making, making.number == number, var bytes = held else { return }
        self.making = nil
        held = nil
        if give(found, making.head, bytes, making.start, context) == .answered {
            bytes.moveReaderIndex(forwardBy: making.head.length)
        } else {
            pass(making.head, &bytes, context)
        }
        goOn(bytes, context)
    }

    /// Takes what was held, and does what was asked of the channel meanwhile.
    private func goOn(_ bytes: ByteBuffer?, _ context: ChannelHandlerContext) {
        if let bytes { take(bytes, context) }
        channelReadComplete(context: context)
        guard !isPaused else { return }
        endInput(context)
        if wantsRead {
            wantsRead = false
            context.read()
        }
    }

    /// Writes an answer, if there is one and not only the routes can tell what it is.
    private func give(
        _ found: WarmAnswer?, _ head: RequestHead, _ bytes: ByteBuffer, _ start: NIODeadline,
        _ context: ChannelHandlerContext
    ) -> Outcome {
        guard let found, let isUnchanged = isUnchanged(found, head.ifNoneMatch, bytes.readableBytesUInt8Span) else {
            return .routes
        }
        let isHead = head.method == .head
        let (first, second) = found.bytes(isUnchanged ? .unchanged : isHead ? .head : .whole, .now())
        context.write(wrapOutboundOut(.byteBuffer(first)), promise: nil)
        if let second { context.write(wrapOutboundOut(.byteBuffer(second)), promise: nil) }
        needsFlush = true
        found.freshness.tile.use()
        let status = isUnchanged ? HTTPResponse.Status.notModified.code : found.found.status
        let now = NIODeadline.now()
        state.lastActive = now
        found.timer(isHead: isHead, status: status, server.metrics).recordNanoseconds((now - start).nanoseconds)
        if server.logger.logLevel <= .debug {
            server.logRequest(
                method: isHead ? "HEAD" : "GET", path: String(decoding: found.target, as: UTF8.self), status: status,
                duration: .nanoseconds((now - start).nanoseconds))
        }
        return .answered
    }

    /// The answer that was laid aside, if it holds still.
    private func known(_ target: Span<UInt8>) -> WarmAnswer? {
        guard let found = server.tiles.warm.answer(target, codings), server.holds(found) else { return nil }
        server.tiles.countWarm()
        return found
    }

    /// A small tile, made now if this loop may.
    private func made(
        _ question: TileQuestion, _ start: NIODeadline, _ context: ChannelHandlerContext
    ) -> CachedTile? {
        let budget = budget ?? server.loops.budget(of: context.eventLoop)
        self.budget = budget
        guard budget.allows(start) else { return nil }
        defer {
            let now = NIODeadline.now()
            budget.spend(now - start, until: now, on: context.eventLoop)
        }
        do {
            return try server.smallTile(question)
        } catch {
            // A worker meets the same, and the routes tell the client.
            server.logger.debug("a tile was not made on its event loop", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Notes which codings the client takes; false where only the routes can tell.
    private func accept(_ field: Range<Int>?, _ bytes: Span<UInt8>) -> Bool {
        guard let field else {
            acceptEncoding = []
            codings = []
            return true
        }
        let value = bytes.extracting(field)
        let known = acceptEncoding
        if !known.isEmpty, isEqual(value, known.span) { return true }
        guard let text = ascii(value) else { return false }
        acceptEncoding = Array(text.utf8)
        codings = ContentCodings(accepting: text)
        return true
    }

    /// Whether the client has the answer already; nil where only the routes can tell.
    private func isUnchanged(_ answer: WarmAnswer, _ field: Range<Int>?, _ bytes: Span<UInt8>) -> Bool? {
        guard let field, answer.unchanged != nil else { return false }
        let condition = bytes.extracting(field)
        let tag = Array(answer.entityTag.utf8)
        if isEqual(condition, tag.span) { return true }
        return ascii(condition).map { EntityTag.matches($0, answer.entityTag) }
    }

    private func isEqual(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where one[index] != other[index] { return false }
        return true
    }

    private func ascii(_ bytes: Span<UInt8>) -> String? {
        var text: [UInt8] = []
        for index in 0..<bytes.count {
            guard bytes[index] < 0x80 else { return nil }
            text.append(bytes[index])
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: Clients that are slow

    private func flush(_ context: ChannelHandlerContext) {
        guard needsFlush else { return }
        needsFlush = false
        context.flush()
    }

    /// Whether the client takes what it is sent.
    private func canWrite(_ context: ChannelHandlerContext) -> Bool {
        if isWritable { return true }
        flush(context)
        return isWritable
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { wantsRead = true } else { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWaiting, isWritable {
            isWaiting = false
            let bytes = held
            held = nil
            goOn(bytes, context)
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Clients that are idle

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { checkLater(state.lastActive + idleTimeout, context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        state.lastActive = .now()
        checkLater(state.lastActive + idleTimeout, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        idleCheck?.cancel()
        idleCheck = nil
        held = nil
        making = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleCheck?.cancel()
        idleCheck = nil
    }

    private func checkLater(_ deadline: NIODeadline, _ context: ChannelHandlerContext) {
        idleCheck?.cancel()
        idleCheck = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.checkIdle(context)
        }
    }

    private func checkIdle(_ context: ChannelHandlerContext) {
        idleCheck = nil
        let now = NIODeadline.now()
        let before = untaken
        untaken = bufferedBytes(context)
        let isAnswering = making != nil || state.underWay > 0 && !state.isArriving
        if isAnswering || untaken < before {
            checkLater(now + idleTimeout, context)
        } else if now < state.lastActive + idleTimeout {
            checkLater(state.lastActive + idleTimeout, context)
        } else {
            context.close(promise: nil)
        }
    }

    /// Bytes that the client did not take yet; 0 for a channel that cannot tell.
    private func bufferedBytes(_ context: ChannelHandlerContext) -> Int {
        do {
            return try context.channel.syncOptions?.getOption(.bufferedWritableBytes) ?? 0
        } catch {
            server.logger.debug("a connection cannot tell what it buffers", metadata: ["error": "\(error)"])
            return 0
        }
    }
}
