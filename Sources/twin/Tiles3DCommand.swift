// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct Tiles3DCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles3d", abstract: "Build 3D tilesets.", subcommands: [Tiles3DBuildCommand.self])
}

struct Tiles3DBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build a 3D model into a folder of 3D Tiles 1.1.",
        discussion: """
            The files are the ones that `twin serve` answers, byte for byte. tileset.json is written last.

              twin tiles3d build --store demo.store --model buildings -o buildings3d
              twin check tiles3d buildings3d

            A folder has no access control: whoever has the files sees all layers of the model, whatever their class.
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, help: "The model, as city.yaml names it.")
    var model: String

    @Option(name: .shortAndLong, help: "A new or empty folder.")
    var output: String

    @OptionGroup var workers: WorkerThreads

    @Flag(name: .long, help: "The ground as a flat sheet at height 0, for viewers without terrain.")
    var flat = false

    @Flag(name: .long, help: "The implicit form: one document and binary subtrees, the finest level of detail only.")
    var implicit = false

    @Flag(name: .long, help: "The account as JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let city = try City.open(store: store)
            var build = TilesetBuild()
            build.isImplicit = implicit
            if let threads = workers.threads { build.threads = threads }
            let account = try build.run(city, model: model, ground: flat ? .flat : .ellipsoid, into: output)
            if json { print(try account.json()) }
            let rate = Int(Double(account.features) / max(account.seconds, 0.001))
            say(
                "\(account.features) features in \(account.tiles) tiles, \(account.bytes) bytes, "
                    + "\(String(format: "%.1f", account.seconds)) s (\(rate)/s) -> \(output)"
                    + (account.skipped > 0 ? "; \(account.skipped) without a shape left out" : ""))
        }
    }
}
