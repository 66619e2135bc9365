// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Logging
import TileServer
import TwinEngine

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a store: the page, vector tiles, 3D tiles, OGC API Features, queries, live sensors.",
        discussion: """
            Opens http://HOST:PORT with the city's page. The API is described at /api (OpenAPI 3.1).

            Layers of class `public` are open. Others need a token, which an access file names by its SHA-256:

              tokens:
                - {name: fire desk, sha256: 9f86d0…, role: reader, department: 消防救援大队, classification: restricted}

            Clients send it as `Authorization: Bearer TOKEN`. Stop the server with Ctrl-C: running requests finish first.
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, help: "The address to listen on; 0.0.0.0 for every interface.")
    var host = "127.0.0.1"

    @Option(name: .shortAndLong, help: "The port; 0 lets the system choose.")
    var port = 8080

    @Option(name: .long, help: "The access file with tokens.")
    var access: String?

    @Option(name: .long, help: "The folder with MapLibre and Cesium, as scripts/setup-web makes it.")
    var vendor: String?

    @Option(
        name: .long, help: "A PMTiles or MBTiles file to serve as the tileset of its name; may be given several times.")
    var archive: [String] = []

    @Option(name: .long, help: "Who may read the archives: public, internal, restricted or confidential.")
    var archiveClassification = "public"

    @Option(
        name: .long,
        help: "A raster of ground heights (HGT, GeoTIFF, …) to serve as terrain; may be given several times.")
    var terrain: [String] = []

    @Option(name: .long, help: "Who may read the heights: public, internal, restricted or confidential.")
    var terrainClassification = "public"

    @Flag(name: .long, help: "Refuse changes of features that do not name the changed state in If-Match (428).")
    var requireIfMatch = false

    @Flag(name: .long, help: "Play the traces that the project names under `live: replay`, marked as simulated.")
    var replay = false

    @Flag(name: .long, help: "Make up values for silent terminals of the ledger, marked as simulated.")
    var simulate = false

    @Option(name: .long, help: "Log level: trace, debug, info, notice, warning, error.")
    var log = "notice"

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be 0 to 65535, for example --port 8080")
        }
        guard Classification(rawValue: archiveClassification) != nil else {
            throw ValidationError("--archive-classification must be public, internal, restricted or confidential")
        }
        guard Classification(rawValue: terrainClassification) != nil else {
            throw ValidationError("--terrain-classification must be public, internal, restricted or confidential")
        }
        guard Logger.Level(rawValue: log) != nil else {
            throw ValidationError("--log must be trace, debug, info, notice, warning or error")
        }
    }

    func run() async throws {
        try await reporting {
            var logger = Logger(label: "twin")
            logger.logLevel = Logger.Level(rawValue: log) ?? .notice
            let started = ContinuousClock.now
            let city = try City.open(store: store)
            var options = ServeOptions()
            options.host = host
            options.port = port
            options.store = store
            options.accessFile = access
            options.archives = archive
            options.terrain = terrain
            options.terrainClassification = Classification(rawValue: terrainClassification) ?? .public
            options.archiveClassification = Classification(rawValue: archiveClassification) ?? .public
            options.replay = replay
            options.requiresIfMatch = requireIfMatch
            options.simulate = simulate
            options.vendorDirectory = vendor ?? Self.vendorDirectory()
            if options.vendorDirectory == nil {
                say(
                    "twin: the page needs MapLibre and Cesium; run scripts/setup-web, or name their folder with --vendor"
                )
            }
            let (name, host) = (city.project.name, host)
            try await runServer(city: city, options: options, logger: logger) { port in
                let milliseconds = (ContinuousClock.now - started) / .milliseconds(1)
                say("\(name.zh) (\(name.en)) is at http://\(host):\(port)  (ready in \(Int(milliseconds)) ms)")
            }
        }
    }

    /// `vendor/web` beside the executable or in one of the folders above it, or in the current folder.
    private static func vendorDirectory() -> String? {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        var candidates = [FileManager.default.currentDirectoryPath + "/vendor/web"]
        while folder.path != "/" {
            candidates.append(folder.appendingPathComponent("vendor/web").path)
            folder = folder.deletingLastPathComponent()
        }
        return candidates.first { folder in
            // safe: no folder, no scripts
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.contains { $0.hasPrefix("maplibre") }
        }
    }
}
