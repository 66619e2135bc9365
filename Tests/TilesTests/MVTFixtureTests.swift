// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Tiles

/// The tiles of mapbox/mvt-fixtures, each with a statement of its validity by version 2 of the specification.
@Suite struct MVTFixtureTests {
    static let archive = SharedData.path("fixtures/mvt-fixtures.tar.gz").flatMap {
        FileManager.default.fileExists(atPath: $0) ? $0 : nil
    }

    /// Fixtures that we judge otherwise, with the reason.
    static let deviations = [
        "016": "stated valid with type UNKNOWN, but its type field is missing; 003, stated invalid, is the same bytes",
        "039": "stated valid, but it is of version 1 (spec 4.1: a layer adhering to 2.1 holds version 2)",
        "057": "stated valid, but MoveTo announces 2^29 - 1 points and one follows; 051, stated fatal, does the same",
    ]

    struct Information: Decodable {
        struct Validity: Decodable { var v2: Bool }
        var description: String
        var validity: Validity
    }

    func withFixtures(_ body: (URL) throws -> Void) throws {
        let archive = try #require(Self.archive)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["tar", "xzf", archive, "-C", folder.path]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        try body(folder.appendingPathComponent("mvt-fixtures"))
    }

    @Test(.enabled(if: archive != nil, "the shared fixtures are absent")) func agreesWithTheFixtures() throws {
        try withFixtures { root in
            let folder = root.appendingPathComponent("fixtures")
            var agreed = 0
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            for name in names {
                let fixture = folder.appendingPathComponent(name)
                let information = try JSONDecoder().decode(
                    Information.self, from: Data(contentsOf: fixture.appendingPathComponent("info.json")))
                let bytes = try [UInt8](Data(contentsOf: fixture.appendingPathComponent("tile.mvt")))
                var outcome = "accepted"
                do { _ = try MVTDecoder.decode(bytes) } catch { outcome = "refused: \(error)" }
                let agrees = (outcome == "accepted") == information.validity.v2
                if agrees { agreed += 1 }
                #expect(agrees == (Self.deviations[name] == nil), "\(name) \(information.description): \(outcome)")
            }
            print("mvt-fixtures: \(agreed) of \(names.count) judged as stated")
            #expect(names.count == 74)
        }
    }

    /// Tiles that other encoders wrote. Those of version 1 are refused by rule; nothing may trap.
    @Test(.enabled(if: archive != nil, "the shared fixtures are absent")) func readsTilesOfOtherEncoders() throws {
        try withFixtures { root in
            let folder = root.appendingPathComponent("real-world")
            var reasons: [String: Int] = [:]
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
            var features = 0
            for name in names where name.hasSuffix(".mvt") || name.hasSuffix(".pbf") {
                var bytes = try [UInt8](Data(contentsOf: folder.appendingPathComponent(name)))
                do {
                    if bytes.starts(with: [0x1F, 0x8B]) { bytes = try Compression.gunzip(bytes, limit: 1 << 26) }
                    features += try MVTDecoder.decode(bytes).reduce(0) { $0 + $1.features.count }
                    reasons["accepted", default: 0] += 1
                } catch {
                    reasons["\(error)", default: 0] += 1
                }
            }
            print("real-world tiles: \(features) features; \(reasons.sorted { $0.value > $1.value })")
            #expect(reasons["accepted", default: 0] > 0)
        }
    }
}
