// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
@testable import Tiles

@Suite struct MeshTubeTests {
    private static func polygonArea(radius: Double, sides: Int) -> Double {
        Double(sides) / 2 * radius * radius * sin(2 * .pi / Double(sides))
    }

    @Test(arguments: [3, 4, 6, 8, 12, 64])
    func straightTubesAreClosedPrisms(sides: Int) {
        var random = SeededGenerator.printed()
        for _ in 0..<30 {
            func coordinate() -> Double { Double.random(in: -50...50, using: &random) }
            let from = SIMD3(coordinate(), coordinate(), coordinate())
            let to = SIMD3(coordinate(), coordinate(), coordinate())
            var mesh = TriangleMesh()
            var mesher = TubeMesher()
            mesher.tube([from, to], radius: 0.4, sides: sides, feature: 0, into: &mesh)
            let facts = MeshFacts(mesh)
            let expected = Self.polygonArea(radius: 0.4, sides: sides) * (to - from).length
            #expect(facts.openEdges == 0)
            #expect(facts.flippedTriangles == 0)
            #expect(abs(facts.volume - expected) < 1e-8 * expected)
        }
    }

    @Test func verticalTubesAndDuctsWork() {
        let (low, high) = (SIMD3<Double>(1, 2, 3), SIMD3<Double>(1, 2, 9))
        for line in [[low, high], [high, low]] {
            var mesh = TriangleMesh()
            var mesher = TubeMesher()
            mesher.duct(line, width: 2, height: 1, feature: 0, into: &mesh)
            #expect(MeshFacts(mesh).openEdges == 0)
            #expect(MeshFacts(mesh).flippedTriangles == 0)
            #expect(abs(MeshFacts(mesh).volume - 12) < 1e-9)
        }
    }

    @Test func mitredBendsKeepTheVolumeOfTheAxis() {
        var random = SeededGenerator.printed()
        for _ in 0..<100 {
            // Bends below 60° with segments long enough for their mitres.
            var point = SIMD3<Double>(3_000, -2_000, 4)
            var heading = Double.random(in: 0...6, using: &random)
            var line = [point]
            var length = 0.0
            for _ in 0..<Int.random(in: 2...12, using: &random) {
                let step = SIMD3(cos(heading), sin(heading), Double.random(in: -0.2...0.2, using: &random)) * 5
                point += step
                length += step.length
                line.append(point)
                heading += Double.random(in: -0.9...0.9, using: &random)
            }
            var mesher = TubeMesher()
            var tube = TriangleMesh()
            mesher.tube(line, radius: 0.3, sides: 8, feature: 0, into: &tube)
            var duct = TriangleMesh()
            mesher.duct(line, width: 0.6, height: 0.4, feature: 1, into: &duct)
            // What a mitre takes inside a bend it gives outside, so the volume is that of the straightened prism.
            for (mesh, area) in [(tube, Self.polygonArea(radius: 0.3, sides: 8)), (duct, 0.24)] {
                let facts = MeshFacts(mesh)
                #expect(facts.openEdges == 0)
                #expect(facts.flippedTriangles == 0)
                #expect(abs(facts.volume - area * length) < 1e-6 * area * length)
            }
            #expect(tube.triangleCount == (line.count - 1) * 16 + 12)
        }
    }

    @Test func anyLineGivesClosedPieces() {
        var random = SeededGenerator.printed()
        var mesher = TubeMesher()
        for _ in 0..<300 {
            let line = (0..<Int.random(in: 2...20, using: &random)).map { _ in
                SIMD3(
                    Double(Int.random(in: 0...3, using: &random)), Double(Int.random(in: 0...3, using: &random)),
                    Double(Int.random(in: 0...1, using: &random)))
            }
            var mesh = TriangleMesh()
            mesher.tube(line, radius: 0.2, sides: 6, feature: 0, into: &mesh)
            mesher.duct(line, width: 0.4, height: 0.2, feature: 0, into: &mesh)
            #expect(MeshFacts(mesh).openEdges == 0)
            #expect(mesh.normals.allSatisfy { $0.isFinite })
            #expect(mesh.positions.allSatisfy { $0.isFinite && abs($0) < 5 })
        }
    }

    @Test func linesWithoutLengthAreCounted() {
        var mesher = TubeMesher()
        var mesh = TriangleMesh()
        let point = SIMD3<Double>(1, 1, 1)
        mesher.tube([], radius: 1, feature: 0, into: &mesh)
        mesher.tube([point, point, point], radius: 1, feature: 0, into: &mesh)
        mesher.tube([point, .zero], radius: 0, feature: 0, into: &mesh)
        mesher.tube([point, SIMD3(.nan, 0, 0)], radius: 1, feature: 0, into: &mesh)
        mesher.duct([point, .zero], width: 1, height: -1, feature: 0, into: &mesh)
        #expect(mesh.isEmpty)
        #expect(mesher.counts == MeshCounts(drawn: 0, degenerate: 5))
    }
}

extension MeshTubeTests {
    @Test func endsOfEveryKindKeepTubesClosed() {
        var random = SeededGenerator.printed()
        for _ in 0..<300 {
            func direction() -> SIMD3<Double> {
                SIMD3(
                    Double.random(in: -1...1, using: &random), Double.random(in: -1...1, using: &random),
                    Double.random(in: -0.3...0.3, using: &random))
            }
            func end() -> TubeEnd {
                [.flat, .round, .mitre(direction()), .mitre(.zero)].randomElement(using: &random) ?? .flat
            }
            let line = [SIMD3<Double>(0, 0, 0), SIMD3(Double.random(in: 0.1...9, using: &random), 1, 0.2)]
            var mesher = TubeMesher()
            var tube = TriangleMesh()
            mesher.tube(line, radius: 0.3, sides: 8, from: end(), to: end(), feature: 0, into: &tube)
            #expect(MeshFacts(tube).openEdges == 0)
            #expect(MeshFacts(tube).volume > 0)
            var duct = TriangleMesh()
            mesher.duct(line, width: 0.6, height: 0.4, from: end(), to: end(), feature: 0, into: &duct)
            #expect(MeshFacts(duct).openEdges == 0)
            #expect(MeshFacts(duct).volume > 0)
        }
    }
}
