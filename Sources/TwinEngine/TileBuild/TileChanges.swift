// SPDX-License-Identifier: Apache-2.0
import GRDB
import Spatial
public import Tiles

/// Which tiles the changes of a city touched, by version: what a cache of tiles needs to drop these and no others.
///
/// A change touches the tiles whose area, with its buffer, meets the feature's box before or after it, at every zoom.
/// ``version(of:tile:)`` of a tile grows with each change that touches it and stays otherwise, so it can be part of a
/// cache's key. A layer that was imported again touches all of its tiles, and so does running out of room.
/// A value: guard it with a lock. It keeps the view that it describes alive.
public struct TileChanges: Sendable {
    /// The view that the versions describe.
    public private(set) var view: CityView
    private var layers: [String: LayerChanges] = [:]
    /// Tiles touched since the beginning, all zooms counted.
    public private(set) var touchedCount = 0

    private struct LayerChanges: Sendable {
        /// The version of every tile that is not named.
        var base: Int64
        var tiles: [UInt64: Int64] = [:]
        /// Boxes that cover too many tiles to name them, from a zoom on.
        var wide: [(box: GridBox, zoom: Int, version: Int64)] = []
    }

    /// Zooms whose tiles are named: those that are served. A feature is small against them: below, it would have hundreds
    /// of tiles, which have the version of the one that they lie in instead.
    static let zooms = 0...20
    private static let tilesPerChange = 1024
    private static let tilesPerLayer = 400_000
    private static let wideBoxes = 64

    /// Begins at a view: all tiles have the version that their layer has in it.
    public init(view: CityView) {
        self.view = view
        for layer in view.layers { layers[layer.definition.id] = LayerChanges(base: layer.version) }
    }

    /// Begins at a view with what changed since older versions of some layers, such as those of an archive.
    ///
    /// Places before a change are known from the layer's snapshot. Where that is newer than the version, or a feature
    /// changed before and after it, or the layer was imported again, all tiles of the layer count as touched.
    public init(view: CityView, since versions: [String: Int64], of city: City) throws {
        self.init(view: view)
        let grid = city.tileGrid
        for layer in view.layers {
            guard let version = versions[layer.definition.id], version < layer.version else { continue }
            try recall(layer, since: version, city, grid)
        }
    }

    private mutating func recall(_ layer: LayerView, since version: Int64, _ city: City, _ grid: TileGrid) throws {
        guard layer.snapshot.version <= version else { return }
        let log = try city.store.changes(layer: layer.definition.id, after: layer.snapshot.version)
        let later = log.filter { $0.version > version && $0.version <= layer.version }
        let changed = Set(later.compactMap(\.featureID))
        guard !later.contains(where: { $0.kind == .replace }),
            !log.contains(where: { $0.version <= version && $0.featureID.map(changed.contains) ?? true })
        else { return }
        let before = LayerView(
            definition: layer.definition, snapshot: layer.snapshot,
            delta: LayerDelta(features: [], hiddenRows: [], version: layer.snapshot.version),
            coordinates: layer.coordinates)
        var changes = LayerChanges(base: version)
        for feature in changed {
            for box in Set([before.feature(id: feature)?.box, layer.feature(id: feature)?.box].compactMap { $0 }) {
                touchedCount += try Self.touch(box, layer.version, grid, &changes)
            }
        }
        let isFull = changes.tiles.count > Self.tilesPerLayer || changes.wide.count > Self.wideBoxes
        if !isFull { layers[layer.definition.id] = changes }
    }

    /// The version of the newest change of a layer that touched a tile; 0 for a layer that is not there.
    public func version(of layer: String, tile: TileID, in city: City) -> Int64 {
        guard let changes = layers[layer] else { return 0 }
        var version = max(changes.base, changes.tiles[Self.key(tile.ancestor(within: Self.zooms))] ?? 0)
        guard changes.wide.contains(where: { $0.zoom <= tile.z && $0.version > version }) else { return version }
        for wide in changes.wide where wide.zoom <= tile.z && wide.version > version {
            // A tile whose area cannot be told counts as touched: made once too often, it is only slow.
            if (try? city.tileGrid.box(of: tile).intersects(wide.box)) ?? true { version = wide.version }
        }
        return version
    }

    /// Takes the changes up to a newer view. Some ten microseconds for each change and zoom.
    ///
    /// - Returns: tiles that were touched.
    @discardableResult
    public mutating func advance(to next: CityView, of city: City) throws -> Int {
        guard next.version > view.version else { return 0 }
        let before = touchedCount
        let grid = city.tileGrid
        for layer in next.layers {
            let id = layer.definition.id
            guard let known = view.layer(id), known.definition == layer.definition,
                known.coordinates.grid == layer.coordinates.grid
            else {
                layers[id] = LayerChanges(base: layer.version)
                continue
            }
            guard layer.version != known.version else { continue }
            try advance(from: known, to: layer, city, grid)
        }
        for id in layers.keys where next.layer(id) == nil { layers[id] = nil }
        view = next
        return touchedCount - before
    }

