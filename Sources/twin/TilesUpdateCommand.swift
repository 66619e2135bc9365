// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct TilesUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Bring an archive of `twin tiles build` up to date with the edits since.",
        discussion: """
            Makes the tiles that edits touched, before and after, at all zooms of the archive, and takes the others \
            over as they are. The new archive is written beside and takes the old one's name when it is whole; its \
            bytes are those of a build from the beginning. A layer that was imported again is made anew.

              twin tiles update --store demo.store demo.pmtiles
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Argument(help: "The archive: a path that ends in .pmtiles or .mbtiles.")
    var archive: String

    @OptionGroup var workers: WorkerThreads

    @Flag(name: .long, help: "The account as JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let city = try City.open(store: store)
            guard let build = try TileBuild.updating(archive, of: city, threads: workers.threads) else {
                say("nothing changed since \(archive) was built")
                return
            }
            let account = try build.run(progress: TilesBuildCommand.progress(quiet: json))
            print(json ? try account.json() : account.table())
            let seconds = String(format: "%.1f", account.seconds)
            say(
                "\(account.tiles) tiles, \(account.planned - account.reusedTiles) of \(account.planned) made again, "
                    + "\(account.fileBytes) bytes in \(seconds) s -> \(archive)")
        }
    }
}
