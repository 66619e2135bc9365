// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Spatial
import Synchronization

/// All layers of a city at one moment. Take it once per request; it never changes.
public struct CityView: Sendable {
    /// The store's newest change when the view was made.
    public let version: Int64
    public let layers: [LayerView]

    public func layer(_ id: String) -> LayerView? {
        layers.first { $0.definition.id == id }
    }
}

/// An open city: its project, its coordinates, and a view of its layers that is swapped when the store changes.
///
/// Thread use: any thread. Readers take ``view()`` and hold no lock after.
public final class City: Sendable {
    public let project: CityProject
    public let coordinates: CityCoordinates
    public let directory: String
    let store: CityStore
    private let current: Mutex<CityView>
    private let refreshing = Mutex<Bool>(false)
    let models = ModelCache()

    /// Opens a store: maps its snapshots and reads the changes since. A missing or damaged snapshot is rebuilt.
    ///
    /// - Throws: `TwinError.store` where there is no store, or one of another version.
    public static func open(store directory: String) throws -> City {
        let store = try CityStore.open(directory)
        guard let yaml = try store.metadata("project"), let folder = try store.metadata("folder") else {
            throw TwinError(.store, "the store \(directory) has no project; its first import did not finish, run it again")
        }
        let project = try CityProject.parse(yaml, file: "\(directory) (city.yaml)", folder: folder, resolvesPaths: false)
        let coordinates = try CityCoordinates(crs: project.crs, extent: project.extent)
        return try City(store: store, project: project, coordinates: coordinates)
    }

    private init(store: CityStore, project: CityProject, coordinates: CityCoordinates) throws {
        self.store = store
        self.project = project
        self.coordinates = coordinates
        directory = store.directory
        let version = try store.version()
        let stored = try store.layers()
        var views: [LayerView] = []
        for layer in project.layers where stored.contains(where: { $0.id == layer.id }) {
            views.append(try Self.load(layer, store, coordinates))
        }
        current = Mutex(CityView(version: version, layers: views))
    }

    /// The present state; cheap.
    public func view() -> CityView { current.withLock { $0 } }

    /// Opens the newest good snapshot of a layer, or builds one, and reads what changed since.
    private static func load(
        _ layer: LayerDefinition, _ store: CityStore, _ coordinates: CityCoordinates
    ) throws -> LayerView {
        for file in SnapshotRebuild.files(store.directory, layer: layer.id) {
            // A damaged or foreign file is passed over: the record is whole, and a new one is built from it.
            guard let snapshot = try? Snapshot(path: file.path), snapshot.frame == coordinates.grid,  // safe: rebuilt below
                matches(snapshot, layer, coordinates)
            else { continue }
            guard let delta = try LayerDelta.load(store, layer: layer, snapshot: snapshot, coordinates: coordinates)
            else { break }
            if delta.changeCount > LayerDelta.compactionThreshold { break }
            return LayerView(definition: layer, snapshot: snapshot, delta: delta, coordinates: coordinates)
        }
        return try rebuild(layer, store, coordinates)
    }

    private static func matches(_ snapshot: Snapshot, _ layer: LayerDefinition, _ coordinates: CityCoordinates) -> Bool {
        let hasSolid = snapshot.metadata.columns.contains { $0.name == "solid" }
        return snapshot.metadata
            == SnapshotMetadata(
                layer: layer.id, crs: coordinates.system.definition, kind: layer.geometry,
                columns: SnapshotFormat.columns(layer, hasSolid: hasSolid))
    }

    static func rebuild(
        _ layer: LayerDefinition, _ store: CityStore, _ coordinates: CityCoordinates
    ) throws -> LayerView {
        let version = try SnapshotRebuild.build(store, layer: layer, coordinates: coordinates)
        let snapshot = try Snapshot(
            path: SnapshotRebuild.path(store.directory, layer: layer.id, version: version))
        SnapshotRebuild.removeOld(store.directory, layer: layer.id, keeping: version)
        return LayerView(
            definition: layer, snapshot: snapshot, delta: .none(version: version), coordinates: coordinates)
    }

    /// Looks whether the store changed, by this process or another, and swaps in a new view.
    ///
    /// A layer with many changes is compacted into a new snapshot on the way. Call it from a worker thread; while one call
    /// works, others return at once.
    /// - Returns: whether the view changed.
    @discardableResult
    public func refresh() throws -> Bool {
        let mayRun = refreshing.withLock { isRunning in
            defer { isRunning = true }
            return !isRunning
        }
        guard mayRun else { return false }
        defer { refreshing.withLock { $0 = false } }
        let old = view()
        let version = try store.version()
        guard version != old.version else { return false }
        let stored = Set(try store.layers().map(\.id))
        var views: [LayerView] = []
        for layer in project.layers where stored.contains(layer.id) {
            guard let known = old.layer(layer.id) else {
                views.append(try Self.load(layer, store, coordinates))
                continue
            }
            let delta = try LayerDelta.load(store, layer: layer, snapshot: known.snapshot, coordinates: coordinates)
            guard let delta, delta.changeCount <= LayerDelta.compactionThreshold else {
                views.append(try Self.load(layer, store, coordinates))
                continue
            }
            let isSame = delta.version == known.delta.version
            views.append(
                isSame
                    ? known
                    : LayerView(definition: layer, snapshot: known.snapshot, delta: delta, coordinates: coordinates))
        }
        let view = CityView(version: version, layers: views)
        current.withLock { $0 = view }
        return true
    }

    // MARK: Coordinates

    public func gridPoint(_ position: LonLat) throws(SpatialError) -> GridPoint { try coordinates.gridPoint(position) }
    public func lonLat(_ point: GridPoint) -> LonLat { coordinates.lonLat(point) }
    public func gridBox(_ box: LonLatBox) throws(SpatialError) -> GridBox { try coordinates.gridBox(box) }
}
