// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TwinEngine

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify a store, its pipes or 3D models, or a 3D tileset.",
        discussion: """
            Exit status: 0 everything holds; 1 something is wrong, and each finding is named.

              twin check --store city.store --json
              twin check pipes --store city.store
              twin check models --store city.store
              twin check tiles3d http://127.0.0.1:8080/3dtiles/buildings/tileset.json
            """,
        subcommands: [
            CheckStoreCommand.self, CheckPipesCommand.self, CheckModelsCommand.self, CheckTiles3DCommand.self,
        ],
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

struct CheckModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "What a store's 3D models are made of, and what is wrong: solids, roofs, images, what is left out.",
        discussion: """
            Faulty solids are drawn all the same; features without a height or depth are left out. Roofs fitted to footprints \
            that are no rectangles are counted and no fault.

              twin check models --store city.store
              twin check models --store city.store --model buildings --json
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, help: "One model; all if left out.")
    var model: String?

    @Option(name: .long, help: "How many features of each kind the table names.")
    var examples = 3

    @Flag(name: .long, help: "JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let reports = try City.open(store: store).modelReports(model)
            print(
                json
                    ? ModelReport.json(reports) : reports.map { $0.table(examples: examples) }.joined(separator: "\n\n")
            )
            if !reports.allSatisfy(\.isGood) { throw ExitCode(1) }
        }
    }
}

struct CheckTiles3DCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiles3d",
        abstract:
            "Verify a 3D Tiles 1.1 tileset: structure, subtrees, content, and that every vertex is in its bounds.",
        discussion: """
            What the checker does not know is listed as not judged (docs/tiles3d-check.md).

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
