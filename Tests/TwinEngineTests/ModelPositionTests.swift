// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import Tiles
@testable import TwinEngine

@Suite struct ModelPositionTests {
    /// Every vertex of a model, before it is rounded to the tile's grid, against PROJ's own geocentric coordinates.
    @Test(.enabled(if: ExternalTool("cs2cs").isAvailable)) func everyVertexIsWherePROJPutsIt() throws {
        var random = SeededGenerator.printed()
        // Over the whole extent, 18 by 25 km: one transform at its centre would be metres off.
        let town = try BuildingModelTests.Town(
            (0..<400).map { _ -> (ring: [(Double, Double)], properties: String) in
                let x = Double.random(in: -8_000...8_000, using: &random)
                let y = Double.random(in: -10_000...10_000, using: &random)
                let height = Double.random(in: 3...400, using: &random)
                return (BuildingModelTests.square(x, y, 30, 20), "\"height\":\(height),\"shape\":\"hipped\"")
            }, model: BuildingModelTests.Town.model)
        let model = try #require(try town.city.model("houses"))
        let origin = town.city.coordinates.grid
        let matrix = model.frame.frame.toGeocentric
        var ours: [SIMD3<Double>] = []
        var lines = ""
        for item in model.items {
            let mesh = model.shape(of: item)
            for at in stride(from: 0, to: mesh.positions.count, by: 3) {
                let (x, y, z) = (
                    mesh.positions[at] + origin.originX, mesh.positions[at + 1] + origin.originY, mesh.positions[at + 2]
                )
                let local = model.frame.local(x: x, y: y, z: z)
                var place = SIMD3(matrix[12], matrix[13], matrix[14])
                for axis in 0..<3 {
                    place += SIMD3(matrix[4 * axis], matrix[4 * axis + 1], matrix[4 * axis + 2]) * local[axis]
                }
                ours.append(place)
                lines += "\(y) \(x) \(z)\n"
            }
        }
        let file = try town.folder.write(lines, to: "points.txt")
        let answer = try ExternalTool("cs2cs").run(["--3d", "-f", "%.9f", "EPSG:4549", "EPSG:4978", file])
        var worst = 0.0
        var count = 0
        for (line, place) in zip(answer.split(separator: "\n"), ours) {
            let values = line.split(whereSeparator: { $0 == "\t" || $0 == " " }).compactMap { Double($0) }
            let gap = SIMD3(values[0], values[1], values[2]) - place
            worst = max(worst, (gap * gap).sum().squareRoot())
            count += 1
        }
        print("\(count) vertices, worst \(worst * 1000) mm from PROJ")
        #expect(count == ours.count && count > 400 * 20)
        #expect(worst < 0.001)
    }

    /// A house as a block and with a gable.
    static let house = """
        {"type":"CityJSON","version":"2.0","metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/4549"},
         "transform":{"scale":[0.001,0.001,0.001],"translate":[500000,4010000,0]},
         "CityObjects":{"h":{"type":"Building","geometry":[
          {"type":"Solid","lod":"1","boundaries":[[[[0,3,2,1]],[[4,5,6,7]],[[0,1,5,4]],[[1,2,6,5]],[[2,3,7,6]],[[3,0,4,7]]]]},
          {"type":"Solid","lod":"2.2","boundaries":[[[[0,3,2,1]],[[8,9,13,12]],[[10,11,12,13]],[[0,1,9,8]],[[1,2,10,13,9]],
           [[2,3,11,10]],[[3,0,8,12,11]]]],
           "semantics":{"surfaces":[{"type":"GroundSurface"},{"type":"RoofSurface"},{"type":"WallSurface"}],
            "values":[[0,1,1,2,2,2,2]]},
           "material":{"red":{"values":[[null,0,0,null,null,null,null]]}}}]}},
         "appearance":{"materials":[{"name":"tiles","diffuseColor":[1,0,0]}]},
         "vertices":[[0,0,0],[10000,0,0],[10000,10000,0],[0,10000,0],
          [0,0,6000],[10000,0,6000],[10000,10000,6000],[0,10000,6000],
          [0,0,4000],[10000,0,4000],[10000,10000,4000],[0,10000,4000],[0,5000,8000],[10000,5000,8000]]}
        """

