// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Say what differs between two moments of a layer, or between two layers.",
        discussion: """
            A moment is a version (4711), a time (2026-11-21T08:00:00Z), a day (its end in UTC) or now. The store keeps \
            what every change overwrites, also changes by QGIS and SQL, from the layer's first import on. Features are \
            matched by id, or by their permanent code with --by code. Areas and lengths are planar, in the city's system.

              twin compare --store demo.store --layer parcels --from 2026-11-20
              twin compare --store demo.store --layer plan_2025 --with plan_2035 --by code --geojson changes.geojson

            The command reads the store's files, so it sees all layers and fields, whatever their classification.
            """)

    @Option(name: .long, help: "The store's folder.")
    var store: String

    @Option(name: .long, help: "The layer.")
    var layer: String

    @Option(name: .long, help: "The earlier moment; now if left out.")
    var from = "now"

    @Option(name: .long, help: "The later moment; now if left out.")
    var to = "now"

    @Option(name: .customLong("with"), help: "Another layer, which is compared at the later moment.")
    var other: String?

    enum Key: String, ExpressibleByArgument, CaseIterable {
        case id, code
    }

    @Option(name: .long, help: "What makes features of the two the same one.")
    var by = Key.id

    @Option(name: .long, help: "How many changes the table lists.")
    var limit = 50

    @Option(name: .customLong("geojson"), help: "Write all changes into this file as GeoJSON.")
    var file: String?

    @Flag(name: .long, help: "GeoJSON on standard output in place of the table.")
    var json = false

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit must be 0 or more") }
        guard other != nil || from != to else {
            throw ValidationError("give --from, the earlier moment, for example --from 2026-11-20; or --with LAYER")
        }
    }

    func run() async throws {
        try await reporting {
            let city = try City.open(store: store)
            let older = try state(of: layer, at: from, city)
            let newer = try state(of: other ?? layer, at: to, city)
            let comparison = try LayerComparison(from: older, to: newer, by: by == .code ? .code : .id)
            if let file { try write(comparison.geoJSON(), file) }
            print(json ? String(decoding: comparison.geoJSON(), as: UTF8.self) : comparison.table(limit: limit))
        }
    }

    private func state(of layer: String, at text: String, _ city: City) throws -> LayerView {
        if text == "now" {
            guard let view = city.view().layer(layer) else {
                throw TwinError(.notFound, "there is no layer '\(layer)'; `twin info` lists them")
            }
            return view
        }
        return try city.past(layer: layer, at: city.moment(text).version)
    }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw TwinError(.system, "cannot write \(path)", cause: "\(error)")
        }
    }
}
