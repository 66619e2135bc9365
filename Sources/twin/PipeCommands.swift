// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct CheckPipesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipes",
        abstract: "Check a store's pipes: ends, points, levels, grades, covers, clearances, codes, duplicates.",
        discussion: """
            Every finding is counted and written with --json or --layer-out; the table shows a few of each kind. What a \
            class must keep away from and how deep it must lie stands in the profile of pipe classes (docs/pipes.md).

              twin check pipes --store demo.store
              twin check pipes --store demo.store --layer-out findings.geojson
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, help: "The model of kind pipes; the only one if left out.")
    var model: String?

    @Option(name: .long, help: "Write all findings as GeoJSON points to this file.")
    var layerOut: String?

    @Option(name: .long, help: "How many findings of each kind the table shows.")
    var examples = 3

    @Flag(name: .long, help: "All findings as JSON on standard output.")
    var json = false

    func run() async throws {
        try await reporting {
            let report = try PipeCheck.run(City.open(store: store), model: model)
            if let layerOut {
                do {
                    try Data(report.geoJSON()).write(to: URL(fileURLWithPath: layerOut))
                } catch {
                    throw TwinError(.system, "cannot write \(layerOut)", cause: error.localizedDescription)
                }
            }
            print(json ? report.json() : report.table(examples: max(0, examples)))
            if !report.isGood { throw ExitCode(1) }
        }
    }
}

struct SectionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "section",
        abstract: "Cut the underground along a line: pipes, levels, ground, cover and clearances.",
        discussion: """
            --line gives what the line crosses, and what runs along it within --corridor; --run cuts along pipes one after \
            the other (longitudinal profile). Heights are metres above the city's datum.

              twin query section --store demo.store --line 120.031,36.264,120.033,36.264
              twin query section --store demo.store --run pipe_sewage/12,pipe_sewage/13 --svg profile.svg
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, parsing: .unconditional, help: "lon,lat,lon,lat,… in degrees.")
    var line: String?

    @Option(name: .long, help: "LAYER/ID,LAYER/ID,…: pipes one after the other.")
    var run: String?

    @Option(
        name: .long, parsing: .unconditional, help: "Metres to each side within which pipes count as along the line.")
    var corridor: Double?

    @Option(name: .long, help: "The model of kind pipes; the only one if left out.")
    var model: String?

    @Option(name: .long, help: "Write a drawing to this file.")
    var svg: String?

    @Flag(name: .long, help: "JSON on standard output, as GET /query/section answers.")
    var json = false

    func run() async throws {
        try await reporting {
            let question = try PipeSectionQuestion(line: line, run: run, corridor: corridor, model: model)
            let answer = try City.open(store: store).section(question)
            if let svg {
                do {
                    try answer.svg().write(toFile: svg, atomically: true, encoding: .utf8)
                } catch {
                    throw TwinError(.system, "cannot write \(svg)", cause: error.localizedDescription)
                }
            }
            print(json ? String(decoding: answer.json(), as: UTF8.self) : answer.table())
        }
    }
}

struct HeightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "height",
        abstract: "The ground's height at a position, from the rasters that the project names under `terrain`.",
        discussion: "  twin query height --store demo.store --at 120.033,36.265")

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, parsing: .unconditional, help: "Longitude,latitude in degrees.")
    var at: String

    @Flag(name: .long, help: "JSON on standard output, as GET /elevation answers.")
    var json = false

    func run() async throws {
        try await reporting {
            let parts = at.split(separator: ",").map { Double($0) }
            guard parts.count == 2, let longitude = parts[0], let latitude = parts[1], abs(longitude) <= 180,
                abs(latitude) <= 90
            else {
                throw TwinError(
                    .argument, "--at \(at) is not longitude,latitude in degrees, for example 120.033,36.265")
            }
            let city = try City.open(store: store)
            guard let terrain = try city.terrain() else {
                throw TwinError(.notFound, "the project names no heights; add `terrain: {file: dem.tif}` to city.yaml")
            }
            let height = terrain.elevation(longitude: longitude, latitude: latitude)
            let separation = city.project.vertical.geoidSeparation
            if json {
                let object: [String: Any] = [
                    "longitude": longitude, "latitude": latitude, "unit": "m", "datum": terrain.datum,
                    "elevation": height.map { $0 as Any } ?? NSNull(),
                    "ellipsoidal": height.flatMap { value in separation.map { value + $0 as Any } } ?? NSNull(),
                ]
                print(try encodeJSON(object))
            } else if let height {
                print(String(format: "%.3f m above %@", height, terrain.datum))
            } else {
                print("no height is known there")
            }
        }
    }
}
