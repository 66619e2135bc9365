// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct CodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "codes",
        abstract: "Code systems: list, convert, take apart.",
        subcommands: [List.self, Convert.self, Explain.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The classes of a code system, or the systems and the conversions between them.")

        @Argument(help: "land_use, gb50137 or dlbm.")
        var system: String?

        func run() async throws {
            try await reporting {
                let conversions = try CodeConversions.builtin()
                guard let system else {
                    var rows = [["system", "title", "标题", "classes"]]
                    for kind in conversions.profiles.keys.sorted() {
                        guard let profile = conversions.profiles[kind] else { continue }
                        rows.append([kind, profile.title.en, profile.title.zh, String(profile.classes.count)])
                    }
                    print(textTable(rows))
                    print()
                    return print(textTable([["from", "to"]] + conversions.directions.map { [$0.from, $0.to] }))
                }
                guard let profile = conversions.profiles[system] else {
                    throw TwinError(
                        .argument,
                        "there is no system '\(system)'; there are: "
                            + conversions.profiles.keys.sorted().joined(separator: ", "))
                }
                print(textTable(profile.classes.map { [$0.id, $0.title.zh, $0.title.en] }))
            }
        }
    }

    struct Convert: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn codes of one system into those of another.",
            discussion: """
                Codes come from the command line or, one a line, from standard input. A code without a partner is listed as \
                unmapped, and the exit status is then 1.

                  twin codes convert --from gb50137 --to land_use R2 A33 G1
                """)

        @Option(name: .long, help: "The system that the codes are of.")
        var from: String

        @Option(name: .long, help: "The system wanted.")
        var to: String

        @Argument(help: "Codes.")
        var codes: [String] = []

        func run() async throws {
            try await reporting {
                let conversions = try CodeConversions.builtin()
                var rows = [[from, to, "", "标题", "note"]]
                var isComplete = true
                var wanted = codes
                if wanted.isEmpty { while let line = readLine() { wanted.append(line) } }
                for code in wanted {
                    do {
                        guard let found = try conversions.convert(code, from: from, to: to) else {
                            isComplete = false
                            rows.append([code, "–", "unmapped", "", ""])
                            continue
                        }
                        rows.append([
                            code, found.code, found.isExact ? "exact" : "nearest", found.title.zh, found.note ?? "",
                        ])
                    } catch let error as TwinError where error.message.hasSuffix("is no code of \(from)") {
                        isComplete = false
                        rows.append([code, "–", "unknown", "", error.message])
                    }
                }
                print(textTable(rows))
                if !isComplete { throw ExitCode(1) }
            }
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take apart a code whose digits have places.",
            discussion: """
                part_code is the 16-digit code of street assets (部件标识码), grid_code the 15-digit code of management grid \
                cells (单元网格标识码). --file takes a profile of your own.

                  twin codes explain part_code 3702810101000001
                """)

        @Argument(help: "part_code, grid_code, or the kind of your own file.")
        var pattern: String

        @Option(name: .long, help: "A profile with `segments`.")
        var file: String?

        @Argument(help: "The code.")
        var code: String

        func run() async throws {
            try await reporting {
                let found = try wanted()
                print(
                    textTable(
                        try found.parts(code).map {
                            [$0.segment.title.zh, $0.text, $0.segment.values[$0.text]?.zh ?? ""]
                        }))
            }
        }

        private func wanted() throws -> CodePattern {
            if let file {
                return try CodePattern(yaml: CodesCommand.text(of: file), file: file, kind: pattern)
            }
            let patterns = try CodePattern.builtin()
            guard let found = patterns.first(where: { $0.kind == pattern }) else {
                throw TwinError(
                    .argument,
                    "there is no pattern '\(pattern)'; there are: \(patterns.map(\.kind).joined(separator: ", "))")
            }
            return found
        }
    }

    fileprivate static func text(of path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw TwinError(.argument, "cannot read \(path): it must be a file of UTF-8 text", cause: "\(error)")
        }
    }
}
