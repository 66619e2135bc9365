// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TwinEngine

struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask a store without a server.",
        subcommands: [RadiusCommand.self])

    struct RadiusCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "radius",
            abstract: "What is within so many metres of a position?",
            discussion: """
                Planar distance in the city's coordinate system to the nearest part of each feature. Counts are exact; at \
                most --limit features per layer are listed, nearest first. The command reads the store's files, so it \
                sees all layers, whatever their classification.

                  twin query radius --store demo.store --at 120.033,36.265 --radius 500 --layers hydrants,schools
                """)

        @Option(name: .long, help: "The store's folder.")
        var store: String

        @Option(
            name: .long, parsing: .unconditional, help: "Longitude,latitude in degrees, for example 120.033,36.265.")
        var at: String

        @Option(name: .long, parsing: .unconditional, help: "Metres.")
        var radius: Double

        @Option(name: .long, help: "Layer ids, separated by commas; all layers if left out.")
        var layers: String?

        @Option(name: .long, parsing: .unconditional, help: "How many features to list per layer.")
        var limit = 100

        @Flag(name: .long, help: "JSON on standard output, as /query/radius answers.")
        var json = false

        func run() async throws {
            try await reporting {
                let city = try City.open(store: store)
                let question = try RadiusQuestion(
                    position: at, radius: radius, layers: layers, limit: limit, city: city)
                let answer = RadiusOutput(question, city.view())
                print(json ? answer.json() : answer.table())
            }
        }
    }
}
