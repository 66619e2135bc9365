// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
@testable import Tiles

/// Facts about a mesh by the positions of its corners, whatever its vertices share.
struct MeshFacts {
    /// Directed edges without their opposite.
    var openEdges = 0
    var volume = 0.0
    /// Triangles whose corners turn against their normal.
    var flippedTriangles = 0

    init(_ mesh: TriangleMesh) {
        func point(_ i: UInt32) -> SIMD3<Double> {
            SIMD3(mesh.positions[3 * Int(i)], mesh.positions[3 * Int(i) + 1], mesh.positions[3 * Int(i) + 2])
        }
        struct Edge: Hashable {
            let from: SIMD3<Double>, to: SIMD3<Double>
        }
        var edges: [Edge: Int] = [:]
        let origin = mesh.isEmpty ? .zero : point(0)
        for t in stride(from: 0, to: mesh.indices.count, by: 3) {
            let corners = (0..<3).map { point(mesh.indices[t + $0]) }
            for i in 0..<3 where corners[i] != corners[(i + 1) % 3] {
                edges[Edge(from: corners[i], to: corners[(i + 1) % 3]), default: 0] += 1
                edges[Edge(from: corners[(i + 1) % 3], to: corners[i]), default: 0] -= 1
            }
            let (a, b, c) = (corners[0] - origin, corners[1] - origin, corners[2] - origin)
            volume += a.dot(b.cross(c)) / 6
            let n = 3 * Int(mesh.indices[t])
            let normal = SIMD3<Double>(
                Double(mesh.normals[n]), Double(mesh.normals[n + 1]), Double(mesh.normals[n + 2]))
            let turn = (b - a).cross(c - a)
            if turn.dot(normal) < -1e-6 * turn.length { flippedTriangles += 1 }
        }
        openEdges = edges.values.filter { $0 != 0 }.count
    }
}

@Suite struct MeshTests {
    static let startsPart = BuildingMesher.ringStartsPart

    /// A star around a centre: simple, of any shape, counterclockwise.
    static func star(
        _ random: inout SeededGenerator, center: SIMD2<Double>, radius: ClosedRange<Double>, count: Int
    ) -> [Double] {
        (0..<count).flatMap { i -> [Double] in
            let angle = (Double(i) + Double.random(in: 0...0.8, using: &random)) / Double(count) * 2 * .pi
            let r = Double.random(in: radius, using: &random)
            return [center.x + r * cos(angle), center.y + r * sin(angle)]
        }
    }

    static func area(_ ring: [Double]) -> Double {
        let (x0, y0) = (ring[0], ring[1])
        var sum = 0.0
        for i in stride(from: 2, to: ring.count - 2, by: 2) {
            sum += (ring[i] - x0) * (ring[i + 3] - y0) - (ring[i + 2] - x0) * (ring[i + 1] - y0)
        }
        return abs(sum) / 2
    }

    static func reversed(_ ring: [Double]) -> [Double] {
        stride(from: ring.count - 2, through: 0, by: -2).flatMap { [ring[$0], ring[$0 + 1]] }
    }

    @Test func randomFootprintsGiveClosedBlocksOfTheirVolume() {
        var random = SeededGenerator.printed()
        var mesher = BuildingMesher()
        for round in 0..<200 {
            let center = SIMD2(Double.random(in: -20_000...20_000, using: &random), 5_000)
            var xy: [Double] = []
            var ends: [UInt32] = []
            var area = 0.0
            for part in 0..<Int.random(in: 1...3, using: &random) {
                let middle = center + SIMD2(Double(part) * 100, 0)
                let count = Int.random(in: 3...60, using: &random)
                let outer = Self.star(&random, center: middle, radius: 20...30, count: count)
                // A triangle's or square's inscribed circle may be small.
                let holes = count < 12 ? 0 : Int.random(in: 0...3, using: &random)
                xy += Bool.random(using: &random) ? outer : Self.reversed(outer)
                ends.append(UInt32(xy.count / 2) | (part > 0 ? Self.startsPart : 0))
                area += Self.area(outer)
                for hole in 0..<holes {
                    let angle = Double(hole) * 2 * .pi / 3
                    let place = middle + SIMD2(cos(angle), sin(angle)) * 8
                    let ring = Self.star(&random, center: place, radius: 2...5, count: 7)
                    xy += Bool.random(using: &random) ? ring : Self.reversed(ring)
                    ends.append(UInt32(xy.count / 2))
                    area -= Self.area(ring)
                }
            }
            let (base, top) = (Double(round) * 0.37, Double(round) * 0.37 + 12.5)
            var mesh = TriangleMesh()
            mesher.extrude(xy: xy, ringEnds: ends, baseZ: base, topZ: top, feature: 3, into: &mesh)
            let facts = MeshFacts(mesh)
            #expect(facts.openEdges == 0, "round \(round)")
            #expect(facts.flippedTriangles == 0, "round \(round)")
            #expect(abs(facts.volume - area * 12.5) < 1e-7 * area * 12.5, "round \(round)")
            #expect(mesh.features.allSatisfy { $0 == 3 })
        }
        #expect(mesher.counts.degenerate == 0)
    }

