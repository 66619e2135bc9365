// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import Synchronization
import Tiles
import TwinEngine

/// How long an event loop may make tiles by itself, so that the connections on it do not wait.
///
/// About a millisecond in one round of the loop, in which every connection with something to read is served; what is
/// beyond goes to the workers. A tile that took far longer than it should, as where the disk was read, ends it for a
/// while. On its event loop only.
final class LoopBudget {
    private static let perRound = TimeAmount.milliseconds(1)
    private static let least = TimeAmount.microseconds(20)
    private static let slow = TimeAmount.milliseconds(4)
    private static let pauseFactor: Int64 = 16

    private var spent = TimeAmount.zero
    private var willReset = false
    private var pausedUntil = NIODeadline.uptimeNanoseconds(0)

    func allows(_ now: NIODeadline) -> Bool { spent < Self.perRound && now >= pausedUntil }

    func spend(_ time: TimeAmount, until now: NIODeadline, on loop: any EventLoop) {
        // Less is what it takes to see that the routes must answer.
        guard time > Self.least else { return }
        spent = spent + time
        if time > Self.slow { pausedUntil = now + TimeAmount.nanoseconds(time.nanoseconds * Self.pauseFactor) }
        guard !willReset else { return }
        willReset = true
        // Runs after all that is ready in this round.
        loop.assumeIsolated().execute {
            self.spent = .zero
            self.willReset = false
        }
    }
}

/// The budgets of all event loops that connections came from.
final class LoopBudgets: Sendable {
    /// @unchecked Sendable because it is used on its event loop only.
    private struct Entry: @unchecked Sendable { let budget: LoopBudget }
    private let known = Mutex<[ObjectIdentifier: Entry]>([:])
    private let made = Atomic<UInt64>(0)

    /// Tiles that were made on event loops.
    var madeCount: UInt64 { made.load(ordering: .relaxed) }

    func countMade() { made.wrappingAdd(1, ordering: .relaxed) }

    /// The budget of a loop; call it on the loop.
    func budget(of loop: any EventLoop) -> LoopBudget {
        let name = ObjectIdentifier(loop)
        return known.withLock { known in
            if let entry = known[name] { return entry }
            let entry = Entry(budget: LoopBudget())
            known[name] = entry
            return entry
        }.budget
    }
}

/// A plain request for a tile of layers, and what it would show at this moment.
struct TileQuestion: Sendable {
    let id: TileID
    let shown: [ReadableLayer]
    let state: Freshness.City
    let key: TileKey
    let target: [UInt8]
    let codings: ContentCodings
}

extension CityServer {
    /// What a GET without a token and a query asks for, where that is a tile for which everything is at hand: the store
    /// was looked at, its changes were followed, the layers are open, and the client takes gzip. Else it is the routes'.
    func question(_ target: Span<UInt8>, _ codings: ContentCodings) -> TileQuestion? {
        guard let address = address(target, codings), tiles.changes.isChecked else { return nil }
        return question(address, (0..<target.count).map { target[$0] }, codings)
    }

    /// The address of a tile of layers that a client may be answered before the routes.
    private func address(_ target: Span<UInt8>, _ codings: ContentCodings) -> TileAddress? {
        guard codings.contains(.gzip), let address = TileAddress(target), address.id.z <= TileRoutes.deepestZoom,
            archives[address.tileset] == nil
        else { return nil }
        return address
    }

    private func question(_ address: TileAddress, _ target: [UInt8], _ codings: ContentCodings) -> TileQuestion? {
        let view = city.view()
        guard let shown = openLayers(address.tileset, view)?.filter({ $0.definition.zoom.contains(address.id.z) }),
            let state = tiles.changes.shown(shown.map(\.id), address.id, view, city)
        else { return nil }
        return TileQuestion(
            id: address.id, shown: shown, state: state,
            key: TileRoutes.key(address.id, address.tileset, shown, state), target: target, codings: codings)
    }

    /// The routes' answer with a tile, which is laid aside for others too.
    func answer(_ question: TileQuestion, _ tile: CachedTile) -> WarmAnswer? {
        let cacheControl = TileRoutes.cacheControl(question.shown)
        guard let reply = TileRoutes.packedReply(tile, acceptsGzip: true, cacheControl) else { return nil }
        let freshness = Freshness(city: question.state, tile: tile.use)
        guard
            let answer = FinishedReply(reply).warm(
                question.target, question.codings, TileRoutes.template, freshness)
        else { return nil }
        tiles.warm.keep(answer)
        return answer
    }

    /// The tile of a question, if it is certain to be small.
    func smallTile(_ question: TileQuestion) throws -> CachedTile? {
        let small = try city.smallTile(
            question.id, layers: question.shown.map(\.view), maskedFields: maskedFields(question.shown))
        guard let small, let tile = try city.packed(small) else { return nil }
        loops.countMade()
        return CachedTile(tile)
    }

