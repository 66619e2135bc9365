// SPDX-License-Identifier: Apache-2.0
import Foundation
import Logging
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
    /// What is swapped when the store changes.
    private struct State {
        var texts: [String]
        var project: CityProject
        var profiles: ProfileSet
        var coordinates: CityCoordinates
        var view: CityView
    }
    public let directory: String
    /// What tells the city's store from every other one; copies of a store share it.
    public let identity: String
    let store: CityStore
    private static let logger = Logger(label: "twin.city")
    private let state: Mutex<State>
    private let refreshing = Mutex<Bool>(false)
    private let compactions = Compactions()
    let composer = TileComposer()
    let models = ModelCache()
    let pipeCache = AnalysisCache<PipeAnalysis>()
    let checkCache = AnalysisCache<PipeCheckReport>()
    let sizes = AnalysisCache<CIMInventory.Size>()
    /// The terrain as it was last read, with the files it came from.
    private let ground = Mutex<(definition: TerrainDefinition, model: ElevationModel)?>(nil)

    /// Opens a store: maps its snapshots and reads the changes since. A missing or damaged snapshot is rebuilt.
    ///
    /// - Throws: `TwinError.store` where there is no store, or one of another version.
    public static func open(store directory: String) throws -> City {
        try City(store: CityStore.open(directory))
    }

    private init(store: CityStore) throws {
        self.store = store
        directory = store.directory
        identity = try store.identity()
        let version = try store.version()
        let (texts, project, profiles) = try Self.readProject(store)
        let coordinates = try CityCoordinates(crs: project.crs, extent: project.extent)
        let stored = Set(try store.layers().map(\.id))
        let views = try Self.load(project.layers.filter { stored.contains($0.id) }, store, coordinates)
        state = Mutex(
            State(
                texts: texts, project: project, profiles: profiles, coordinates: coordinates,
                view: CityView(version: version, layers: views))
        )
        SnapshotVerifier.watch(self)
    }

    /// The project's text and folder as of the last import.
    private static func readText(_ store: CityStore) throws -> (yaml: String, folder: String) {
        guard let yaml = try store.metadata("project"), let folder = try store.metadata("folder") else {
            throw TwinError(
                .store, "the store \(store.directory) has no project; its first import did not finish, run it again")
        }
        return (yaml, folder)
    }

    /// The project and its profiles as of the last import; `texts` is all that they are made of.
    private static func readProject(
        _ store: CityStore
    ) throws -> (texts: [String], project: CityProject, profiles: ProfileSet) {
        let (yaml, folder) = try readText(store)
        let project = try CityProject.parse(
            yaml, file: "\(store.directory) (city.yaml)", folder: folder, resolvesPaths: false)
        var texts: [String: (text: String, file: String)] = [:]
        for kind in project.profiles.keys {
            guard let text = try store.metadata(CityStore.profileKey(kind)) else { continue }
            texts[kind] = (text, "\(store.directory) (profile \(kind))")
        }
        let profiles = try ProfileSet(texts)
        return (try store.read { try Self.texts($0, project) }, project.colored(by: profiles), profiles)
    }

    /// What a project is made of: equal texts, equal project. Comparing them costs some lookups, parsing milliseconds.
    private static func texts(_ reader: StoreReader, _ project: CityProject) throws -> [String] {
        try (["project", "folder"] + project.profiles.keys.sorted().map(CityStore.profileKey))
            .map { try reader.metadata($0) ?? "" }
    }

    /// The project as of the present view.
    public var project: CityProject { state.withLock { $0.project } }
    /// The ground as the project names it; nil where it names none. The rasters are read on first use.
    ///
    /// - Throws: `TwinError.source` for a raster that cannot be read, naming it.
    public func terrain() throws -> ElevationModel? {
        let project = project
        guard let definition = project.terrain else { return nil }
        return try ground.withLock { known in
            if let known, known.definition == definition { return known.model }
            let model = try ElevationModel(paths: definition.files, datum: project.vertical.datum)
            known = (definition, model)
            return model
        }
    }

    /// The ground for models and analyses; nil too where its rasters cannot be read any more, which ``terrain()`` tells.
    func groundHeights() -> GroundHeights? {
        // Safe: a city without its rasters is a city without terrain; the server and `twin query height` say why.
        let model = try? terrain()
        return model.map { GroundHeights(model: $0, coordinates: coordinates) }
    }

    /// The code systems as of the present view.
    public var profiles: ProfileSet { state.withLock { $0.profiles } }
    public var coordinates: CityCoordinates { state.withLock { $0.coordinates } }

    /// The present state; cheap.
    public func view() -> CityView { state.withLock { $0.view } }

    /// The views of layers; those without a usable snapshot get one first, several at a time.
    private static func load(
        _ layers: [LayerDefinition], _ store: CityStore, _ coordinates: CityCoordinates
    ) throws -> [LayerView] {
        var views = try layers.map { try existing($0, store, coordinates) }
        let missing = views.indices.filter { views[$0] == nil }
        let built = try SnapshotRebuild.buildAll(missing.map { layers[$0] }, store, coordinates)
        for (index, version) in zip(missing, built) {
            views[index] = try opened(layers[index], version, store, coordinates)
        }
        return views.compactMap { $0 }
    }

    /// A layer on its newest usable snapshot with what changed since; nil where a new one must be built.
    private static func existing(
        _ layer: LayerDefinition, _ store: CityStore, _ coordinates: CityCoordinates,
        most changes: Int = LayerDelta.compactionThreshold
    ) throws -> LayerView? {
        for file in SnapshotRebuild.files(store.directory, layer: layer.id) {
            // A damaged or foreign file is passed over: the record is whole, and a new one is built from it.
            let snapshot: Snapshot
            do {
                snapshot = try Snapshot(path: file.path)
            } catch {
                logger.warning("a snapshot is passed over: \(error)", metadata: ["file": "\(file.path)"])
                continue
            }
            guard snapshot.frame == coordinates.grid, matches(snapshot, layer, coordinates) else { continue }
            guard let delta = try LayerDelta.load(store, layer: layer, snapshot: snapshot, coordinates: coordinates),
                delta.changeCount <= changes
            else { return nil }
            return LayerView(definition: layer, snapshot: snapshot, delta: delta, coordinates: coordinates)
        }
        return nil
    }

    private static func matches(_ snapshot: Snapshot, _ layer: LayerDefinition, _ coordinates: CityCoordinates) -> Bool
    {
        let hasSolid = snapshot.metadata.columns.contains { $0.name == "solid" }
        return snapshot.metadata
            == SnapshotMetadata(
                layer: layer.id, crs: coordinates.system.definition, kind: layer.geometry,
                columns: SnapshotFormat.columns(layer, hasSolid: hasSolid))
    }

    static func rebuild(
        _ layer: LayerDefinition, _ store: CityStore, _ coordinates: CityCoordinates
    ) throws -> LayerView {
        try opened(
            layer, SnapshotRebuild.build(store, layer: layer, coordinates: coordinates), store, coordinates)
    }

    /// A layer on the snapshot of a version, which was just built; older ones are removed.
    private static func opened(
        _ layer: LayerDefinition, _ version: Int64, _ store: CityStore, _ coordinates: CityCoordinates
    ) throws -> LayerView {
        let snapshot = try Snapshot(path: SnapshotRebuild.path(store.directory, layer: layer.id, version: version))
        SnapshotRebuild.removeOld(store.directory, layer: layer.id, keeping: version)
        return LayerView(
            definition: layer, snapshot: snapshot, delta: .none(version: version), coordinates: coordinates)
    }

    /// Looks whether the store changed, by this process or another, and swaps in a new view.
    ///
    /// For a layer with many changes a new snapshot is built in the background, which a later call takes; one that was
    /// replaced or changed nearly as a whole, or whose snapshot turned out to be damaged, gets a new one here. Call it from a worker thread; while one call
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
        var next = state.withLock { $0 }
        let isDue = next.view.layers.contains { $0.snapshot.isSuspect } || compactions.hasFinished
        guard let seen = try changes(since: next, isDue: isDue) else { return false }
        let isNewProject = seen.texts != next.texts
        if isNewProject {
            let (texts, project, profiles) = try Self.readProject(store)
            next.texts = texts
            next.project = project
            next.profiles = profiles
            next.coordinates = try CityCoordinates(crs: project.crs, extent: project.extent)
        }
        let layers = next.project.layers.filter { seen.layers.contains($0.id) }
        let views: [LayerView]
        if isNewProject {
            views = try Self.load(layers, store, next.coordinates)
        } else {
            views = try layers.map { layer in
                guard let known = next.view.layer(layer.id) else {
                    return try Self.loaded(layer, store, next.coordinates)
                }
                return try refreshed(known, next.coordinates, hasChanged: seen.changed.contains(layer.id))
            }
        }
        compactions.keep(Set(layers.map(\.id)))
        next.view = CityView(version: seen.version, layers: views)
        let published = next
        state.withLock { $0 = published }
        return true
    }

    /// What of the store is other than in a view.
    private struct StoreChanges {
        var version: Int64
        var texts: [String]
        /// All layers, and those that changed since the view was made.
        var layers: Set<String>
        var changed: Set<String>
    }

    /// Looks at the store in one transaction; nil where nothing changed.
    ///
    /// - Parameter isDue: it is looked at although nothing changed.
    private func changes(since known: State, isDue: Bool) throws -> StoreChanges? {
        guard try isDue || store.version() != known.view.version else { return nil }
        return try store.read { reader in
            StoreChanges(
                version: try reader.version(), texts: try Self.texts(reader, known.project),
                layers: try reader.layerIDs(), changed: try reader.changedLayers(after: known.view.version))
        }
    }

    /// A layer on the snapshot that is there, or on a new one.
    private static func loaded(
        _ layer: LayerDefinition, _ store: CityStore, _ coordinates: CityCoordinates
    ) throws -> LayerView {
        try existing(layer, store, coordinates) ?? rebuild(layer, store, coordinates)
    }

    /// A layer with the changes that came since, or on a new snapshot if there is one, or the old one is damaged.
    private func refreshed(
        _ known: LayerView, _ coordinates: CityCoordinates, hasChanged: Bool
    ) throws -> LayerView {
        let layer = known.definition
        if known.snapshot.isSuspect { return try Self.rebuild(layer, store, coordinates) }
        if try compactions.take(layer.id) != nil,
            let view = try Self.existing(layer, store, coordinates, most: .max), view.version >= known.version
        {
            SnapshotRebuild.removeOld(store.directory, layer: layer.id, keeping: view.snapshot.version)
            return view
        }
        let delta =
            hasChanged
            ? try LayerDelta.load(
                store, layer: layer, snapshot: known.snapshot, coordinates: coordinates, known: known.delta)
            : known.delta
        guard let delta, delta.changeCount <= LayerDelta.mostChanges else {
            return try Self.loaded(layer, store, coordinates)
        }
        if delta.changeCount > LayerDelta.compactionThreshold {
            compactions.start(layer, store: store.directory, coordinates)
        }
        if delta.version == known.delta.version { return known }
        return LayerView(definition: layer, snapshot: known.snapshot, delta: delta, coordinates: coordinates)
    }

    /// Waits for the snapshots that are being built, and shows them.
    func finishCompactions() throws {
        while compactions.isRunning { Thread.sleep(forTimeInterval: 0.005) }
        try refresh()
    }

    /// Compares every byte of the snapshots in use with their checksums, and replaces damaged ones from the record.
    ///
    /// Opening starts this by itself in the background; call it to have it now, for example before a single answer that
    /// nobody will look at again. O(snapshots), about 0.4 s of CPU a gigabyte; any thread.
    /// - Parameter layers: ids; nil for all.
    /// - Returns: what was wrong, a sentence for each damaged snapshot.
    /// - Throws: `TwinError.snapshot` where a damaged one could not be replaced.
    @discardableResult
    public func verifySnapshots(of layers: [String]? = nil) throws -> [String] {
        func chosen() -> [LayerView] { view().layers.filter { layers?.contains($0.definition.id) ?? true } }
        let damage = chosen().compactMap { $0.snapshot.verify() }
        if damage.isEmpty { return [] }
        try refresh()
        // Another thread may be refreshing at this very moment; then it replaces them.
        for _ in 0..<600 where chosen().contains(where: \.snapshot.isSuspect) {
            Thread.sleep(forTimeInterval: 0.1)
            try refresh()
        }
        if let left = chosen().first(where: \.snapshot.isSuspect) {
            throw TwinError(.snapshot, "\(left.snapshot.path) is damaged and was not replaced; run `twin check`")
        }
        return damage
    }

    // MARK: Coordinates

    public func gridPoint(_ position: LonLat) throws(SpatialError) -> GridPoint { try coordinates.gridPoint(position) }
    public func lonLat(_ point: GridPoint) -> LonLat { coordinates.lonLat(point) }
    public func gridBox(_ box: LonLatBox) throws(SpatialError) -> GridBox { try coordinates.gridBox(box) }
}
