// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

@Suite struct PipeModelTests {
    private static func rows(_ made: PipeCity) throws -> PipeRows {
        let layer = try #require(made.city.view().layer("mains"))
        return PipeRows(layer, made.city.project.models[0], made.city.profiles.pipes, nil)
    }

    private static func row(_ rows: PipeRows, _ code: String) -> Int? {
        var found: Int?
        rows.layer.forEachRow { row in
            if rows.layer.value(row: row, column: rows.layer.codeColumn).text == code { found = row }
        }
        return found
    }

    @Test func depthsAreToTheTopOrTheInvertOfTheirClass() throws {
        let made = try PipeCity(
            points: ["A,给水,0,0,10,,1", "B,给水,50,0,11,,1", "C,污水,0,5,10,,2", "D,污水,50,5,10,,2"],
            lines: ["w,给水,A,B,1.0,2.0,,,400,", "s,污水,C,D,2.0,2.2,,,600,", "d,电力,A,C,0.8,0.8,,,500X300,"])
        let rows = try Self.rows(made)
        let water = try rows.axis(try #require(Self.row(rows, "w")), isFlat: false)
        #expect(abs(water.z[0] - (10 - 1 - 0.2)) < 1e-3)
        #expect(abs(water.z[1] - (11 - 2 - 0.2)) < 1e-3)
        let sewer = try rows.axis(try #require(Self.row(rows, "s")), isFlat: false)
        #expect(abs(sewer.z[0] - (10 - 2 + 0.3)) < 1e-3)
        let duct = try rows.axis(try #require(Self.row(rows, "d")), isFlat: true)
        #expect(duct.section == PipeSection(width: 0.5, height: 0.3, isRound: false))
        #expect(abs(duct.z[0] - (-0.8 - 0.15)) < 1e-3)
        // X is north: the duct runs along the northing.
        #expect(duct.xy[0] == duct.xy[2] && abs(duct.xy[3] - duct.xy[1] - 5) < 1e-3)
    }

    @Test func elevationsThatDisagreeAreReportedAndThePreferenceCounts() throws {
        let points = ["A,给水,0,0,10,,1", "B,给水,50,0,10,,1"]
        let line = ["w,给水,A,B,1.0,1.0,9.0,8.4,400,"]
        let made = try PipeCity(points: points, lines: line)
        let notes = made.report.sources.flatMap(\.notes)
        #expect(
            notes.contains { $0.contains("1 ends have a depth and an elevation that disagree") && $0.contains("B") })
        let byDepth = try Self.rows(made).axis(0, isFlat: false)
        #expect(abs(byDepth.z[1] - 8.8) < 1e-3)
        let other = try PipeCity(points: points, lines: line, model: ", prefer: elevation")
        #expect(abs(try Self.rows(other).axis(0, isFlat: false).z[1] - 8.2) < 1e-3)
    }

    @Test func badPipesAreReportedAndTheRestIsBuilt() throws {
        let made = try PipeCity(
            points: ["A,给水,0,0,10,,1", "B,给水,50,0,10,,1", "C,给水,50,50,10,,-1"],
            lines: ["good,给水,A,B,1,1,,,400,", "up,给水,A,B,-1,1,,,400,", "lost,给水,A,Z,1,1,,,400,"])
        let lines = try #require(made.report.sources.first { $0.source == "lines" })
        #expect(Set(lines.rejected.map(\.reason)) == ["negative-depth", "unknown-point"])
        #expect(lines.rejected.allSatisfy { $0.count == 1 && $0.examples[0].hasPrefix("line ") })
        #expect(try #require(try made.city.model("pipes")).count == 1)
        let parts = try #require(try made.city.model("parts"))
        #expect(parts.count == 2)
        #expect(parts.problems.map(\.reason) == ["negative-depth"])
        #expect(parts.problems[0].examples.first?.hasPrefix("nodes/") == true)
    }

    /// Meshes of two features that meet at a bend share the corners of their common end.
    @Test(arguments: ["400,", "600X400,"])
    func pipesThatMeetAreMitredToEachOther(size: String) throws {
        let made = try PipeCity(
            points: ["A,给水,0,0,10,,1", "B,给水,50,0,10,,1", "C,给水,80,30,10,,1"],
            lines: ["1,给水,A,B,1,1,,,\(size)", "2,给水,C,B,1,1,,,\(size)"])
        let layer = try #require(made.city.view().layer("mains"))
        let frame = ModelFrame(coordinates: made.city.coordinates, project: made.city.project, ground: .ellipsoid)
        var shape = PipeShape(
            layer, made.city.project.models[0], frame, made.city.profiles.pipes, joints: PipeJoints(layer))
        var ends: [Set<SIMD3<Int>>] = []
        for row in 0..<2 {
            var mesh = TriangleMesh(hasColours: true)
            shape.append(row, feature: 0, to: &mesh)
            let joint = try #require(PipeJoints.ends(layer, row)?.to)
            var corners: Set<SIMD3<Int>> = []
            for index in 0..<mesh.vertexCount {
                let place = SIMD3(
                    mesh.positions[3 * index], mesh.positions[3 * index + 1], mesh.positions[3 * index + 2])
                let (dx, dy) = (place.x - Double(joint.x) / 1000, place.y - Double(joint.y) / 1000)
                guard (dx * dx + dy * dy).squareRoot() < 2 else { continue }
                corners.insert(
                    SIMD3(
                        Int((place.x * 1000).rounded()), Int((place.y * 1000).rounded()),
                        Int((place.z * 1000).rounded())))
            }
            ends.append(corners)
        }
        #expect(ends[0].count == (size.contains("X") ? 4 : 8))
        #expect(ends[0] == ends[1])
    }

    @Test func assetsAreInstancesAtTheirDepth() throws {
        let made = try PipeCity(
            points: [
                "A,污水,0,0,10,检查井,2.5", "B,给水,50,0,11,消火栓,1", "C,给水,50,60,12,阀门,1", "D,给水,50,70,12,检查井,1.5",
            ], lines: ["1,给水,B,C,1,1,,,300,"])
        let model = try #require(try made.city.model("parts"))
        #expect(model.count == 4)
        let glb = try #require(try model.content(path: "t/r.glb"))
        let length = (0..<4).reduce(0) { $0 | Int(glb[12 + $1]) << (8 * $1) }
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(glb[20..<20 + length])) as? [String: Any])
        #expect((json["extensionsRequired"] as? [String]) == ["EXT_mesh_gpu_instancing"])
        let nodes = try #require(json["nodes"] as? [[String: Any]])
        #expect(nodes.count == 3)
        let accessors = try #require(json["accessors"] as? [[String: Any]])
        let counts = nodes.compactMap { node -> Int? in
            let extensions = node["extensions"] as? [String: [String: Any]]
            let attributes = extensions?["EXT_mesh_gpu_instancing"]?["attributes"] as? [String: Int]
            return attributes?["TRANSLATION"].flatMap { accessors[$0]["count"] as? Int }
        }
        #expect(counts.sorted() == [1, 1, 2])
    }
}

