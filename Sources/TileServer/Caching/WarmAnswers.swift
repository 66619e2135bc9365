// SPDX-License-Identifier: Apache-2.0
import CoreMetrics
import HTTPTypes
import NIOCore
import Synchronization
import Tiles

/// Whole responses to GET of callers without a token, ready to be sent: the head but for its date, and the body.
///
/// Routes answer a question once; what they answered is kept here with what it depends on, and given out again while that
/// holds. Bounded by bytes, in shards with a lock each; when one is full, any answer makes room.
final class WarmAnswers: Sendable {
    private let given = Atomic<UInt64>(0)
    /// Bytes over all shards, bodies not counted: those are the tile cache's.
    private let capacity: Int
    private let shards: [Shard]

    private final class Shard: Sendable {
        let state = Mutex(State())
    }

    private struct State {
        var places: [Int: Int] = [:]
        var answers: [(key: Int, answer: WarmAnswer)] = []
        var cost = 0

        mutating func remove(_ key: Int) {
            guard let place = places.removeValue(forKey: key) else { return }
            cost -= answers[place].answer.cost
            let last = answers.removeLast()
            guard place < answers.count else { return }
            answers[place] = last
            places[last.key] = place
        }
    }

    init(capacity: Int, shards count: Int = 16) {
        self.capacity = capacity / count
        shards = (0..<count).map { _ in Shard() }
    }

    /// Answers that were given out.
    var givenCount: UInt64 { given.load(ordering: .relaxed) }

    func countGiven() { given.wrappingAdd(1, ordering: .relaxed) }

    /// Answers that are held.
    var count: Int { shards.reduce(0) { $0 + $1.state.withLock { $0.answers.count } } }

    /// A number for a question, other in each process: whoever would collide on purpose cannot foresee it.
    static func key(_ target: Span<UInt8>, _ codings: ContentCodings) -> Int {
        var hasher = Hasher()
        // Safe: the pointer is used inside the closure only.
        unsafe target.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        hasher.combine(codings.rawValue)
        return hasher.finalize()
    }

    private func shard(_ key: Int) -> Shard { shards[Int(UInt(bitPattern: key) % UInt(shards.count))] }

    /// The answer to a question, whether or not it still holds.
    func answer(_ target: Span<UInt8>, _ codings: ContentCodings) -> WarmAnswer? {
        let key = Self.key(target, codings)
        let found = shard(key).state.withLock { state in state.places[key].map { state.answers[$0].answer } }
        guard let found, found.codings == codings, found.answers(target) else { return nil }
        return found
    }

    /// Keeps an answer, in place of an older one to the same question.
    func keep(_ answer: WarmAnswer) {
        let target = answer.target
        let key = Self.key(target.span, answer.codings)
        let (isCached, forgotten) = answer.freshness.tile.add(key)
        if let forgotten { remove([forgotten], of: answer.freshness.tile) }
        guard isCached, answer.cost <= capacity else { return }
        shard(key).state.withLock { state in
            state.remove(key)
            state.cost += answer.cost
            state.places[key] = state.answers.count
            state.answers.append((key, answer))
            while state.cost > capacity, let any = state.answers.dropLast().randomElement() { state.remove(any.key) }
        }
    }

    /// Forgets the answers that hold a dropped tile.
    func remove(_ keys: [Int], of tile: TileUse) {
        for key in keys {
            shard(key).state.withLock { state in
                guard let place = state.places[key], state.answers[place].answer.freshness.tile === tile else { return }
                state.remove(key)
            }
        }
    }
}

/// The content codings that a client takes, of those that tiles have.
struct ContentCodings: OptionSet, Sendable {
    let rawValue: UInt8

    static let gzip = ContentCodings(rawValue: 1)
    static let brotli = ContentCodings(rawValue: 2)
    static let zstd = ContentCodings(rawValue: 4)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// - Parameter header: `Accept-Encoding`.
    init(accepting header: String?) {
        self = []
        if accepts("gzip", header) { insert(.gzip) }
        if accepts("br", header) { insert(.brotli) }
        if accepts("zstd", header) { insert(.zstd) }
    }
}

