// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TileServer
import TwinEngine

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a store: the page, vector tiles, 3D tiles, OGC API Features, queries, live sensors.")

    @Option(name: .long, help: "The store's folder.")
    var store: String

    func run() async throws {
        try await reporting {
            _ = try City.open(store: store)
        }
    }
}