extension PipeModelTests {
    /// What has a depth and no level lies under the terrain; what has neither stands on it.
    @Test func pipesAndAssetsWithoutHeightsFollowTheTerrain() throws {
        let made = try PipeCity(
            points: ["A,给水,0,0,,消火栓,", "B,给水,100,0,,消火栓,"], lines: ["w,给水,A,B,1,1,,,400,"],
            more: "terrain: {file: dem.tif, classification: internal}")
        #expect(made.city.groundHeights().map { _ in true } == nil)
        #expect(throws: TwinError.self) { try made.city.terrain() }
        // 20 m at the origin, rising 1 m in 100 m to the east.
        let (west, north, cell) = (PipeCity.east - 1000, PipeCity.north + 1000, 20.0)
        try RasterWriter.write(
            path: made.folder.file("dem.tif"), width: 100, height: 100, west: west, north: north, cell: cell
        ) { _ in (0..<100).map { Float(20 + (west + (Double($0) + 0.5) * cell - PipeCity.east) / 100) } }
        let ground = try #require(made.city.groundHeights())
        #expect(abs((ground.height(x: PipeCity.east + 50, y: PipeCity.north) ?? 0) - 20.5) < 1e-3)
        let layer = try #require(made.city.view().layer("mains"))
        let rows = PipeRows(layer, made.city.project.models[0], made.city.profiles.pipes, ground)
        let axis = try rows.axis(0, isFlat: false)
        #expect(abs(axis.z[0] - (20 - 1.2)) < 2e-3 && abs(axis.z[1] - (21 - 1.2)) < 2e-3)
        let nodes = try #require(made.city.view().layer("nodes"))
        let frame = ModelFrame(
            coordinates: made.city.coordinates, project: made.city.project, ground: .ellipsoid, terrain: ground)
        let parts = PartShape(nodes, made.city.project.models[1], frame, made.city.profiles.parts)
        let feet = (0..<2).compactMap { parts.heights($0)?.lowerBound }.sorted()
        #expect(abs(feet[0] - 19.9) < 2e-3 && abs(feet[1] - 20.9) < 2e-3)
        let answer = try made.city.section(
            PipeSectionQuestion(line: nil, run: "mains/\(layer.id(row: 0))", corridor: nil, model: nil))
        #expect(answer.groundSource == "terrain" && answer.ground.count > 100)
    }
}
