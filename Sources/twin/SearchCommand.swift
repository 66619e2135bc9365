// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TwinEngine

extension QueryCommand {
    struct SearchCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "search",
            abstract: "Find features by name, code, address or any other text.",
            discussion: """
                Each word must occur in one of a feature's texts; parts of names and codes are enough. Whole texts come \
                before beginnings and parts, names before codes, addresses and other fields. The command reads the store's \
                files, so it sees all layers and fields, whatever their classification.

                  twin query search --store demo.store 小学
                  twin query search --store demo.store --layers buildings,parcels '370281F0000'
                """)

        @Option(name: .long, help: "The store's folder.")
        var store: String

        @Argument(help: "Words, or parts of names, codes and addresses.")
        var text: String

        @Option(name: .long, help: "Layer ids, separated by commas; all layers if left out.")
        var layers: String?

        @Option(name: .long, parsing: .unconditional, help: "How many features to list; the count is exact.")
        var limit = 20

        @Flag(name: .long, help: "JSON on standard output, as /search answers.")
        var json = false

        func run() async throws {
            try await reporting {
                let question = try TextSearch(text, limit: limit)
                let city = try City.open(store: store)
                let view = city.view()
                let ids = layers?.split(separator: ",").map(String.init) ?? view.layers.map(\.definition.id)
                let searched = try ids.map { id in
                    guard let layer = view.layer(id) else {
                        throw TwinError(.notFound, "layers: there is no layer '\(id)'; `twin info` lists them")
                    }
                    return (view: layer, masked: Set<String>())
                }
                let answer = question.answer(searched)
                print(json ? answer.json() : answer.table())
            }
        }
    }
}