/// One answer that is ready.
final class WarmAnswer: Sendable {
    /// A head with its status, before and after the date.
    struct Head: Sendable {
        var status: Int
        var before: [UInt8]
        var after: [UInt8]

        /// As the HTTP encoder writes it, with the fields that the application adds to every answer.
        init(_ status: HTTPResponse.Status, _ fields: HTTPFields) {
            self.status = status.code
            var text = "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n"
            for field in fields { text += "\(field.name.rawName): \(field.value)\r\n" }
            before = Array("\(text)\(HTTPField.Name.date.rawName): ".utf8)
            after = Array("\r\n\(HTTPField.Name.server.rawName): \(serverName)\r\n\r\n".utf8)
        }
    }

    let target: [UInt8]
    let codings: ContentCodings
    /// Of the route, for the metrics.
    let template: String
    let found: Head
    /// The answer where the client has these bytes already; nil where there are none to have.
    let unchanged: Head?
    /// With its quotes; empty where there is none.
    let entityTag: String
    let body: ByteBuffer
    let freshness: Freshness

    private struct State {
        var second: Int64 = -1
        var head = ByteBuffer()
        var unchanged = ByteBuffer()
        /// Head and body together.
        var whole = ByteBuffer()
        /// The newest version of the city for which it was seen to hold.
        var view: Int64
        var timers: [Int: any TimerHandler] = [:]
    }
    private let state: Mutex<State>

    init(
        target: [UInt8], codings: ContentCodings, template: String, found: Head, unchanged: Head?, entityTag: String,
        body: ByteBuffer, freshness: Freshness
    ) {
        self.target = target
        self.codings = codings
        self.template = template
        self.found = found
        self.unchanged = unchanged
        self.entityTag = entityTag
        self.body = body
        self.freshness = freshness
        state = Mutex(State(view: freshness.city?.view ?? 0))
    }

    /// Bytes held besides the body that is shared with the cache of tiles, with an allowance for the answer itself.
    var cost: Int {
        let heads = found.before.count + found.after.count + (unchanged.map { $0.before.count + $0.after.count } ?? 0)
        return 768 + target.count + 3 * heads + (body.readableBytes <= Self.joinedLimit ? body.readableBytes : 0)
    }

    func answers(_ asked: Span<UInt8>) -> Bool {
        guard asked.count == target.count else { return false }
        for index in 0..<asked.count where asked[index] != target[index] { return false }
        return true
    }

    /// The newest version of the city for which the answer was seen to hold.
    var view: Int64 {
        get { state.withLock { $0.view } }
        set { state.withLock { $0.view = newValue } }
    }

    /// What of an answer is sent.
    enum Part {
        case head, unchanged, whole
    }

    /// Largest body that is kept together with its head: one piece is sent with less work than two.
    static let joinedLimit = 8192

    /// An answer's bytes at a moment; a large body is a piece of its own.
    func bytes(_ part: Part, _ date: HTTPDate) -> (first: ByteBuffer, second: ByteBuffer?) {
        state.withLock { state in
            if state.second != date.second {
                state.second = date.second
                state.head = Self.joined(found, date)
                if let unchanged { state.unchanged = Self.joined(unchanged, date) }
                state.whole.clear()
            }
            switch part {
            case .head: return (state.head, nil)
            case .unchanged: return (state.unchanged, nil)
            case .whole:
                guard body.readableBytes <= Self.joinedLimit else { return (state.head, body) }
                if state.whole.readableBytes == 0 {
                    state.whole.writeImmutableBuffer(state.head)
                    state.whole.writeImmutableBuffer(body)
                }
                return (state.whole, nil)
            }
        }
    }

    private static func joined(_ head: Head, _ date: HTTPDate) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(head.before.count + date.text.count + head.after.count)
        buffer.writeBytes(head.before)
        buffer.writeBytes(date.text)
        buffer.writeBytes(head.after)
        return buffer
    }

    /// The series that counts answers of a kind.
    func timer(isHead: Bool, status: Int, _ metrics: ServerMetrics) -> any TimerHandler {
        state.withLock { state in
            let key = isHead ? -status : status
            if let known = state.timers[key] { return known }
            let timer = metrics.timer(method: isHead ? "HEAD" : "GET", route: template, status: status)
            state.timers[key] = timer
            return timer
        }
    }
}