    @Test func gridFootprintsWithStraightVerticesStayClosed() {
        var random = SeededGenerator.printed()
        var mesher = BuildingMesher()
        for round in 0..<200 {
            // A staircase on a small grid with a vertex in every cell of its edges.
            let steps = Int.random(in: 1...6, using: &random)
            var xy: [Double] = (0...steps).flatMap { [Double($0), 0] }
            var height = 1
            for x in stride(from: steps, to: 0, by: -1) {
                let next = height + Int.random(in: 0...2, using: &random)
                for y in height...next { xy += [Double(x), Double(y)] }
                height = next
            }
            for y in stride(from: height, to: 0, by: -1) { xy += [0, Double(y)] }
            var mesh = TriangleMesh()
            mesher.extrude(
                xy: xy, ringEnds: [UInt32(xy.count / 2)], baseZ: 0, topZ: 3, feature: 0, into: &mesh)
            let facts = MeshFacts(mesh)
            #expect(facts.openEdges == 0, "round \(round): \(xy)")
            #expect(abs(facts.volume - Self.area(xy) * 3) < 1e-9, "round \(round)")
        }
    }

    @Test func repeatedVerticesAreSkippedAndNothingIsCounted() {
        var mesher = BuildingMesher()
        var mesh = TriangleMesh(hasColours: true)
        let square = [0.0, 0, 0, 0, 10, 0, 10, 10, 10, 10, 0, 10, 0, 0]
        mesher.extrude(xy: square, ringEnds: [7], baseZ: 5, topZ: 2, feature: 0, into: &mesh)
        #expect(MeshFacts(mesh).openEdges == 0)
        #expect(abs(MeshFacts(mesh).volume - 300) < 1e-9)
        #expect(mesh.triangleCount == 12)
        #expect(mesh.colours.count == mesh.vertexCount)
        #expect(mesher.counts == MeshCounts(drawn: 1, degenerate: 0))

        let before = mesh.vertexCount
        mesher.extrude(xy: [0, 0, 1, 1, 2, 2], ringEnds: [3], baseZ: 0, topZ: 1, feature: 0, into: &mesh)
        mesher.extrude(xy: [0, 0, 1, 0], ringEnds: [2], baseZ: 0, topZ: 1, feature: 0, into: &mesh)
        mesher.extrude(xy: [0, 0, 1, 0, 1, 1], ringEnds: [3], baseZ: 1, topZ: 1, feature: 0, into: &mesh)
        mesher.extrude(xy: [0, 0, 1, 0, 1, 1], ringEnds: [3], baseZ: 1, topZ: .nan, feature: 0, into: &mesh)
        mesher.extrude(xy: [], ringEnds: [900], baseZ: 1, topZ: 2, feature: 0, into: &mesh)
        #expect(mesh.vertexCount == before)
        #expect(mesher.counts == MeshCounts(drawn: 1, degenerate: 5))
    }

    @Test func theSixFacesOfACubeAsSurfacesAreClosed() {
        var mesher = SurfaceMesher()
        var mesh = TriangleMesh()
        let corner = SIMD3<Double>(1000, 2000, 50)
        let axes = [SIMD3<Double>(4, 0, 0), SIMD3<Double>(0, 4, 0), SIMD3<Double>(0, 0, 4)]
        for i in 0..<3 {
            let (u, v, w) = (axes[i], axes[(i + 1) % 3], axes[(i + 2) % 3])
            for (start, a, b) in [(corner, v, u), (corner + w, u, v)] {
                let ring = [start, start + a, start + a + b, start + b]
                mesher.add(xyz: ring.flatMap { [$0.x, $0.y, $0.z] }, ringEnds: [4], feature: 0, into: &mesh)
            }
        }
        let facts = MeshFacts(mesh)
        #expect(facts.openEdges == 0)
        #expect(facts.flippedTriangles == 0)
        #expect(abs(facts.volume - 64) < 1e-9)
        mesher.add(xyz: [0, 0, 0, 1, 1, 1, 2, 2, 2], ringEnds: [3], feature: 0, into: &mesh)
        #expect(mesher.counts == MeshCounts(drawn: 6, degenerate: 1))
    }

    @Test func aSlopedSurfaceWithAHoleKeepsItsArea() {
        var mesher = SurfaceMesher()
        var mesh = TriangleMesh()
        func lift(_ x: Double, _ y: Double) -> [Double] { [x, y, 0.75 * x + 3] }
        let outer = lift(0, 0) + lift(8, 0) + lift(8, 8) + lift(0, 8)
        let hole = lift(2, 2) + lift(2, 4) + lift(4, 4) + lift(4, 2)
        mesher.add(xyz: outer + hole, ringEnds: [4, 8], feature: 0, into: &mesh)
        var area = 0.0
        for t in stride(from: 0, to: mesh.indices.count, by: 3) {
            let p = (0..<3).map { i in
                let v = 3 * Int(mesh.indices[t + i])
                return SIMD3(mesh.positions[v], mesh.positions[v + 1], mesh.positions[v + 2])
            }
            area += (p[1] - p[0]).cross(p[2] - p[0]).length / 2
        }
        // The slope 3:4 stretches by 5/4.
        #expect(abs(area - (64 - 4) * 1.25) < 1e-9)
        #expect(mesh.normals[2] > 0)
    }

    @Test func coloursAreReadFromHex() {
        #expect(VertexColour(hex: "#d9d0c7") == VertexColour(red: 0xD9, green: 0xD0, blue: 0xC7))
        #expect(VertexColour(hex: "01020304") == VertexColour(red: 1, green: 2, blue: 3, alpha: 4))
        for text in ["", "#fff", "#ggg000", "-12345", "+1234567", "#d9d0c7a"] {
            #expect(VertexColour(hex: text) == nil)
        }
    }
}
