// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import TwinEngine

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write the demo city as GIS source files.",
        discussion: """
            A believable coastal Chinese county seat at the true position of Jiaozhou (CGCS2000, 3-degree Gauss-Krueger, \
            CM 120E), in the formats that departments send: GBK shapefiles with and without zone prefix, GeoPackage, FileGDB, \
            管点/管线 tables with X as north, CityJSON, GeoTIFF, EPANET, a sensor ledger, bus traces. The same seed \
            and number give the same city.

            Then: twin import DIR/city.yaml --store STORE
            """)

    @Option(name: .long, help: "The folder for city.yaml and sources/.")
    var out: String

    @Option(name: .long, help: "About how many buildings; the city's area grows with it. Up to 1,000,000.")
    var buildings = 20_000

    @Option(name: .long, help: "The seed.")
    var seed: UInt64 = 370_281

    func validate() throws {
        guard (1...1_000_000).contains(buildings) else {
            throw ValidationError("--buildings must be 1 to 1000000, for example --buildings 20000")
        }
    }

    func run() async throws {
        try await reporting {
            let style = isTerminal
            let report = try DemoCity(buildings: buildings, seed: seed).write(to: out) { step, share in
                if style {
                    say("\r\u{1B}[K\(Int(share * 100)) %  \(step)", terminator: share >= 1 ? "\n" : "")
                }
            }
            say("\(report.buildings) buildings -> \(out)/city.yaml")
        }
    }
}
