// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct AnalyseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyse",
        abstract: "Run a planning analysis: plan conflict, parcel report, and others.",
        discussion: """
            Without a name it lists the analyses, with --describe it shows the inputs of one. The same analyses are \
            processes of the server (POST /processes/NAME/execution) with the same inputs and results. The command reads the \
            store's files, so it sees all layers and fields, whatever their classification.

            Inputs come from a JSON or YAML file, from JSON on the command line, and from --set, the later ones replacing \
            the earlier ones. Without --format a terminal gets tables where the analysis has them, and a file JSON.

              twin analyse
              twin analyse plan-conflict --describe
              twin analyse plan-conflict --store demo.store --set 'layers=["landuse_plan","control_plan"]'
              twin analyse plan-conflict --store demo.store --inputs conflict.yaml --out conflicts.geojson
            """)

    @Argument(help: "The analysis.")
    var name: String?

    @Option(name: .long, help: "The store's folder.")
    var store: String?

    @Option(name: .long, help: "Inputs: a .json or .yaml file, or a JSON object.")
    var inputs: String?

    @Option(name: .customLong("set"), parsing: .unconditionalSingleValue, help: "NAME=VALUE; may be repeated.")
    var settings: [String] = []

    @Option(name: .long, help: "A media type of --describe, or json, geojson, csv, html, text.")
    var format: String?

    @Option(name: .long, help: "The file to write; standard output if left out.")
    var out: String?

    @Flag(name: .long, help: "Say on standard error how long the analysis took, without opening the store.")
    var timing = false

    @Flag(name: .long, help: "Show what the analysis takes and answers.")
    var describe = false

    func run() async throws {
        try await reporting {
            guard let name else { return print(Self.list()) }
            let analysis = try Analysis.named(name)
            if describe { return print(Self.description(analysis)) }
            guard let store else {
                throw TwinError(.argument, "--store is missing; name the folder that `twin import` filled")
            }
            let inputs = try read()
            let city = try City.open(store: store)
            let run = try analysis.prepare(inputs, in: AnalysisScope(city: city), format: mediaType(analysis))
            let start = ContinuousClock.now
            let used = Self.processorSeconds()
            let output = try run(AnalysisProgress())
            if timing {
                let wall = (ContinuousClock.now - start) / .milliseconds(1)
                let cpu = (Self.processorSeconds() - used) * 1000
                say("\(name): \(Int(wall.rounded())) ms, \(Int(cpu.rounded())) ms of processor time")
            }
            try write(output)
        }
    }

    private func read() throws -> AnalysisInputs {
        var read = try AnalysisInputs(json: Array("{}".utf8))
        if let inputs {
            if inputs.hasPrefix("{") {
                read = try AnalysisInputs(json: Array(inputs.utf8))
            } else {
                let data: Data
                do {
                    data = try Data(contentsOf: URL(fileURLWithPath: inputs))
                } catch {
                    throw TwinError(.argument, "cannot read the inputs \(inputs)", cause: error.localizedDescription)
                }
                read =
                    inputs.hasSuffix(".json")
                    ? try AnalysisInputs(json: [UInt8](data))
                    : try AnalysisInputs(yaml: String(decoding: data, as: UTF8.self))
            }
        }
        for setting in settings { try read.set(setting) }
        return read
    }

    private func mediaType(_ analysis: Analysis) -> String? {
        let short = [
            "json": "application/json", "geojson": "application/geo+json", "csv": "text/csv", "html": "text/html",
            "text": "text/plain",
        ]
        if let format { return short[format] ?? format }
        if out == nil, isatty(1) == 1, analysis.formats.contains("text/plain") { return "text/plain" }
        return nil
    }

    private func write(_ output: AnalysisOutput) throws {
        guard let out else {
            FileHandle.standardOutput.write(Data(output.bytes))
            if output.bytes.last != UInt8(ascii: "\n") { print() }
            return
        }
        do {
            try Data(output.bytes).write(to: URL(fileURLWithPath: out), options: .atomic)
        } catch {
            throw TwinError(.system, "cannot write \(out)", cause: error.localizedDescription)
        }
    }

    /// Processor time of this process over all threads.
    private static func processorSeconds() -> Double {
        var time = timespec()
        // Safe: the call fills the structure that it is given.
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func list() -> String {
        textTable(
            [["analysis", "title", "标题"]] + Analysis.all.map { [$0.id, $0.title.en, $0.title.zh] })
    }

    private static func description(_ analysis: Analysis) -> String {
        var text = "\(analysis.id): \(analysis.title.en) (\(analysis.title.zh))\n\(analysis.description)\n\n"
        text += textTable(
            [["input", "", "what it is"]]
                + analysis.inputs.map { [$0.name, $0.isRequired ? "required" : "", $0.description] })
        return text + "\n\nformats: \(analysis.formats.joined(separator: ", "))"
    }
}
