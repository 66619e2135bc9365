// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Tiles
@testable import TwinEngine

@Suite struct Tiles3DCheckerTests {
    /// A folder with a tileset of one GLB in explicit or implicit form.
    private static func tileset(implicit: Bool, _ damage: (inout [String: [UInt8]]) -> Void = { _ in }) throws -> URL {
        var mesh = TriangleMesh(hasColours: true)
        var mesher = BuildingMesher()
        var items: [TileItem] = []
        for feature in 0..<40 {
            let x = Double(feature % 8) * 100
            let y = Double(feature / 8) * 80
            items.append(TileItem(box: Box3D(min: SIMD3(x, y, 0), max: SIMD3(x + 12, y + 9, 10 + Double(feature)))))
        }
        let plan = TilesetPlan(items: items, maxItems: 10, largestPerTile: 4)
        var files: [String: [UInt8]] = [:]
        let frame: [Double] = [0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 6_378_137, 0, 0, 1]
        files["tileset.json"] = implicit ? plan.implicitJSON(root: frame) : plan.json(root: frame)
        for level in 0..<4 {
            for x in 0..<(1 << level) {
                for y in 0..<(1 << level) {
                    if implicit, let bytes = plan.subtree(level: level, x: x, y: y) {
                        files["s/\(level)/\(x)/\(y).subtree"] = bytes
                    }
                    guard let path = TilesetPlan.path(level: level, x: x, y: y), let numbers = plan.items(content: path)
                    else { continue }
                    mesh.removeAll()
                    for (row, number) in numbers.enumerated() {
                        let (low, high) = (items[number].box.min, items[number].box.max)
                        mesher.extrude(
                            xy: [low.x, low.y, high.x, low.y, high.x, high.y, low.x, high.y], ringEnds: [4],
                            baseZ: low.z, topZ: high.z, feature: UInt32(row), into: &mesh)
                    }
                    var builder = GLBBuilder(className: "building", compression: .city)
                    builder.add(mesh)
                    let names = numbers.map { "楼\($0)" }
                    builder.add(PropertyColumn(id: "name", displayName: "名称", values: .string(names)))
                    files[implicit ? "c/\(level)/\(x)/\(y).glb" : "t/\(path).glb"] = try builder.encode()
                }
            }
        }
        damage(&files)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tiles3d-\(UUID().uuidString)")
        for (name, bytes) in files {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        return folder
    }

    private static func codes(_ folder: URL) async throws -> Set<String> {
        defer { try? FileManager.default.removeItem(at: folder) }
        return Set(try await Tiles3DChecker.run(folder.path).findings.map(\.code))
    }

    @Test(arguments: [false, true])
    func ourOwnTilesetsHold(implicit: Bool) async throws {
        let folder = try Self.tileset(implicit: implicit)
        defer { try? FileManager.default.removeItem(at: folder) }
        let report = try await Tiles3DChecker.run(folder.path)
        #expect(report.findings == [])
        #expect(report.features == 40 && report.vertices == 40 * 24 && report.worstOutside < 0)
        #expect(report.subtrees == (implicit ? 1 : 0) && report.contents > 3)
        #expect(try report.json().contains("\"good\" : true"))
    }

    private static func edit(_ bytes: [UInt8]?, _ from: String, _ to: String) -> [UInt8] {
        Array(String(decoding: bytes ?? [], as: UTF8.self).replacingOccurrences(of: from, with: to).utf8)
    }

    @Test func whatIsWrongIsNamed() async throws {
        // No validator of the field sees this one: all of the city is 450 m east of its bounds.
        let moved = try Self.tileset(implicit: false) { files in
            for (name, bytes) in files where name.hasSuffix(".glb") {
                var changed = bytes
                guard let at = bytes.firstRange(of: Array("\"translation\":[".utf8))?.upperBound else { continue }
                changed[at] = UInt8(ascii: "9")
                files[name] = changed
            }
        }
        #expect(try await Self.codes(moved).contains("outside"))
        let missing = try Self.tileset(implicit: true) { $0["c/0/0/0.glb"] = nil }
        #expect(try await Self.codes(missing) == ["missing"])
        let error = try Self.tileset(implicit: false) {
            $0["tileset.json"] = Self.edit($0["tileset.json"], "\"refine\":\"ADD\"", "\"refine\":\"add\"")
        }
        #expect(try await Self.codes(error) == ["refine"])
        let morton = try Self.tileset(implicit: true) { files in
            // Level 1 loses the tile that level 2 hangs on.
            guard var bytes = files["s/0/0/0.subtree"] else { return }
            let length = (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
            bytes[24 + length] ^= 0b10
            files["s/0/0/0.subtree"] = bytes
        }
        #expect(try await Self.codes(morton) == ["subtree"])
        let cut = try Self.tileset(implicit: true) { $0["c/0/0/0.glb"]?.removeLast(40) }
        #expect(try await Self.codes(cut) == ["model"])
        await #expect(throws: TwinError.self) { try await Tiles3DChecker.run("/nonexistent/place") }
    }
}
