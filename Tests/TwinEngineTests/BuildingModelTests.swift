// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

/// Cities of a few buildings, from the project file to the tileset.
@Suite struct BuildingModelTests {
    struct Town {
        let folder: TemporaryFolder
        let city: City
        var store: String { folder.file("store") }

        /// Rings in metres from a corner of EPSG:4549; properties as JSON members.
        init(_ buildings: [(ring: [(Double, Double)], properties: String)], model: String, more: String = "") throws {
            folder = try TemporaryFolder()
            let features = buildings.enumerated().map { number, building in
                let ring = (building.ring + [building.ring[0]]).map { "[\(500_000 + $0),\(4_010_000 + $1)]" }
                return """
                    {"type":"Feature","properties":{"code":"b\(number)",\(building.properties)},
                     "geometry":{"type":"Polygon","coordinates":[[\(ring.joined(separator: ","))]]}}
                    """
            }
            try folder.write(
                "{\"type\":\"FeatureCollection\",\"features\":[\(features.joined(separator: ","))]}", to: "town.geojson"
            )
            let fields = [
                "height", "min_height", "levels", "part", "shape", "roof_height", "roof_angle", "direction", "use",
                "name",
            ].map { name in
                let isNumber = ["height", "min_height", "levels", "roof_height", "roof_angle"].contains(name)
                return "{name: \(name), type: \(isNumber ? "real" : "string")}"
            }
            try folder.write(
                """
                twin: 1
                id: town
                crs: EPSG:4549
                vertical: {datum: unknown}
                extent: [119.9, 36.1, 120.1, 36.33]
                themes: [{id: base}]
                sources: [{id: s, path: town.geojson, crs: "EPSG:4549", override_crs: true}]
                layers:
                  - {id: houses, theme: base, department: test, geometry: polygon, source: s, code: code,
                     fields: [\(fields.joined(separator: ", "))]}
                models:
                  - {id: houses, kind: buildings, layer: houses, height: height, floors: levels, \(model)}
                \(more)
                """, to: "city.yaml")
            _ = try CityImporter(projectFile: folder.file("city.yaml")).run(
                into: folder.file("store"), progress: .silent)
            city = try City.open(store: folder.file("store"))
        }

        static let model = """
            min_height: min_height, part: part, storey_heights: {field: use, values: {商业: 4.5}},
            roof: {shape: shape, height: roof_height, angle: roof_angle, direction: direction}
            """

        /// What of each building is in the model, meshed by itself.
        func meshes() throws -> [String: TriangleMesh] {
            let view = try #require(city.view().layer("houses"))
            let model = try #require(try city.model("houses", ground: .flat))
            var meshes: [String: TriangleMesh] = [:]
            for item in model.items {
                let code = view.value(row: Int(item.row), column: view.codeColumn).text ?? ""
                meshes[code] = model.shape(of: item)
            }
            return meshes
        }
    }

