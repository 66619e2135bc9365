// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TwinEngine

struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Say what a store holds: layers, counts, systems, extents, versions, and what the import rejected.")

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Flag(name: .long, help: "JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let inventory = try CityInventory(city: City.open(store: store))
            print(json ? try inventory.json() : inventory.table())
        }
    }
}
