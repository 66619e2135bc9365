// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
@testable import Tiles

@Suite struct MeshoptTests {
    /// A corner of a triangle, to the step, with what else it carries.
    private struct Corner: Hashable, Comparable {
        var x: Int
        var y: Int
        var z: Int
        var feature: Int
        static func < (a: Corner, b: Corner) -> Bool { (a.feature, a.x, a.y, a.z) < (b.feature, b.x, b.y, b.z) }
    }

    /// Triangles, each turned so that its smallest corner is first: winding stays, order does not matter.
    private static func triangles(
        _ indices: [Int], _ position: (Int) -> SIMD3<Double>, _ feature: (Int) -> Int, step: Double
    ) -> [[Corner]: Int] {
        var counts: [[Corner]: Int] = [:]
        for i in stride(from: 0, to: indices.count, by: 3) {
            let corners = indices[i..<i + 3].map { vertex in
                let point = (position(vertex) / step).rounded(.toNearestOrAwayFromZero)
                return Corner(x: Int(point.x), y: Int(point.y), z: Int(point.z), feature: feature(vertex))
            }
            guard Set(corners).count == 3 else { continue }
            let first = corners.indices.min { corners[$0] < corners[$1] } ?? 0
            counts[(0..<3).map { corners[(first + $0) % 3] }, default: 0] += 1
        }
        return counts
    }

    private static func city(_ random: inout SeededGenerator, spread: Double, count: Int) -> TriangleMesh {
        var mesh = TriangleMesh(hasColours: true)
        var mesher = BuildingMesher()
        for feature in 0..<count {
            let center = SIMD2(
                Double.random(in: -spread...spread, using: &random), Double.random(in: -spread...spread, using: &random)
            )
            let corners = Int.random(in: 3...9, using: &random)
            let ring = MeshTests.star(&random, center: center, radius: 3...20, count: corners)
            let height = Double.random(in: 3...80, using: &random)
            let colour = VertexColour(red: UInt8(feature % 3 * 90), green: 120, blue: 80)
            mesher.extrude(
                xy: ring, ringEnds: [UInt32(corners)], baseZ: -1.1, topZ: height, feature: UInt32(feature),
                colour: colour, into: &mesh)
        }
        return mesh
    }