    private mutating func advance(from known: LayerView, to layer: LayerView, _ city: City, _ grid: TileGrid) throws {
        let id = layer.definition.id
        let log = try city.store.changes(layer: id, after: known.version).filter { $0.version <= layer.version }
        guard !log.isEmpty, !log.contains(where: { $0.kind == .replace }), var changes = layers[id] else {
            layers[id] = LayerChanges(base: layer.version)
            return
        }
        // Out of the dictionary meanwhile, so that it is changed in place.
        layers[id] = nil
        for feature in Set(log.compactMap(\.featureID)) {
            let before = known.feature(id: feature)?.box
            let after = layer.feature(id: feature)?.box
            if let before { touchedCount += try Self.touch(before, layer.version, grid, &changes) }
            if let after, after != before { touchedCount += try Self.touch(after, layer.version, grid, &changes) }
        }
        let isFull = changes.tiles.count > Self.tilesPerLayer || changes.wide.count > Self.wideBoxes
        layers[id] = isFull ? LayerChanges(base: layer.version) : changes
    }

    /// Names the tiles whose area meets a box; returns how many.
    private static func touch(
        _ box: GridBox, _ version: Int64, _ grid: TileGrid, _ changes: inout LayerChanges
    ) throws -> Int {
        var count = 0
        guard !box.isEmpty else { return 0 }
        for z in zooms {
            guard let tiles = try grid.tiles(touching: box, zoom: z, limit: tilesPerChange) else {
                changes.wide.append((box, z, version))
                return count
            }
            for tile in tiles { changes.tiles[key((tile.z, tile.x, tile.y))] = version }
            count += tiles.count
        }
        return count
    }

    private static func key(_ tile: (z: Int, x: Int, y: Int)) -> UInt64 {
        UInt64(tile.z) << 58 | UInt64(tile.x) << 29 | UInt64(tile.y)
    }
}

extension TileID {
    /// The address of the tile itself, or of the one at the last of some zooms that it lies in.
    fileprivate func ancestor(within zooms: ClosedRange<Int>) -> (z: Int, x: Int, y: Int) {
        let shift = max(0, z - zooms.upperBound)
        return (z - shift, x >> shift, y >> shift)
    }
}

extension TileGrid {
    /// The tiles of a zoom whose area with its buffer meets a grid box; nil if more than `limit` would have to be looked
    /// at. Exact: these are the tiles in which a feature with this box is looked at.
    func tiles(touching box: GridBox, zoom: Int, limit: Int) throws -> [TileID]? {
        let (low, high) = try worldBounds(box)
        let middle = (low + high) / 2
        let size = 4_294_967_296.0 / Double(1 << zoom)
        let last = Double((1 << zoom) - 1)
        // The buffer, and the bend of the box's edges.
        let margin = size / 32
        func column(_ world: Double) -> Int { Int(min(max((world / size).rounded(.down), 0), last)) }
        let columns = column(low.x - margin)...column(high.x + margin)
        let rows = column(low.y - margin)...column(high.y + margin)
        guard columns.count * rows.count <= limit else { return nil }
        var tiles: [TileID] = []
        for y in rows {
            for x in columns {
                let tile = try TileID(z: zoom, x: x, y: y)
                // The one that holds the middle needs no look at its edges.
                let isHome = x == column(middle.x) && y == column(middle.y)
                if try isHome || self.box(of: tile).intersects(box) { tiles.append(tile) }
            }
        }
        return tiles
    }

    /// The world units around a grid box, with a hundredth of its size for the bend of its edges.
    private func worldBounds(_ box: GridBox) throws -> (SIMD2<Double>, SIMD2<Double>) {
        var (low, high) = (SIMD2<Double>(repeating: .infinity), SIMD2<Double>(repeating: -.infinity))
        for (x, y) in [(box.minX, box.minY), (box.maxX, box.minY), (box.minX, box.maxY), (box.maxX, box.maxY)] {
            let place = coordinates.lonLat(GridPoint(x: x, y: y))
            let world = WebMercator.world(longitude: place.longitude, latitude: place.latitude)
            low = pointwiseMin(low, SIMD2(world.x, world.y))
            high = pointwiseMax(high, SIMD2(world.x, world.y))
        }
        guard low.x.isFinite, low.y.isFinite, high.x.isFinite, high.y.isFinite else {
            throw TwinError(.argument, "a feature lies where Web Mercator has no place; correct its coordinates")
        }
        let margin = (high - low) * 0.01 + 2
        return (low - margin, high + margin)
    }
}

extension City {
    /// Seconds since a change was committed, by the store's clock; 0 if there is no such change.
    public func secondsSinceChange(_ version: Int64) throws -> Double {
        let seconds = try store.queue.unsafeRead { try StoreReader(database: $0).secondsSinceChange(version) }
        return max(0, seconds ?? 0)
    }
}
