// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TwinEngine

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify a store, its pipes, or a 3D tileset.",
        discussion: """
            Exit status: 0 everything holds; 1 something is wrong, and each finding is named.

              twin check --store city.store --json
              twin check pipes --store city.store
              twin check tiles3d http://127.0.0.1:8080/3dtiles/buildings/tileset.json
            """,
        subcommands: [CheckStoreCommand.self, CheckPipesCommand.self, CheckTiles3DCommand.self],
        defaultSubcommand: CheckStoreCommand.self)
}

struct CheckStoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Verify a store: database integrity, checksums, counts against the record, index invariants.",
        discussion: "A damaged snapshot is replaced from the record, and the exit status is 1 all the same.")

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Flag(name: .long, help: "JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let outcome = try StoreCheck.run(store, mends: true)
            print(json ? try outcome.json() : outcome.table())
            if !outcome.isGood { throw ExitCode(1) }
        }
    }
}

struct CheckTiles3DCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles3d",
        abstract:
            "Verify a 3D Tiles 1.1 tileset: structure, subtrees, content, and that every vertex is in its bounds.",
        discussion: """
            Content that is not glTF, and extensions that the checker does not know, are listed as not judged.

              twin check tiles3d http://127.0.0.1:8080/3dtiles/buildings/tileset.json
              twin check tiles3d mesh/tileset.json --json
            """)

    @Argument(help: "A folder with tileset.json, a JSON file, or its URL.")
    var place: String

    @Flag(name: .long, help: "JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let report = try await Tiles3DChecker.run(place)
            print(json ? try report.json() : report.table())
            if !report.isGood { throw ExitCode(1) }
        }
    }
}
