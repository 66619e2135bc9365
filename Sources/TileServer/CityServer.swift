// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import Logging
import Spatial
import Synchronization
import TwinEngine

/// Everything that the routes share: the city, its live part, access, workers, caches and counters.
final class CityServer: Sendable {
    let city: City
    let live: LiveService
    let access: Access
    let options: ServeOptions
    let workers: WorkerPool
    let tiles: TileCache
    let loops = LoopBudgets()
    let liveTiles = LiveTiles()
    let thematics = ThematicCache()
    let outputs = GeometryOutputs()
    let past = PastLayers()
    let archives: ArchiveSet
    /// Analyses, at once and in the background.
    let jobs: JobRunner
    /// The ground, where rasters of heights were named.
    let terrain: ElevationModel?
    let terrainClassification: Classification
    let metrics = ServerMetrics()
    let logger: Logger
    /// Batches of observations in work or waiting.
    let batches = Atomic<Int>(0)
    /// Open event streams.
    let streams = Atomic<Int>(0)
    let start = ContinuousClock.now

    /// - Throws: `TwinError` if the access file has mistakes or the observation log cannot be opened.
    init(city: City, options: ServeOptions, logger: Logger) throws {
        self.city = city
        self.options = options
        self.logger = logger
        access = try options.accessFile.map { try Access.load($0) } ?? Access.open()
        live = try LiveService(
            city: city, directory: options.store, timeToLive: options.liveTimeToLive, logger: logger)
        archives = try ArchiveSet(
            paths: options.archives, classification: options.archiveClassification,
            taken: Set(
                city.project.layers.map(\.id) + TileMatrixSet.all.map(\.id)
                    + [TileRoutes.basemap, "live", "terrain"]))
        for archive in archives.all {
            if let reason = ArchiveRoutes.apart(archive, city) { logger.warning("\(reason)") }
        }
        terrain = try Self.terrain(city, options, logger)
        terrainClassification =
            options.terrain.isEmpty
            ? city.project.terrain?.classification ?? options.terrainClassification : options.terrainClassification
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let threads = options.limits.workers > 0 ? options.limits.workers : max(2, cores)
        jobs = JobRunner(store: options.store)
        workers = WorkerPool(threads: threads, limit: options.limits.queuedJobs)
        tiles = TileCache(capacity: options.limits.cacheBytes)
        for problem in jobs.problems { logger.warning("\(problem)") }
    }

    /// The rasters of the command line, else those of the project. The latter may have gone since the import: the city is
    /// served without them.
    private static func terrain(_ city: City, _ options: ServeOptions, _ logger: Logger) throws -> ElevationModel? {
        guard options.terrain.isEmpty else {
            return try ElevationModel(paths: options.terrain, datum: city.project.vertical.datum)
        }
        do {
            return try city.terrain()
        } catch {
            logger.warning("the project's terrain is not served", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// The access log.
    func logRequest(method: String, path: @autoclosure () -> String, status: Int, duration: Duration) {
        logger.debug(
            "request",
            metadata: ["method": "\(method)", "path": "\(path())", "status": "\(status)", "duration": "\(duration)"])
    }

    /// Whether an answer that was given before would be given again. Waits for nothing: where that takes a look at the
    /// store or at changes, it is false.
    func holds(_ answer: WarmAnswer) -> Bool {
        if let archive = answer.freshness.archive, archive.isReplaced.load(ordering: .acquiring) { return false }
        guard let shown = answer.freshness.city else { return true }
        let view = city.view()
        let known = answer.view
        guard tiles.changes.holds(shown, known: known, in: view, of: city) else { return false }
        if view.version != known { answer.view = view.version }
        return true
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    static func now() -> Int64 {
        Int64((Date().timeIntervalSince1970 * 1000).rounded())
    }

    /// A layer that the caller may read, with the fields to leave out.
    ///
    /// - Throws: 404 where there is no such layer, 403 where the caller may not read it.
    func layer(_ id: String, _ view: CityView, _ principal: Principal) throws(Problem) -> ReadableLayer {
        guard let layer = view.layer(id) else {
            throw .notFound("there is no layer '\(id)'; GET /collections lists them")
        }
        switch access.decide(principal, .read, .layer(layer.definition)) {
        case .allow(let masked): return ReadableLayer(view: layer, masked: masked)
        case .deny(let reason): throw Problem(.forbidden, reason)
        }
    }

    /// The layers that the caller may read, in the project's order.
    func readableLayers(_ view: CityView, _ principal: Principal) -> [ReadableLayer] {
        view.layers.compactMap { layer in
            guard access.canRead(principal, .layer(layer.definition)),
                case .allow(let masked) = access.decide(principal, .read, .layer(layer.definition))
            else { return nil }
            return ReadableLayer(view: layer, masked: masked)
        }
    }

    /// A grid box that covers a lon/lat box, or nil where the box reaches so far beyond the city that there is none:
    /// then everything must be looked at. May call PROJ: use it on a worker.
    func gridBox(_ box: LonLatBox) -> GridBox? {
        let extent = city.project.extent
        let isNear =
            box.west > extent.west - 5 && box.east < extent.east + 5 && box.south > extent.south - 5
            && box.north < extent.north + 5
        guard isNear else { return nil }
        do {
            return try city.gridBox(box)
        } catch {
            logger.info(
                "a box has no place on the city's grid; all features are looked at", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Refuses callers that may not use the live terminals.
    func checkLive(_ action: Access.Action, _ principal: Principal) throws(Problem) {
        if case .deny(let reason) = access.decide(principal, action, .live(live.classification)) {
            throw Problem(.forbidden, reason)
        }
    }
}

/// A layer after its access decision: routes read features only through it.
struct ReadableLayer: Sendable {
    let view: LayerView
    let masked: Set<String>

    var definition: LayerDefinition { view.definition }
    var id: String { view.definition.id }

    /// A page of the features that intersect a box of any size, the whole Earth included, counted exactly.
    ///
    /// The box is cut to the layer's surroundings first, which changes no answer and keeps it on the city's grid.
    func items(in box: LonLatBox?, offset: Int, limit: Int) throws -> (matched: Int, features: [Feature]) {
        guard var box, let extent = view.extent else {
            let page = try view.items(in: nil, offset: offset, limit: limit)
            return (page.matched, page.features)
        }
        let marginX = (extent.east - extent.west) / 50 + 0.002
        let marginY = (extent.north - extent.south) / 50 + 0.002
        let covers =
            box.west <= extent.west - marginX && box.east >= extent.east + marginX
            && box.south <= extent.south - marginY && box.north >= extent.north + marginY
        if covers {
            let page = try view.items(in: nil, offset: offset, limit: limit)
            return (page.matched, page.features)
        }
        box.west = max(box.west, extent.west - marginX)
        box.east = min(box.east, extent.east + marginX)
        box.south = max(box.south, extent.south - marginY)
        box.north = min(box.north, extent.north + marginY)
        guard box.west <= box.east, box.south <= box.north else { return (0, []) }
        let page = try view.items(in: box, offset: offset, limit: limit)
        return (page.matched, page.features)
    }

    /// Whether the permanent code is among what the caller sees.
    var showsCode: Bool { definition.code != nil && !masked.contains("code") }

    /// Names that filters, sorting and selection may use.
    var visibleNames: [String] {
        visibleFields.map { definition.fields[$0].name } + (showsCode ? ["code"] : [])
    }

    /// Indexes of the fields that the caller sees.
    var visibleFields: [Int] {
        definition.fields.indices.filter { !masked.contains(definition.fields[$0].name) }
    }
}
