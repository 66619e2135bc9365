// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import TwinEngine

@Suite struct GenerateTests {
    private static func write(_ buildings: Int, seed: UInt64 = 7) throws -> (folder: String, report: DemoCityReport) {
        let folder = NSTemporaryDirectory() + "demo-city-\(UUID().uuidString)"
        let report = try DemoCity(buildings: buildings, seed: seed).write(to: folder) { _, _ in }
        return (folder, report)
    }

    private static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    /// Rows of a table by column name. Latin-1 keeps every byte, which is enough to join numbers and codes.
    private static func table(_ path: String) throws -> [[String]] {
        let text = try #require(String(data: bytes(path), encoding: .isoLatin1))
        return text.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test(arguments: [1, 200, 1500])
    func reachesTheNumberAskedFor(_ buildings: Int) throws {
        let (folder, report) = try Self.write(buildings)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(abs(report.buildings - buildings) <= max(0, buildings / 50))
        #expect(FileManager.default.fileExists(atPath: folder + "/city.yaml"))
    }

    @Test func sameSeedGivesTheSameBytes() throws {
        let first = try Self.write(400, seed: 11)
        let second = try Self.write(400, seed: 11)
        let other = try Self.write(400, seed: 12)
        defer { for folder in [first, second, other] { try? FileManager.default.removeItem(atPath: folder.folder) } }
        let names = try FileManager.default.contentsOfDirectory(atPath: first.folder + "/sources").filter { name in
            ["csv", "json", "geojson", "inp", "shp"].contains { name.hasSuffix($0) }
        }
        #expect(names.count > 20)
        for name in names.map({ "/sources/" + $0 }) + ["/city.yaml", "/conflicts.json"] {
            #expect(try Self.bytes(first.folder + name) == Self.bytes(second.folder + name), "\(name)")
        }
        let cameras = "/sources/sensors.csv"
        #expect(try Self.bytes(first.folder + cameras) != Self.bytes(other.folder + cameras))
    }

    @Test func pipeTablesJoinAndSewersFall() throws {
        let (folder, report) = try Self.write(600)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for kind in PipeClass.allCases {
            let stem = folder + "/sources/" + kind.prefix.lowercased()
            let points = try Self.table(stem + "_points.csv").dropFirst()
            let lines = try Self.table(stem + "_lines.csv").dropFirst()
            let numbers = Set(points.map { $0[0] })
            #expect(numbers.count == points.count, "duplicate numbers in \(kind)")
            #expect(lines.count == report.layers["pipe_" + kind.id])
            let used = Set(lines.flatMap { [$0[2], $0[3]] })
            #expect(used.subtracting(numbers).isEmpty, "lines of \(kind) name points that are not there")
            #expect(numbers.subtracting(used).isEmpty, "points of \(kind) that no line names")
            for line in lines where kind.isGravity {
                let from = try #require(Double(line[6]))
                let to = try #require(Double(line[7]))
                if kind == .sewage { #expect(from >= to - 0.011) }
            }
        }
    }

    @Test func buildingsStandInTheirLotsAndApart() {
        let frame = DemoCity(buildings: 20_000, seed: 7).frame
        var random = PlanRandom(99)
        var checked = 0
        for _ in 0..<120 {
            let column = random.integer(frame.columns.lowerBound...(frame.columns.upperBound - 1))
            let row = random.integer(1...(frame.rows.upperBound - 1))
            for block in Quarter(frame, column, row).blocks {
                for parcel in block.parcels {
                    let rings = parcel.buildings.map { $0.rings[0] }
                    checked += rings.count
                    for (index, ring) in rings.enumerated() {
                        #expect(ring.allSatisfy { inside($0, parcel.ring) })
                        for other in rings[(index + 1)...] { #expect(apart(ring, other)) }
                    }
                }
            }
        }
        #expect(checked > 500)
    }

    private func inside(_ point: PlanPoint, _ ring: [PlanPoint]) -> Bool {
        ring.indices.allSatisfy { (ring[($0 + 1) % ring.count] - ring[$0]).unit.cross(point - ring[$0]) > -0.01 }
    }

    /// Convex rings: some edge has the whole other ring on its outer side.
    private func apart(_ a: [PlanPoint], _ b: [PlanPoint]) -> Bool {
        func separates(_ ring: [PlanPoint], _ other: [PlanPoint]) -> Bool {
            ring.indices.contains { index in
                let direction = (ring[(index + 1) % ring.count] - ring[index]).unit
                return other.allSatisfy { direction.cross($0 - ring[index]) < 0.01 }
            }
        }
        return separates(a, b) || separates(b, a)
    }

    @Test func chineseTextIsGBK() throws {
        let (folder, _) = try Self.write(200)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let table = try Self.bytes(folder + "/sources/buildings.dbf")
        #expect(table.range(of: Data([0xD7, 0xA1, 0xD5, 0xAC])) != nil, "住宅 in GBK")
        #expect(table.range(of: Data([0xB2, 0xE3, 0xCA, 0xFD])) != nil, "层数 in GBK")
        #expect(!FileManager.default.fileExists(atPath: folder + "/sources/buildings.cpg"))
        #expect(FileManager.default.fileExists(atPath: folder + "/sources/parcels.cpg"))
        let points = try Self.bytes(folder + "/sources/js_points.csv")
        #expect(points.range(of: Data([0xB8, 0xF8, 0xCB, 0xAE])) != nil, "给水 in GBK")
        let sewage = try Self.bytes(folder + "/sources/ws_points.csv")
        #expect(sewage.starts(with: [0xEF, 0xBB, 0xBF]), "UTF-8 with byte order mark")
    }

    @Test func conflictsAreKnown() throws {
        let (folder, report) = try Self.write(4_000)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(report.conflicts == PlanWriter.wanted)
        let json = try JSONSerialization.jsonObject(with: Self.bytes(folder + "/conflicts.json")) as? [String: Any]
        #expect((json?["conflicts"] as? [Any])?.count == PlanWriter.wanted.values.reduce(0, +))
    }

    @Test func landmarksAreCityJSON() throws {
        let (folder, report) = try Self.write(1_500)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let json =
            try JSONSerialization.jsonObject(with: Self.bytes(folder + "/sources/landmarks.city.json"))
            as? [String: Any]
        #expect(json?["version"] as? String == "2.0")
        #expect((json?["CityObjects"] as? [String: Any])?.count == report.layers["landmarks"])
        #expect(report.layers["landmarks"] == LandmarkWriter.wanted)
    }
}
