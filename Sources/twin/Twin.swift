// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

/// The command line: `twin generate | import | info | check | serve | query | analyse | codes | tiles | tiles3d | compare`.
@main
struct Twin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twin",
        abstract: "One city base map (基准一张图) from your GIS sources: import, check, query, serve.",
        discussion: """
            A first city in three commands:

              twin generate --out demo                      writes a demo city as GIS source files
              twin import demo/city.yaml --store demo.store takes any city.yaml into a store
              twin serve --store demo.store                 opens it at http://127.0.0.1:8080

            Exit status: 0 all is well; 1 something failed and the message says what to change; 64 wrong usage.
            """,
        version: TwinVersion.current,
        subcommands: [
            GenerateCommand.self, ImportCommand.self, InfoCommand.self, CheckCommand.self, ServeCommand.self,
            QueryCommand.self, AnalyseCommand.self, CodesCommand.self, TilesCommand.self, Tiles3DCommand.self,
            CompareCommand.self,
        ])
}

/// Writes to standard error, where people look while standard output goes to a program.
func say(_ text: String, terminator: String = "\n") {
    FileHandle.standardError.write(Data((text + terminator).utf8))
}

/// Whether standard error is a terminal.
var isTerminal: Bool { isatty(2) == 1 }

/// Runs a command's body; errors become one message on standard error and exit status 1.
func reporting(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let code as ExitCode {
        throw code
    } catch {
        say("twin: \(error)")
        throw ExitCode(1)
    }
}

extension ImportProgress {
    /// A bar on a terminal, plain lines otherwise, nothing if a program reads.
    static func toStandardError(quiet: Bool) -> ImportProgress {
        ImportProgress(style: quiet ? .silent : isTerminal ? .bar : .lines) { say($0, terminator: "") }
    }
}
