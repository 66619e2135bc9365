// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Synchronization
import Tiles

/// What to build.
public struct TileBuildOptions: Sendable {
    public var zooms = 0...14
    /// Worker threads; the bytes do not depend on it.
    public var threads = max(1, ProcessInfo.processInfo.activeProcessorCount)
    /// Go on with a build that was stopped.
    public var resume = false
    /// A path that ends in `.pmtiles` or `.mbtiles`.
    public var output: String

    public init(output: String) { self.output = output }
}

/// Builds the tile pyramid of some layers of a city into an archive.
///
/// Tiles are made by the same ``TileMaker`` that answers requests, in PMTiles order, in ranges that workers take in
/// turn. Finished ranges go to `OUTPUT.build` in order: memory holds a few ranges, and a build that was stopped goes on
/// with ``TileBuildOptions/resume``. The same data gives the same bytes, whatever the threads and however often it was
/// stopped. The archive appears under its name when it is whole.
public struct TileBuild {
    let city: City
    let view: CityView
    let layers: [LayerView]
    private let name: String
    let options: TileBuildOptions
    /// Tiles that need not be made.
    var reuse: TileReuse?

    /// - Parameters:
    ///   - name: the tileset's name in the archive.
    ///   - layers: ids, in the order that they have in a tile.
    /// - Throws: `TwinError.argument` or `.notFound` for options that cannot be.
    public init(city: City, name: String, layers ids: [String], options: TileBuildOptions) throws {
        self.city = city
        self.name = name
        self.options = options
        view = city.view()
        guard options.zooms.lowerBound >= 0, options.zooms.upperBound <= TileID.maximumZoom else {
            throw TwinError(.argument, "zooms must be within 0 to \(TileID.maximumZoom), for example --zoom 0-15")
        }
        guard TileArchiveFormat(path: options.output) != nil else {
            throw TwinError(.argument, "the output must end in .pmtiles or .mbtiles, not '\(options.output)'")
        }
        guard !ids.isEmpty else { throw TwinError(.argument, "there is no layer to build; name some with --layers") }
        var layers: [LayerView] = []
        for id in ids {
            guard let layer = view.layer(id) else {
                let known = view.layers.map(\.definition.id).joined(separator: ", ")
                throw TwinError(.notFound, "there is no layer '\(id)'; the store has \(known)")
            }
            guard !layers.contains(where: { $0.definition.id == id }) else {
                throw TwinError(.argument, "the layer '\(id)' is named twice")
            }
            layers.append(layer)
        }
        self.layers = layers
    }

    /// What decides over the bytes; a stopped build goes on only with the same.
    var fingerprint: String {
        let parts = layers.map { "\($0.definition.id)@\($0.version)#\($0.count)" }
        let digest = TileOrigin.digest(layers)
        return "twin-tiles 1 \(TwinVersion.current) \(city.directory) \(options.zooms) \(digest) "
            + parts.joined(separator: " ")
    }

    /// Builds and gives the archive its name.
    ///
    /// - Parameter progress: called from any worker, after each range: tiles done, of all, and the zoom.
    public func run(
        progress: @escaping @Sendable (_ done: Int, _ total: Int, _ zoom: Int) -> Void = { _, _, _ in }
    ) throws -> TileBuildAccount {
        let started = ContinuousClock.now
        let grid = city.tileGrid
        let plan = try TilePlan(zooms: options.zooms, grid: grid, layers: layers)
        let spool = try TileSpool(options.output, fingerprint: fingerprint, resume: options.resume)
        var account = TileBuildAccount(layers: layers.map(\.definition.id), zooms: options.zooms)
        account.resumedRanges = spool.results.count
        account.ranges = plan.ranges.count
        account.planned = plan.tileCount
        account.threads = options.threads
        try TileWorkers(
            plan: plan, grid: grid, layers: layers, threads: options.threads, spool: spool, reuse: reuse,
            progress: progress
        ).run()
        for result in spool.results { try account.add(result) }
        let archive = TileArchiveOutput(name: name, city: city, layers: layers, options: options)
        try archive.write(spool, &account)
        try spool.remove()
        account.output = options.output
        account.seconds = Double((ContinuousClock.now - started) / .milliseconds(1)) / 1000
        return account
    }
}