    @Test func levelsOfDetailReplaceEachOther() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.house, to: "house.city.json")
        try folder.write(
            """
            twin: 1
            id: town
            crs: EPSG:4549
            vertical: {datum: unknown}
            extent: [119.9, 36.1, 120.1, 36.33]
            themes: [{id: base}]
            sources: [{id: s, path: house.city.json}]
            layers:
              - {id: houses, theme: base, department: test, geometry: polygon, source: s, code: cityobject_id,
                 fields: [{name: height, type: real}, {name: lods}]}
            models: [{id: houses, kind: buildings, layer: houses, height: height}]
            """, to: "city.yaml")
        let report = try CityImporter(projectFile: folder.file("city.yaml"))
            .run(into: folder.file("store"), progress: .silent)
        #expect(report.sources[0].kept == 1 && report.sources[0].faulty.isEmpty, "\(report.sources)")
        let city = try City.open(store: folder.file("store"))
        let view = try #require(city.view().layer("houses"))
        #expect(view.value(row: 0, column: 1).text == "1,2.2")
        let model = try #require(try city.model("houses"))
        #expect(model.contentNames == ["r-0", "r"])
        let json = String(decoding: try model.tilesetJSON(), as: UTF8.self)
        #expect(json.contains("\"REPLACE\"") && json.contains("t/r-0.glb"))
        // The ridge is two metres above the block's lid, and nothing of the house is farther from the block.
        #expect(json.contains("\"geometricError\":2,") || json.contains("\"geometricError\":2.0"), "\(json)")
        let mesh = model.shape(of: model.items[0])
        #expect(Set(mesh.surfaces) == [.ground, .roof, .wall])
        #expect(mesh.colours.contains(VertexColour(red: 255, green: 0, blue: 0)))
        #expect(abs(BuildingModelTests.volume(mesh) - 100 * 6) < 1e-6)
        let out = folder.file("tiles")
        _ = try TilesetBuild().run(city, model: "houses", ground: .ellipsoid, into: out)
        let checked = try await Tiles3DChecker.run(out)
        #expect(checked.findings == [] && checked.contents == 2)
        #expect(try model.content(name: "r-0") != model.content(name: "r") && model.content(name: "r-1") == nil)
    }

    @Test func levelErrorsFallAndAreInheritedUpward() {
        var items: [TileItem] = []
        for n in 0..<60 {
            let low = SIMD3(Double(n % 8) * 50, Double(n / 8) * 50, 0)
            items.append(
                TileItem(
                    box: Box3D(min: low, max: low + SIMD3(10, 10, Double(n + 1))), weight: Double(n + 1),
                    error: Double(n + 1),
                    levelErrors: n % 3 == 0 ? [90 - Double(n), 5] : n % 3 == 1 ? [7] : []))
        }
        let plan = TilesetPlan(items: items, maxItems: 10, largestPerTile: 5)
        for tile in plan.tiles {
            #expect(tile.levelErrors == tile.levelErrors.sorted(by: >))
            for child in tile.children {
                #expect(plan.tiles[child].geometricError <= tile.geometricError)
                #expect((plan.tiles[child].levelErrors.first ?? 0) <= tile.geometricError)
            }
        }
        #expect(TilesetPlan.form(of: 2, at: 0, of: 3) == 0 && TilesetPlan.form(of: 2, at: 1, of: 3) == 0)
        #expect(TilesetPlan.form(of: 2, at: 2, of: 3) == 1 && TilesetPlan.form(of: 1, at: 0, of: 3) == 0)
    }
}
