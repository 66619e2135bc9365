// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization
public import Tiles

/// A vector tile as it is sent.
public struct PackedTile: Sendable {
    /// The gzip form in parts that follow each other; none where no layer has a feature.
    public let parts: [[UInt8]]
    /// The sums of the tile's own bytes, not compressed.
    public let sum: JoinableSum

    /// A tile that is not remembered.
    public init(plain: [UInt8] = [], gzip: [UInt8] = []) {
        parts = plain.isEmpty ? [] : [gzip]
        sum = JoinableSum(plain)
    }

    /// A tile of runs of deflate blocks.
    init(_ runs: [PackedRun]) {
        var sum = JoinableSum()
        for run in runs { sum += run.sum }
        parts = [PieceCompressor.head] + runs.map(\.packed) + [PieceCompressor.tail(sum)]
        self.sum = sum
    }

    public var isEmpty: Bool { parts.isEmpty }

    /// The gzip form.
    public var gzip: [UInt8] { Array(parts.joined()) }

    /// The tile's own bytes. O(bytes).
    public func plain() throws(TileError) -> [UInt8] {
        isEmpty ? [] : try Compression.gunzip(gzip, limit: sum.count)
    }
}

/// Remembers the larger tiles in pieces, so that an edit makes only the pieces again that it touched.
///
/// A piece is a run of snapshot rows whose features take about ``pieceSize`` bytes, encoded and compressed, or some of
/// the changed features, which are drawn in the order of their changes. The bytes are those that ``TileMaker`` gives: a piece is used again only
/// where its rows are as they were and the keys and values before it have the same numbers.
///
/// Thread use: any. A tile that is being remade is not remembered meanwhile: who asks for it then makes it whole.
final class TileComposer: Sendable {
    /// Tiles below this size are made as a whole.
    static let smallestTile = 32_768
    static let pieceSize = 8192
    /// Layers with so many rows in a tile are remembered however small the tile is.
    static let manyRows = 16_384

    struct Key: Hashable {
        var tile: TileID
        var layers: [String]
        var masked: [String: Set<String>]
    }
    fileprivate struct Entry {
        var layers: [ComposedLayer]
        var cost: Int
        var used: UInt64
    }
    fileprivate struct State {
        var entries: [Key: Entry] = [:]
        var cost = 0
        var clock: UInt64 = 0
        var tools: [TileTools] = []
    }
    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: bytes that pieces may take.
    init(capacity: Int = 96 << 20) { self.capacity = capacity }

    /// Bytes held.
    var byteCount: Int { state.withLock { $0.cost } }

    /// The tile of some layers of one view.
    func tile(
        _ id: TileID, grid: TileGrid, layers: [LayerView], maskedFields: [String: Set<String>]
    ) throws -> PackedTile {
        let key = Key(tile: id, layers: layers.map(\.definition.id), masked: maskedFields)
        var known = state.withLock { $0.take(key) }
        return try withTools { tools in try tile(key, &known, tools, grid: grid, layers: layers) }
    }

    /// Lends what one worker needs to make tiles.
    func withTools<T>(_ body: (TileTools) throws -> T) throws -> T {
        let tools = try state.withLock { $0.tools.popLast() } ?? TileTools()
        defer { state.withLock { $0.tools.append(tools) } }
        return try body(tools)
    }

    private func tile(
        _ key: Key, _ known: inout [ComposedLayer], _ tools: TileTools, grid: TileGrid, layers: [LayerView]
    ) throws -> PackedTile {
        let (id, maskedFields) = (key.tile, key.masked)
        var composed: [ComposedLayer] = []
        let area = try grid.box(of: id)
        for (index, layer) in layers.enumerated() {
            guard layer.definition.zoom.contains(id.z), !area.isEmpty else { continue }
            let masked = maskedFields[layer.definition.id] ?? []
            let place = known.firstIndex { $0.view.definition.id == layers[index].definition.id }
            if let place {
                var old = known.remove(at: place)
                if try old.update(to: layer, area, tools) {
                    composed.append(old)
                    continue
                }
            }
            let request = TileRequest(tile: id, plane: .webMercator, rules: layer.definition.tileRules, masked: masked)
            composed.append(try ComposedLayer(layer, area, request, tools))
        }
        let size = composed.reduce(0) { $0 + $1.size }
        guard size > 0 else { return PackedTile() }
        guard size >= Self.smallestTile else {
            var plain: [UInt8] = []
            plain.reserveCapacity(size)
            for layer in composed { layer.append(to: &plain) }
            if composed.contains(where: \.isWorthKeeping) {
                state.withLock { [composed] in $0.put(key, composed, capacity) }
            }
            return PackedTile(plain: plain, gzip: try tools.compressor.gzip(plain))
        }
        var runs: [PackedRun] = []
        for index in composed.indices { composed[index].appendRuns(to: &runs, tools) }
        state.withLock { [composed] in $0.put(key, composed, capacity) }
        return PackedTile(runs)
    }
}

extension TileComposer.State {
    fileprivate mutating func take(_ key: TileComposer.Key) -> [ComposedLayer] {
        guard let entry = entries.removeValue(forKey: key) else { return [] }
        cost -= entry.cost
        return entry.layers
    }

    /// Keeps a tile, and forgets those that were not asked for the longest.
    fileprivate mutating func put(_ key: TileComposer.Key, _ layers: [ComposedLayer], _ capacity: Int) {
        _ = take(key)
        let size = layers.reduce(0) { $0 + $1.cost }
        guard size <= capacity / 4 else { return }
        clock += 1
        entries[key] = TileComposer.Entry(layers: layers, cost: size, used: clock)
        cost += size
        while cost > capacity, let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key { _ = take(oldest) }
    }
}

/// What one worker needs to make tiles, kept between them.
///
/// @unchecked Sendable because who takes it out of the composer's list has it alone until it is put back.
final class TileTools: @unchecked Sendable {
    var encoder = LayerTileEncoder()
    var scratch: [UInt32] = []
    let compressor: GzipCompressor
    let pieces: PieceCompressor

    init() throws {
        compressor = try GzipCompressor()
        pieces = try PieceCompressor()
    }
}

extension City {
    /// A vector tile of some layers with its gzip form: the bytes of ``tile(_:layers:maskedFields:filters:)``.
    ///
    /// Larger tiles are remembered in pieces: one that was made before costs only what edits touched since. Tiles of past
    /// states are made as a whole: what they show does not follow from what the present shows.
    public func packedTile(
        _ id: TileID, layers: [LayerView], maskedFields: [String: Set<String>] = [:]
    ) throws -> PackedTile {
        guard !layers.contains(where: \.delta.isPast) else {
            let plain = try tile(id, layers: layers, maskedFields: maskedFields)
            return PackedTile(
                plain: plain, gzip: plain.isEmpty ? [] : try Compression.gzip(plain, level: Compression.tileLevel))
        }
        return try composer.tile(id, grid: tileGrid, layers: layers, maskedFields: maskedFields)
    }
}
