// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Synchronization
import Tiles
import TwinEngine

struct TilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles", abstract: "Build vector tile archives and bring them up to date.",
        subcommands: [TilesBuildCommand.self, TilesUpdateCommand.self])
}

struct TilesBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build the tile pyramid of a tileset into a PMTiles or MBTiles archive.",
        discussion: """
            Tiles are the ones that `twin serve` answers, byte for byte, gzip-compressed. What is left out at low \
            zooms follows the layers' `tiles:` rules and is printed for each zoom and layer. The archive appears under \
            its name when it is whole; stopped at any moment, the build goes on with --resume and ends with the same \
            bytes.

              twin tiles build --store demo.store -o demo.pmtiles
              twin tiles build --store demo.store --layers roads,buildings --zoom 0-15 -o roads.mbtiles

            An archive has no access control: whoever has the file reads all layers in it, whatever their class.
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, help: "A layer, or `basemap` for all base layers.")
    var tileset: String?

    @Option(name: .long, help: "Layer ids, separated by commas, in place of a tileset.")
    var layers: String?

    @Option(name: .long, help: "Lowest and highest zoom.")
    var zoom = "0-14"

    @Option(name: .shortAndLong, help: "The archive: a path that ends in .pmtiles or .mbtiles.")
    var output: String

    @OptionGroup var workers: WorkerThreads

    @Flag(name: .long, help: "Go on with a build that was stopped.")
    var resume = false

    @Flag(name: .long, help: "The account as JSON on standard output.")
    var json = false

    func validate() throws {
        guard tileset == nil || layers == nil else { throw ValidationError("give --tileset or --layers, not both") }
        guard zoomRange != nil else {
            throw ValidationError("--zoom must be LOWEST-HIGHEST within 0 to 24, for example --zoom 0-15")
        }
    }

    private var zoomRange: ClosedRange<Int>? {
        let parts = zoom.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard let first = parts.first, let low = first, let last = parts.last, let high = last, parts.count <= 2,
            low >= 0, low <= high, high <= TileID.maximumZoom
        else { return nil }
        return low...high
    }

    func run() async throws {
        try await reporting {
            let city = try City.open(store: store)
            var options = TileBuildOptions(output: output)
            options.zooms = zoomRange ?? 0...14
            options.resume = resume
            if let threads = workers.threads { options.threads = threads }
            let name = tileset ?? layers ?? "basemap"
            let ids = layers.map { $0.split(separator: ",").map(String.init) } ?? Self.layers(of: name, city)
            let build = try TileBuild(city: city, name: name, layers: ids, options: options)
            let account = try build.run(progress: Self.progress(quiet: json))
            print(json ? try account.json() : account.table())
            let seconds = String(format: "%.1f", account.seconds)
            say("\(account.tiles) tiles, \(account.fileBytes) bytes in \(seconds) s -> \(output)")
        }
    }

    private static func layers(of tileset: String, _ city: City) -> [String] {
        guard tileset == "basemap" else { return [tileset] }
        return city.project.layers.filter(\.isBase).map(\.id)
    }

    /// One line that moves on a terminal, a line each zoom elsewhere.
    static func progress(quiet: Bool) -> @Sendable (Int, Int, Int) -> Void {
        let shown = SharedZoom()
        let moves = isTerminal
        return { done, total, zoom in
            guard !quiet else { return }
            if moves {
                let share = done * 100 / max(1, total)
                say(
                    "\r\u{1B}[K\(share) %  zoom \(zoom)  \(done)/\(total) tiles",
                    terminator: done == total ? "\n" : "")
            } else if shown.isNew(zoom) {
                say("zoom \(zoom): \(done) of \(total) tiles done")
            }
        }
    }
}

/// The zoom that was last told.
private final class SharedZoom: Sendable {
    private let last = Mutex<Int>(-1)

    func isNew(_ zoom: Int) -> Bool {
        last.withLock { last in
            defer { last = zoom }
            return zoom != last
        }
    }
}
