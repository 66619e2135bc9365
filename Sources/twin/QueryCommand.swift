// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask a store without a server.",
        subcommands: [
            RadiusCommand.self, QuestionCommand.self, SearchCommand.self, SectionCommand.self, HeightCommand.self,
        ])

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

        @OptionGroup var verification: Verification

        func run() async throws {
            try await reporting {
                let city = try City.open(store: store)
                let question = try RadiusQuestion(
                    position: at, radius: radius, layers: layers, limit: limit, city: city)
                try verification.run(city, question.layers)
                let answer = RadiusOutput(question, city.view())
                print(json ? answer.json() : answer.table())
            }
        }
    }

    struct QuestionCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ask",
            abstract: "Ask for features, counts or sums by class, with a region and a filter.",
            discussion: """
                The question is the JSON that POST /query takes (docs/api.md). Short conditions can be added with --where: \
                field>=value, field=value, field~pattern (% stands for any text), field=null. The command reads the \
                store's files, so it sees all layers and fields, whatever their classification.

                  twin query ask --store demo.store \\
                    '{"layers":["buildings"],"region":{"at":[120.033,36.265],"radius":500},"output":"counts"}' \\
                    --where 'floors>=6'
                """)

        @Option(name: .long, help: "The store's folder.")
        var store: String

        @Argument(help: "The question as JSON, or @FILE.")
        var question: String

        @Option(name: .customLong("where"), parsing: .unconditionalSingleValue, help: "A condition; may be repeated.")
        var conditions: [String] = []

        @Option(name: .long, help: "Where the page before ended.")
        var cursor: String?

        @Flag(name: .long, help: "JSON on standard output, as POST /query answers.")
        var json = false

        @OptionGroup var verification: Verification

        func run() async throws {
            try await reporting {
                var asked = try QueryRequest(json: body())
                asked.conditions += conditions
                let city = try City.open(store: store)
                let layers = try (asked.layers ?? city.view().layers.map(\.definition.id)).map { id in
                    guard let layer = city.project.layer(id) else {
                        throw TwinError(.notFound, "layers: there is no layer '\(id)'; `twin info` lists them")
                    }
                    return layer
                }
                var query = try asked.question(layers)
                if let cursor { query.cursor = try QueryCursor(token: cursor) }
                try verification.run(city, layers.map(\.id))
                let answer = try city.view().answer(query, in: city.coordinates)
                print(json ? answer.json(idsOnly: asked.idsOnly, explains: asked.explains) : answer.table())
            }
        }

        private func body() throws -> [UInt8] {
            guard question.hasPrefix("@") else { return Array(question.utf8) }
            let path = String(question.dropFirst())
            do {
                return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            } catch {
                throw TwinError(.system, "cannot read the question \(path)", cause: "\(error)")
            }
        }
    }

    /// A command answers once and ends before the background verification begins, so it verifies what it will read.
    struct Verification: ParsableArguments {
        @Flag(
            name: .long,
            help: ArgumentHelp(
                "Do not compare the snapshots' checksums before answering.",
                discussion: """
                    Comparing reads the files of the layers asked about once, about 0.4 s of CPU a gigabyte. A damaged file is \
                    named on standard error and replaced from the record, and the answer is that of the record.
                    """))
        var unverified = false

        func run(_ city: City, _ layers: [String]) throws {
            if unverified { return }
            for damage in try city.verifySnapshots(of: layers) {
                say("twin: \(damage); it was replaced from the record")
            }
        }
    }
}
