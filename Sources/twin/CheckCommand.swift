// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import TwinEngine

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify a store: database integrity, checksums, counts against the record, index invariants.",
        discussion: "Exit status: 0 everything holds; 1 something is wrong, and each finding is named.")

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Flag(name: .long, help: "JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let outcome = try StoreCheck.run(store)
            print(json ? try outcome.json() : outcome.table())
            if !outcome.isGood { throw ExitCode(1) }
        }
    }
}