    static func square(_ x: Double, _ y: Double, _ width: Double, _ depth: Double) -> [(Double, Double)] {
        [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)]
    }

    static func volume(_ mesh: TriangleMesh?) -> Double {
        guard let mesh, let origin = mesh.bounds?.min else { return .nan }
        func point(_ at: Int) -> SIMD3<Double> {
            let i = 3 * Int(mesh.indices[at])
            return SIMD3(mesh.positions[i], mesh.positions[i + 1], mesh.positions[i + 2]) - origin
        }
        return stride(from: 0, to: mesh.indices.count, by: 3).reduce(0) { sum, at in
            let (a, b, c) = (point(at), point(at + 1), point(at + 2))
            let cross = SIMD3(b.y * c.z - b.z * c.y, b.z * c.x - b.x * c.z, b.x * c.y - b.y * c.x)
            return sum + (a * cross).sum() / 6
        }
    }

    @Test func tagsBecomeVolumes() throws {
        let town = try Town(
            [
                (Self.square(0, 0, 20, 10), "\"height\":12,\"shape\":\"gabled\",\"roof_height\":4"),
                (Self.square(40, 0, 20, 10), "\"levels\":2,\"use\":\"商业\",\"shape\":\"flat\""),
                // 45° over a run of 5 m.
                (Self.square(80, 0, 20, 10), "\"height\":15,\"shape\":\"hipped\",\"roof_angle\":45"),
                (Self.square(120, 0, 10, 10), "\"levels\":3,\"shape\":\"pyramidal\",\"roof_height\":6"),
                (Self.square(160, 0, 10, 10), "\"height\":20,\"min_height\":15"),
                (Self.square(200, 0, 10, 10), "\"name\":\"nothing is known\""),
                (Self.square(240, 0, 10, 10), "\"height\":9,\"shape\":\"nonsense\""),
            ], model: Town.model)
        let meshes = try town.meshes()
        let expected: [String: Double] = [
            "b0": 200 * (8 + 2), "b1": 200 * 9, "b2": 200 * (10 + 5 * 5.0 / 12), "b3": 100 * (9 + 2), "b4": 100 * 5,
            "b5": 100 * 3, "b6": 100 * 9,
        ]
        for (code, volume) in expected {
            // The map's scale is 1 at the central meridian; the grid is of millimetres.
            #expect(abs(Self.volume(meshes[code]) - volume) < 1e-4 * volume, "\(code): \(Self.volume(meshes[code]))")
        }
    }

    @Test func partsTakeThePlaceOfTheirOutline() throws {
        let town = try Town(
            [
                (Self.square(0, 0, 20, 10), "\"height\":30"),
                (Self.square(0, 0, 10, 10), "\"height\":30,\"part\":\"yes\""),
                (Self.square(10, 0, 10, 10), "\"height\":12,\"part\":\"yes\""),
                (Self.square(100, 0, 20, 10), "\"height\":10"),
                (Self.square(100, 0, 5, 10), "\"height\":20,\"part\":\"yes\""),
                // Touches a part, and is no outline of it.
                (Self.square(20, 0, 10, 10), "\"height\":6,\"part\":\"no\""),
            ], model: Town.model)
        let meshes = try town.meshes()
        #expect(Set(meshes.keys) == ["b1", "b2", "b3", "b4", "b5"])
        #expect(abs(Self.volume(meshes["b3"]) - 150 * 10) < 1, "\(Self.volume(meshes["b3"]))")
        #expect(abs(Self.volume(meshes["b5"]) - 600) < 1)
        let model = try #require(try town.city.model("houses"))
        #expect(model.outlines == (1, 1) && model.skipped == 0 && model.count == 5)
    }

    @Test(arguments: [false, true])
    func aBuiltFolderHolds(implicit: Bool) async throws {
        let town = try Town(
            (0..<1200).map { n -> (ring: [(Double, Double)], properties: String) in
                let shape = ["flat", "gabled", "hipped", "dome"][n % 4]
                let ring = Self.square(Double(n % 40) * 30, Double(n / 40) * 30, 12 + Double(n % 7), 9)
                return (ring, "\"height\":\(6 + n % 31),\"shape\":\"\(shape)\",\"name\":\"楼\(n)\"")
            }, model: Town.model)
        var accounts: [TilesetBuild.Account] = []
        var files: [[String: Data]] = []
        for threads in [1, 3] {
            let folder = town.folder.file("tiles\(threads)")
            var build = TilesetBuild()
            build.threads = threads
            build.isImplicit = implicit
            accounts.append(try build.run(town.city, model: "houses", ground: .ellipsoid, into: folder))
            var found: [String: Data] = [:]
            for file in try FileManager.default.subpathsOfDirectory(atPath: folder) {
                found[file] = FileManager.default.contents(atPath: folder + "/" + file)
            }
            files.append(found)
            let report = try await Tiles3DChecker.run(folder)
            #expect(report.findings == [])
            #expect(report.features == 1200)
            #expect(throws: TwinError.self) {
                try build.run(town.city, model: "houses", ground: .ellipsoid, into: folder)
            }
        }
        #expect(files[0] == files[1] && accounts[0].bytes == accounts[1].bytes && accounts[0].features == 1200)
        #expect(throws: TwinError.self) {
            try TilesetBuild().run(town.city, model: "nope", ground: .flat, into: town.folder.file("other"))
        }
    }

    /// A tileset of others beside the city's own, lifted, under one root.
    @Test func externalTilesetsJoinTheRoot() async throws {
        let town = try Town(
            [(Self.square(0, 0, 20, 10), "\"height\":30"), (Self.square(500, 300, 20, 10), "\"height\":9")],
            model: Town.model,
            more: "tilesets: [{id: mesh, path: all/mesh, height_offset: 25, department: test}, "
                + "{id: gone, path: nowhere, department: test}]")
        let all = town.folder.file("all")
        for name in ["houses", "mesh"] {
            _ = try TilesetBuild().run(town.city, model: "houses", ground: .ellipsoid, into: all + "/" + name)
        }
        let root = try town.city.rootTileset(models: [("houses", ["houses"])], tilesets: ["mesh", "gone"])
        #expect(root.problems.count == 1 && root.problems[0].contains("gone"))
        try Data(root.json).write(to: URL(fileURLWithPath: all + "/tileset.json"))
        let report = try await Tiles3DChecker.run(all)
        #expect(report.findings == [])
        #expect(report.features == 4 && report.contents == 2)
        let document = try #require(Tiles3DChecker.object(root.json))
        let children = try #require((document["root"] as? [String: Any])?["children"] as? [[String: Any]])
        #expect(children.count == 2 && children[0]["transform"] == nil)
        let move = try #require(children[1]["transform"] as? [Double])
        #expect(abs((move[12] * move[12] + move[13] * move[13] + move[14] * move[14]).squareRoot() - 25) < 1e-9)
        let tileset = try #require(town.city.project.tilesets.first)
        #expect(tileset.content(path: "tileset.json") != nil)
        for path in ["../tileset.json", "/etc/passwd", "t//r.glb", ".hidden", "t/../tileset.json", "", "t"] {
            #expect(tileset.content(path: path) == nil, "\(path)")
        }
    }

    @Test func anEditChangesItsTilesOnly() throws {
        let town = try Town(
            (0..<3000).map { n -> (ring: [(Double, Double)], properties: String) in
                let ring = Self.square(Double(n % 60) * 30, Double(n / 60) * 30, 12, 9)
                return (ring, "\"height\":\(6 + n % 31),\"name\":\"a\"")
            }, model: Town.model)
        func contents() throws -> [String: [UInt8]] {
            let model = try #require(try town.city.model("houses"))
            return Dictionary(
                uniqueKeysWithValues: try model.contentNames.map { ($0, try #require(try model.content(name: $0))) })
        }
        let before = try contents()
        try town.edit("UPDATE houses SET name = 'b' WHERE code = 'b1234'")
        let renamed = try contents()
        #expect(before.keys == renamed.keys && before.count { $0.value != renamed[$0.key] } == 1)
        // A height moves the building to another place in the order of size: its tiles, and one beside.
        try town.edit("UPDATE houses SET height = 80 WHERE code = 'b1234'")
        let raised = try contents()
        let changed = Set(renamed.keys).union(raised.keys).filter { renamed[$0] != raised[$0] }
        #expect(changed.count > 0 && changed.count <= 4 && renamed.count > 4, "\(changed) of \(renamed.count)")
    }
}

extension BuildingModelTests.Town {
    func edit(_ sql: String) throws {
        let queue = try DatabaseQueue(path: store + "/city.sqlite")
        try queue.write { try $0.execute(sql: sql) }
        #expect(try city.refresh())
    }
}