    @Test(arguments: [(200.0, 0.01), (9000.0, 0.01), (400.0, 0.001), (50.0, 0.1)])
    func everyTriangleReadsBackWithinTheStatedError(spread: Double, precision: Double) throws {
        var random = SeededGenerator.printed()
        let mesh = Self.city(&random, spread: spread, count: 120)
        let compression = MeshCompression.meshopt(precision: precision)
        #expect(compression.maximumError <= precision && compression.maximumError > precision / 2)
        var builder = GLBBuilder(className: "building", compression: compression)
        builder.add(mesh)
        for column in GLBTests.columns(120) { builder.add(column) }
        let glb = try GLBParser(builder.encode())
        #expect(glb.json["extensionsRequired"] as? [String] == ["KHR_mesh_quantization", "EXT_meshopt_compression"])
        let positions = try glb.positions(0)
        let features = try glb.numbers(glb.accessor(0, "_FEATURE_ID_0")).map { Int($0) }
        let indices = try glb.numbers(glb.list("accessors")[try #require(glb.primitives[0]["indices"] as? Int)])
        let step = compression.maximumError * 2
        let written = Self.triangles(indices.map { Int($0) }, { positions[$0] }, { features[$0] }, step: step)
        let original = Self.triangles(
            mesh.indices.map { Int($0) },
            { SIMD3(mesh.positions[3 * $0], mesh.positions[3 * $0 + 1], mesh.positions[3 * $0 + 2]) },
            { Int(mesh.features[$0]) }, step: step)
        #expect(written == original)
        #expect(positions.count < mesh.vertexCount || spread > 0)
        // Grid positions are exact in the file: the error is that of the grid alone.
        for point in positions {
            let steps = point / step
            #expect(steps == steps.rounded(.toNearestOrAwayFromZero))
        }
        try expectAttributes(glb, mesh, positions, features, step: step)
    }

    /// Each written vertex has a source vertex of the same place and feature whose normal and colour it carries.
    private func expectAttributes(
        _ glb: GLBParser, _ mesh: TriangleMesh, _ positions: [SIMD3<Double>], _ features: [Int], step: Double
    ) throws {
        let normals = try glb.numbers(glb.accessor(0, "NORMAL"))
        let colours = try glb.numbers(glb.accessor(0, "COLOR_0"))
        var sources: [Corner: [Int]] = [:]
        func corner(_ point: SIMD3<Double>, _ feature: Int) -> Corner {
            let p = (point / step).rounded(.toNearestOrAwayFromZero)
            return Corner(x: Int(p.x), y: Int(p.y), z: Int(p.z), feature: feature)
        }
        for i in 0..<mesh.vertexCount {
            let point = SIMD3(mesh.positions[3 * i], mesh.positions[3 * i + 1], mesh.positions[3 * i + 2])
            sources[corner(point, Int(mesh.features[i])), default: []].append(i)
        }
        for (i, point) in positions.enumerated() {
            let same = sources[corner(point, features[i])] ?? []
            let found = same.contains { source in
                abs(normals[3 * i] - Double(mesh.normals[3 * source])) < 0.005
                    && abs(normals[3 * i + 1] - Double(mesh.normals[3 * source + 2])) < 0.005
                    && abs(normals[3 * i + 2] + Double(mesh.normals[3 * source + 1])) < 0.005
                    && abs(colours[4 * i] - LinearColour.value(mesh.colours[source].red)) < 0.003
            }
            #expect(found)
        }
        let accessor = try glb.accessor(0, "POSITION")
        let flat = try glb.numbers(accessor)
        for axis in 0..<3 {
            let values = stride(from: axis, to: flat.count, by: 3).map { flat[$0] }
            #expect((accessor["min"] as? [Double])?[axis] == values.min())
            #expect((accessor["max"] as? [Double])?[axis] == values.max())
        }
    }

    @Test func smallTilesAreInt16AndLargeOnesFloat() throws {
        for (spread, type) in [(400.0, 5122), (4000.0, 5126)] {
            var random = SeededGenerator.printed()
            var builder = GLBBuilder(compression: .city)
            builder.add(Self.city(&random, spread: spread, count: 40))
            let glb = try GLBParser(builder.encode())
            #expect(try glb.accessor(0, "POSITION")["componentType"] as? Int == type)
            #expect(try glb.accessor(0, "_FEATURE_ID_0")["componentType"] as? Int == 5123)
        }
    }

    /// Quantized blocks stay closed: each directed edge has its opposite, by position.
    @Test(arguments: [0.01, 0.5, 4])
    func closedBlocksStayClosed(precision: Double) throws {
        var random = SeededGenerator.printed()
        var builder = GLBBuilder(compression: .meshopt(precision: precision))
        builder.add(Self.city(&random, spread: 300, count: 60))
        let glb = try GLBParser(builder.encode())
        let positions = try glb.positions(0)
        let features = try glb.numbers(glb.accessor(0, "_FEATURE_ID_0"))
        let indices = try glb.numbers(glb.list("accessors")[try #require(glb.primitives[0]["indices"] as? Int)])
        var edges: [[Double]: Int] = [:]
        for i in stride(from: 0, to: indices.count, by: 3) {
            let corners = (0..<3).map { Int(indices[i + $0]) }
            for k in 0..<3 {
                let (a, b) = (corners[k], corners[(k + 1) % 3])
                let (from, to) = (positions[a], positions[b])
                let key = [features[a], from.x, from.y, from.z, to.x, to.y, to.z]
                let opposite = [features[a], to.x, to.y, to.z, from.x, from.y, from.z]
                edges[key, default: 0] += 1
                edges[opposite, default: 0] -= 1
            }
        }
        #expect(edges.values.allSatisfy { $0 == 0 })
    }

    @Test func shapesBelowTheGridVanishAndLeaveAValidFile() throws {
        var mesh = TriangleMesh()
        var mesher = BuildingMesher()
        mesher.extrude(
            xy: [0.001, 0, 0.002, 0, 0.002, 0.001], ringEnds: [3], baseZ: 0, topZ: 0.002, feature: 0, into: &mesh)
        var builder = GLBBuilder(className: "c", compression: .city)
        builder.add(mesh)
        builder.add(PropertyColumn(id: "a", displayName: "a", values: .uint32([7])))
        let glb = try GLBParser(builder.encode())
        #expect(glb.primitives.isEmpty && glb.json["extensionsRequired"] == nil)
    }

    @Test func whatIsNotOnTheGridIsRefused() {
        for wild in [Double.infinity, .nan, 1e300, 1e7] {
            var mesh = GLBTests.block(at: 0, feature: 0)
            mesh.positions[4] = wild
            var builder = GLBBuilder(compression: .city)
            builder.add(mesh)
            #expect(throws: TileError.self) { try builder.encode() }
        }
    }

    @Test func damagedViewsAreNamedNotRead() {
        var random = SeededGenerator.printed()
        let bytes = Meshopt.encodeVertices((0..<4000).map { _ in UInt8.random(in: 0...255, using: &random) }, stride: 8)
        for _ in 0..<300 {
            var damaged = bytes
            damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            let cut = damaged.prefix(Int.random(in: 0...damaged.count, using: &random))
            _ = Meshopt.decodeVertices(cut, count: 500, stride: 8, filter: .none)
            _ = Meshopt.decodeIndices(cut, count: 300, isTriangles: true)
            _ = Meshopt.decodeIndices(cut, count: 300, isTriangles: false)
        }
        #expect(Meshopt.decodeVertices([], count: 5, stride: 8, filter: .none) == nil)
        #expect(Meshopt.decodeVertices(bytes[...], count: 500, stride: 6, filter: .none) == nil)
        #expect(Meshopt.decodeIndices(bytes[...], count: 4, isTriangles: true) == nil)
    }
}