    /// Makes a claimed tile on a worker.
    ///
    /// - Parameter done: called on the worker with the answer; nil where the routes must find out what is wrong.
    /// - Returns: false where the workers have too much to do; then the claim is given up.
    func makeLater(_ question: TileQuestion, _ done: @escaping @Sendable (WarmAnswer?) -> Void) -> Bool {
        let isTaken = workers.submit { isActive in
            done(isActive ? self.makeClaimed(question) : self.giveUp(question))
        }
        if !isTaken { _ = giveUp(question) }
        return isTaken
    }

    private func makeClaimed(_ question: TileQuestion) -> WarmAnswer? {
        do {
            let tile = CachedTile(try packTile(city, question.id, question.shown))
            tiles.settle(question.key, .success(tile))
            return answer(question, tile)
        } catch {
            logger.debug("a tile could not be made", metadata: ["error": "\(error)"])
            return giveUp(question)
        }
    }

    private func giveUp(_ question: TileQuestion) -> WarmAnswer? {
        tiles.settle(question.key, .success(nil))
        return nil
    }

    /// Where a tile is asked for when the store should be looked at: does so on a worker, and answers.
    ///
    /// - Parameter done: called on the worker with the answer; nil where it is the routes'.
    /// - Returns: false where there is nothing to be looked at, it is no such tile, or the workers have too much to do.
    func lookLater(
        _ target: Span<UInt8>, _ codings: ContentCodings, _ done: @escaping @Sendable (WarmAnswer?) -> Void
    ) -> Bool {
        guard let address = address(target, codings), openLayers(address.tileset, city.view()) != nil,
            tiles.changes.isCheckDue()
        else { return false }
        let bytes = (0..<target.count).map { target[$0] }
        let isTaken = workers.submit { isActive in
            do {
                guard isActive else { return done(nil) }
                try TileRoutes.lookNow(self)
                guard let question = self.question(address, bytes, codings) else { return done(nil) }
                switch self.tiles.claim(question.key) {
                case .found(let tile): done(self.answer(question, tile))
                case .taken: done(nil)
                case .yours: done(self.makeClaimed(question))
                }
            } catch {
                // The routes look again, and say what is wrong.
                self.logger.debug("the store could not be looked at", metadata: ["error": "\(error)"])
                self.tiles.changes.giveBackCheck()
                done(nil)
            }
        }
        if !isTaken { tiles.changes.giveBackCheck() }
        return isTaken
    }

    /// The layers of a tileset that anybody may read; nil where there is something to be refused, which the routes do.
    private func openLayers(_ tileset: String, _ view: CityView) -> [ReadableLayer]? {
        if tileset == TileRoutes.basemap { return readableLayers(view, .anonymous).filter(\.definition.isBase) }
        guard let layer = view.layer(tileset), access.canRead(.anonymous, .layer(layer.definition)),
            case .allow(let masked) = access.decide(.anonymous, .read, .layer(layer.definition))
        else { return nil }
        return [ReadableLayer(view: layer, masked: masked)]
    }
}

/// The plain address of a vector tile: `/tiles/TILESET/Z/X/Y.mvt` in letters and digits.
struct TileAddress: Equatable {
    let tileset: String
    let id: TileID

    init?(_ target: Span<UInt8>) {
        var place = 0
        func skip(_ text: StaticString) -> Bool {
            guard target.count - place >= text.utf8CodeUnitCount else { return false }
            for index in 0..<text.utf8CodeUnitCount {
                // Safe: the index is below the text's count.
                guard target[place + index] == (unsafe text.utf8Start[index]) else { return false }
            }
            place += text.utf8CodeUnitCount
            return true
        }
        func number() -> Int? {
            let start = place
            var value = 0
            while place < target.count, target[place] >= 0x30, target[place] <= 0x39, place - start < 9 {
                value = value * 10 + Int(target[place] - 0x30)
                place += 1
            }
            return place > start ? value : nil
        }
        guard skip("/tiles/") else { return nil }
        var name: [UInt8] = []
        while place < target.count, target[place] != UInt8(ascii: "/") {
            switch target[place] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                name.append(target[place])
            default: return nil
            }
            place += 1
        }
        guard !name.isEmpty, skip("/"), let z = number(), skip("/"), let x = number(), skip("/"), let y = number(),
            skip(".mvt"), place == target.count
        else { return nil }
        // What is no tile is the routes' to refuse.
        do { id = try TileID(z: z, x: x, y: y) } catch { return nil }
        tileset = String(decoding: name, as: UTF8.self)
    }
}
